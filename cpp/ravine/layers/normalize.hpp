// y = (x − mean) / standard_deviation per input column, both learnt from the training rows, with their
// weights s, before training: mean = Σ s x / Σ s, variance = Σ s (x − mean)² / Σ s.
// A constant column has standard deviation 0 on record and becomes 0. Columns in `skip` (codes of
// categories) pass through unchanged: they have mean 0 and standard deviation 1.
#pragma once

#include "../numeric/sums.hpp"
#include "layer.hpp"

#include <cmath>
#include <functional>
#include <limits>

namespace ravine {

template <class T> class Normalize final : public Layer<T> {
public:
    // Fields: skip (a list of columns; optional).
    Normalize(const Spec& spec, const Shape& input, Builder& builder, Index)
        : Layer<T>(input, input), skipped_(static_cast<std::size_t>(size_of(input)), false) {
        mean_ = builder.add_state("mean", input, 0.0);
        standard_deviation_ = builder.add_state("standard_deviation", input, 1.0);
        if (!spec.has("skip")) return;
        for (const Spec& column : spec["skip"].list()) {
            const Index c = column.integer();
            if (c < 0 || c >= this->inputs()) throw EngineError("Normalize: there is no column to skip");
            skipped_[static_cast<std::size_t>(c)] = true;
        }
    }

    // Whether a column's mean is taken away, so that a constant added to the column changes nothing.
    bool centres(Index column) const { return !skipped_[static_cast<std::size_t>(column)]; }

    // Learns mean and standard deviation from n rows, the i-th of which starts at row(i) and weighs
    // weight(i), into `state` (all state of the network). Two passes in double.
    void fit(Index n, const std::function<const T*(Index)>& row, const RowWeight& weight, T* state) const {
        const Index C = this->inputs();
        std::vector<double> mean(C, 0.0), square(C, 0.0), largest(C, 0.0);
        double total = 0;
        for (Index i = 0; i < n; ++i) {
            const T* x = row(i);
            const double s = weight(i);
            total += s;
            for (Index c = 0; c < C; ++c) {
                const double value = static_cast<double>(x[c]);
                mean[c] += s * value;
                largest[c] = std::max(largest[c], std::abs(value));
            }
        }
        for (double& m : mean) m /= total;
        for (Index i = 0; i < n; ++i) {
            const T* x = row(i);
            const double s = weight(i);
            for (Index c = 0; c < C; ++c) {
                const double difference =
                    (static_cast<double>(x[c]) - mean[c]) / largest[c]; // in range when squared
                if (largest[c] > 0) square[c] += s * difference * difference;
            }
        }
        for (Index c = 0; c < C; ++c) {
            double relative = std::sqrt(square[c] / total);
            if (!(relative > 1e-9)) relative = fit_narrow(n, row, weight, c, largest[c], mean[c]);
            const double sd = largest[c] * relative;
            const bool skip = skipped_[c],
                       constant = !(relative > 0x1p-50 && sd > std::numeric_limits<T>::min());
            state[mean_ + c] = skip ? T(0) : static_cast<T>(mean[c]);
            state[standard_deviation_ + c] = skip ? T(1) : constant ? T(0) : static_cast<T>(sd);
        }
    }

    void plan(Index, Index& next) override {
        factor_ = next;
        next += this->inputs();
    }

    void forward(const Pass<T>& pass, const T* __restrict x, T* __restrict y) const override {
        const Index C = this->inputs();
        const T *mean = pass.state + mean_, *sd = pass.state + standard_deviation_;
        T* factor = pass.cache + factor_;
        for (Index c = 0; c < C; ++c) factor[c] = sd[c] > T(0) ? T(1) / sd[c] : T(0);
        for (Index r = 0; r < pass.B; ++r)
            for (Index c = 0; c < C; ++c) y[r * C + c] = (x[r * C + c] - mean[c]) * factor[c];
    }

    void backward(const Pass<T>& pass, const T*, const T*, const T* dy, T* dx) const override {
        if (!dx) return;
        const Index C = this->inputs();
        const T* factor = pass.cache + factor_;
        for (Index r = 0; r < pass.B; ++r)
            for (Index c = 0; c < C; ++c) dx[r * C + c] = dy[r * C + c] * factor[c];
    }

private:
    // The standard deviation of a column whose values hardly differ, in units of the largest, and its mean.
    // Relative to the first row, so that the rounding of sums of large values is not taken for a spread.
    static double fit_narrow(Index n, const std::function<const T*(Index)>& row, const RowWeight& weight,
                             Index column, double largest, double& mean) {
        if (!(largest > 0)) return 0;
        const double first = static_cast<double>(row(0)[column]);
        double total = 0, sum = 0, square = 0;
        for (Index i = 0; i < n; ++i) {
            const double s = weight(i), x = (static_cast<double>(row(i)[column]) - first) / largest;
            total += s, sum += s * x, square += s * x * x;
        }
        const double shift = sum / total;
        mean = first + shift * largest;
        return std::sqrt(std::max(square / total - shift * shift, 0.0));
    }

    std::vector<bool> skipped_;
    Index mean_, standard_deviation_, factor_ = 0;
};

} // namespace ravine
