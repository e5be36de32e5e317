// Scale: each input times its own learnt factor, y_j = (1 + p s_j) x_j with s_j = 0 at first
// (Holzmüller, Grinsztajn & Steinwart 2024). The pace p makes a step of Adam's, which does not depend on how
// large a gradient is, p times as large for the factor.
#pragma once

#include "layer.hpp"

namespace ravine {

template <class T> class Scale final : public Layer<T> {
public:
    // Fields: pace, penalty.
    Scale(const Spec& spec, const Shape& input, Builder& builder, Index)
        : Layer<T>(input, input), pace_(static_cast<T>(spec.number("pace"))) {
        factor_ =
            builder.add_parameter("factor", input, Role::weight,
                                  Spec(Spec::Dict{{"kind", "Constant"}, {"value", 0.0}}), spec["penalty"]);
    }

    bool has_parameters() const override { return true; }

    void forward(const Pass<T>& pass, const T* x, T* y) const override { scale(pass, x, y); }

    void backward(const Pass<T>& pass, const T* x, const T*, const T* dy, T* dx) const override {
        const Index I = this->inputs();
        T* ds = pass.gradient + factor_;
        if (pass.first) std::fill_n(ds, I, T(0));
        for (Index r = 0; r < pass.B; ++r)
            for (Index j = 0; j < I; ++j) ds[j] += pace_ * x[r * I + j] * dy[r * I + j];
        if (dx) scale(pass, dy, dx);
    }

private:
    void scale(const Pass<T>& pass, const T* from, T* to) const {
        const Index I = this->inputs();
        const T* s = pass.w + factor_;
        for (Index r = 0; r < pass.B; ++r)
            for (Index j = 0; j < I; ++j) to[r * I + j] = (1 + pace_ * s[j]) * from[r * I + j];
    }

    T pace_;
    Index factor_;
};

} // namespace ravine
