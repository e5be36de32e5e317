// Which stretches of a network's parameters are penalised, and how: a layer's own penalty, or the recipe's.
#pragma once

#include "layer.hpp"
#include "penalties.hpp"

namespace ravine {

struct Penalised {
    Index offset, size;
    Penalty penalty;
};

inline std::vector<Penalised> penalised_slices(const std::vector<Slice>& parameters, const Spec& of_recipe) {
    std::vector<Penalised> result;
    for (const Slice& slice : parameters) {
        const Spec& spec = slice.penalty.is_text() ? of_recipe : slice.penalty;
        if (spec.is_none()) continue;
        const Penalty penalty = Penalty::from(spec);
        if (slice.role == Role::weight || penalty.include_bias)
            result.push_back({slice.offset, slice.size(), penalty});
    }
    return result;
}

} // namespace ravine
