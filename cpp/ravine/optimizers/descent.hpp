// Gradient descent: one learning rate for all parameters.
#pragma once

#include "momentum.hpp"
#include "slots.hpp"

#include <algorithm>

namespace ravine {

// Stochastic gradient descent, Robbins & Monro (1951): w ← w − η g.
// Momentum, Polyak (1964), the rate inside the velocity as in Hinton (2012): v ← β v + η g; w ← w − v.
// Nesterov (1983), as in Sutskever et al. (2013): w ← w − (β v + η g).   With a momentum it remembers v.
template <class T> class SGD final : public Optimizer<T> {
public:
    SGD(const Spec& spec, RunLength run) : SGD(Momentum(spec["momentum"], run), spec.flag("nesterov")) {}

    bool update(Span<T> w, Span<T> g, Span<T> state, const Now<T>& now) const override {
        const Index n = std::ssize(w);
        const T eta = now.eta, beta = static_cast<T>(momentum_.at(now.time));
        if (plain_) {
#pragma omp simd
            for (Index i = 0; i < n; ++i) w[i] -= eta * g[i];
            return true;
        }
        const auto [v] = take<1>(state, n);
        if (nesterov_) {
#pragma omp simd
            for (Index i = 0; i < n; ++i) {
                v[i] = beta * v[i] + eta * g[i];
                w[i] -= beta * v[i] + eta * g[i];
            }
        } else {
#pragma omp simd
            for (Index i = 0; i < n; ++i) {
                v[i] = beta * v[i] + eta * g[i];
                w[i] -= v[i];
            }
        }
        return true;
    }

    // v settles where v = β v + η.
    void steady_rates(Span<const T>, const Now<T>& now, Span<T> rates) const override {
        std::fill(rates.begin(), rates.end(), static_cast<T>(now.eta / (1 - momentum_.at(now.time))));
    }

    double momentum(const Time& time) const override { return momentum_.at(time); }

private:
    SGD(Momentum momentum, bool nesterov)
        : Optimizer<T>(momentum.is_zero() ? std::vector<Slot>{} : std::vector<Slot>{{"velocity"}}),
          momentum_(std::move(momentum)), nesterov_(nesterov), plain_(momentum_.is_zero()) {}

    Momentum momentum_;
    bool nesterov_, plain_;
};

} // namespace ravine
