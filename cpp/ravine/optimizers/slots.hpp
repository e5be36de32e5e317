// Where a rule's vectors lie in its state.
#pragma once

#include "optimizer.hpp"

namespace ravine {

// Vector number i of the state of n parameters.
template <class T> Span<T> slot(Span<T> state, Index n, Index i) {
    return state.subspan(static_cast<std::size_t>(i * n), static_cast<std::size_t>(n));
}

} // namespace ravine
