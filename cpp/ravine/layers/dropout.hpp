// Dropout (Srivastava et al. 2014): in training y = x · mask / (1 − rate), where the mask is 0 with
// probability `rate`, else 1, and new at every step; in prediction y = x (Mode::sample, Monte-Carlo
// dropout: as in training). A rate that fades stays for half of its length, which is that of the run unless
// one is given, then falls by a cosine to 0 and stays there (Holzmüller, Grinsztajn & Steinwart 2024).
#pragma once

#include "layer.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ravine {

template <class T> class Dropout final : public Layer<T> {
public:
    // Fields: rate, fades, length (in epochs; 0 or none: the run's). `id` is the layer's number in the
    // network, which names its random stream.
    Dropout(const Spec& spec, const Shape& input, Builder&, Index id)
        : Layer<T>(input, input), id_(id), rate_(spec.number("rate")),
          fades_(spec.has("fades") && spec.flag("fades")),
          length_(spec.has("length") ? spec.number("length") : 0) {}

    bool looked_past() const override { return true; }

    // The mask, scaled.
    void plan(Index capacity, Index& next) override {
        mask_ = next;
        next += capacity * this->outputs();
    }

    void forward(const Pass<T>& pass, const T* __restrict x, T* __restrict y) const override {
        const Index n = pass.B * this->outputs();
        if (!acts(pass)) {
            std::copy_n(x, n, y);
            return;
        }
        T* __restrict mask = pass.cache + mask_;
        draw(pass, n, mask);
        for (Index i = 0; i < n; ++i) y[i] = x[i] * mask[i];
    }

    void backward(const Pass<T>& pass, const T*, const T*, const T* __restrict dy,
                  T* __restrict dx) const override {
        if (!dx) return;
        const Index n = pass.B * this->outputs();
        if (!acts(pass)) {
            std::copy_n(dy, n, dx);
            return;
        }
        const T* __restrict mask = pass.cache + mask_;
        for (Index i = 0; i < n; ++i) dx[i] = dy[i] * mask[i];
    }

private:
    bool acts(const Pass<T>& pass) const { return pass.mode != Mode::predict && rate_ > 0; }

    double rate(const Pass<T>& pass) const {
        if (!fades_ || pass.mode != Mode::train) return rate_;
        const double over = length_ > 0 ? pass.epochs_done / length_ : pass.progress;
        if (over < 0.5) return rate_;
        if (over >= 1) return 0;
        return rate_ * (1 - std::cos(2 * std::numbers::pi * over)) / 2;
    }

    // Element i of the mini-batch belongs to word i of the stream, however the rows are split into chunks.
    void draw(const Pass<T>& pass, Index n, T* __restrict mask) const {
        const Stream stream = pass.stream(Purpose::dropout, id_);
        const std::uint64_t first = static_cast<std::uint64_t>(pass.row * this->outputs());
        const double rate = this->rate(pass);
        const auto threshold = static_cast<std::uint32_t>(std::min(rate * 4294967296.0, 4294967295.0));
        const T kept = static_cast<T>(1 / (1 - rate));
        constexpr Index length = 512;
        std::uint32_t words[length];
        for (Index start = 0; start < n; start += length) {
            const Index count = std::min(length, n - start);
            stream.words(first + static_cast<std::uint64_t>(start), count, words);
            for (Index i = 0; i < count; ++i) mask[start + i] = words[i] >= threshold ? kept : T(0);
        }
    }

    Index id_;
    double rate_;
    bool fades_;
    double length_;
    Index mask_ = 0;
};

} // namespace ravine
