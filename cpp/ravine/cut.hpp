// How a step is cut up. That decides its rounding errors, so it depends on the sizes of the problem alone and
// never on the number of threads.
#pragma once

#include "data.hpp"
#include "optimizer.hpp"

namespace ravine {

class Cut {
public:
    Cut() = default;

    // A mini-batch of B rows is cut into parts, each with a gradient of its own, which are added up in order.
    // A mini-batch worth less than some tenths of a millisecond is one part: handing parts to other threads
    // would cost more than it gains. A part goes through the network in chunks. Parameters, with their
    // optimizer's state, are cut into blocks that are updated independently; an optimizer that evaluates
    // takes them as one.
    Cut(Index parameters, Index B, bool whole_batch, bool evaluates)
        : parameters_(parameters), part_rows_(B) {
        const double operations = 6.0 * static_cast<double>(parameters) * static_cast<double>(B);
        if (!whole_batch && operations > 4e7 && B > 64)
            part_rows_ = std::max<Index>(64, (B / 16 + 3) / 4 * 4);
        chunk_rows_ = whole_batch ? B : std::min(part_rows_, chunk_rows);
        block_ = evaluates ? std::max<Index>(parameters, 1) : 32768;
    }

    Index part_rows() const { return part_rows_; }
    Index chunk() const { return chunk_rows_; }
    Index parts(Index B) const { return (B + part_rows_ - 1) / part_rows_; }

    Index blocks() const { return (parameters_ + block_ - 1) / block_; }
    template <class T> std::span<T> block(std::span<T> all, Index number) const {
        return all.subspan(number * block_, block_size(number));
    }
    // The block's stretch of the optimizer's state.
    template <class T>
    std::span<T> slots(std::span<T> all, Index number, const Optimizer<T>& optimizer) const {
        return all.subspan(number * optimizer.state_size(block_), optimizer.state_size(block_size(number)));
    }
    template <class T> Index slots_size(const Optimizer<T>& optimizer) const {
        Index size = 0;
        for (Index number = 0; number < blocks(); ++number) size += optimizer.state_size(block_size(number));
        return std::max<Index>(size, 1);
    }

private:
    Index block_size(Index number) const { return std::min(block_, parameters_ - number * block_); }

    Index parameters_ = 0, part_rows_ = 1, chunk_rows_ = 1, block_ = 1;
};

} // namespace ravine
