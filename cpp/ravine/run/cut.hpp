// How a step is cut up. That decides its rounding errors, so it depends on the sizes of the problem alone and
// never on the number of threads.
#pragma once

#include "../data/data.hpp"
#include "../optimizers/optimizer.hpp"
#include "../team.hpp"

namespace ravine {

class Cut {
public:
    Cut() = default;

    // A mini-batch of B rows is cut into parts, each with its own gradient, which are added up in order;
    // into an even number, as most teams are. The last mini-batch, which may be smaller, is cut by itself.
    // A step worth less than some microseconds is one part: handing parts to other threads would cost more
    // than it gains. Where a gradient is long next to the mini-batch, or rows act on one another, the
    // mini-batch stays in one piece and each layer is cut instead, into units. A part goes through the
    // network in chunks. Parameters, with their optimizer's state, are cut into blocks that are updated
    // independently; an optimizer that evaluates takes them as one. Parameters are `active` where a row has
    // a use for them; others make parts dearer, but not rows.
    Cut(Index parameters, Index active, Index B, bool whole_batch, bool evaluates)
        : parameters_(parameters), per_row_(6.0 * static_cast<double>(active)) {
        const double operations = per_row_ * static_cast<double>(B);
        layerwise_ = operations > 1e7 && (whole_batch || parameters > 3000 * B);
        if (!whole_batch && !layerwise_) {
            const Index pairs = std::clamp<Index>(static_cast<Index>(operations / 5e6 + 0.5), 1, 8);
            const Index few = operations > 4e7 ? 64 : operations > 5e6 ? 32 : 16;
            fewest_ = few * parameters / std::max<Index>(active, 1) / 4 * 4;
            most_parts_ = 2 * pairs;
        }
        chunk_rows_ = whole_batch ? B : std::min(part_rows(B), chunk_rows);
        const Index quarter = (parameters / 4 + 63) / 64 * 64;
        block_ = evaluates ? std::max<Index>(parameters, 1) : std::clamp<Index>(quarter, 1024, 32768);
        shares_blocks_ = parts(B) > 1 || blocks() > 8;
    }

    bool layerwise() const { return layerwise_; } // whether it is the layers that are cut
    // Of a mini-batch of B rows: the rows of all parts but the last, and how many parts there are.
    Index part_rows(Index B) const {
        if (most_parts_ == 1 || B < 32 || per_row_ * static_cast<double>(B) <= 4e5) return B;
        return std::min(B, std::max(fewest_, ((B - 1) / most_parts_ + 4) / 4 * 4));
    }
    Index parts(Index B) const { return (B + part_rows(B) - 1) / part_rows(B); }
    Index most_parts() const { return most_parts_; }
    Index chunk() const { return chunk_rows_; }

    Index block_start(Index number) const { return number * block_; }
    Index blocks() const { return (parameters_ + block_ - 1) / block_; }
    template <class T> std::span<T> block(std::span<T> all, Index number) const {
        return all.subspan(number * block_, block_size(number));
    }
    // Calls work(block) for every block of the parameters, on all threads where the step itself is worth
    // that.
    template <class Work> void share_blocks(Team& team, const Work& work) const {
        if (shares_blocks_)
            team.share(blocks(), [&](Index block, Index) { work(block); });
        else
            for (Index block = 0; block < blocks(); ++block) work(block);
    }
    // The block's stretch of the optimizer's state; each starts on a cache line.
    template <class Value, class T>
    std::span<Value> slots(std::span<Value> all, Index number, const Optimizer<T>& optimizer) const {
        return all.subspan(number * stretch(optimizer), optimizer.state_size(block_size(number)));
    }
    template <class T> Index slots_size(const Optimizer<T>& optimizer) const {
        return std::max<Index>(blocks() * stretch(optimizer), 1);
    }

private:
    template <class T> Index stretch(const Optimizer<T>& optimizer) const {
        return (optimizer.state_size(std::min(block_, parameters_)) + 15) / 16 * 16;
    }
    Index block_size(Index number) const { return std::min(block_, parameters_ - number * block_); }

    bool layerwise_ = false, shares_blocks_ = false;
    Index parameters_ = 0, fewest_ = 1, most_parts_ = 1, chunk_rows_ = 1, block_ = 1;
    double per_row_ = 0; // operations
};

} // namespace ravine
