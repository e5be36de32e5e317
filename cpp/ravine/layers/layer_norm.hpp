// Layer normalisation (Ba, Kiros & Hinton 2016): for every row, over its features (the last axis),
//     x̂ = (x − μ) / √(σ² + ε),   y = scale · x̂ + shift.
#pragma once

#include "../numeric/sums.hpp"
#include "layer.hpp"

#include <cmath>

namespace ravine {

template <class T> class LayerNorm final : public Layer<T> {
public:
    // Fields: epsilon.
    LayerNorm(const Spec& spec, const Shape& input, Builder& builder, Index)
        : Layer<T>(input, input), C_(input.back()), epsilon_(spec.number("epsilon")) {
        const auto constant = [](double value) {
            return Spec(Spec::Dict{{"kind", "Constant"}, {"value", value}});
        };
        scale_ = builder.add_parameter("scale", {C_}, Role::normalisation, constant(1));
        shift_ = builder.add_parameter("shift", {C_}, Role::normalisation, constant(0));
    }

    bool has_parameters() const override { return true; }
    bool looked_past() const override { return true; }

    // μ and 1/√(σ² + ε) of every row of features.
    void plan(Index capacity, Index& next) override {
        capacity_ = capacity * (this->inputs() / C_);
        cache_ = next;
        next += 2 * capacity_;
    }

    void forward(const Pass<T>& pass, const T* __restrict x, T* __restrict y) const override {
        const Index C = C_;
        const T *scale = pass.w + scale_, *shift = pass.w + shift_;
        T *mu = pass.cache + cache_, *factor = mu + capacity_;
        for (Index r = 0; r < rows(pass); ++r, x += C, y += C) {
            const double n = static_cast<double>(C);
            const double mean = sum_row(C, [=](Index c) { return static_cast<double>(x[c]); }) / n;
            const double square = sum_row(C, [=](Index c) {
                const double d = static_cast<double>(x[c]) - mean;
                return d * d;
            });
            const T m = mu[r] = static_cast<T>(mean);
            const T f = factor[r] = static_cast<T>(1 / std::sqrt(square / n + epsilon_));
            for (Index c = 0; c < C; ++c) y[c] = (x[c] - m) * f * scale[c] + shift[c];
        }
    }

    // ∂L/∂scale = Σ dy x̂, ∂L/∂shift = Σ dy over the rows, and with g = scale · dy and means over features
    //     dx = (g − mean(g) − x̂ mean(g x̂)) / √(σ² + ε).
    void backward(const Pass<T>& pass, const T* __restrict x, const T*, const T* __restrict dy,
                  T* __restrict dx) const override {
        const Index C = C_, N = rows(pass);
        const T *mu = pass.cache + cache_, *factor = mu + capacity_, *scale = pass.w + scale_;
        T *d_scale = pass.gradient + scale_, *d_shift = pass.gradient + shift_;
        sum_columns<2>(
            N, C,
            [=](Index r, Index c) -> std::array<double, 2> {
                const T d = dy[r * C + c], x_hat = (x[r * C + c] - mu[r]) * factor[r];
                return {static_cast<double>(d), static_cast<double>(d * x_hat)};
            },
            [&](Index c, const std::array<double, 2>& sums) {
                d_shift[c] = (pass.first ? T(0) : d_shift[c]) + static_cast<T>(sums[0]);
                d_scale[c] = (pass.first ? T(0) : d_scale[c]) + static_cast<T>(sums[1]);
            });
        if (!dx) return;
        const double n = static_cast<double>(C);
        for (Index r = 0; r < N; ++r, x += C, dy += C, dx += C) {
            const T m = mu[r], f = factor[r];
            const T mean_g = static_cast<T>(
                sum_row(C, [=](Index c) { return static_cast<double>(scale[c] * dy[c]); }) / n);
            const T mean_g_x = static_cast<T>(
                sum_row(C,
                        [=](Index c) { return static_cast<double>(scale[c] * dy[c] * ((x[c] - m) * f)); }) /
                n);
            for (Index c = 0; c < C; ++c) dx[c] = f * (scale[c] * dy[c] - mean_g - (x[c] - m) * f * mean_g_x);
        }
    }

private:
    Index rows(const Pass<T>& pass) const { return pass.B * (this->inputs() / C_); }

    Index C_;
    double epsilon_;
    Index scale_, shift_, cache_ = 0, capacity_ = 0;
};

} // namespace ravine
