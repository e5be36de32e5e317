// Residual: y = x + f(x), f a nested stack of layers whose output has the shape of its input
// (He, Zhang, Ren & Sun 2016).
#pragma once

#include "stack.hpp"

namespace ravine {

template <class T> class Residual final : public Layer<T> {
public:
    Residual(Stack<T> inside, const Shape& input) : Layer<T>(input, input), inside_(std::move(inside)) {
        const Shape& output = inside_.layers().back()->output_shape();
        if (output != input)
            throw EngineError(
                "The layers inside a Residual must give rows of the shape they take: they take " +
                std::to_string(size_of(input)) + " numbers and give " + std::to_string(size_of(output)) +
                ".");
    }

    void plan(Index capacity, Index& next) override { inside_.plan(capacity, next); }

    void forward(const Pass<T>& pass, const T* x, T* y) const override {
        const T* f = inside_.forward(pass, x);
        for (Index i = 0; i < pass.B * this->inputs(); ++i) y[i] = x[i] + f[i];
    }

    // ∂L/∂x = dy + (∂f/∂x)ᵀ dy.
    void backward(const Pass<T>& pass, const T* x, const T* /*y*/, const T* dy, T* dx) const override {
        inside_.backward(pass, x, dy, dx);
        if (dx)
            for (Index i = 0; i < pass.B * this->inputs(); ++i) dx[i] += dy[i];
    }

    bool needs_whole_batch() const override { return inside_.needs_whole_batch(); }
    bool has_parameters() const override { return inside_.has_parameters(); }
    Index idle_parameters() const override { return inside_.idle_parameters(); }

private:
    Stack<T> inside_;
};

} // namespace ravine
