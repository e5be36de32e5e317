// The losses, kind by kind.
#pragma once

#include "../numeric/elementary.hpp"
#include "loss.hpp"

#include <algorithm>
#include <cmath>
#include <string>

namespace ravine {

namespace losses {

// Each rule: value and slope (∂/∂z) of one output, the inverse link, whether the slope jumps at z = y,
// whether predictions are probabilities of classes, and whether they are exponentials of z.

// (z − y)²
template <class T> struct SquaredError {
    static constexpr bool kinked = false, classifies = false, exponential = false;
    T value(T z, T y) const { return (z - y) * (z - y); }
    T slope(T z, T y) const { return T(2) * (z - y); }
    T respond(T z) const { return z; }
};

// |z − y|
template <class T> struct AbsoluteError {
    static constexpr bool kinked = true, classifies = false, exponential = false;
    T value(T z, T y) const { return std::abs(z - y); }
    T slope(T z, T y) const { return T(z > y) - T(z < y) + (z - y) * T(0); }
    T respond(T z) const { return z; }
};

// ½ r² where |r| ≤ δ, else δ (|r| − ½ δ); r = z − y (Huber 1964)
template <class T> struct Huber {
    static constexpr bool kinked = false, classifies = false, exponential = false;
    T delta;
    T value(T z, T y) const {
        const T r = std::abs(z - y);
        return elementary::select(r > delta, delta * (r - T(0.5) * delta), T(0.5) * r * r);
    }
    T slope(T z, T y) const {
        const T r = z - y, below = elementary::select(r < -delta, -delta, r);
        return elementary::select(below > delta, delta, below);
    }
    T respond(T z) const { return z; }
};

// τ r where r ≥ 0, else (τ − 1) r; r = y − z (Koenker & Bassett 1978)
template <class T> struct Quantile {
    static constexpr bool kinked = true, classifies = false, exponential = false;
    T tau;
    T value(T z, T y) const {
        const T r = y - z;
        return elementary::select(r > T(0), tau, tau - T(1)) * r;
    }
    T slope(T z, T y) const {
        const T r = y - z;
        return T(r < T(0)) * (T(1) - tau) - T(r > T(0)) * tau + r * T(0);
    }
    T respond(T z) const { return z; }
};

// eᶻ − y z: minus the log-likelihood of a Poisson of mean eᶻ
template <class T> struct Poisson {
    static constexpr bool kinked = false, classifies = false, exponential = true;
    T value(T z, T y) const { return elementary::exp(z) - y * z; }
    T slope(T z, T y) const { return elementary::exp(z) - y; }
    T respond(T z) const { return elementary::exp(z); }
};

// z + y e⁻ᶻ: minus the log-likelihood, per unit of shape, of a gamma of mean eᶻ
template <class T> struct Gamma {
    static constexpr bool kinked = false, classifies = false, exponential = true;
    T value(T z, T y) const { return z + y * elementary::exp(-z); }
    T slope(T z, T y) const { return T(1) - y * elementary::exp(-z); }
    T respond(T z) const { return elementary::exp(z); }
};

// −y log σ(z) − (1 − y) log(1 − σ(z)) = max(z, 0) − y z + log(1 + e^−|z|)
template <class T> struct BinaryCrossEntropy {
    static constexpr bool kinked = false, classifies = true, exponential = false;
    T value(T z, T y) const { return elementary::softplus(z) - y * z; }
    T slope(T z, T y) const { return elementary::sigmoid(z) - y; }
    T respond(T z) const { return elementary::sigmoid(z); }
};

} // namespace losses

// A loss that is a sum over single outputs.
template <class T, class Rule> class ElementwiseLoss final : public Loss<T> {
public:
    explicit ElementwiseLoss(Rule rule) : rule_(rule) {}

    double value(Index B, Index O, const T* z, const T* y, const T* s, T* dz, T scale,
                 std::uint64_t* kinks = nullptr) const override {
        if (Rule::kinked && kinks)
            for (Index k = 0; k < B * O; ++k)
                *kinks = (*kinks ^ (z[k] > y[k] ? 0x9Eu : 0x3Bu)) * 0x100000001B3ull;
        const T slope = scale / static_cast<T>(O);
        const auto one = [](Index) { return T(1); };
        if (!s) return run(B * O, z, y, one, dz, slope) / static_cast<double>(O);
        if (O == 1) return run(B, z, y, [s](Index i) { return s[i]; }, dz, slope);
        double total = 0;
        for (Index i = 0; i < B; ++i) {
            const T weight = s[i];
            total += run(
                O, z + i * O, y + i * O, [weight](Index) { return weight; }, dz ? dz + i * O : nullptr,
                slope);
        }
        return total / static_cast<double>(O);
    }

    void respond(Index B, Index O, const T* z, T* out) const override {
        const Rule rule = rule_;
#pragma omp simd
        for (Index k = 0; k < B * O; ++k) out[k] = rule.respond(z[k]);
    }

    bool classifies() const override { return Rule::classifies; }
    bool exponential() const override { return Rule::exponential; }

private:
    // Σ weight(k) L(z_k, y_k), k < n, and dz = scale · weight(k) · ∂L/∂z. In blocks, so that the terms become
    // vector code before they are added in double.
    template <class Weight>
    double run(Index n, const T* __restrict z, const T* __restrict y, Weight weight, T* __restrict dz,
               T scale) const {
        constexpr Index length = 128, lanes = 4;
        const Rule rule = rule_;
        double sums[lanes] = {};
        T terms[length];
        for (Index start = 0; start < n; start += length) {
            const Index count = std::min(length, n - start);
            for (Index k = 0; k < count; ++k)
                terms[k] = weight(start + k) * rule.value(z[start + k], y[start + k]);
            if (dz)
                for (Index k = 0; k < count; ++k)
                    dz[start + k] = scale * weight(start + k) * rule.slope(z[start + k], y[start + k]);
            Index k = 0;
            for (; k + lanes <= count; k += lanes)
                for (Index lane = 0; lane < lanes; ++lane) sums[lane] += static_cast<double>(terms[k + lane]);
            for (; k < count; ++k) sums[0] += static_cast<double>(terms[k]);
        }
        return sums[0] + sums[1] + sums[2] + sums[3];
    }

    Rule rule_;
};

// −Σ_o q_o log softmax(z)_o, where q = (1 − ε) y + ε/O and y is a row of class probabilities (one-hot, or
// mixed).
template <class T> class CrossEntropyLoss final : public Loss<T> {
public:
    explicit CrossEntropyLoss(double label_smoothing) : epsilon_(static_cast<T>(label_smoothing)) {}

    double value(Index B, Index O, const T* z, const T* y, const T* s, T* dz, T scale,
                 std::uint64_t* = nullptr) const override {
        constexpr Index length = 1024;
        T buffer[length];
        double total = 0;
        const Index rows = dz ? B : std::max(length / O, Index{1});
        for (Index i = 0; i < B; i += rows) {
            const Index count = std::min(rows, B - i);
            const T *z_i = z + i * O, *y_i = y + i * O, *s_i = s ? s + i : nullptr;
            if (dz)
                total += block(count, O, z_i, y_i, s_i, dz + i * O, true, scale);
            else if (count * O <= length)
                total += block(count, O, z_i, y_i, s_i, buffer, false, scale);
            else
                total += wide_row(O, z_i, y_i, s ? s[i] : T(1));
        }
        return total;
    }

    void respond(Index B, Index O, const T* z, T* out) const override {
        exponentials(B, O, z, out);
        for (Index i = 0; i < B; ++i, out += O) {
            double sum = 0;
            for (Index o = 0; o < O; ++o) sum += static_cast<double>(out[o]);
            const T factor = static_cast<T>(1 / sum);
            for (Index o = 0; o < O; ++o) out[o] *= factor;
        }
    }

    bool classifies() const override { return true; }
    bool exponential() const override { return false; }

private:
    static T largest(Index O, const T* z) {
        T m = z[0];
        for (Index o = 1; o < O; ++o) m = z[o] > m ? z[o] : m;
        return m;
    }

    // e = exp(z − max z), row by row; e may be z.
    static void exponentials(Index B, Index O, const T* z, T* e) {
        for (Index i = 0; i < B; ++i) {
            const T m = largest(O, z + i * O);
#pragma omp simd
            for (Index o = 0; o < O; ++o) e[i * O + o] = z[i * O + o] - m;
        }
        for (Index k = 0; k < B * O; ++k) e[k] = elementary::exp(e[k]);
    }

    T smooth(T y, Index O) const { return (T(1) - epsilon_) * y + epsilon_ / static_cast<T>(O); }

    double block(Index B, Index O, const T* z, const T* y, const T* s, T* e, bool slope, T scale) const {
        exponentials(B, O, z, e);
        double total = 0;
        for (Index i = 0; i < B; ++i, z += O, y += O, e += O) {
            const T m = largest(O, z), weight = s ? s[i] : T(1);
            T sum = 0, mass = 0, score = 0;
            for (Index o = 0; o < O; ++o) {
                const T q = smooth(y[o], O);
                sum += e[o];
                mass += q;
                score += q * (z[o] - m);
            }
            total += static_cast<double>(weight) * static_cast<double>(mass * std::log(sum) - score);
            if (!slope) continue;
            const T outer = scale * weight, inner = mass / sum;
            for (Index o = 0; o < O; ++o) e[o] = outer * (inner * e[o] - smooth(y[o], O));
        }
        return total;
    }

    double wide_row(Index O, const T* z, const T* y, T weight) const {
        const T m = largest(O, z);
        double sum = 0, mass = 0, score = 0;
        for (Index o = 0; o < O; ++o) {
            const T q = smooth(y[o], O);
            sum += static_cast<double>(elementary::exp(z[o] - m));
            mass += static_cast<double>(q);
            score += static_cast<double>(q * (z[o] - m));
        }
        return static_cast<double>(weight) * (mass * std::log(sum) - score);
    }

    T epsilon_;
};

} // namespace ravine
