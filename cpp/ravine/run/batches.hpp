// The rows of an epoch, in mini-batches: shuffled and augmented again, gathered as they are needed.
#pragma once

#include "../data/augmentation.hpp"
#include "../data/data.hpp"
#include "../data/synthesize.hpp"
#include "../network/network.hpp"

#include <functional>
#include <optional>

namespace ravine {

// A custom augmentation: given the epoch, returns rows to train on in this epoch (X: n × inputs, y: n ×
// K).
template <class T> struct EpochRows {
    std::vector<T> X, y;
};
template <class T> using CustomAugmentation = std::function<EpochRows<T>(std::uint64_t epoch)>;

// Order of work: the custom function makes the epoch's rows, Synthesize adds to them, they are shuffled; then
// each mini-batch's images are moved, noise is added, rows are mixed. Custom rows have the
// weights of those that they were made of.
template <class T> class Batches {
public:
    Batches(const Spec& recipe, const Rows<T>& rows, const Network<T>& network, CustomAugmentation<T> custom,
            const CheckStop& check_stop)
        : rows_(rows), inputs_(network.inputs()), outputs_(network.outputs()), custom_(std::move(custom)),
          mean_weight_(rows.mean_weight()), shuffle_(recipe.flag("shuffle")),
          seed_(static_cast<std::uint64_t>(recipe.integer("seed"))) {
        Spec::List per_row;
        for (const Spec& spec : recipe["augmentation"].list())
            if (spec.kind() == "Synthesize")
                synthesizer_.emplace(spec, network.code_columns());
            else
                per_row.push_back(spec);
        augmenter_.emplace(per_row, network.input_shape(), network.code_columns());
        const auto x = [&](Index i) { return rows_.x(i); };
        const auto y = [&](Index i) { return rows_.y(i); };
        const auto weight = [&](Index i) { return static_cast<double>(rows_.weight(i)); };
        augmenter_->fit(rows_.size(), x, weight);
        if (synthesizer_) {
            synthesizer_->fit(rows_.size(), inputs_, rows_.data.K, x, y,
                              rows_.data.K == outputs_ ? 0 : outputs_, check_stop,
                              rows_.data.s ? weight : RowWeight{});
            extra_.X.resize(synthesizer_->count() * inputs_);
            extra_.y.resize(synthesizer_->count() * rows_.data.K);
            if (rows_.data.s) extra_weights_ = synthesizer_->weights();
        }
        if (custom_) made_ = custom_(0), made_for_ = 0;
        n_given_ = custom_ ? static_cast<Index>(made_.y.size()) / rows_.data.K : rows_.size();
        if (rows_.data.s && n_given_ != rows_.size())
            throw EngineError(
                "An augmentation function must keep the number of rows when rows have weights.");
        order_.resize(n_given_ + (synthesizer_ ? synthesizer_->count() : 0));
        batch_size_ =
            recipe["batch_size"].is_number() ? std::min<Index>(recipe.integer("batch_size"), size()) : size();
        joins_ = network.needs_whole_batch() && batch_size_ > 1 && size() > batch_size_ &&
                 size() % batch_size_ == 1;
        steps_ = (size() + batch_size_ - 1) / batch_size_ - joins_;
    }

    Index size() const { return static_cast<Index>(order_.size()); }
    // Rows of the largest mini-batch.
    Index batch_size() const { return batch_size_ + joins_; }
    Index steps() const { return steps_; }
    // Of the training rows; 1 without weights.
    double mean_weight() const { return mean_weight_; }
    // Whether rows differ in weight.
    bool weighted() const { return rows_.data.s != nullptr; }

    void begin_epoch(std::uint64_t epoch) {
        epoch_ = epoch;
        if (custom_ && made_for_ != epoch) {
            made_ = custom_(epoch), made_for_ = epoch;
            if (static_cast<Index>(made_.y.size()) != n_given_ * rows_.data.K)
                throw EngineError(
                    "An augmentation function must return the same number of rows every epoch.");
        }
        if (synthesizer_) synthesizer_->sample(seed_, epoch, extra_.X.data(), extra_.y.data());
        std::iota(order_.begin(), order_.end(), Index{0});
        if (shuffle_) shuffle(order_, Stream(seed_, Purpose::shuffle, epoch));
    }

    // Names a mini-batch of the epoch. Returns its number of rows; `weight` becomes the sum of their weights.
    // Where rows are augmented, all of them are now, in the workspace.
    Index select(Index step, double& weight, Workspace<T>& workspace) {
        first_ = step * batch_size_;
        B_ = step + 1 == steps_ ? size() - first_ : batch_size_;
        if (!augmenter_->empty()) {
            gather(0, B_, workspace);
            workspace.grow(workspace.scratch, augmenter_->scratch_size(B_));
            augmenter_->apply(B_, outputs_, workspace.x.data(), workspace.y.data(),
                              rows_.data.s ? workspace.s.data() : nullptr, workspace.rows.data(),
                              workspace.scratch.data(), seed_, epoch_, static_cast<std::uint64_t>(step));
        }
        weight = rows_.data.s ? 0 : static_cast<double>(B_);
        if (rows_.data.s)
            for (Index i = 0; i < B_; ++i)
                weight += augmenter_->empty() ? row_weight(order_[first_ + i]) : workspace.s[i];
        return B_;
    }

    // Rows `first` to `first + count` of the selected mini-batch: in `shared`, where select put them, or
    // gathered into `own`.
    struct View {
        const T *x, *y, *s;
    };
    View rows(Index first, Index count, const Workspace<T>& shared, Workspace<T>& own) const {
        if (!augmenter_->empty())
            return {shared.x.data() + first * inputs_, shared.y.data() + first * outputs_,
                    shared.s.data() + first};
        gather(first, count, own);
        return {own.x.data(), own.y.data(), own.s.data()};
    }

private:
    T row_weight(Index i) const {
        if (!rows_.data.s) return T(1);
        return i < n_given_ ? rows_.weight(i) : static_cast<T>(extra_weights_[i - n_given_]);
    }

    void gather(Index first, Index count, Workspace<T>& workspace) const {
        workspace.grow(workspace.x, count * inputs_);
        workspace.grow(workspace.y, count * outputs_);
        workspace.grow(workspace.s, count);
        workspace.grow(workspace.rows, count);
        const Index K = rows_.data.K;
        const Index* order = order_.data() + first_ + first;
        // Rows lie anywhere in memory: where that is too large to be near, they are asked for before they are
        // copied.
        constexpr Index ahead = 8, near = 1 << 18;
        const Index asked = rows_.size() * inputs_ * Index{sizeof(T)} > near ? count - ahead : 0;
        for (Index j = 0; j < count; ++j) {
            if (j < asked) prefetch(order[j + ahead]);
            const Index i = order[j], synthetic = i - n_given_;
            const T* x = synthetic >= 0 ? &extra_.X[synthetic * inputs_]
                         : custom_      ? &made_.X[i * inputs_]
                                        : rows_.x(i);
            const T* y = synthetic >= 0 ? &extra_.y[synthetic * K] : custom_ ? &made_.y[i * K] : rows_.y(i);
            kernels::copy(inputs_, x, workspace.x.data() + j * inputs_);
            expand_target(y, K, outputs_, workspace.y.data() + j * outputs_);
            workspace.s[j] = row_weight(i);
            workspace.rows[j] = i;
        }
    }

    // Inlined, since GCC takes a function that only prefetches for one that does nothing.
    [[gnu::always_inline]] void prefetch(Index i) const {
        if (i >= n_given_ || custom_) return;
        constexpr Index line = 64 / sizeof(T);
        const T* x = rows_.x(i);
        for (Index k = 0; k < inputs_; k += line) __builtin_prefetch(x + k);
        __builtin_prefetch(x + inputs_ - 1);
        __builtin_prefetch(rows_.y(i));
    }

    Rows<T> rows_;
    Index inputs_, outputs_;
    CustomAugmentation<T> custom_;
    double mean_weight_;
    bool shuffle_;
    std::uint64_t seed_, epoch_ = 0;
    std::optional<Synthesizer<T>> synthesizer_;
    std::optional<Augmenter<T>> augmenter_;
    std::uint64_t made_for_ = 0;
    EpochRows<T> made_, extra_; // the custom rows of this epoch, and the synthetic ones
    std::vector<double> extra_weights_;
    Index n_given_ = 0; // rows before the synthetic ones
    std::vector<Index> order_;
    // A last row by itself joins the mini-batch before it where rows act on one another.
    bool joins_ = false;
    Index batch_size_ = 1, steps_ = 1, first_ = 0, B_ = 0;
};

} // namespace ravine
