// Matrix products. The only file that knows the BLAS: OpenBLAS, loaded at run time from the path that the
// caller names, used with one thread (ravine itself spreads work over the cores).
#pragma once

#include "../spec.hpp"
#include "product.hpp"

#include <algorithm>
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

template <class T> Gemm<T> gemm() {
    if constexpr (std::is_same_v<T, float>)
        return sgemm;
    else
        return dgemm;
}

} // namespace blas

enum class Op : bool { plain, transposed };

// Which products our own kernels make: those of up to 2²⁵ multiplications, but not those with a few rows (or
// a few terms a sum) of wide matrices. Measured on one core of a Zen 4, in float: whole steps of training
// took OpenBLAS 0.3.34, held to the same instruction level, these times as long: 32-32 units 1.17 (v4)
// and 1.24 (v3), 64-64 units 1.06 and 1.12, 256-256 units 1.07 and 1.05. Beyond the rule ours takes 0.9
// to 1.7 times OpenBLAS's time, and with one or two rows of 256 × 256 up to 7 times.
inline bool own_kernel_pays(Index M, Index N, Index K) {
    const Index few = std::min(M, K), many = std::max(M, K);
    if (few == 0) return true; // a BLAS refuses factors without rows or columns
    return few * many * N <= Index{1} << 25 && (few >= 8 || many * N <= Index{1} << 14);
}

// A factor of a product: rows `step` apart, taken as they are or transposed.
template <class T> struct Factor {
    const T* data;
    Index step;
    Op op = Op::plain;

    kernels::View<const T> view() const {
        const kernels::View<const T> plain{data, step, 1};
        return op == Op::plain ? plain : plain.transposed();
    }
};

// C = A · B + start, with C of M × N (rows `step` apart), A of M × K and B of K × N. Start says what is
// added: nothing, C as it was, or one row to all rows.
template <class T> using Start = kernels::Start<T>;
template <class T>
void gemm(Index M, Index N, Index K, Factor<T> A, Factor<T> B, Start<T> start, T* C, Index step) {
    if (own_kernel_pays(M, N, K))
        return kernels::product(M, N, K, A.view(), B.view(), start, kernels::View<T>{C, step, 1});
    if (start.row)
        for (Index i = 0; i < M; ++i) std::copy_n(start.row, N, C + i * step);
    const auto transpose = [](Op op) { return op == Op::plain ? blas::no_transpose : blas::transpose; };
    const auto size = [](Index n) { return static_cast<int>(n); };
    blas::gemm<T>()(blas::row_major, transpose(A.op), transpose(B.op), size(M), size(N), size(K), T(1),
                    A.data, size(A.step), B.data, size(B.step), T(start.row || start.from_c), C, size(step));
}

} // namespace ravine
