// Norm penalties, L̃ = L + α Ω(w), and the constraint on the norm of each unit's weights
// (METHODS: ../../../docs/methods.md, section 6).
#pragma once

#include "../optimizers/optimizer.hpp"
#include "../registry.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

namespace ravine {

// α Ω(w) = l1 Σ|w| + ½ l2 ‖w‖². The default is none.
struct Penalty {
    double l1 = 0, l2 = 0;
    bool proximal = false; // the L1 part acts by soft-thresholding after the step, not through the gradient
    bool include_bias = false; // act on biases and normalisation parameters too
    // Of a user; acts on whole arrays, and in place of all above but the last.
    std::shared_ptr<const CustomPart> custom = nullptr;

    static Penalty from(const Spec& spec) {
        if (spec.is_none()) return {};
        static const Registry<Penalty(const Spec&)> registry = {
            {"L1", [](const Spec& of) { return Penalty{of.number("alpha"), 0}; }},
            {"L2", [](const Spec& of) { return Penalty{0, of.number("alpha")}; }},
            {"ElasticNet",
             [](const Spec& of) {
                 const double alpha = of.number("alpha"), share = of.number("l1_ratio");
                 return Penalty{alpha * share, alpha * (1 - share)};
             }},
            {"Custom",
             [](const Spec& of) {
                 Penalty penalty;
                 penalty.custom = of["part"].part();
                 return penalty;
             }},
        };
        Penalty penalty = registry.make("penalty", spec.kind(), spec);
        penalty.proximal = spec.has("proximal") && spec.flag("proximal");
        penalty.include_bias = spec.has("include_bias") && spec.flag("include_bias");
        return penalty;
    }

    bool is_zero() const { return l1 == 0 && l2 == 0; }
    bool thresholds() const { return proximal && l1 != 0; }

    // α Ω(w).
    template <class T> double value(std::span<const T> w) const {
        if (is_zero()) return 0;
        double absolute = 0, square = 0;
        const Index n = std::ssize(w);
#pragma omp simd reduction(+ : absolute, square)
        for (Index i = 0; i < n; ++i) {
            const double wi = w[i];
            absolute += std::abs(wi);
            square += wi * wi;
        }
        return l1 * absolute + l2 / 2 * square;
    }

    // g += α ∂Ω/∂w (0 for |w| at 0; without the L1 part when that is proximal). Returns α Ω(w).
    template <class T> double add(std::span<const T> w, std::span<T> g) const {
        if (is_zero()) return 0;
        const T a1 = static_cast<T>(proximal ? 0 : l1), a2 = static_cast<T>(l2);
        const Index n = std::ssize(w);
#pragma omp simd
        for (Index i = 0; i < n; ++i) {
            const T sign = static_cast<T>(w[i] > 0) - static_cast<T>(w[i] < 0);
            g[i] += a1 * sign + a2 * w[i];
        }
        return value(w);
    }

    // The proximal step of the L1 part: w ← sign(w) · max(|w| − l1 · rate, 0), written so that a weight
    // within the threshold becomes +0 exactly, and NaN stays NaN. Does nothing when the penalty is not
    // proximal.
    template <class T> void soft_threshold(std::span<T> w, std::span<const T> rates) const {
        if (!thresholds()) return;
        const T a1 = static_cast<T>(l1);
        const Index n = std::ssize(w);
#pragma omp simd
        for (Index i = 0; i < n; ++i) {
            const T threshold = a1 * rates[i];
            w[i] = std::max(w[i] - threshold, T(0)) + std::min(w[i] + threshold, T(0));
        }
    }
};

// Max-norm: scales down each unit's incoming weights (a column of the inputs × outputs weight, row-major)
// whose Euclidean norm is above the limit, to the limit.
template <class T> void limit_norms(std::span<T> weight, Index inputs, Index outputs, double limit) {
    constexpr Index width = 64; // columns at a time: a strip of each row is one or a few cache lines
    std::array<double, width> square;
    std::array<T, width> scale;
    for (Index start = 0; start < outputs; start += width) {
        const Index columns = std::min(width, outputs - start);
        square.fill(0);
        for (Index i = 0; i < inputs; ++i)
            for (Index j = 0; j < columns; ++j) {
                const double wij = weight[i * outputs + start + j];
                square[j] += wij * wij;
            }
        bool beyond = false;
        for (Index j = 0; j < columns; ++j) {
            const double norm = std::sqrt(square[j]);
            scale[j] = norm > limit ? static_cast<T>(limit / norm) : T(1);
            beyond |= norm > limit;
        }
        if (!beyond) continue;
        for (Index i = 0; i < inputs; ++i)
            for (Index j = 0; j < columns; ++j) weight[i * outputs + start + j] *= scale[j];
    }
}

} // namespace ravine
