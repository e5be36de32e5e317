// Backpropagation with everything that it meets kept: what each layer gives, ∂L/∂ what it gives, and ∂L/∂w,
// in prediction mode.
#pragma once

#include "../data/data.hpp"
#include "../network/network.hpp"

#include <algorithm>
#include <vector>

namespace ravine {

// What the layers of a network gave for some rows, and the slopes of Σ s_i L_i there, each n × outputs.
// Before the first layer with parameters no slope is computed: there it is empty.
template <class T> struct LayerByLayer {
    std::vector<Buffer<T>> outputs, slopes;
};

// Rows of inputs, of targets (n × O, one-hot for classes) and weights (null: ones), one behind the other.
template <class T> struct Examples {
    Index n = 0;
    const T *x = nullptr, *y = nullptr, *s = nullptr;
};

template <class T> class Backpropagation {
public:
    Backpropagation(const Spec& network, const Shape& input_shape) : network_(network, input_shape) {
        while (first_ < std::ssize(layers()) && !layers()[first_]->has_parameters()) ++first_;
    }

    const Network<T>& network() const { return network_; }
    Index n_layers() const { return std::ssize(layers()); }
    Index outputs_of(Index layer) const { return layers()[layer]->outputs(); }

    // Returns Σ s_i L_i, with its gradient in g.
    double operator()(const T* w, T* state, const Examples<T>& rows, T* g, LayerByLayer<T>* seen = nullptr) {
        const Index capacity = std::min(rows.n, chunk_rows), I = network_.inputs(), O = network_.outputs();
        lay_out(capacity);
        if (seen) prepare(*seen, rows.n);
        double sum = 0;
        for (Index start = 0; start < rows.n; start += capacity) {
            Pass<T> pass;
            pass.B = std::min(capacity, rows.n - start);
            pass.w = w, pass.state = state, pass.gradient = g, pass.first = start == 0;
            pass.update_state = false, pass.cache = cache_.data(), pass.row = start;
            const T* s = rows.s ? rows.s + start : nullptr;
            const T* x = rows.x + start * I;
            const T* z = forward(pass, x);
            sum += network_.loss().value(pass.B, O, z, rows.y + start * O, s, slopes_.back().data(), T(1));
            backward(pass, x);
            if (seen) keep(*seen, start, pass.B);
        }
        return sum;
    }

private:
    const std::vector<LayerPtr<T>>& layers() const { return network_.stack(); }

    const T* forward(const Pass<T>& pass, const T* x) {
        for (Index i = 0; i < n_layers(); ++i) {
            layers()[i]->forward(pass, x, outputs_[i].data());
            x = outputs_[i].data();
        }
        return x;
    }

    // The chain rule: the slope of what a layer is given is the slope of what the layer before it gives.
    void backward(const Pass<T>& pass, const T* x) {
        for (Index i = n_layers() - 1; i >= first_; --i)
            layers()[i]->backward(pass, i > 0 ? outputs_[i - 1].data() : x, outputs_[i].data(),
                                  slopes_[i].data(), i > first_ ? slopes_[i - 1].data() : nullptr);
    }

    void lay_out(Index capacity) {
        if (capacity <= capacity_) return;
        capacity_ = capacity;
        cache_.resize(network_.plan(capacity));
        outputs_.resize(n_layers()), slopes_.resize(n_layers());
        for (Index i = 0; i < n_layers(); ++i) {
            outputs_[i].resize(capacity * outputs_of(i));
            slopes_[i].resize(capacity * outputs_of(i));
        }
    }

    void prepare(LayerByLayer<T>& seen, Index n) const {
        seen.outputs.resize(n_layers()), seen.slopes.resize(n_layers());
        for (Index i = 0; i < n_layers(); ++i) {
            seen.outputs[i].resize(n * outputs_of(i));
            if (has_slope(i)) seen.slopes[i].resize(n * outputs_of(i));
        }
    }
    bool has_slope(Index i) const { return i >= first_ || i == n_layers() - 1; }

    void keep(LayerByLayer<T>& seen, Index start, Index count) const {
        for (Index i = 0; i < n_layers(); ++i) {
            const Index O = outputs_of(i);
            std::copy_n(outputs_[i].data(), count * O, seen.outputs[i].data() + start * O);
            if (has_slope(i)) std::copy_n(slopes_[i].data(), count * O, seen.slopes[i].data() + start * O);
        }
    }

    Network<T> network_;
    Index first_ = 0; // layer with parameters
    Index capacity_ = 0;
    Buffer<T> cache_;
    std::vector<Buffer<T>> outputs_, slopes_; // of one chunk of rows
};

} // namespace ravine
