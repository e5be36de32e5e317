// The objective of all rows in one mini-batch, at any weights: what check_gradients differentiates.
#pragma once

#include "objective.hpp"

namespace ravine {

// The recipe's batch_size must be "full". Masks, noise and augmentation are those of the first step of a run.
template <class T> class FullBatch {
public:
    FullBatch(const Spec& network, const Shape& input_shape, const Spec& recipe, const Rows<T>& rows)
        : network_(network, input_shape, recipe.number("dropout")),
          batches_(recipe, rows, network_, {}, check_stop_),
          cut_(network_.n_parameters(), network_.active_parameters(), batches_.batch_size(),
               network_.needs_whole_batch(), false),
          objective_(network_, batches_, cut_, penalised_slices(network_.parameters(), recipe["penalty"]),
                     static_cast<std::uint64_t>(recipe.integer("seed")), false, work_, team_, check_stop_) {
        batches_.begin_epoch(0);
        objective_.select({});
    }

    const Network<T>& network() const { return network_; }
    // How many parts the mini-batch is cut into, and how many rows go through the network at a time.
    Index parts() const { return cut_.parts(batches_.batch_size()); }
    Index chunk() const { return cut_.chunk(); }

    // The value at w and, if it is asked for, its gradient in g, which must have w's size anyway. Running
    // statistics stay as they are.
    double operator()(Span<const T> w, Span<T> g, Span<const T> state, bool gradient, std::uint64_t& kinks) {
        running_.assign(state.begin(), state.end());
        return objective_(w, g, running_.data(),
                          {.update_state = false, .gradient = gradient, .kinks = &kinks});
    }
    double loss() const { return objective_.loss(); }
    double penalty() const { return objective_.penalty(); }

private:
    CheckStop check_stop_ = [] {};
    Workspace<T> work_;
    Team team_{1};
    Network<T> network_;
    Batches<T> batches_;
    Cut cut_;
    Objective<T> objective_;
    Buffer<T> running_;
};

} // namespace ravine
