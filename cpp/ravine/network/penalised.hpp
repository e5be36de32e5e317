// Which stretches of a network's parameters are penalised, and how: a layer's own penalty, or the recipe's.
#pragma once

#include "../layers/layer.hpp"
#include "penalties.hpp"

namespace ravine {

// What the stretches offset … offset + size and start … start + count of a vector have in common.
template <class T> std::span<T> within(std::span<T> all, Index offset, Index size, Index start, Index count) {
    const Index first = std::max(offset, start), end = std::min(offset + size, start + count);
    return first < end ? all.subspan(first, end - first) : std::span<T>();
}

struct Penalised {
    Index offset, size;
    Penalty penalty;
    Shape shape;

    // What a penalty that a user wrote adds: its value, and its gradient to g. 0 for all others.
    template <class T> double add_custom(std::span<const T> w, std::span<T> g) const {
        if (!penalty.custom) return 0;
        T value = 0;
        std::vector<T> gradient(size);
        const Given<T> given[] = {{w.data() + offset, shape}};
        const Wanted<T> wanted[] = {{&value, 1}, {gradient.data(), size}};
        penalty.custom->call("add", given, wanted);
        for (Index i = 0; i < size; ++i) g[offset + i] += gradient[i];
        return static_cast<double>(value);
    }

    // Its part of a block of the parameters.
    template <class T> std::span<T> within(std::span<T> all, Index start, Index count) const {
        return ravine::within(all, offset, size, start, count);
    }
};

inline std::vector<Penalised> penalised_slices(const std::vector<Slice>& parameters, const Spec& of_recipe) {
    std::vector<Penalised> result;
    for (const Slice& slice : parameters) {
        const Spec& spec = slice.penalty.is_text() ? of_recipe : slice.penalty;
        if (spec.is_none()) continue;
        const Penalty penalty = Penalty::from(spec);
        if (slice.role == Role::weight || penalty.include_bias)
            result.push_back({slice.offset, slice.size(), penalty, slice.shape});
    }
    return result;
}

} // namespace ravine
