// A Gaussian copula: each variable keeps its empirical distribution F, and what ties the variables together
// is the correlation R of their normal scores. A new row is z = L ε with L Lᵀ = R, u = Φ(z), x = F⁻¹(u)
// (Nelsen 2006, ch. 2; Song 2000).
#pragma once

#include "../numeric/normal_distribution.hpp"
#include "../numeric/random.hpp"
#include "../spec.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <utility>
#include <vector>

namespace ravine {

// How one variable is distributed within one class: its distinct values (patterns of `width` columns),
// in order, and for each the share of rows (of their weights) up to and with it.
template <class T> struct Marginal {
    Index width = 1, n = 0;
    bool discrete = false;
    std::vector<T> values;          // levels × width
    std::vector<double> cumulative; // levels
    std::vector<double> halves;     // levels; half the mean share of a level's rows. Without weights, empty

    Index levels() const { return static_cast<Index>(cumulative.size()); }
    const T* level(Index k) const { return values.data() + k * width; }
    double below(Index k) const { return k == 0 ? 0.0 : cumulative[k - 1]; }
    bool constant() const { return levels() < 2; }
    bool has_ties() const { return levels() < n; }

    // `rows`: n × width. They are sorted and counted.
    void learn(std::vector<T>& rows, Index row_width, bool is_discrete);
    // Counted by their shares, which sum to 1. `rows` stays as it is.
    void learn(const std::vector<T>& rows, Index row_width, bool is_discrete,
               const std::vector<double>& shares);

    // The normal score of level k: Φ⁻¹ of its mid-rank.
    double score(Index k) const { return normal_quantile(0.5 * (below(k) + cumulative[k])); }
    Index find(const T* pattern) const;

    // F⁻¹(u): `width` numbers into out.
    void inverse(double u, T* out) const;

private:
    // The first level up to and with which there are more than that share of rows.
    Index at_or_above(double share) const {
        const auto found = std::upper_bound(cumulative.begin(), cumulative.end(), share);
        return std::min(static_cast<Index>(found - cumulative.begin()), levels() - 1);
    }
    T weighted_inverse(double u) const;
};

template <class T> void Marginal<T>::learn(std::vector<T>& rows, Index row_width, bool is_discrete) {
    width = row_width, discrete = is_discrete;
    n = static_cast<Index>(rows.size()) / width;
    if (width == 1) {
        std::sort(rows.begin(), rows.end());
    } else {
        std::vector<std::vector<T>> patterns;
        for (Index i = 0; i < n; ++i)
            patterns.emplace_back(rows.begin() + i * width, rows.begin() + (i + 1) * width);
        std::sort(patterns.begin(), patterns.end());
        for (Index i = 0; i < n; ++i)
            std::copy(patterns[i].begin(), patterns[i].end(), rows.begin() + i * width);
    }
    for (Index i = 0; i < n; ++i) {
        const T* pattern = rows.data() + i * width;
        if (i + 1 < n && std::equal(pattern, pattern + width, pattern + width)) continue;
        values.insert(values.end(), pattern, pattern + width);
        cumulative.push_back(static_cast<double>(i + 1) / static_cast<double>(n));
    }
}

template <class T>
void Marginal<T>::learn(const std::vector<T>& rows, Index row_width, bool is_discrete,
                        const std::vector<double>& shares) {
    width = row_width, discrete = is_discrete;
    n = static_cast<Index>(rows.size()) / width;
    std::vector<Index> order(n);
    std::iota(order.begin(), order.end(), Index{0});
    const auto row = [&](Index i) { return rows.data() + i * width; };
    std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) {
        return std::lexicographical_compare(row(a), row(a) + width, row(b), row(b) + width);
    });
    double total = 0;
    for (Index i = 0, first = 0; i < n; ++i) {
        total += shares[order[i]];
        const T* pattern = row(order[i]);
        if (i + 1 < n && std::equal(pattern, pattern + width, row(order[i + 1]))) continue;
        // Rows too light to be told from none go with the level above.
        if (total - below(levels()) < 1e-15) continue;
        values.insert(values.end(), pattern, pattern + width);
        cumulative.push_back(total);
        halves.push_back(0.5 * (total - below(levels() - 1)) / static_cast<double>(i + 1 - first));
        first = i + 1;
    }
    for (double& share : cumulative) share /= total;
    cumulative.back() = 1;
}

template <class T> Index Marginal<T>::find(const T* pattern) const {
    Index low = 0, high = levels() - 1;
    while (low < high) {
        const Index middle = (low + high) / 2;
        if (std::lexicographical_compare(level(middle), level(middle) + width, pattern, pattern + width))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

template <class T> void Marginal<T>::inverse(double u, T* out) const {
    if (discrete) {
        const T* chosen = level(at_or_above(u));
        std::copy(chosen, chosen + width, out);
        return;
    }
    if (!halves.empty()) {
        out[0] = weighted_inverse(u);
        return;
    }
    // Order statistic number r (from 0) is at (r + ½)/n; between two of them F⁻¹ is a straight line.
    const double count = static_cast<double>(n), position = std::clamp(u * count - 0.5, 0.0, count - 1);
    const double r = std::floor(position);
    const double low = *level(at_or_above((r + 0.5) / count));
    const double high = *level(at_or_above(std::min(r + 1.5, count - 0.5) / count));
    out[0] = static_cast<T>(low + (position - r) * (high - low));
}

// With weights, each row is in the middle of its share. Where the shares of two levels meet, F⁻¹ is the
// mean of the two by the weights of their rows, and straight from there to the rows on either side; so a
// light row far out draws nothing towards it. With equal weights this is the straight line between rows.
template <class T> T Marginal<T>::weighted_inverse(double u) const {
    const Index k = at_or_above(u);
    const double first = below(k) + halves[k], last = cumulative[k] - halves[k];
    const Index next = u < first ? k - 1 : u > last ? k + 1 : k;
    if (next == k || next < 0 || next == levels()) return *level(k);
    const double here = *level(k), there = *level(next);
    const double way = (u < first ? first - u : u - last) / halves[k]; // 1 where the shares meet
    return static_cast<T>(here + way * (there - here) * halves[next] / (halves[k] + halves[next]));
}

// The Gaussian copula of one class: margins, and the Cholesky factor of the correlation of those variables
// that are not constant.
template <class T> class Copula {
public:
    explicit Copula(std::function<void()> check_stop = [] {}) : check_stop_(std::move(check_stop)) {}

    // `margins`: one a variable. `pattern(i, v, out)` writes variable v of row i. `shares` of the rows sum to
    // 1; empty: all alike. Many variables take long, so check_stop is called in between, and may throw.
    template <class Pattern>
    void learn(Index n, std::vector<Marginal<T>> margins, Pattern pattern,
               const std::vector<double>& shares = {});

    // One row: writes u's images by emit(variable, pattern). `z` and `values` are room to work in.
    template <class Emit>
    void draw(const Stream& stream, std::vector<T>& z, std::vector<T>& values, Emit emit) const;

private:
    static constexpr int n_terms = 30; // of the Hermite series below

    std::vector<double> hermite(const Marginal<T>& margin) const;
    static double latent(double observed, const std::vector<double>& a, const std::vector<double>& b);
    template <class Pattern>
    std::vector<double> score_correlation(Index n, Pattern pattern, const std::vector<double>& shares) const;
    bool factorise(std::vector<double> R);
    void fit_factor(const std::vector<double>& observed);

    std::function<void()> check_stop_;
    std::vector<Marginal<T>> margins_;
    std::vector<Index> active_; // variables that vary
    std::vector<T> factor_;     // L, column by column: column j holds L_jj, L_(j+1)j, …
};

template <class T>
template <class Pattern>
void Copula<T>::learn(Index n, std::vector<Marginal<T>> margins, Pattern pattern,
                      const std::vector<double>& shares) {
    margins_ = std::move(margins);
    for (Index v = 0; v < static_cast<Index>(margins_.size()); ++v)
        if (!margins_[v].constant()) active_.push_back(v);
    fit_factor(score_correlation(n, pattern, shares));
}

// R_ij (i ≥ j, the lower triangle of an A × A matrix): Pearson's correlation of the normal scores.
template <class T>
template <class Pattern>
std::vector<double> Copula<T>::score_correlation(Index n, Pattern pattern,
                                                 const std::vector<double>& shares) const {
    constexpr Index block = 16; // rows at once, so that R passes through the cache once a block
    const Index A = static_cast<Index>(active_.size());
    std::vector<std::vector<double>> score_of(A);
    Index widest = 1;
    for (Index a = 0; a < A; ++a) {
        const Marginal<T>& margin = margins_[active_[a]];
        std::vector<double>& scores = score_of[a];
        double mean = 0, square = 0;
        for (Index k = 0; k < margin.levels(); ++k) {
            const double share = margin.cumulative[k] - margin.below(k);
            scores.push_back(margin.score(k));
            mean += share * scores[k];
        }
        for (Index k = 0; k < margin.levels(); ++k)
            square += (margin.cumulative[k] - margin.below(k)) * (scores[k] - mean) * (scores[k] - mean);
        for (double& score : scores) score = (score - mean) / std::sqrt(square);
        widest = std::max(widest, margin.width);
    }
    std::vector<double> R(A * A, 0.0), rows(block * A);
    std::vector<T> one(widest);
    for (Index start = 0; start < n; start += block) {
        const Index B = std::min(block, n - start);
        check_stop_();
        for (Index b = 0; b < B; ++b)
            for (Index a = 0; a < A; ++a) {
                pattern(start + b, active_[a], one.data());
                rows[b * A + a] = score_of[a][margins_[active_[a]].find(one.data())];
            }
        for (Index i = 0; i < A; ++i)
            for (Index b = 0; b < B; ++b) {
                const double s = shares.empty() ? rows[b * A + i] : shares[start + b] * rows[b * A + i];
                for (Index j = 0; j <= i; ++j) R[i * A + j] += s * rows[b * A + j];
            }
    }
    if (shares.empty())
        for (double& r : R) r /= static_cast<double>(n);
    return R;
}

// A discrete variable is a step function of its z, so its scores correlate less than the z do. With the
// step function's coefficients h_m in normalised Hermite polynomials He_m/√m!, two variables' scores
// correlate by Σ_m ρ^m a_m b_m when their z correlate by ρ (Mehler's formula): the polychoric correlation
// as a series. A continuous variable is its own z: h_1 = 1, the others 0, and one number says so.
template <class T> std::vector<double> Copula<T>::hermite(const Marginal<T>& margin) const {
    if (!margin.has_ties()) return {1.0};
    std::vector<double> h(n_terms, 0.0);
    double mean = 0, square = 0;
    for (Index k = 0; k < margin.levels(); ++k) {
        const double share = margin.cumulative[k] - margin.below(k);
        mean += share * margin.score(k), square += share * margin.score(k) * margin.score(k);
    }
    const double deviation = std::sqrt(square - mean * mean);
    for (Index k = 0; k + 1 < margin.levels(); ++k) {
        const double step = (margin.score(k + 1) - margin.score(k)) / deviation;
        const double cut = normal_quantile(margin.cumulative[k]);
        double before = 0, now = 1; // He_(m−1)/√(m−1)! at the cut, for m = 0 and 1
        for (int m = 1; m <= n_terms; ++m) {
            h[m - 1] += step * normal_density(cut) * now / std::sqrt(m);
            const double next = (cut * now - std::sqrt(m - 1) * before) / std::sqrt(m);
            before = now, now = next;
        }
    }
    return h;
}

// The ρ at which the series gives the observed correlation of scores, by bisection to 1e-7; ±1 when none
// does.
template <class T>
double Copula<T>::latent(double observed, const std::vector<double>& a, const std::vector<double>& b) {
    const std::size_t terms = std::min(a.size(), b.size());
    if (terms == 1) return std::clamp(observed / (a[0] * b[0]), -1.0, 1.0);
    double low = -1, high = 1;
    for (int i = 0; i < 24; ++i) {
        const double rho = 0.5 * (low + high);
        double sum = 0;
        for (std::size_t m = terms; m-- > 0;) sum = (sum + a[m] * b[m]) * rho;
        (sum < observed ? low : high) = rho;
    }
    return 0.5 * (low + high);
}

// Corrected pair by pair, the matrix need not be a correlation matrix any more. Then it is drawn towards the
// uncorrected one, which always is: by 1/256 of the way, or twice that and so on until Cholesky succeeds.
template <class T> void Copula<T>::fit_factor(const std::vector<double>& observed) {
    const Index A = static_cast<Index>(active_.size());
    std::vector<std::vector<double>> h;
    for (Index v : active_) h.push_back(hermite(margins_[v]));
    std::vector<double> corrected = observed, mixed;
    for (Index i = 0; i < A; ++i) {
        check_stop_();
        for (Index j = 0; j < i; ++j) corrected[i * A + j] = latent(observed[i * A + j], h[i], h[j]);
    }
    for (double share = 0; share <= 1; share = share == 0 ? 1.0 / 256 : 2 * share) {
        mixed = observed;
        for (Index i = 0; i < A; ++i)
            for (Index j = 0; j < i; ++j) {
                const double r = corrected[i * A + j];
                mixed[i * A + j] = (1 - 1e-6) * (r + share * (observed[i * A + j] - r));
            }
        if (factorise(mixed)) return;
    }
    throw EngineError("Synthesize: the correlation of the normal scores has no Cholesky factor");
}

// Row by row, each earlier column taken off as soon as it is known, so that the inner loop runs along memory.
template <class T> bool Copula<T>::factorise(std::vector<double> R) {
    const Index A = static_cast<Index>(active_.size());
    std::vector<double> column(A);
    for (Index j = 0; j < A; ++j) {
        check_stop_();
        if (R[j * A + j] < 1e-9) return false;
        const double pivot = std::sqrt(R[j * A + j]);
        for (Index i = j; i < A; ++i) column[i] = R[i * A + j] /= pivot;
        for (Index i = j + 1; i < A; ++i)
            for (Index k = j + 1; k <= i; ++k) R[i * A + k] -= column[i] * column[k];
    }
    factor_.clear();
    for (Index j = 0; j < A; ++j)
        for (Index i = j; i < A; ++i) factor_.push_back(static_cast<T>(R[i * A + j]));
    return true;
}

template <class T>
template <class Emit>
void Copula<T>::draw(const Stream& stream, std::vector<T>& z, std::vector<T>& values, Emit emit) const {
    const Index A = static_cast<Index>(active_.size());
    stream.normals(0, A, [&](Index a, double epsilon) { z[a] = static_cast<T>(epsilon); });
    // z = L ε in place: from the last column on, each ε_j is spent before it is overwritten.
    const T* column = factor_.data() + factor_.size();
    for (Index j = A - 1; j >= 0; --j) {
        column -= A - j;
        const T epsilon = z[j];
        z[j] = column[0] * epsilon;
        for (Index i = j + 1; i < A; ++i) z[i] += column[i - j] * epsilon;
    }
    for (Index v = 0, a = 0; v < static_cast<Index>(margins_.size()); ++v) {
        const bool varies = a < A && active_[a] == v;
        margins_[v].inverse(varies ? normal_distribution(static_cast<double>(z[a++])) : 0.5, values.data());
        emit(v, values.data());
    }
}

} // namespace ravine
