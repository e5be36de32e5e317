// y = x, seen as one axis.
#pragma once

#include "layer.hpp"

#include <algorithm>

namespace ravine {

template <class T> class Flatten final : public Layer<T> {
public:
    Flatten(const Spec&, const Shape& input, Builder&, Index) : Layer<T>(input, {size_of(input)}) {}

    void forward(const Pass<T>& pass, const T* x, T* y) const override {
        std::copy_n(x, pass.B * this->outputs(), y);
    }

    void backward(const Pass<T>& pass, const T*, const T*, const T* dy, T* dx) const override {
        if (dx) std::copy_n(dy, pass.B * this->outputs(), dx);
    }
};

} // namespace ravine
