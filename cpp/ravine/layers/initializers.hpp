// First values of parameters. With I inputs and O outputs of a weight (its first and second axis), glorot has
// variance 2/(I + O) (Glorot & Bengio 2010), he 2/I (He et al. 2015), lecun 1/I (LeCun et al. 1998); normals
// are not truncated. Everything is drawn in double, so that float and double twins start alike.
#pragma once

#include "../numeric/random.hpp"
#include "../numeric/sums.hpp"
#include "../registry.hpp"
#include "layer.hpp"

#include <cmath>
#include <vector>

namespace ravine {

namespace initializers {

template <class T> void normal(Index n, double stddev, const Stream& stream, T* w) {
    stream.normals(0, n, [=](Index i, double z) { w[i] = static_cast<T>(stddev * z); });
}

// In [−limit, limit).
template <class T> void uniform(Index n, double limit, const Stream& stream, T* w) {
    for (Index i = 0; i < n; ++i)
        w[i] = static_cast<T>(limit * (2 * stream.uniform(static_cast<std::uint64_t>(i)) - 1));
}

inline double inputs(const Slice& weight) { return static_cast<double>(weight.shape.front()); }
inline double outputs(const Slice& weight) { return static_cast<double>(weight.shape.back()); }

template <class T> void with_variance(const Slice& weight, double variance, const Stream& stream, T* w) {
    const std::string& distribution = weight.initializer.text("distribution");
    if (distribution == "normal")
        normal(weight.size(), std::sqrt(variance), stream, w);
    else if (distribution == "uniform")
        uniform(weight.size(), std::sqrt(3 * variance), stream, w);
    else
        throw EngineError("there is no distribution named '" + distribution + "'");
}

// gain times a random matrix with orthonormal rows or columns, whichever are fewer: Gram & Schmidt's
// process (modified, and done twice: Giraud et al. 2005) on normal vectors (Saxe, McClelland & Ganguli 2014).
template <class T> void orthogonal(Index rows, Index columns, double gain, const Stream& stream, T* w) {
    const Index few = std::min(rows, columns), many = std::max(rows, columns);
    std::vector<double> q(few * many);
    normal(few * many, 1.0, stream, q.data());
    for (Index j = 0; j < few; ++j) {
        double* v = q.data() + j * many;
        for (int pass = 0; pass < 2; ++pass) {
            for (Index k = 0; k < j; ++k) {
                const double* u = q.data() + k * many;
                const double projection = sum_row(many, [=](Index i) { return u[i] * v[i]; });
                for (Index i = 0; i < many; ++i) v[i] -= projection * u[i];
            }
            const double norm = std::sqrt(sum_row(many, [=](Index i) { return v[i] * v[i]; }));
            for (Index i = 0; i < many; ++i) v[i] /= norm;
        }
    }
    for (Index r = 0; r < rows; ++r)
        for (Index c = 0; c < columns; ++c)
            w[r * columns + c] = static_cast<T>(gain * (rows < columns ? q[r * many + c] : q[c * many + r]));
}

} // namespace initializers

// Writes the first values of `slice` to w, the slice's own first element.
template <class T> void initialise(const Slice& slice, const Stream& stream, T* w) {
    using namespace initializers;
    static const Registry<void(const Slice&, const Stream&, T*)> registry = {
        {"Constant",
         [](const Slice& of, const Stream&, T* to) {
             std::fill_n(to, of.size(), static_cast<T>(of.initializer.number("value")));
         }},
        {"Normal", [](const Slice& of, const Stream& from,
                      T* to) { normal(of.size(), of.initializer.number("stddev"), from, to); }},
        {"Uniform", [](const Slice& of, const Stream& from,
                       T* to) { uniform(of.size(), of.initializer.number("limit"), from, to); }},
        {"Glorot", [](const Slice& of, const Stream& from,
                      T* to) { with_variance(of, 2 / (inputs(of) + outputs(of)), from, to); }},
        {"He",
         [](const Slice& of, const Stream& from, T* to) { with_variance(of, 2 / inputs(of), from, to); }},
        {"LeCun",
         [](const Slice& of, const Stream& from, T* to) { with_variance(of, 1 / inputs(of), from, to); }},
        {"Orthogonal",
         [](const Slice& of, const Stream& from, T* to) {
             orthogonal(of.shape.front(), of.size() / of.shape.front(), of.initializer.number("gain"), from,
                        to);
         }},
    };
    registry.make("initializer", slice.initializer.kind(), slice, stream, w);
}

} // namespace ravine
