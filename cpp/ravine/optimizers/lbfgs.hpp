// L-BFGS, Nocedal & Wright (2006), algorithms 7.4 (two-loop recursion) and 7.5, with a strong Wolfe search.
#pragma once

#include "slots.hpp"
#include "wolfe.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ravine {

template <class T> double dot(Span<const T> a, Span<const T> b) {
    double sum = 0;
    const Index n = std::ssize(a);
#pragma omp simd reduction(+ : sum)
    for (Index i = 0; i < n; ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    return sum;
}

// y += a x
template <class T> void add_scaled(double a, Span<const T> x, Span<T> y) {
    const T factor = static_cast<T>(a);
    const Index n = std::ssize(y);
#pragma omp simd
    for (Index i = 0; i < n; ++i) y[i] += factor * x[i];
}

// The newest `memory` pairs s = w' − w, y = g' − g, in a ring, and what the recursion needs of them. A view:
// the numbers lie in the optimizer's state.
template <class T> class Pairs {
public:
    static Index n_numbers(Index memory) { return 3 + 2 * memory; }

    Pairs(Span<T> steps, Span<T> changes, Span<T> numbers, Index n, Index memory)
        : steps_(steps), changes_(changes), n_(n), memory_(memory), count_(numbers[0]), newest_(numbers[1]),
          gamma_(numbers[2]), rho_(numbers.subspan(3, static_cast<std::size_t>(memory))),
          a_(numbers.last(rho_.size())) {}

    bool empty() const { return count_ == 0; }
    void forget() { count_ = 0; }

    // p ← −H g by the two-loop recursion; H = 1 without pairs.
    void direction(Span<const T> g, Span<T> p) {
        std::copy(g.begin(), g.end(), p.begin());
        for (Index age = 0; age < count(); ++age) {
            const Index i = at(age);
            a_[i] = static_cast<T>(rho_[i] * dot<T>(s(i), p));
            add_scaled<T>(-a_[i], y(i), p);
        }
        const T gamma = empty() ? T(1) : gamma_;
        for (T& pi : p) pi *= gamma;
        for (Index age = count() - 1; age >= 0; --age) {
            const Index i = at(age);
            const double b = rho_[i] * dot<T>(y(i), p);
            add_scaled<T>(a_[i] - b, s(i), p);
        }
        for (T& pi : p) pi = -pi;
    }

    // Takes the pair of a step from (w, g) to (w2, g2), in place of the oldest, if its curvature sᵀy is
    // positive (beyond rounding).
    void push(Span<const T> w, Span<const T> g, Span<const T> w2, Span<const T> g2) {
        const Index i = empty() ? 0 : (static_cast<Index>(newest_) + 1) % memory_;
        Span<T> si = s(i), yi = y(i);
        for (Index j = 0; j < n_; ++j) {
            si[j] = w2[j] - w[j];
            yi[j] = g2[j] - g[j];
        }
        const double sy = dot<T>(si, yi), ss = dot<T>(si, si), yy = dot<T>(yi, yi);
        if (!(sy > std::numeric_limits<T>::epsilon() * std::sqrt(ss * yy))) {
            if (count() == memory_) --count_; // the oldest pair has been written over
            return;
        }
        rho_[i] = static_cast<T>(1 / sy);
        gamma_ = static_cast<T>(sy / yy);
        newest_ = static_cast<T>(i);
        count_ = static_cast<T>(std::min(count() + 1, memory_));
    }

private:
    Index count() const { return static_cast<Index>(count_); }
    Index at(Index age) const { return (static_cast<Index>(newest_) - age + memory_) % memory_; }
    Span<T> s(Index i) { return steps_.subspan(i * n_, n_); }
    Span<T> y(Index i) { return changes_.subspan(i * n_, n_); }

    Span<T> steps_, changes_;
    Index n_, memory_;
    T &count_, &newest_, &gamma_;
    Span<T> rho_, a_;
};

// The learning rate is the first trial step of the line search (times min(1, 1/‖g‖₁) while there are no
// pairs). Every trial of a step evaluates the same objective, and so do both gradients of a pair. Where the
// search fails, the pairs are forgotten and steepest descent is tried; where that fails too, or the gradient
// is zero, update returns false and w stays. It remembers the pairs.
template <class T> class LBFGS final : public Optimizer<T> {
public:
    LBFGS(const Spec& spec, RunLength) : LBFGS(spec, spec.integer("memory")) {}

    bool evaluates() const override { return true; }

    // Should the objective throw (an interrupt does), then w and the outcome of the next update are as if
    // this one had not begun.
    bool update(Span<T> w, Span<T> g, Span<T> state, const Now<T>& now) const override {
        if (!now.evaluate) throw EngineError("LBFGS needs to evaluate the objective, and was not given it");
        const Index n = std::ssize(w), pair = memory_ * n;
        Pairs<T> pairs(state.first(pair), state.subspan(pair, pair), state.last(this->n_numbers()), n,
                       memory_);
        const Span<T> scratch = state.subspan(2 * pair, 5 * n);
        const bool steepest = pairs.empty();
        if (now.step_length) *now.step_length = 0;
        if (descend(w, g, scratch, pairs, now)) return true;
        if (steepest) return false;
        pairs.forget();
        return descend(w, g, scratch, pairs, now);
    }

    void steady_rates(Span<const T>, const Now<T>&, Span<T>) const override {
        throw EngineError("LBFGS searches along a line, so no proximal penalty goes with it");
    }

private:
    // Behind the pairs: the direction, and two points of the search with their gradients.
    LBFGS(const Spec& spec, Index memory)
        : Optimizer<T>({{"steps", Slot::list, memory},
                        {"gradient_changes", Slot::list, memory},
                        {"direction", Slot::scratch},
                        {"trial", Slot::scratch},
                        {"trial_gradient", Slot::scratch},
                        {"best", Slot::scratch},
                        {"best_gradient", Slot::scratch}},
                       Pairs<T>::n_numbers(memory)),
          memory_(memory), search_{spec.number("c1"), spec.number("c2"), spec.integer("max_evaluations"),
                                   4 * static_cast<double>(std::numeric_limits<T>::epsilon())} {}

    bool descend(Span<T> w, Span<T> g, Span<T> scratch, Pairs<T>& pairs, const Now<T>& now) const {
        const Index n = std::ssize(w);
        auto vectors = take<5>(scratch, n);
        auto& [p, w_trial, g_trial, w_best, g_best] = vectors;

        pairs.direction(g, p);
        const Trial start{0, now.value, dot<T>(g, p), dot<T>(g, g)};
        if (!(start.slope < 0)) return false;

        auto phi = [&](double alpha) {
            const T step = static_cast<T>(alpha);
            for (Index i = 0; i < n; ++i) w_trial[i] = w[i] + step * p[i];
            const double value = (*now.evaluate)(w_trial, g_trial);
            const Trial trial{alpha, value, dot<T>(g_trial, p), dot<T>(g_trial, g_trial)};
            if (std::isfinite(trial.value + trial.slope)) return trial;
            return Trial{alpha, std::numeric_limits<double>::infinity(), 0, 0};
        };
        auto keep = [&] {
            std::swap(w_trial, w_best);
            std::swap(g_trial, g_best);
        };
        double first = now.eta;
        if (pairs.empty()) first *= std::min(1.0, 1 / sum_of_absolutes(g));
        const double length = search_.run(start, first, phi, keep).alpha;
        if (length == 0) return false;
        if (now.step_length) *now.step_length = length;

        pairs.push(w, g, w_best, g_best);
        std::copy(w_best.begin(), w_best.end(), w.begin());
        return true;
    }
    static double sum_of_absolutes(Span<const T> g) {
        double sum = 0;
        for (T gi : g) sum += std::abs(gi);
        return sum;
    }

    Index memory_;
    WolfeSearch search_;
};

} // namespace ravine
