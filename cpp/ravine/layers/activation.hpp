// y = f(x), element by element.
#pragma once

#include "activations.hpp"
#include "layer.hpp"

namespace ravine {

template <class T> class Activation final : public Layer<T> {
public:
    // Fields: name, alpha (none: the function's usual one).
    Activation(const Spec& spec, const Shape& input, Builder&, Index)
        : Layer<T>(input, input), name_(spec.text("name")), f_(name_, spec["alpha"]) {}

    std::string activation() const override { return name_; }

    void forward(const Pass<T>& pass, const T* x, T* y) const override {
        const Index n = pass.B * this->outputs();
        pass.share(n, [&](Index i, Index size) { f_.forward(size, x + i, y + i); });
        if (pass.kinks && f_.has_kink())
            for (Index i = 0; i < n; ++i) pass.mark_kink(x[i] > T(0));
    }

    void backward(const Pass<T>& pass, const T* x, const T* y, const T* dy, T* dx) const override {
        if (!dx) return;
        pass.share(pass.B * this->outputs(),
                   [&](Index i, Index size) { f_.backward(size, x + i, y + i, dy + i, dx + i); });
    }

    bool needs_output() const override { return true; }
    bool in_place() const override { return !f_.needs_input(); }

private:
    std::string name_;
    ActivationFunction<T> f_;
};

} // namespace ravine
