// Matrix products. The only file that knows the BLAS: OpenBLAS, loaded at run time from the path that the
// caller names, used with one thread (ravine itself spreads work over the cores).
#pragma once

#include "spec.hpp"

#include <dlfcn.h>

namespace ravine {

namespace blas {

enum Order : int { row_major = 101 };
enum Transpose : int { no_transpose = 111, transpose = 112 };

template <class T>
using Gemm = void (*)(Order, Transpose, Transpose, int M, int N, int K, T alpha, const T* A, int lda,
                      const T* B, int ldb, T beta, T* C, int ldc);

inline Gemm<float> sgemm = nullptr;
inline Gemm<double> dgemm = nullptr;

// Loads the library at `path`, once. Throws EngineError when it is not an OpenBLAS with the names we need.
inline void load(const std::string& path) {
    if (dgemm) return;
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) throw EngineError("the BLAS library cannot be loaded: " + std::string(dlerror()));
    auto symbol = [&](const char* name) {
        void* found = dlsym(library, name);
        if (!found) throw EngineError("the BLAS library " + path + " has no function " + name);
        return found;
    };
    reinterpret_cast<void (*)(int)>(symbol("scipy_openblas_set_num_threads"))(1);
    sgemm = reinterpret_cast<Gemm<float>>(symbol("scipy_cblas_sgemm"));
    dgemm = reinterpret_cast<Gemm<double>>(symbol("scipy_cblas_dgemm"));
}

} // namespace blas

enum class Op : bool { plain, transposed };

// C = op(A) · op(B) + beta · C, with C of M × N, op(A) of M × K and op(B) of K × N, row-major and dense.
template <class T>
void gemm(Op op_a, Op op_b, Index M, Index N, Index K, const T* A, const T* B, T beta, T* C) {
    const auto transpose = [](Op op) { return op == Op::plain ? blas::no_transpose : blas::transpose; };
    const int m = static_cast<int>(M), n = static_cast<int>(N), k = static_cast<int>(K);
    const int lda = op_a == Op::plain ? k : m, ldb = op_b == Op::plain ? n : k;
    if constexpr (std::is_same_v<T, float>)
        blas::sgemm(blas::row_major, transpose(op_a), transpose(op_b), m, n, k, T(1), A, lda, B, ldb, beta, C,
                    n);
    else
        blas::dgemm(blas::row_major, transpose(op_a), transpose(op_b), m, n, k, T(1), A, lda, B, ldb, beta, C,
                    n);
}

} // namespace ravine
