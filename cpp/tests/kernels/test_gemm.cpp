// Matrix products against the plain loop. The matrices hold small integers, so that every sum is exact and
// the order of the terms cannot matter: results must be equal.
#include "ravine/kernels/gemm.hpp"

#include "ravine/numeric/random.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <vector>

using namespace ravine;
using kernels::View;

namespace {

template <class T> std::vector<T> integers(Index n, std::uint64_t seed) {
    const Stream stream(seed, Purpose::synthesize);
    std::vector<T> values(static_cast<std::size_t>(n));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<T>(stream.below(i, 9) - 4);
    return values;
}

// A dense rows × columns matrix, or its transpose where that is what lies in memory.
template <class T> Factor<T> factor(const T* data, Index rows, Index columns, Op op) {
    return {data, op == Op::plain ? columns : rows, op};
}

constexpr std::pair<Op, Op> products[] = {{Op::plain, Op::plain},       // y = x W
                                          {Op::transposed, Op::plain},  // dW = xᵀ dy
                                          {Op::plain, Op::transposed}}; // dx = dy Wᵀ

// What all three kinds of product give for all three starts, next to the plain loop.
template <class T> void compare(Index M, Index N, Index K) {
    CAPTURE(M);
    CAPTURE(N);
    CAPTURE(K);
    const std::vector<T> A = integers<T>(M * K, 1), B = integers<T>(K * N, 2), C = integers<T>(M * N, 3),
                         row = integers<T>(N, 4);
    for (const auto& [op_a, op_b] : products)
        for (const Start<T>& start : {Start<T>{}, Start<T>{true}, Start<T>{false, row.data()}}) {
            std::vector<T> fast = C, plain = C;
            const auto a = factor(A.data(), M, K, op_a), b = factor(B.data(), K, N, op_b);
            gemm(M, N, K, a, b, start, fast.data(), N);
            kernels::plain_product(M, N, K, a.view(), b.view(), start, View<T>{plain.data(), N, 1});
            CHECK(fast == plain);
        }
}

} // namespace

TEST_CASE_TEMPLATE("products equal the plain loop's, whatever is left over of tiles and vectors", T, float,
                   double) {
    for (Index M : {1, 2, 3, 5, 8, 13, 64, 71})
        for (Index N : {1, 2, 4, 7, 8, 10, 16, 17, 31, 32, 33, 65})
            for (Index K : {1, 2, 3, 4, 15, 20, 33, 70}) compare<T>(M, N, K);
}

TEST_CASE_TEMPLATE("products equal the plain loop's where a strip of B is taken in pieces", T, float,
                   double) {
    for (Index K : {255, 256, 257, 520})
        for (Index N : {10, 32, 100}) compare<T>(65, N, K);
    compare<T>(100, 512, 33); // rows of B far apart
}

TEST_CASE_TEMPLATE("products equal the plain loop's where OpenBLAS makes them", T, float, double) {
    blas::load(RAVINE_BLAS);
    for (const auto& [M, N, K] : {std::array<Index, 3>{323, 323, 323}, {1, 200, 300}, {300, 100, 7}}) {
        CHECK_FALSE(own_kernel_pays(M, N, K));
        compare<T>(M, N, K);
    }
}

TEST_CASE_TEMPLATE("a product is the same to the last bit wherever the matrices lie", T, float, double) {
    constexpr Index M = 37, N = 45, K = 29, room = 16;
    const Stream stream(5, Purpose::synthesize);
    std::vector<T> A(M * K + room), B(K * N + room), C(M * N + room), first;
    for (const auto& [op_a, op_b] : products) {
        first.clear();
        for (Index shift = 0; shift < room; shift += 5) {
            for (Index i = 0; i < M * K; ++i) A[shift + i] = static_cast<T>(stream.normal(i));
            for (Index i = 0; i < K * N; ++i) B[shift + i] = static_cast<T>(stream.normal(2000 + i));
            gemm(M, N, K, factor(&A[shift], M, K, op_a), factor(&B[shift], K, N, op_b), Start<T>{}, &C[shift],
                 N);
            const std::vector<T> here(&C[shift], &C[shift] + M * N);
            if (first.empty()) first = here;
            CHECK(std::memcmp(first.data(), here.data(), sizeof(T) * M * N) == 0);
        }
    }
}

TEST_CASE_TEMPLATE("a product made in pieces is the whole product, to the last bit", T, float, double) {
    constexpr Index M = 40, N = 160, K = 50;
    const Stream stream(6, Purpose::synthesize);
    std::vector<T> A(M * K), B(K * N), whole(M * N), pieces(M * N);
    for (Index i = 0; i < M * K; ++i) A[i] = static_cast<T>(stream.normal(i));
    for (Index i = 0; i < K * N; ++i) B[i] = static_cast<T>(stream.normal(2000 + i));
    gemm<T>(M, N, K, {A.data(), K}, {B.data(), N}, {}, whole.data(), N);
    for (Index j = 0; j < N; j += 64)
        gemm<T>(M, std::min<Index>(64, N - j), K, {A.data(), K}, {B.data() + j, N}, {}, pieces.data() + j, N);
    CHECK(whole == pieces);
}

TEST_CASE_TEMPLATE("the sum of rows is the product with a row of ones", T, float, double) {
    for (Index B : {1, 7, 64})
        for (Index O : {1, 3, 8, 19, 64}) {
            const std::vector<T> x = integers<T>(B * O, 6), ones(static_cast<std::size_t>(B), T(1));
            for (bool from_y : {false, true}) {
                std::vector<T> fast = integers<T>(O, 7), plain = fast;
                kernels::sum_rows(B, O, x.data(), from_y, fast.data());
                kernels::plain_product(1, O, B, View<const T>{ones.data(), B, 1},
                                       View<const T>{x.data(), O, 1}, Start<T>{from_y},
                                       View<T>{plain.data(), O, 1});
                CHECK(fast == plain);
            }
        }
}
