// Dense: y = x W + b. An `activation` of the spec is a separate layer after this one (see network.hpp).
#pragma once

#include "../kernels/gemm.hpp"
#include "layer.hpp"

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

    // A team makes some columns of y a member.
    void forward(const Pass<T>& pass, const T* x, T* y) const override {
        const Index I = this->inputs(), O = this->outputs();
        const T *W = pass.w + weight_, *b = use_bias_ ? pass.w + bias_ : nullptr;
        pass.share(O, [&](Index j, Index n) {
            gemm<T>(pass.B, n, I, {x, I}, {W + j, O}, {false, b ? b + j : nullptr}, y + j, O);
        });
    }

    // ∂L/∂W = xᵀ dy, ∂L/∂b = Σ_rows dy, ∂L/∂x = dy Wᵀ. A team makes some rows of W's, and the columns of dx
    // that belong to them, a member.
    void backward(const Pass<T>& pass, const T* x, const T* /*y*/, const T* dy, T* dx) const override {
        const Index I = this->inputs(), O = this->outputs(), B = pass.B;
        const T* W = pass.w + weight_;
        T *dW = pass.gradient + weight_, *db = pass.gradient + bias_;
        pass.share(I, [&](Index i, Index n) {
            gemm<T>(n, O, B, {x + i, I, Op::transposed}, {dy, O}, {!pass.first}, dW + i * O, O);
            if (dx) gemm<T>(B, n, O, {dy, O}, {W + i * O, O, Op::transposed}, {}, dx + i, I);
        });
        if (use_bias_) kernels::sum_rows(B, O, dy, !pass.first, db);
    }

    bool has_parameters() const override { return true; }

private:
    bool use_bias_;
    Index weight_ = 0, bias_ = 0;
};

} // namespace ravine
