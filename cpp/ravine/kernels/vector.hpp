// As many numbers as one instruction takes, with the arithmetic of the compiler's vector extension, which GCC
// and Clang have for every processor.
#pragma once

#include "../spec.hpp"

#include <cstring>

#define RAVINE_KERNEL [[gnu::always_inline]] static inline

// Vectors longer than the processor's are passed about below, but everything is inlined.
#pragma GCC diagnostic ignored "-Wpsabi"

namespace ravine::kernels {

#if defined(__AVX512F__)
inline constexpr Index vector_bytes = 64, registers = 32;
#elif defined(__AVX__)
inline constexpr Index vector_bytes = 32, registers = 16;
#elif defined(__aarch64__)
inline constexpr Index vector_bytes = 16, registers = 32;
#else
inline constexpr Index vector_bytes = 16, registers = 16;
#endif

template <class T, Index bytes> struct VectorOf {
    typedef T type [[gnu::vector_size(bytes)]];
};
template <class T> using Vector = typename VectorOf<T, vector_bytes>::type;
template <class T> inline constexpr Index lanes = vector_bytes / static_cast<Index>(sizeof(T));

// From and to anywhere in memory.
template <class V, class T> RAVINE_KERNEL V load(const T* from) {
    V v;
    std::memcpy(&v, from, sizeof v);
    return v;
}
template <class V, class T> RAVINE_KERNEL void store(T* to, const V& v) { std::memcpy(to, &v, sizeof v); }

// Copies a row of n numbers; cheaper than a call where rows are short.
template <class T> RAVINE_KERNEL void copy(Index n, const T* from, T* to) {
    Index i = 0;
    for (; i + lanes<T> <= n; i += lanes<T>) store(to + i, load<Vector<T>>(from + i));
    for (; i < n; ++i) store(to + i, load<T>(from + i));
}

// The sum of a vector's numbers: its halves are added until two numbers are left.
template <class T, Index bytes = vector_bytes> RAVINE_KERNEL T sum(typename VectorOf<T, bytes>::type v) {
    if constexpr (bytes == 2 * sizeof(T))
        return v[0] + v[1];
    else {
        using Half = typename VectorOf<T, bytes / 2>::type;
        Half low, high;
        std::memcpy(&low, &v, sizeof low);
        std::memcpy(&high, reinterpret_cast<const char*>(&v) + sizeof low, sizeof high);
        return sum<T, bytes / 2>(low + high);
    }
}

// Four rows of four numbers, `from_step` apart, become four columns of four.
template <class T> RAVINE_KERNEL void transpose_4x4(const T* from, Index from_step, T* to, Index to_step) {
    using Four = typename VectorOf<T, 4 * sizeof(T)>::type;
    const Four a = load<Four>(from), b = load<Four>(from + from_step), c = load<Four>(from + 2 * from_step),
               d = load<Four>(from + 3 * from_step);
    const Four ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5);
    const Four ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
    const Four cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5);
    const Four cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    store(to, __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5));
    store(to + to_step, __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7));
    store(to + 2 * to_step, __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5));
    store(to + 3 * to_step, __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7));
}

} // namespace ravine::kernels
