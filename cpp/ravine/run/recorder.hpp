// Who sees the steps of a run, and a recorder of what they were.
#pragma once

#include "named_state.hpp"
#include "run_state.hpp"

#include <map>
#include <optional>
#include <string>

namespace ravine {

template <class T> class RunView;

// Sees each step twice: its gradient, which the rule may overwrite, and the run when it has been taken.
template <class T> class StepWatcher {
public:
    virtual ~StepWatcher() = default;
    virtual void before(const RunState<T>& state, Span<const T> gradient) = 0;
    // `loss` is the mini-batch's at the weights before the step, `rate` how far it went. False ends the run.
    virtual bool after(const RunView<T>& run, double loss, double rate) = 0;
};

// Keeps arrays of step 1 and of every so many steps after it, one row behind the other.
template <class T> class Recorder final : public StepWatcher<T> {
public:
    // `names`: "weights", "gradient", and what the optimizer keeps. `rows` is how many there will probably
    // be.
    Recorder(const Spec& optimizer, const std::vector<std::string>& names, Index every, Index rows)
        : optimizer_(make_optimizer<T>(optimizer)), every_(every), rows_(static_cast<std::size_t>(rows)) {
        for (const std::string& name : names) arrays_[name];
    }

    void before(const RunState<T>& state, Span<const T> gradient) override {
        due_ = static_cast<Index>(state.counters.k) % every_ == 0;
        n_ = gradient.size();
        if (const auto found = arrays_.find("gradient"); due_ && found != arrays_.end()) {
            found->second.resize(step_.size() * n_); // less one of a step that was not taken
            append(found->second, gradient);
        }
    }

    bool after(const RunView<T>& run, double loss, double rate) override {
        if (!due_) return true;
        const RunState<T>& state = run.state();
        if (!named_) named_.emplace(*optimizer_, std::ssize(state.w));
        for (auto& [name, array] : arrays_)
            if (name == "weights")
                append(array, Span<const T>(state.w));
            else if (name != "gradient") {
                named_->append(name, state.slots, array);
                if (step_.empty()) array.reserve(rows_ * array.size());
            }
        step_.push_back(state.counters.k), epoch_.push_back(state.counters.epoch + 1);
        loss_.push_back(loss), rate_.push_back(rate);
        return true;
    }

    // Calls use(name, values) for each column and each array, which it lets go of.
    template <class Use> void take(const Use& use) {
        if (const auto found = arrays_.find("gradient"); found != arrays_.end())
            found->second.resize(step_.size() * n_);
        use("step", std::move(step_)), use("epoch", std::move(epoch_));
        use("loss", std::move(loss_)), use("learning_rate", std::move(rate_));
        for (auto& [name, array] : arrays_) use(name.c_str(), std::move(array));
    }

private:
    using Array = std::vector<T>; // whose allocator lets rows be copied in one go

    void append(Array& array, Span<const T> row) const {
        if (array.empty()) array.reserve(rows_ * row.size());
        array.insert(array.end(), row.begin(), row.end());
    }

    OptimizerPtr<T> optimizer_;
    Index every_;
    bool due_ = false;
    std::size_t rows_, n_ = 0;
    std::optional<NamedState<T>> named_;
    std::map<std::string, Array> arrays_;
    std::vector<double> step_, epoch_, loss_, rate_;
};

} // namespace ravine
