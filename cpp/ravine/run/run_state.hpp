// All that a run is at a step boundary. Saving it and going on from it gives bit for bit the run that was
// never interrupted: random numbers are pure functions of the counters, so no generator has to be saved.
#pragma once

#include "../data/data.hpp"

#include <array>
#include <limits>

namespace ravine {

enum class Status { running, finished, stopped_early, converged, diverged, interrupted };

inline const char* name_of(Status status) {
    static constexpr std::array names = {"running",   "finished", "stopped early",
                                         "converged", "diverged", "interrupted"};
    return names[static_cast<std::size_t>(status)];
}

// Columns of the history, in order; a row per epoch. `metric` is the accuracy of a classifier, else R².
inline constexpr std::array history_columns = {
    "epoch",  "step", "learning_rate", "loss",         "penalty",  "val_loss",
    "metric", "rmse", "gradient_norm", "update_ratio", "capacity", "effective_capacity",
    "seconds"};

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

    static constexpr std::size_t count = 16;
    std::array<double, count> as_list() const {
        return {epoch,      step_in_epoch, k,        capacity,          seconds,    best_value,
                best_epoch, wait,          loss_sum, penalty_sum,       weight_sum, norm_sum,
                first_eta,  update_ratio,  velocity, effective_capacity};
    }
    static Counters from_list(const std::array<double, count>& v) {
        return {v[0], v[1], v[2],  v[3],  v[4],  v[5],  v[6],  v[7],
                v[8], v[9], v[10], v[11], v[12], v[13], v[14], v[15]};
    }
};

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

    // Lets go of all that only a run that goes on from here needs. The optimizer's state can be looked at.
    void forget_arrays() {
        for (Buffer<T>* array : {&w, &state, &average, &average_state, &best_w, &best_state, &before})
            *array = Buffer<T>();
    }
};

} // namespace ravine
