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
        if (use_bias_)
            for (Index i = 0; i < pass.B; ++i) std::copy_n(pass.w + bias_, O, y + i * O);
        gemm(Op::plain, Op::plain, pass.B, O, I, x, pass.w + weight_, T(use_bias_), y);
    }

    // ∂L/∂W = xᵀ dy, ∂L/∂b = Σ_rows dy, ∂L/∂x = dy Wᵀ.
    void backward(const Pass<T>& pass, const T* x, const T* /*y*/, const T* dy, T* dx) const override {
        const Index I = this->inputs(), O = this->outputs();
        gemm(Op::transposed, Op::plain, I, O, pass.B, x, dy, T(!pass.first), pass.gradient + weight_);
        if (use_bias_) {
            T* db = pass.gradient + bias_;
            if (pass.first) std::fill_n(db, O, T(0));
            for (Index i = 0; i < pass.B; ++i)
                for (Index o = 0; o < O; ++o) db[o] += dy[i * O + o];
        }
        if (dx) gemm(Op::plain, Op::transposed, pass.B, I, O, dy, pass.w + weight_, T(0), dx);
    }

    bool has_parameters() const override { return true; }

private:
    bool use_bias_;
    Index weight_ = 0, bias_ = 0;
};

} // namespace ravine
