// All that a run needs to know, and what can be seen of it while it trains.
#pragma once

#include "batches.hpp"
#include "recorder.hpp"
#include "update.hpp"

namespace ravine {

// A run between two steps: its state, and the weights and the state that it would give if it ended now.
template <class T> class RunView {
public:
    virtual ~RunView() = default;
    virtual const RunState<T>& state() const = 0;
    virtual void result(Buffer<T>& w, Buffer<T>& state) const = 0;
};

// A pair of network and recipe, and rows.
template <class T> struct Job {
    Spec network, recipe;
    Shape input_shape;
    Rows<T> training, validation; // validation may be empty
    CustomUpdate<T> update;       // where not null, in place of the optimizer's
    CustomAugmentation<T> augmentation;
    std::function<bool(const RunView<T>&)> on_epoch; // false ends the run
    std::shared_ptr<StepWatcher<T>> watcher;         // of steps; null: nobody
    bool keep = true;                                // the state at the end, to go on from
    bool divide_by_batch = false; // each mini-batch by its own weights, as scikit-learn's MLPs do
    RunState<T> start;            // empty vectors: from scratch; w alone: from these weights
};

} // namespace ravine
