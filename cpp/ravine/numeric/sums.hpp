// Sums in double precision, over columns and along rows, in a form that becomes vector code.
#pragma once

#include "../spec.hpp"

#include <algorithm>
#include <array>

namespace ravine {

// For every column c < C: hands done(c, sums) the K sums Σ_r term(r, c), r < N, where term(r, c) gives K
// numbers. Sixteen columns at a time, whose sums stay in registers.
template <int K, class Term, class Done> void sum_columns(Index N, Index C, Term&& term, Done&& done) {
    constexpr Index width = 16;
    const auto tile = [&](Index start, auto columns) {
        double sums[K][width] = {};
        for (Index r = 0; r < N; ++r)
            for (Index j = 0; j < static_cast<Index>(columns); ++j) {
                const std::array<double, K> terms = term(r, start + j);
                for (int k = 0; k < K; ++k) sums[k][j] += terms[k];
            }
        for (Index j = 0; j < static_cast<Index>(columns); ++j) {
            std::array<double, K> total;
            for (int k = 0; k < K; ++k) total[k] = sums[k][j];
            done(start + j, total);
        }
    };
    Index start = 0;
    for (; start + width <= C; start += width) tile(start, std::integral_constant<Index, width>());
    if (start < C) tile(start, C - start);
}

// Σ term(i), i < n.
template <class Term> double sum_row(Index n, Term&& term) {
    constexpr Index lanes = 8;
    double sums[lanes] = {};
    Index i = 0;
    for (; i + lanes <= n; i += lanes)
        for (Index j = 0; j < lanes; ++j) sums[j] += term(i + j);
    double total = 0;
    for (; i < n; ++i) total += term(i);
    for (double sum : sums) total += sum;
    return total;
}

} // namespace ravine
