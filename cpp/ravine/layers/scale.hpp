// Scale: each input times a factor of its own that is learnt, y_j = (1 + p s_j) x_j with s_j = 0 at first
// (Holzmüller, Grinsztajn & Steinwart 2024). The pace p makes a step of Adam's, which does not depend on how
// large a gradient is, p times as large for the factor.
#pragma once

#include "../layer.hpp"

namespace ravine {

template <class T> class Scale final : public Layer<T> {
public:
    // Fields: columns (none: all), pace, penalty.
    Scale(const Spec& spec, const Shape& input, Builder& builder, Index)
        : Layer<T>(input, input), pace_(static_cast<T>(spec.number("pace"))) {
        if (input.size() != 1) throw EngineError("Scale needs rows of one axis");
        if (spec.has("columns"))
            for (const Spec& column : spec["columns"].list()) columns_.push_back(column.integer());
        else
            for (Index column = 0; column < input[0]; ++column) columns_.push_back(column);
        for (const Index column : columns_)
            if (column < 0 || column >= input[0])
                throw EngineError("Scale: there is no column " + std::to_string(column));
        factor_ =
            builder.add_parameter("factor", {static_cast<Index>(columns_.size())}, Role::weight,
                                  Spec(Spec::Dict{{"kind", "Constant"}, {"value", 0.0}}), spec["penalty"]);
    }

    bool has_parameters() const override { return true; }

    void forward(const Pass<T>& pass, const T* x, T* y) const override { scale(pass, x, y); }

    void backward(const Pass<T>& pass, const T* x, const T*, const T* dy, T* dx) const override {
        const Index I = this->inputs(), n = static_cast<Index>(columns_.size());
        T* ds = pass.gradient + factor_;
        if (pass.first) std::fill_n(ds, n, T(0));
        for (Index r = 0; r < pass.B; ++r)
            for (Index j = 0; j < n; ++j) ds[j] += pace_ * x[r * I + columns_[j]] * dy[r * I + columns_[j]];
        if (dx) scale(pass, dy, dx);
    }

private:
    void scale(const Pass<T>& pass, const T* from, T* to) const {
        const Index I = this->inputs(), n = static_cast<Index>(columns_.size());
        const T* s = pass.w + factor_;
        std::copy_n(from, pass.B * I, to);
        for (Index r = 0; r < pass.B; ++r)
            for (Index j = 0; j < n; ++j) to[r * I + columns_[j]] *= 1 + pace_ * s[j];
    }

    T pace_;
    std::vector<Index> columns_;
    Index factor_;
};

} // namespace ravine
