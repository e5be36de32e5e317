// A stack of layers, one behind the other. A network is one; so is the inside of a Residual.
#pragma once

#include "layer.hpp"

#include <algorithm>
#include <cassert>

namespace ravine {

template <class T> class Stack {
public:
    void push(LayerPtr<T> layer) { layers_.push_back(std::move(layer)); }
    const std::vector<LayerPtr<T>>& layers() const { return layers_; }

    bool needs_whole_batch() const {
        return std::any_of(layers_.begin(), layers_.end(),
                           [](auto& layer) { return layer->needs_whole_batch(); });
    }
    bool has_parameters() const {
        return std::any_of(layers_.begin(), layers_.end(),
                           [](auto& layer) { return layer->has_parameters(); });
    }

    Index idle_parameters() const {
        Index idle = 0;
        for (auto& layer : layers_) idle += layer->idle_parameters();
        return idle;
    }

    // Takes the workspace: every layer's output, what each keeps for backward, and two gradients by turns.
    void plan(Index capacity, Index& next) {
        outputs_.clear();
        Index widest = 0;
        for (std::size_t i = 0; i < layers_.size(); ++i) {
            const auto& layer = layers_[i];
            const bool in_place = i > 0 && layer->in_place() && !layers_[i - 1]->needs_output();
            outputs_.push_back(in_place ? outputs_.back() : take(next, capacity * layer->outputs()));
            layer->plan(capacity, next);
            widest = std::max({widest, layer->inputs(), layer->outputs()});
        }
        for (Index& gradient : gradients_) gradient = take(next, capacity * widest);
    }

    // Returns the last layer's output, B × outputs, in the workspace.
    const T* forward(const Pass<T>& pass, const T* x) const {
        for (std::size_t i = 0; i < layers_.size(); ++i) {
            T* y = pass.cache + outputs_[i];
            layers_[i]->forward(pass, x, y);
            x = y;
        }
        return x;
    }

    // The chain rule from the last layer to the first; when dx is null, only as far back as parameters go.
    void backward(const Pass<T>& pass, const T* x, const T* dy, T* dx) const {
        const Index last = static_cast<Index>(layers_.size()) - 1;
        Index stop = 0;
        if (!dx)
            while (stop <= last && !layers_[stop]->has_parameters()) ++stop;
        Index turn = 0;
        for (Index i = last; i >= stop; --i) {
            const T* input = i > 0 ? pass.cache + outputs_[i - 1] : x;
            if (i == last || !layers_[i]->in_place()) turn = 1 - turn;
            T* out = i > stop ? pass.cache + gradients_[turn] : dx;
            layers_[i]->backward(pass, input, pass.cache + outputs_[i], dy, out);
            dy = out;
        }
    }

private:
    // Every stretch of the workspace starts on a cache line, whatever the precision.
    static Index take(Index& next, Index size) {
        const Index start = (next + 15) / 16 * 16;
        next = start + size;
        return start;
    }

    std::vector<LayerPtr<T>> layers_;
    std::vector<Index> outputs_;
    Index gradients_[2] = {0, 0};
};

} // namespace ravine
