// One learning rate per parameter, grown while its gradient keeps its sign and shrunk when it turns.
#pragma once

#include "slots.hpp"

#include <algorithm>

namespace ravine {

template <class T> inline T sign_of(T x) { return static_cast<T>(x > 0) - static_cast<T>(x < 0); }

// The rate that the parameters start with: a number, for these rules move the rates themselves.
inline double starting_rate(const Spec& spec) { return spec.number("learning_rate"); }

// Delta-bar-delta, Jacobs (1988), Neural Networks 1(4) 295–307. It remembers η_i, and δ̄, the trace of the
// past gradients (zeros at first, so the first step changes no rate).
template <class T> class DeltaBarDelta final : public Optimizer<T> {
public:
    DeltaBarDelta(const Spec& spec, RunLength)
        : Optimizer<T>({{"rates"}, {"gradient_trace"}}), rate_(starting_rate(spec)),
          kappa_(spec.number("kappa")), phi_(spec.number("phi")), theta_(spec.number("theta")) {}

    void init(Index n, Span<T> state) const override {
        std::fill(state.begin(), state.begin() + n, static_cast<T>(rate_));
        std::fill(state.begin() + n, state.end(), T(0));
    }

    bool update(Span<T> w, Span<T> g, Span<T> state, const Now<T>&) const override {
        const Index n = std::ssize(w);
        const auto [eta, trace] = take<2>(state, n);
        const T kappa = static_cast<T>(kappa_), shrink = static_cast<T>(1 - phi_);
        const T theta = static_cast<T>(theta_), fresh = static_cast<T>(1 - theta_);
#pragma omp simd
        for (Index i = 0; i < n; ++i) {
            const T agreement = sign_of(trace[i]) * sign_of(g[i]);
            eta[i] = eta[i] * (agreement < 0 ? shrink : T(1)) + (agreement > 0 ? kappa : T(0));
            w[i] -= eta[i] * g[i];
            trace[i] = fresh * g[i] + theta * trace[i];
        }
        return true;
    }

    void steady_rates(Span<const T> state, const Now<T>&, Span<T> rates) const override {
        std::copy_n(state.begin(), rates.size(), rates.begin());
    }

    Span<const T> own_rates(Span<const T> state, Index n) const override {
        return state.first(static_cast<std::size_t>(n));
    }

private:
    double rate_, kappa_, phi_, theta_;
};

// Rprop, Riedmiller & Braun (1993), in the form of Igel & Hüsken (2000) called iRprop−: where the gradient
// turned, the step shrinks, and the parameter rests for this update. It remembers the steps Δ_i, and g of
// before.
template <class T> class Rprop final : public Optimizer<T> {
public:
    Rprop(const Spec& spec, RunLength)
        : Optimizer<T>({{"rates"}, {"last_gradient"}}), rate_(starting_rate(spec)),
          eta_minus_(spec.number("eta_minus")), eta_plus_(spec.number("eta_plus")),
          step_min_(spec.number("step_min")), step_max_(spec.number("step_max")) {}

    void init(Index n, Span<T> state) const override {
        std::fill(state.begin(), state.begin() + n, static_cast<T>(rate_));
        std::fill(state.begin() + n, state.end(), T(0));
    }

    bool update(Span<T> w, Span<T> g, Span<T> state, const Now<T>&) const override {
        const Index n = std::ssize(w);
        const auto [step, before] = take<2>(state, n);
        const T eta_minus = static_cast<T>(eta_minus_), eta_plus = static_cast<T>(eta_plus_);
        const T step_min = static_cast<T>(step_min_), step_max = static_cast<T>(step_max_);
#pragma omp simd
        for (Index i = 0; i < n; ++i) {
            const T agreement = sign_of(before[i]) * sign_of(g[i]);
            const T factor = agreement > 0 ? eta_plus : agreement < 0 ? eta_minus : T(1);
            step[i] = std::min(std::max(step[i] * factor, step_min), step_max);
            before[i] = agreement < 0 ? T(0) : g[i];
            w[i] -= step[i] * sign_of(before[i]);
        }
        return true;
    }

    void steady_rates(Span<const T>, const Now<T>&, Span<T>) const override {
        throw EngineError(
            "Rprop looks at the sign of the gradient alone, so no proximal penalty goes with it");
    }

    Span<const T> own_rates(Span<const T> state, Index n) const override {
        return state.first(static_cast<std::size_t>(n));
    }

private:
    double rate_, eta_minus_, eta_plus_, step_min_, step_max_;
};

} // namespace ravine
