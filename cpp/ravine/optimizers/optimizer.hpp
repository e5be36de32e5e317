// What every optimizer is: a rule that turns the gradient into a step on the flat parameter vector.
#pragma once

#include "../spec.hpp"
#include "schedules.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <vector>

namespace ravine {

template <class T> using Span = std::span<T>;

// The objective at w: its value, and its gradient in g. Only LBFGS asks for more than the gradient it is
// given.
template <class T> using Evaluate = std::function<double(Span<const T> w, Span<T> g)>;

// The progress of training when a step is taken.
template <class T> struct Now {
    long k = 1;                            // 1-based count of this update
    Time time;                             // for the schedules
    T eta = 0;                             // the learning rate η_k
    double value = 0;                      // the objective at w
    const Evaluate<T>* evaluate = nullptr; // the objective elsewhere
    double* step_length = nullptr;         // where a line search says how far it went, if not null
};

// What a rule remembers from step to step: a vector as long as w, or a list of such vectors, under one name.
// What is scratch means nothing between two steps.
struct Slot {
    enum Kind { vector, list, scratch };
    const char* name;
    Kind kind = vector;
    Index vectors = 1;
};

template <class T> class Optimizer {
public:
    virtual ~Optimizer() = default;

    // The rule's slots lie one behind the other in `state`, followed by so many numbers. `init` sets them
    // before the first step.
    const std::vector<Slot>& slots() const { return slots_; }
    Index n_numbers() const { return n_numbers_; }
    Index state_size(Index n) const { return n * n_vectors_ + n_numbers_; }
    virtual void init(Index n, Span<T> state) const {
        (void)n;
        std::fill(state.begin(), state.end(), T(0));
    }

    // One step: changes w and state, may overwrite g. Returns false when the rule can go no further.
    virtual bool update(Span<T> w, Span<T> g, Span<T> state, const Now<T>& now) const = 0;

    // Whether a step asks for the objective at other points, so that it has to be given the whole of it.
    virtual bool evaluates() const { return false; }

    // The step that a steady gradient of 1 takes, per parameter: what soft-thresholding after the step
    // (a proximal L1 penalty) has to be scaled with for its fixed point to be the penalised optimum.
    virtual void steady_rates(Span<const T> state, const Now<T>& now, Span<T> rates) const {
        (void)state;
        std::fill(rates.begin(), rates.end(), now.eta);
    }

    // The rule's own rates, one per parameter, in the state of n parameters; empty where η_k is the rate.
    virtual Span<const T> own_rates(Span<const T> state, Index n) const {
        (void)state, (void)n;
        return {};
    }

    // β_k of a rule whose step is a sum of gradients alone, v ← β v + η g; NaN for one that rescales them.
    virtual double momentum(const Time& time) const {
        (void)time;
        return std::numeric_limits<double>::quiet_NaN();
    }

    // η_k from the schedule; weight decay λ.
    Schedule learning_rate;
    double weight_decay = 0;

protected:
    explicit Optimizer(std::vector<Slot> slots = {}, Index n_numbers = 0)
        : slots_(std::move(slots)), n_numbers_(n_numbers) {
        for (const Slot& slot : slots_) n_vectors_ += slot.vectors;
    }

private:
    std::vector<Slot> slots_;
    Index n_vectors_ = 0, n_numbers_;
};

template <class T> using OptimizerPtr = std::unique_ptr<Optimizer<T>>;

// The optimizer that a spec describes, its learning rate and its weight decay set. Its kinds are in
// optimizers.cpp.
template <class T> OptimizerPtr<T> make_optimizer(const Spec& spec, RunLength run = {});

} // namespace ravine
