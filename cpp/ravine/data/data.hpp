// Rows to train on or to score, and the memory that a pass over them needs. Rows are never copied per run:
// a run holds indices into arrays that all runs share.
#pragma once

#include "../kernels/vector.hpp"
#include "../layers/layer.hpp"

#include <algorithm>
#include <functional>
#include <new>

namespace ravine {

// Shared arrays, row-major: X is n × inputs; y is n × K (K = 1 class code for cross_entropy, else one number
// an output); s holds n sample weights above 0, or is null.
template <class T> struct Data {
    const T* X = nullptr;
    const T* y = nullptr;
    const T* s = nullptr;
    Index inputs = 0, K = 0;
};

// Some rows of shared arrays.
template <class T> struct Rows {
    Data<T> data;
    std::shared_ptr<const std::vector<Index>> index =
        std::make_shared<std::vector<Index>>(); // runs may share it

    Index size() const { return static_cast<Index>(index->size()); }
    const T* x(Index i) const { return data.X + (*index)[i] * data.inputs; }
    const T* y(Index i) const { return data.y + (*index)[i] * data.K; }
    T weight(Index i) const { return data.s ? data.s[(*index)[i]] : T(1); }

    // Whether the rows have weights, and not all the same: equal ones count as none.
    bool differ_in_weight() const {
        for (Index i = 1; i < size(); ++i)
            if (weight(i) != weight(0)) return true;
        return false;
    }
    double mean_weight() const {
        if (!data.s) return 1;
        double sum = 0;
        for (Index i = 0; i < size(); ++i) sum += static_cast<double>(weight(i));
        return sum / static_cast<double>(size());
    }
};

// A class code becomes a one-hot row of O numbers; other targets are copied.
template <class T> void expand_target(const T* y, Index K, Index O, T* out) {
    if (K == O)
        kernels::copy(O, y, out);
    else {
        std::fill_n(out, O, T(0));
        out[static_cast<Index>(*y)] = T(1);
    }
}

// Memory on cache-line boundaries, so that a product's result cannot depend on where it lies.
template <class T> struct CacheAligned {
    using value_type = T;
    CacheAligned() = default;
    template <class U> CacheAligned(const CacheAligned<U>&) {}
    T* allocate(std::size_t n) {
        return static_cast<T*>(::operator new(n * sizeof(T), std::align_val_t(64)));
    }
    void deallocate(T* p, std::size_t) { ::operator delete(p, std::align_val_t(64)); }
    bool operator==(const CacheAligned&) const { return true; }
};
template <class T> using Buffer = std::vector<T, CacheAligned<T>>;

// What a pass over rows writes to. A worker keeps one and lends it to run after run; it only ever grows.
template <class T> struct Workspace {
    Buffer<T> cache;    // the network's
    Buffer<T> x, y, s;  // gathered rows
    Buffer<T> z;        // responses, or ∂L/∂outputs
    Buffer<T> gradient; // of all parameters
    Buffer<T> before;   // the parameters before a step
    Buffer<T> rates;    // the rule's own, per parameter
    Buffer<T> scratch;  // of augmentation
    std::vector<Index> rows;

    template <class B> static void grow(B& buffer, Index size) {
        if (static_cast<Index>(buffer.size()) < size) buffer.resize(size);
    }
};

// Thrown between two chunks of work when a run is told to stop; never leaves the engine.
struct Interrupted {};
using CheckStop = std::function<void()>; // throws Interrupted

// Longest stretch of rows that goes through the network at once: small enough to stay in the cache and to be
// interrupted in time, long enough for fast products. A multiple of 4, the words of a random block.
inline constexpr Index chunk_rows = 512;

} // namespace ravine
