// In training y = x + stddev · z with z standard normal, new at every step; in prediction y = x
// (Mode::sample: as in training).
#pragma once

#include "layer.hpp"

#include <algorithm>

namespace ravine {

template <class T> class GaussianNoise final : public Layer<T> {
public:
    // Fields: stddev. `id` is the layer's number in the network, which names its random stream.
    GaussianNoise(const Spec& spec, const Shape& input, Builder&, Index id)
        : Layer<T>(input, input), id_(id), stddev_(spec.number("stddev")) {}

    bool looked_past() const override { return true; }

    // Element i of the mini-batch gets number i of the stream, however the rows are split into chunks.
    void forward(const Pass<T>& pass, const T* x, T* y) const override {
        const Index n = pass.B * this->outputs();
        std::copy_n(x, n, y);
        if (pass.mode != Mode::train || stddev_ == 0) return;
        const Stream stream = pass.stream(Purpose::noise_layer, id_);
        const std::uint64_t first = static_cast<std::uint64_t>(pass.row * this->outputs());
        stream.normals(first, n, [=, this](Index i, double z) { y[i] += static_cast<T>(stddev_ * z); });
    }

    void backward(const Pass<T>& pass, const T*, const T*, const T* dy, T* dx) const override {
        if (dx) std::copy_n(dy, pass.B * this->outputs(), dx);
    }

private:
    Index id_;
    double stddev_;
};

} // namespace ravine
