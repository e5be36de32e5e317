// Step 5: from a gradient to the next weights. Training and minimize both move by it.
#pragma once

#include "../network/penalised.hpp"
#include "../optimizers/optimizer.hpp"
#include "cut.hpp"
#include "run_state.hpp"

#include <cmath>

namespace ravine {

// A custom optimizer: changes w in place, may change g.
template <class T> using CustomUpdate = std::function<void(Span<T> w, Span<T> g, long k, T eta)>;

// What a recipe asks for beside the rule; 0: nothing.
struct Limits {
    double clip_norm = 0, max_norm = 0, averaging = 0;

    static Limits of(const Spec& recipe) {
        const auto number = [&](const char* name) { return recipe.has(name) ? recipe.number(name) : 0; };
        return {number("clip_norm"), number("max_norm"), number("averaging")};
    }
};

template <class T> class Update {
public:
    Update(const Optimizer<T>& optimizer, const Cut& cut, std::vector<Slice> parameters,
           std::vector<Penalised> penalised, const Limits& limits, CustomUpdate<T> custom, Team& team)
        : optimizer_(optimizer), cut_(cut), parameters_(std::move(parameters)),
          penalised_(std::move(penalised)), limits_(limits), custom_(std::move(custom)), team_(team) {
        proximal_ =
            std::any_of(penalised_.begin(), penalised_.end(), [](auto& p) { return p.penalty.proximal; });
        if (proximal_)
            for (const Slice& slice : parameters_) rates_.resize(rates_.size() + slice.size());
    }

    // What the first step starts from, beside the weights.
    void start(RunState<T>& state) const {
        state.slots.resize(cut_.slots_size(optimizer_));
        for (Index block = 0; block < cut_.blocks(); ++block)
            optimizer_.init(cut_.block(Span<T>(state.w), block).size(), slots(state, block));
        if (limits_.averaging > 0) {
            state.average.assign(state.w.size(), T(0));
            state.average_state.assign(state.state.size(), T(0));
        }
        state.schedule = optimizer_.learning_rate.initial_memory();
    }

    // The learning rate at a time.
    double rate(const RunState<T>& state, const Time& time) const {
        return optimizer_.learning_rate.at(time, state.schedule);
    }

    // Takes the step `now` from a gradient of a norm. Returns false when the optimizer can go no further.
    bool operator()(RunState<T>& state, Span<T> g, double norm, const Now<T>& now) {
        const Span<T> w(state.w);
        if (limits_.clip_norm > 0 && norm > limits_.clip_norm)
            cut_.share_blocks(team_, [&](Index block) {
                for (T& value : cut_.block(g, block)) value *= static_cast<T>(limits_.clip_norm / norm);
            });
        const bool moved =
            custom_ || optimizer_.evaluates() ? in_one_piece(state, g, now) : in_blocks(state, g, now);
        if (limits_.max_norm > 0)
            for (const Slice& slice : parameters_)
                if (slice.name.ends_with(".weight") && slice.shape.size() == 2)
                    limit_norms<T>(w.subspan(slice.offset, slice.size()), slice.shape[0], slice.shape[1],
                                   limits_.max_norm);
        if (limits_.averaging > 0) {
            const double d = limits_.averaging;
            const T share = static_cast<T>((1 - d) / (1 - std::pow(d, now.k)));
            average<T>(share, w, state.average);
            average<T>(share, state.state, state.average_state);
        }
        return moved;
    }

    // β_k of a rule whose step is a sum of gradients alone, else NaN.
    double momentum(const Time& time) const {
        return custom_ ? std::numeric_limits<double>::quiet_NaN() : optimizer_.momentum(time);
    }

    // The rule's own rates in a block; empty where it has none.
    Span<const T> own_rates(RunState<T>& state, Index block) const {
        return optimizer_.own_rates(slots(state, block),
                                    std::ssize(cut_.block(Span<const T>(state.w), block)));
    }

private:
    bool in_one_piece(RunState<T>& state, Span<T> g, const Now<T>& now) {
        const Span<T> w(state.w);
        bool moved = true;
        decay(w, 0, std::ssize(w), now.eta);
        if (custom_)
            custom_(w, g, now.k, now.eta);
        else
            moved = optimizer_.update(w, g, slots(state, 0), now); // leaves w and slots alone if it throws
        for (Index block = 0; block < cut_.blocks(); ++block) threshold(state, block, now);
        return moved;
    }

    bool in_blocks(RunState<T>& state, Span<T> g, const Now<T>& now) {
        cut_.share_blocks(team_, [&](Index block) {
            const Span<T> part = cut_.block(Span<T>(state.w), block);
            decay(state.w, cut_.block_start(block), std::ssize(part), now.eta);
            optimizer_.update(part, cut_.block(g, block), slots(state, block), now);
            threshold(state, block, now);
        });
        return true;
    }

    // The decoupled weight decay of w's stretch of `size` from `start` on.
    void decay(Span<T> w, Index start, Index size, T eta) const {
        if (!(optimizer_.weight_decay > 0)) return;
        for (const Slice& slice : parameters_)
            if (slice.role == Role::weight)
                for (T& value : within(w, slice.offset, slice.size(), start, size))
                    value *= 1 - eta * static_cast<T>(optimizer_.weight_decay);
    }

    // The proximal step of L1 penalties, on a block.
    void threshold(RunState<T>& state, Index block, const Now<T>& now) {
        if (!proximal_) return;
        const Span<T> w(state.w), rates(rates_), part = cut_.block(rates, block);
        optimizer_.steady_rates(slots(state, block), now, part);
        const Index start = cut_.block_start(block), size = std::ssize(part);
        for (const Penalised& p : penalised_)
            p.penalty.template soft_threshold<T>(p.within(w, start, size), p.within(rates, start, size));
    }

    // mean += share · (value − mean). With shares (1 − d)/(1 − dᵏ) at steps k = 1, 2 … the mean is the
    // exponential one of decay d without bias, and values that rest come out as they are.
    template <class Value> static void average(Value share, Span<const Value> values, Span<Value> mean) {
        for (std::size_t i = 0; i < values.size(); ++i) mean[i] += share * (values[i] - mean[i]);
    }

    Span<T> slots(RunState<T>& state, Index block) const {
        return cut_.slots(Span<T>(state.slots), block, optimizer_);
    }

    const Optimizer<T>& optimizer_;
    const Cut& cut_;
    std::vector<Slice> parameters_;
    std::vector<Penalised> penalised_;
    Limits limits_;
    CustomUpdate<T> custom_;
    Team& team_;
    bool proximal_ = false;
    Buffer<T> rates_; // per parameter, for soft-thresholding
};

} // namespace ravine
