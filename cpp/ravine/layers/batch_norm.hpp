// Batch normalisation (Ioffe & Szegedy 2015): per channel (last axis), over the rows of the mini-batch and
// all positions,
//     x̂ = (x − μ) / √(σ² + ε),   y = scale · x̂ + shift.
// Training uses the mini-batch's own mean μ and (biased) variance σ² and moves the running ones,
//     running ← momentum · running + (1 − momentum) · batch   (the variance from its unbiased estimate);
// prediction uses the running ones. With sample weights s,
//     μ = Σ s x / Σ s,   σ² = Σ s (x − μ)² / Σ s,   unbiased σ² / (1 − Σ s² / (Σ s)²).
#pragma once

#include "../numeric/sums.hpp"
#include "layer.hpp"

#include <cmath>

namespace ravine {

template <class T> class BatchNorm final : public Layer<T> {
public:
    // Fields: momentum, epsilon.
    BatchNorm(const Spec& spec, const Shape& input, Builder& builder, Index)
        : Layer<T>(input, input), C_(input.back()), momentum_(spec.number("momentum")),
          epsilon_(spec.number("epsilon")) {
        const auto constant = [](double value) {
            return Spec(Spec::Dict{{"kind", "Constant"}, {"value", value}});
        };
        scale_ = builder.add_parameter("scale", {C_}, Role::normalisation, constant(1));
        shift_ = builder.add_parameter("shift", {C_}, Role::normalisation, constant(0));
        mean_ = builder.add_state("mean", {C_}, 0.0);
        variance_ = builder.add_state("variance", {C_}, 1.0);
    }

    bool has_parameters() const override { return true; }
    bool looked_past() const override { return true; }
    bool needs_whole_batch() const override { return true; }

    // μ, 1/√(σ² + ε), and backward's two means.
    void plan(Index, Index& next) override {
        cache_ = next;
        next += 4 * C_;
    }

    // A team takes some channels a member.
    void forward(const Pass<T>& pass, const T* __restrict x, T* __restrict y) const override {
        const Index C = C_, N = rows(pass);
        T *mu = pass.cache + cache_, *factor = mu + C;
        if (pass.mode == Mode::train && N < 2)
            throw EngineError("BatchNorm cannot train on a batch of one row");
        const T *scale = pass.w + scale_, *shift = pass.w + shift_;
        pass.share(C, [&](Index start, Index size) {
            const Index end = start + size;
            if (pass.mode == Mode::train) {
                weighted(pass, [&](auto s) { batch_statistics(pass, s, x, start, size, mu, factor); });
            } else {
                const T *mean = pass.state + mean_, *variance = pass.state + variance_;
                for (Index c = start; c < end; ++c) mu[c] = mean[c];
                for (Index c = start; c < end; ++c)
                    factor[c] = T(1) / std::sqrt(variance[c] + static_cast<T>(epsilon_));
            }
            for (Index r = 0; r < N; ++r)
                for (Index c = start; c < end; ++c)
                    y[r * C + c] = (x[r * C + c] - mu[c]) * factor[c] * scale[c] + shift[c];
        });
    }

    // ∂L/∂scale = Σ dy x̂, ∂L/∂shift = Σ dy, and with their means over the N values of a channel
    //     dx = scale / √(σ² + ε) · (dy − mean(dy) − x̂ mean(dy x̂));
    // the means do not enter where μ and σ² do not depend on x, in prediction. With weights, a value moves μ
    // and σ² by its share of them: the sums are divided by Σ s instead of N, and enter s times.
    void backward(const Pass<T>& pass, const T* __restrict x, const T*, const T* __restrict dy,
                  T* __restrict dx) const override {
        weighted(pass, [&](auto s) { backward(pass, s, x, dy, dx); });
    }

private:
    // How many values a channel has in this pass.
    Index rows(const Pass<T>& pass) const { return pass.B * (this->inputs() / C_); }

    // Calls work(s), where s(r) is the weight of value r of every channel: constant ones without weights.
    template <class Work> void weighted(const Pass<T>& pass, const Work& work) const {
        const Index positions = this->inputs() / C_;
        if (pass.s)
            work([s = pass.s, positions](Index r) { return s[r / positions]; });
        else
            work([](Index) { return T(1); });
    }

    // Σ s, which is N without weights.
    template <class Weight> double total(const Pass<T>& pass, Weight s) const {
        if (!pass.s) return static_cast<double>(rows(pass));
        return sum_row(rows(pass), [=](Index r) { return static_cast<double>(s(r)); });
    }
    // Σ s − Σ s² / Σ s, which is N − 1 without weights: how much of Σ s is free when μ is known.
    template <class Weight> double freedom(const Pass<T>& pass, Weight s, double total) const {
        if (!pass.s) return total - 1;
        return sum_row(rows(pass), [=](Index r) {
            const double weight = static_cast<double>(s(r));
            return weight * ((total - weight) / total);
        });
    }

    template <class Weight>
    void backward(const Pass<T>& pass, Weight s, const T* __restrict x, const T* __restrict dy,
                  T* __restrict dx) const {
        const Index C = C_, N = rows(pass);
        const double sum = total(pass, s);
        const T *mu = pass.cache + cache_, *factor = mu + C, *scale = pass.w + scale_;
        T *mean_dy = pass.cache + cache_ + 2 * C, *mean_dy_x = mean_dy + C;
        T *d_scale = pass.gradient + scale_, *d_shift = pass.gradient + shift_;
        const bool train = pass.mode == Mode::train;
        pass.share(C, [&](Index start, Index size) {
            sum_columns<2>(
                N, size,
                [=](Index r, Index i) -> std::array<double, 2> {
                    const Index c = start + i;
                    const T d = dy[r * C + c], x_hat = (x[r * C + c] - mu[c]) * factor[c];
                    return {static_cast<double>(d), static_cast<double>(d * x_hat)};
                },
                [&](Index i, const std::array<double, 2>& sums) {
                    const Index c = start + i;
                    d_shift[c] = (pass.first ? T(0) : d_shift[c]) + static_cast<T>(sums[0]);
                    d_scale[c] = (pass.first ? T(0) : d_scale[c]) + static_cast<T>(sums[1]);
                    mean_dy[c] = train ? static_cast<T>(sums[0] / sum) : T(0);
                    mean_dy_x[c] = train ? static_cast<T>(sums[1] / sum) : T(0);
                });
            if (!dx) return;
            for (Index r = 0; r < N; ++r)
                for (Index c = start; c < start + size; ++c) {
                    const Index i = r * C + c;
                    const T x_hat = (x[i] - mu[c]) * factor[c];
                    dx[i] =
                        scale[c] * factor[c] * (dy[i] - s(r) * mean_dy[c] - x_hat * (s(r) * mean_dy_x[c]));
                }
        });
    }

    // Of `size` channels from `start` on.
    template <class Weight>
    void batch_statistics(const Pass<T>& pass, Weight s, const T* x, Index start, Index size, T* mu,
                          T* factor) const {
        const Index C = C_, N = rows(pass);
        const double n = total(pass, s), free = freedom(pass, s, n);
        mu += start, factor += start, x += start;
        // Shifted by the mean as T holds it; the second pass removes the rest.
        sum_columns<1>(
            N, size,
            [=](Index r, Index c) -> std::array<double, 1> {
                return {static_cast<double>(s(r)) * static_cast<double>(x[r * C + c])};
            },
            [&](Index c, const std::array<double, 1>& sums) { mu[c] = static_cast<T>(sums[0] / n); });
        T *mean = pass.state + mean_ + start, *variance = pass.state + variance_ + start;
        sum_columns<2>(
            N, size,
            [=](Index r, Index c) -> std::array<double, 2> {
                const double d = static_cast<double>(x[r * C + c]) - static_cast<double>(mu[c]);
                const double weight = static_cast<double>(s(r));
                return {weight * d, weight * d * d};
            },
            [&](Index c, const std::array<double, 2>& sums) {
                const double rest = sums[0] / n, square = std::max(sums[1] / n - rest * rest, 0.0);
                factor[c] = static_cast<T>(1 / std::sqrt(square + epsilon_));
                if (!pass.update_state) return;
                mean[c] = static_cast<T>(momentum_ * mean[c] + (1 - momentum_) * (mu[c] + rest));
                variance[c] = static_cast<T>(momentum_ * variance[c] + (1 - momentum_) * square * n / free);
            });
    }

    Index C_;
    double momentum_, epsilon_;
    Index scale_, shift_, mean_, variance_, cache_ = 0;
};

} // namespace ravine
