// Where a rule's vectors lie in its state.
#pragma once

#include "optimizer.hpp"

#include <array>

namespace ravine {

// The vectors of the state of n parameters, in the order in which the rule names them:
// `auto [m, v] = take<2>(state, n)`.
template <std::size_t count, class T> std::array<Span<T>, count> take(Span<T> state, Index n) {
    std::array<Span<T>, count> vectors;
    for (std::size_t i = 0; i < count; ++i)
        vectors[i] = state.subspan(i * static_cast<std::size_t>(n), static_cast<std::size_t>(n));
    return vectors;
}

} // namespace ravine
