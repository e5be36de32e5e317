// An optimizer's state as arrays with names, as checkpoints keep it and people look at it. In a run it lies
// block by block, see cut.hpp.
#pragma once

#include "cut.hpp"

#include <map>
#include <string>
#include <string_view>

namespace ravine {

// What a rule's numbers that belong to no parameter are called; each block has its own.
inline constexpr const char* numbers_name = "numbers";

template <class T> class NamedState {
public:
    using Arrays = std::map<std::string, Buffer<T>>;

    NamedState(const Optimizer<T>& optimizer, Index n)
        : optimizer_(optimizer), n_(n), cut_(n, n, 1, false, optimizer.evaluates()) {}

    // The vectors of a list are rows of its array. What is scratch has none.
    Arrays by_name(Span<const T> state) const {
        if (std::ssize(state) != cut_.slots_size(optimizer_)) mismatch();
        Arrays arrays;
        each_part(state, [&](std::string_view name, Index size, Index start, Span<const T> part) {
            Buffer<T>& array = arrays[std::string(name)];
            array.resize(static_cast<std::size_t>(size));
            std::ranges::copy(part, array.begin() + start);
        });
        return arrays;
    }

    // Puts the array of one name behind what is in `to`.
    void append(std::string_view wanted, Span<const T> state, std::vector<T>& to) const {
        const std::size_t end = to.size();
        each_part(state, [&](std::string_view name, Index size, Index start, Span<const T> part) {
            if (name != wanted) return;
            if (to.size() == end) to.resize(end + static_cast<std::size_t>(size));
            std::ranges::copy(part, to.begin() + static_cast<Index>(end) + start);
        });
    }

    Buffer<T> from_names(const Arrays& arrays) const {
        Buffer<T> state(static_cast<std::size_t>(cut_.slots_size(optimizer_)), T(0));
        std::size_t used = 0;
        each_part(Span<T>(state), [&](std::string_view name, Index size, Index start, Span<T> part) {
            const auto found = arrays.find(std::string(name));
            if (found == arrays.end() || std::ssize(found->second) != size) mismatch();
            used += start == 0 && !part.empty();
            std::copy_n(found->second.begin() + start, part.size(), part.begin());
        });
        if (used != arrays.size()) mismatch();
        return state;
    }

private:
    // Calls use(name, size of the named array, where the part begins in it, the part in the state).
    template <class Value, class Use> void each_part(Span<Value> state, const Use& use) const {
        const Index numbers = optimizer_.n_numbers();
        for (Index block = 0; block < cut_.blocks(); ++block) {
            const Span<Value> here = cut_.slots(state, block, optimizer_);
            const Index first = cut_.block_start(block);
            const Index size = (std::ssize(here) - numbers) / std::max<Index>(vectors(), 1);
            Index at = 0;
            for (const Slot& slot : optimizer_.slots())
                for (Index row = 0; row < slot.vectors; ++row, at += size)
                    if (slot.kind != Slot::scratch)
                        use(slot.name, slot.vectors * n_, row * n_ + first, here.subspan(at, size));
            if (numbers > 0) use(numbers_name, cut_.blocks() * numbers, block * numbers, here.last(numbers));
        }
    }
    Index vectors() const { return optimizer_.state_size(1) - optimizer_.n_numbers(); }
    [[noreturn]] static void mismatch() {
        throw EngineError("The saved state does not belong to an optimizer like this one.");
    }

    const Optimizer<T>& optimizer_;
    Index n_;
    Cut cut_;
};

} // namespace ravine
