// All that a run is at a step boundary. Saving it and going on from it gives bit for bit the run that was
// never interrupted: random numbers are pure functions of the counters, so no generator has to be saved.
#pragma once

#include "../data/data.hpp"

#include <array>
#include <limits>
#include <string_view>
#include <type_traits>

namespace ravine {

enum class Status { running, finished, stopped_early, converged, diverged, interrupted };

inline const char* name_of(Status status) {
    static constexpr std::array names = {"running",   "finished", "stopped early",
                                         "converged", "diverged", "interrupted"};
    return names[static_cast<std::size_t>(status)];
}

// Columns of the history, in order; a row per epoch. `metric` is the accuracy of a classifier, else R².
inline constexpr std::array<std::string_view, 13> history_columns = {
    "epoch",  "step", "learning_rate", "loss",         "penalty",  "val_loss",
    "metric", "rmse", "gradient_norm", "update_ratio", "capacity", "effective_capacity",
    "seconds"};
using HistoryRow = std::array<double, history_columns.size()>;

// The place of a column in a row.
consteval std::size_t history_column(std::string_view name) {
    for (std::size_t i = 0; i < history_columns.size(); ++i)
        if (history_columns[i] == name) return i;
    throw "there is no such column"; // does not compile
}

// The numbers of a run that are not arrays. Sums are over the steps of the running epoch.
struct Counters {
    double epoch = 0;         // epochs done
    double step_in_epoch = 0; // steps of the running epoch done
    double k = 0;             // steps done
    double capacity = 0;      // Σ η_k of the rates that the history reports
    double seconds = 0;
    double best_value = std::numeric_limits<double>::quiet_NaN();
    double best_epoch = 0; // 1-based; 0: none yet
    double wait = 0;       // epochs since
    double loss_sum = 0, penalty_sum = 0, weight_sum = 0, norm_sum = 0;
    double first_eta = 0, update_ratio = 0;
    // v ← β v + η and its sum: how far gradients that are all 1 have led. NaN where the rule rescales them.
    double velocity = 0, effective_capacity = 0;
};

// Calls use(name, counter) for each of them, in the order in which files keep them.
template <class AnyCounters, class Use> void for_each_counter(AnyCounters& c, const Use& use) {
    use("epoch", c.epoch), use("step_in_epoch", c.step_in_epoch), use("k", c.k), use("capacity", c.capacity);
    use("seconds", c.seconds), use("best_value", c.best_value), use("best_epoch", c.best_epoch);
    use("wait", c.wait), use("loss_sum", c.loss_sum), use("penalty_sum", c.penalty_sum);
    use("weight_sum", c.weight_sum), use("norm_sum", c.norm_sum), use("first_eta", c.first_eta);
    use("update_ratio", c.update_ratio), use("velocity", c.velocity);
    use("effective_capacity", c.effective_capacity);
}

template <class T> struct RunState {
    Status status = Status::running;
    Counters counters;
    Buffer<T> w, state;             // parameters; running statistics
    Buffer<T> slots;                // of the optimizer
    Buffer<T> average;              // the weights' running average, where one is asked for
    Buffer<T> average_state;        // that of the running statistics
    Buffer<T> best_w, best_state;   // of the best epoch, when stopping early
    Buffer<T> before;               // weights before the last step, where its epoch has not ended yet
    std::vector<double> schedule;   // memory of the learning-rate schedule
    std::vector<double> history;    // rows of history_columns
    double diverged_rate = 0;       // η of the step at which the run diverged
    const char* diverged_what = ""; // the loss, or the weights
};

// Calls use(name, field) for each field of a run's snapshot. This is the one list of them: whoever copies,
// saves, restores or forgets a run goes through it.
template <class State, class Use> void for_each_field(State& s, const Use& use) {
    use("w", s.w), use("state", s.state), use("slots", s.slots);
    use("average", s.average), use("average_state", s.average_state);
    use("best_w", s.best_w), use("best_state", s.best_state), use("before", s.before);
    use("schedule", s.schedule), use("history", s.history), use("counters", s.counters);
}

// Frees all arrays that only a resumed run needs. The optimizer's state can still be read.
template <class T> void forget_arrays(RunState<T>& state) {
    for_each_field(state, [&](const char*, auto& field) {
        if constexpr (std::is_same_v<std::remove_reference_t<decltype(field)>, Buffer<T>>)
            if (&field != &state.slots) field = {};
    });
}

} // namespace ravine
