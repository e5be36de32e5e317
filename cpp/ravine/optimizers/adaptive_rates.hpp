// Steps whose length the size of the gradient does not decide: it is divided by the root of its (running)
// second moment, or its sign is taken.
#pragma once

#include "momentum.hpp"
#include "slots.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ravine {

// The place of ε: √v + ε, or √(v + ε) in the lecture form. An ε that T rounds to 0 becomes T's smallest, for
// 0 / 0 must not arise from a gradient of 0.
template <class T> struct Root {
    T inside = 0, outside = 0;

    explicit Root(const Spec& spec) {
        const bool is_inside = spec.has("epsilon_inside_root") && spec.flag("epsilon_inside_root");
        (is_inside ? inside : outside) =
            std::max(static_cast<T>(spec.number("epsilon")), std::numeric_limits<T>::min());
    }
    T operator()(T v) const { return std::sqrt(v + inside) + outside; }
    // The root of `scale` times what this is the root of.
    Root times(double scale) const {
        Root scaled = *this;
        scaled.inside *= static_cast<T>(scale), scaled.outside *= static_cast<T>(std::sqrt(scale));
        return scaled;
    }
};

// A product that grows by a factor a step, in two numbers of T to be of double precision.
template <class T> double multiply(Span<T> product, double factor) {
    const double so_far = factor * (static_cast<double>(product[0]) + static_cast<double>(product[1]));
    product[0] = static_cast<T>(so_far);
    product[1] = static_cast<T>(so_far - static_cast<double>(product[0]));
    return so_far;
}

// Adagrad, Duchi, Hazan & Singer (2011), the diagonal form: ṽ ← ṽ + g²; w ← w − η g / (√ṽ + ε).
// It remembers ṽ, zeros at first.
template <class T> class Adagrad final : public Optimizer<T> {
public:
    Adagrad(const Spec& spec, RunLength) : Optimizer<T>({{"squared_gradient"}}), root_(spec) {}

    bool update(Span<T> w, Span<T> g, Span<T> state, const Now<T>& now) const override {
        const Index n = std::ssize(w);
        const auto [v] = take<1>(state, n);
        const T eta = now.eta;
        const Root<T> root = root_;
#pragma omp simd
        for (Index i = 0; i < n; ++i) {
            v[i] += g[i] * g[i];
            w[i] -= eta * g[i] / root(v[i]);
        }
        return true;
    }

    void steady_rates(Span<const T> v, const Now<T>& now, Span<T> rates) const override {
        const Index n = std::ssize(rates);
        for (Index i = 0; i < n; ++i) rates[i] = now.eta / root_(v[i]);
    }

private:
    Root<T> root_;
};

// RMSprop, Hinton (2012), lecture 6e: ṽ ← β̃ ṽ + (1 − β̃) g²; w ← w − η g / (√ṽ + ε). It remembers
// ṽ, zeros at first.
template <class T> class RMSprop final : public Optimizer<T> {
public:
    RMSprop(const Spec& spec, RunLength)
        : Optimizer<T>({{"squared_gradient"}}), beta2_(spec.number("beta2")), root_(spec) {}

    bool update(Span<T> w, Span<T> g, Span<T> state, const Now<T>& now) const override {
        const Index n = std::ssize(w);
        const auto [v] = take<1>(state, n);
        const T eta = now.eta, beta2 = static_cast<T>(beta2_), fresh2 = static_cast<T>(1 - beta2_);
        const Root<T> root = root_;
#pragma omp simd
        for (Index i = 0; i < n; ++i) {
            v[i] = beta2 * v[i] + fresh2 * g[i] * g[i];
            w[i] -= eta * g[i] / root(v[i]);
        }
        return true;
    }

    void steady_rates(Span<const T> v, const Now<T>& now, Span<T> rates) const override {
        const Index n = std::ssize(rates);
        for (Index i = 0; i < n; ++i) rates[i] = now.eta / root_(v[i]);
    }

private:
    double beta2_;
    Root<T> root_;
};

// Adam, Kingma & Ba (2015), Algorithm 1: ν ← β₁ ν + (1 − β₁) g; ṽ ← β₂ ṽ + (1 − β₂) g²;
// ν̂ = ν / (1 − β₁^k); v̂ = ṽ / (1 − β₂^k); w ← w − η ν̂ / (√v̂ + ε). The lecture form has no correction.
// With ε̂ of their section 2, ε is added before ṽ is corrected: √v̂ + ε / √(1 − β₂^k) divides.
// A scheduled β₁ has the product of the β₁ so far for its β₁^k. AdamW (Loshchilov & Hutter 2019) is Adam with
// weight decay, which the training loop does. It remembers ν and ṽ, zeros at first; the product, see below.
template <class T> class Adam final : public Optimizer<T> {
public:
    Adam(const Spec& spec, RunLength run)
        : Optimizer<T>({{"first_moment"}, {"second_moment"}}, 2), // and the product, in two parts
          beta1_(spec["beta1"], run), beta2_(spec.number("beta2")), root_(spec),
          corrected_(spec.flag("bias_correction")),
          hat_(spec.has("epsilon_hat") && spec.flag("epsilon_hat")) {}

    void init(Index, Span<T> state) const override {
        std::fill(state.begin(), state.end(), T(0));
        *(state.end() - 2) = 1;
    }

    bool update(Span<T> w, Span<T> g, Span<T> state, const Now<T>& now) const override {
        const Index n = std::ssize(w);
        const auto [m, v] = take<2>(state, n);
        const double beta1_now = beta1_.at(now.time);
        const T beta1 = static_cast<T>(beta1_now), fresh1 = static_cast<T>(1 - beta1_now);
        const T beta2 = static_cast<T>(beta2_), fresh2 = static_cast<T>(1 - beta2_);
        const T step = static_cast<T>(now.eta / correction1(beta1_now, state.last(2), now.k));
        const T scale = static_cast<T>(1 / correction2(now.k));
        const Root<T> root = root_at(now.k);
#pragma omp simd
        for (Index i = 0; i < n; ++i) {
            m[i] = beta1 * m[i] + fresh1 * g[i];
            v[i] = beta2 * v[i] + fresh2 * g[i] * g[i];
            w[i] -= step * m[i] / root(v[i] * scale);
        }
        return true;
    }

    void steady_rates(Span<const T> state, const Now<T>& now, Span<T> rates) const override {
        const Index n = std::ssize(rates);
        const T scale = static_cast<T>(1 / correction2(now.k));
        const Root<T> root = root_at(now.k);
        for (Index i = 0; i < n; ++i) rates[i] = now.eta / root(state[n + i] * scale);
    }

private:
    // 1 − β₁^k, or 1 without the correction.
    double correction1(double beta1, Span<T> product, long k) const {
        if (!corrected_) return 1;
        if (beta1_.is_constant) return 1 - std::pow(beta1, static_cast<double>(k));
        return 1 - multiply(product, beta1);
    }
    double correction2(long k) const { return corrected_ ? 1 - std::pow(beta2_, static_cast<double>(k)) : 1; }
    Root<T> root_at(long k) const { return hat_ ? root_.times(1 / correction2(k)) : root_; }

    Momentum beta1_;
    double beta2_;
    Root<T> root_;
    bool corrected_, hat_;
};

// NAdam, Dozat (2016), as in PyTorch: Adam's moments, and Nesterov's look-ahead under a momentum that grows.
// μ_k = β₁ (1 − ½ · 0.96^(k ψ)); m̂ = μ_{k+1} m / (1 − μ_1 ⋯ μ_{k+1}) + (1 − μ_k) g / (1 − μ_1 ⋯ μ_k);
// v̂ = v / (1 − β₂^k); w ← w − η m̂ / (√v̂ + ε). It remembers m and v, zeros at first; the product of the μ.
template <class T> class NAdam final : public Optimizer<T> {
public:
    NAdam(const Spec& spec, RunLength)
        : Optimizer<T>({{"first_moment"}, {"second_moment"}}, 2), // and the product, in two parts
          beta1_(spec.number("beta1")), beta2_(spec.number("beta2")),
          momentum_decay_(spec.number("momentum_decay")), root_(spec) {}

    void init(Index, Span<T> state) const override {
        std::fill(state.begin(), state.end(), T(0));
        *(state.end() - 2) = 1;
    }

    bool update(Span<T> w, Span<T> g, Span<T> state, const Now<T>& now) const override {
        const Index n = std::ssize(w);
        const auto [m, v] = take<2>(state, n);
        const double mu = mu_at(now.k), mu_next = mu_at(now.k + 1);
        const double product = multiply(state.last(2), mu);
        const T ahead = static_cast<T>(now.eta * mu_next / (1 - product * mu_next));
        const T here = static_cast<T>(now.eta * (1 - mu) / (1 - product));
        const T beta1 = static_cast<T>(beta1_), fresh1 = static_cast<T>(1 - beta1_);
        const T beta2 = static_cast<T>(beta2_), fresh2 = static_cast<T>(1 - beta2_);
        const T scale = static_cast<T>(1 / correction2(now.k));
        const Root<T> root = root_;
#pragma omp simd
        for (Index i = 0; i < n; ++i) {
            m[i] = beta1 * m[i] + fresh1 * g[i];
            v[i] = beta2 * v[i] + fresh2 * g[i] * g[i];
            w[i] -= (ahead * m[i] + here * g[i]) / root(v[i] * scale);
        }
        return true;
    }

    // The parts of m̂ add up to a steady gradient.
    void steady_rates(Span<const T> state, const Now<T>& now, Span<T> rates) const override {
        const Index n = std::ssize(rates);
        const T scale = static_cast<T>(1 / correction2(now.k));
        for (Index i = 0; i < n; ++i) rates[i] = now.eta / root_(state[n + i] * scale);
    }

private:
    double mu_at(long k) const {
        return beta1_ * (1 - 0.5 * std::pow(0.96, static_cast<double>(k) * momentum_decay_));
    }
    double correction2(long k) const { return 1 - std::pow(beta2_, static_cast<double>(k)); }

    double beta1_, beta2_, momentum_decay_;
    Root<T> root_;
};

// Lion, Chen et al. (2023), Algorithm 2: c = β₁ m + (1 − β₁) g; w ← w − η sign(c); m ← β₂ m + (1 − β₂) g.
// Its decay, η λ w, is the training loop's. It remembers m, zeros at first.
template <class T> class Lion final : public Optimizer<T> {
public:
    Lion(const Spec& spec, RunLength)
        : Optimizer<T>({{"first_moment"}}), beta1_(spec.number("beta1")), beta2_(spec.number("beta2")) {}

    bool update(Span<T> w, Span<T> g, Span<T> state, const Now<T>& now) const override {
        const Index n = std::ssize(w);
        const auto [m] = take<1>(state, n);
        const T eta = now.eta;
        const T beta1 = static_cast<T>(beta1_), fresh1 = static_cast<T>(1 - beta1_);
        const T beta2 = static_cast<T>(beta2_), fresh2 = static_cast<T>(1 - beta2_);
#pragma omp simd
        for (Index i = 0; i < n; ++i) {
            const T c = beta1 * m[i] + fresh1 * g[i];
            w[i] -= eta * (static_cast<T>(c > 0) - static_cast<T>(c < 0));
            m[i] = beta2 * m[i] + fresh2 * g[i];
        }
        return true;
    }

    void steady_rates(Span<const T>, const Now<T>&, Span<T>) const override {
        throw EngineError("Lion takes the sign of the gradient alone, so no proximal penalty goes with it");
    }

private:
    double beta1_, beta2_;
};

} // namespace ravine
