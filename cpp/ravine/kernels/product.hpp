// Small matrix products C = A · B + start. All of it lies in the near caches, so A and C are used where they
// are, and B too, unless its rows are not in one piece or too far apart.
//
// C is covered with tiles of some rows by one or two vectors of columns. A tile's sums stay in registers
// while k runs over K: a row of B is loaded, every number of a column of A is multiplied into it. The order
// of the sums follows from the sizes alone, never from where in memory the matrices lie.
#pragma once

#include "vector.hpp"

#include <algorithm>

namespace ravine::kernels {

// A matrix somewhere in memory: number (i, j) lies at data[i · down + j · right].
template <class T> struct View {
    T* data;
    Index down, right;

    T& operator()(Index i, Index j) const { return data[i * down + j * right]; }
    View from(Index i, Index j) const { return {data + i * down + j * right, down, right}; }
    View transposed() const { return {data, right, down}; }
};

// What the sums start from: 0, or C itself, or one row for all (a bias).
template <class T> struct Start {
    bool from_c = false;
    const T* row = nullptr;
};

// The plain twin of `product`, for the tests.
template <class T>
void plain_product(Index M, Index N, Index K, View<const T> A, View<const T> B, Start<T> start, View<T> C) {
    for (Index i = 0; i < M; ++i)
        for (Index j = 0; j < N; ++j) {
            T sum = start.from_c ? C(i, j) : start.row ? start.row[j] : T(0);
            for (Index k = 0; k < K; ++k) sum += A(i, k) * B(k, j);
            C(i, j) = sum;
        }
}

namespace detail {

// V vectors of `bytes` each: the columns of C that a tile covers.
template <class T, Index V, Index bytes> struct Columns {
    using Vector = typename VectorOf<T, bytes>::type;
    static constexpr Index vectors = V, lanes = bytes / static_cast<Index>(sizeof(T)), width = V * lanes;
};

// Some columns of C: B is K × N and its rows lie in one piece, filled up to the width.
template <class T> struct Strip {
    Index N, K;
    View<const T> A;
    const T* B;
    Index B_step;
    bool from_c;
    const T* row; // as many numbers as the width to start from otherwise
    View<T> C;
};

// R rows of a strip.
template <Index R, class Columns, class T> RAVINE_KERNEL void tile(const Strip<T>& s, Index i) {
    using Vector = typename Columns::Vector;
    constexpr Index V = Columns::vectors, L = Columns::lanes, width = Columns::width;
    const View<const T> A = s.A.from(i, 0);
    const View<T> C = s.C.from(i, 0);
    const bool direct = s.N == width && C.right == 1;
    T edge[R * width]; // replaces C where vectors would reach beyond it
    T* c = direct ? C.data : edge;
    const Index step = direct ? C.down : width;
    if (s.from_c && !direct)
        for (Index r = 0; r < R; ++r)
            for (Index j = 0; j < width; ++j) edge[r * width + j] = j < s.N ? C(r, j) : T(0);

    Vector sums[R][V];
    for (Index r = 0; r < R; ++r)
        for (Index v = 0; v < V; ++v)
            sums[r][v] = load<Vector>(s.from_c ? c + r * step + v * L : s.row + v * L);
    for (Index k = 0; k < s.K; ++k) {
        Vector b[V];
        for (Index v = 0; v < V; ++v) b[v] = load<Vector>(s.B + k * s.B_step + v * L);
        for (Index r = 0; r < R; ++r) {
            const T a = A(r, k);
            for (Index v = 0; v < V; ++v) sums[r][v] += a * b[v];
        }
    }
    for (Index r = 0; r < R; ++r)
        for (Index v = 0; v < V; ++v) store(c + r * step + v * L, sums[r][v]);

    if (!direct)
        for (Index r = 0; r < R; ++r)
            for (Index j = 0; j < width; ++j) // so many that compilers make no call of it
                if (j < s.N) C(r, j) = edge[r * width + j];
}

// K rows of N numbers one behind the other, each filled up with zeros to `width`.
template <Index width, class T> RAVINE_KERNEL void pack(Index K, Index N, View<const T> B, T* to) {
    Index j = 0, k_done = 0;
    if (B.down == 1) {
        k_done = K / 4 * 4;
        for (; j + 4 <= N; j += 4)
            for (Index k = 0; k < k_done; k += 4) transpose_4x4(&B(k, j), B.right, to + k * width + j, width);
    }
    for (Index k = 0; k < K; ++k) {
        const Index done = k < k_done ? j : 0;
        if (N == width && B.right == 1)
            std::copy_n(&B(k, 0), width, to + k * width);
        else if (done < width)
            for (Index i = 0; i < width; ++i) // so many that compilers make no call of it
                if (i >= done) to[k * width + i] = i < N ? B(k, i) : T(0);
    }
}

// The first N columns of C.
template <class Columns, class T>
void strip(Index M, Index N, Index K, View<const T> A, View<const T> B, Start<T> start, View<T> C) {
    constexpr Index width = Columns::width;
    constexpr Index rows = Columns::vectors > 2 ? registers / 8
                           : registers == 32    ? 8
                           : vector_bytes == 32 ? 6
                                                : 4;
    constexpr Index nearest = 32768 / sizeof(T); // as many numbers as the first cache holds
    constexpr Index deepest = 256;               // as many rows of B as are packed at a time
    const bool whole = N == width && B.right == 1 && (K * B.down <= nearest || M < 64);
    T packed[deepest * width], row[width] = {};
    if (start.row) std::copy_n(start.row, N, row);
    for (Index k = 0; k == 0 || k < K; k += deepest) {
        const Index depth = std::min(K - k, whole ? K : deepest);
        if (!whole) pack<width>(depth, N, B.from(k, 0), packed);
        const Strip<T> s{
            N,   depth, A.from(0, k), whole ? B.data : packed, whole ? B.down : width, start.from_c || k > 0,
            row, C};
        Index i = 0;
        for (; i + rows <= M; i += rows) tile<rows, Columns>(s, i);
        if constexpr (rows > 4)
            if (M - i >= 4) tile<4, Columns>(s, i), i += 4;
        if constexpr (rows > 2)
            if (M - i == 3) tile<3, Columns>(s, i), i += 3;
        if constexpr (rows > 2)
            if (M - i >= 2) tile<2, Columns>(s, i), i += 2;
        if (M - i >= 1) tile<1, Columns>(s, i);
        if (whole) break;
    }
}

// How many columns of the N that are left a strip takes, and which one: as wide as they are.
template <class T>
Index next_strip(Index M, Index N, Index K, View<const T> A, View<const T> B, Start<T> start, View<T> C) {
    constexpr Index L = lanes<T>;
    const auto take = [&](Index columns, auto kind) {
        strip<decltype(kind)>(M, columns, K, A, B, start, C);
        return columns;
    };
    if (M <= registers / 8 && N >= 4 * L) return take(4 * L, Columns<T, 4, vector_bytes>());
    if (N > L) return take(std::min(N, 2 * L), Columns<T, 2, vector_bytes>());
    if constexpr (vector_bytes >= 32)
        if (N <= L / 2) {
            if constexpr (vector_bytes >= 64)
                if (N <= L / 4) return take(N, Columns<T, 1, vector_bytes / 4>());
            return take(N, Columns<T, 1, vector_bytes / 2>());
        }
    return take(N, Columns<T, 1, vector_bytes>());
}

// C = A · b + start for one column b, where the rows of A and b lie in one piece: a vector runs along k.
template <class T> void dots(Index M, Index K, View<const T> A, const T* b, Start<T> start, View<T> C) {
    constexpr Index L = lanes<T>, rows = 4;
    const auto some = [&]<Index R>(Index i, std::integral_constant<Index, R>) {
        Vector<T> sums[R] = {};
        Index k = 0;
        for (; k + L <= K; k += L)
            for (Index r = 0; r < R; ++r) sums[r] += load<Vector<T>>(&A(i + r, k)) * load<Vector<T>>(b + k);
        for (Index r = 0; r < R; ++r) {
            T rest = start.from_c ? C(i + r, 0) : start.row ? start.row[0] : T(0);
            for (Index j = k; j < K; ++j) rest += A(i + r, j) * b[j];
            C(i + r, 0) = rest + sum<T>(sums[r]);
        }
    };
    Index i = 0;
    for (; i + rows <= M; i += rows) some(i, std::integral_constant<Index, rows>());
    for (; i < M; ++i) some(i, std::integral_constant<Index, 1>());
}

} // namespace detail

// C = A · B + start, with C of M × N, A of M × K and B of K × N.
template <class T>
void product(Index M, Index N, Index K, View<const T> A, View<const T> B, Start<T> start, View<T> C) {
    // For one column vectors run along K, for a few along M.
    if (N == 1 && A.right == 1 && B.down == 1) return detail::dots(M, K, A, B.data, start, C);
    if (N <= lanes<T> / 2 && N < M && A.down == 1 && !start.row)
        return product(N, M, K, B.transposed(), A.transposed(), start, C.transposed());
    for (Index j = 0; j < N;) {
        const Start<T> here{start.from_c, start.row ? start.row + j : nullptr};
        j += detail::next_strip(M, N - j, K, A, B.from(0, j), here, C.from(0, j));
    }
}

// y = the sum of B rows of O numbers, or that added to y; four vectors of columns at a time.
template <class T> void sum_rows(Index B, Index O, const T* x, bool from_y, T* y) {
    const auto some = [&]<Index V>(Index j, std::integral_constant<Index, V>) {
        Vector<T> sums[V] = {};
        for (Index v = 0; from_y && v < V; ++v) sums[v] = load<Vector<T>>(y + j + v * lanes<T>);
        for (Index i = 0; i < B; ++i)
            for (Index v = 0; v < V; ++v) sums[v] += load<Vector<T>>(x + i * O + j + v * lanes<T>);
        for (Index v = 0; v < V; ++v) store(y + j + v * lanes<T>, sums[v]);
    };
    Index j = 0;
    for (; j + 4 * lanes<T> <= O; j += 4 * lanes<T>) some(j, std::integral_constant<Index, 4>());
    for (; j + lanes<T> <= O; j += lanes<T>) some(j, std::integral_constant<Index, 1>());
    for (; j < O; ++j) {
        T sum = from_y ? y[j] : T(0);
        for (Index i = 0; i < B; ++i) sum += x[i * O + j];
        y[j] = sum;
    }
}

} // namespace ravine::kernels
