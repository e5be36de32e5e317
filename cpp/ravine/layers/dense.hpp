// Dense: y = x W + b. An `activation` of the spec is a layer of its own behind this one (see stack.hpp).
#pragma once

#include "../gemm.hpp"
#include "../layer.hpp"

namespace ravine {

template <class T> class Dense final : public Layer<T> {
public:
    Dense(const Spec& spec, const Shape& input, Builder& builder, Index /*id*/)
        : Layer<T>(input, {spec.integer("units")}), use_bias_(spec.flag("use_bias")) {
        if (input.size() != 1)
            throw EngineError("A Dense layer takes rows of one dimension, but its input has " +
                              std::to_string(input.size()) + ". Put Flatten() before it.");
        weight_ = builder.add_parameter("weight", {this->inputs(), this->outputs()}, Role::weight,
                                        spec["initializer"], spec["penalty"]);
        if (use_bias_) {
            const Spec zeros(Spec::Dict{{"kind", "Constant"}, {"value", 0.0}});
            bias_ = builder.add_parameter("bias", {this->outputs()}, Role::bias, zeros, spec["penalty"]);
        }
    }

    void forward(const Pass<T>& pass, const T* x, T* y) const override {
        const Index I = this->inputs(), O = this->outputs();
        const Start<T> bias{false, use_bias_ ? pass.w + bias_ : nullptr};
        gemm(Op::plain, Op::plain, pass.B, O, I, x, pass.w + weight_, bias, y);
    }

    // ∂L/∂W = xᵀ dy, ∂L/∂b = Σ_rows dy, ∂L/∂x = dy Wᵀ.
    void backward(const Pass<T>& pass, const T* x, const T* /*y*/, const T* dy, T* dx) const override {
        const Index I = this->inputs(), O = this->outputs();
        const Start<T> so_far{!pass.first};
        gemm(Op::transposed, Op::plain, I, O, pass.B, x, dy, so_far, pass.gradient + weight_);
        if (use_bias_) kernels::sum_rows(pass.B, O, dy, !pass.first, pass.gradient + bias_);
        if (dx) gemm(Op::plain, Op::transposed, pass.B, I, O, dy, pass.w + weight_, {}, dx);
    }

    bool has_parameters() const override { return true; }

private:
    bool use_bias_;
    Index weight_ = 0, bias_ = 0;
};

} // namespace ravine
