// The median of numbers that are not negative: exact, and by passes that become vector code.
#pragma once

#include "../spec.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>
#include <type_traits>

namespace ravine {

// By bisection on the bits of the numbers, which are in the order of the numbers themselves. Of an even
// count, the mean of the two in the middle. (Next to std::nth_element, which branches on every number, it
// takes a third of the time.)
template <class T> double median(std::span<const T> values) {
    using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    using Count = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>; // as wide, for vector code
    const Count n = static_cast<Count>(values.size()), rank = (n + 1) / 2;
    T least = values[0], most = values[0];
#pragma omp simd reduction(min : least) reduction(max : most)
    for (Count i = 0; i < n; ++i) least = std::min(least, values[i]), most = std::max(most, values[i]);

    // The number of that rank is at least `low` and at most `high`; so many lie below, and up to there.
    Bits low = std::bit_cast<Bits>(least), high = std::bit_cast<Bits>(most);
    Count below = 0, up_to = n;
    while (low < high && up_to - below > 1) {
        const Bits middle = low + (high - low) / 2;
        const T x = std::bit_cast<T>(middle);
        Count count = 0;
#pragma omp simd reduction(+ : count)
        for (Count i = 0; i < n; ++i) count += values[i] <= x;
        if (count >= rank)
            high = middle, up_to = count;
        else
            low = middle + 1, below = count;
    }

    const T from = std::bit_cast<T>(low);
    T lower = most, upper = most;
#pragma omp simd reduction(min : lower)
    for (Count i = 0; i < n; ++i) lower = std::min(lower, values[i] >= from ? values[i] : most);
    if (n % 2 == 1 || up_to > rank) return static_cast<double>(lower);
#pragma omp simd reduction(min : upper)
    for (Count i = 0; i < n; ++i) upper = std::min(upper, values[i] > lower ? values[i] : most);
    return (static_cast<double>(lower) + static_cast<double>(upper)) / 2;
}

} // namespace ravine
