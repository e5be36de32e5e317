// Some inputs x also as waves √2 cos(2π (w x + b)), whose frequencies w and phases b are learnt (Gorishniy,
// Rubachev & Babenko 2022, section 3.3; with phases in place of a sine: Rahimi & Recht 2007). y = (all inputs
// in order, the waves of the first of `columns`, of the second, …).
#pragma once

#include "../numeric/elementary.hpp"
#include "layer.hpp"

#include <algorithm>

namespace ravine {

template <class T> class Periodic final : public Layer<T> {
public:
    // Fields: columns, frequencies (a number of waves a column), initializer (of w; none: Normal(0.5)),
    // penalty.
    Periodic(const Spec& spec, const Shape& input, Builder& builder, Index)
        : Layer<T>(input, width(spec, input)), waves_(spec.integer("frequencies")) {
        for (const Spec& column : spec["columns"].list()) columns_.push_back(column.integer());
        const Index n = static_cast<Index>(columns_.size());
        const Spec usual(Spec::Dict{{"kind", "Normal"}, {"stddev", 0.5}});
        frequency_ =
            builder.add_parameter("frequency", {n, waves_}, Role::weight,
                                  spec.has("initializer") ? spec["initializer"] : usual, spec["penalty"]);
        const Spec any(Spec::Dict{{"kind", "Uniform"}, {"limit", 0.5}});
        phase_ = builder.add_parameter("phase", {n, waves_}, Role::bias, any, spec["penalty"]);
    }

    bool has_parameters() const override { return true; }

    void forward(const Pass<T>& pass, const T* x, T* y) const override {
        const Index I = this->inputs(), O = this->outputs();
        for (Index r = 0; r < pass.B; ++r, x += I, y += O) {
            T* wave = std::copy_n(x, I, y);
            const T *w = pass.w + frequency_, *b = pass.w + phase_;
            for (const Index column : columns_) {
                const T value = x[column];
                for (Index f = 0; f < waves_; ++f)
                    wave[f] = height * elementary::Turns<T>(w[f] * value + b[f]).cos();
                w += waves_, b += waves_, wave += waves_;
            }
        }
    }

    void backward(const Pass<T>& pass, const T* x, const T*, const T* dy, T* dx) const override {
        const Index I = this->inputs(), O = this->outputs();
        const Index size = static_cast<Index>(columns_.size()) * waves_;
        if (pass.first) {
            std::fill_n(pass.gradient + frequency_, size, T(0));
            std::fill_n(pass.gradient + phase_, size, T(0));
        }
        for (Index r = 0; r < pass.B; ++r, x += I, dy += O) {
            const T *w = pass.w + frequency_, *b = pass.w + phase_, *dwave = dy + I;
            T *dw = pass.gradient + frequency_, *db = pass.gradient + phase_;
            T* slopes = dx ? std::copy_n(dy, I, dx + r * I) - I : nullptr;
            for (const Index column : columns_) {
                const T value = x[column];
                for (Index f = 0; f < waves_; ++f) {
                    const T d = slope * elementary::Turns<T>(w[f] * value + b[f]).sin() * dwave[f];
                    dw[f] += d * value;
                    db[f] += d;
                    if (slopes) slopes[column] += d * w[f];
                }
                w += waves_, b += waves_, dw += waves_, db += waves_, dwave += waves_;
            }
        }
    }

private:
    static constexpr T height = T(1.4142135623730951), slope = T(-8.885765876316732); // √2, −2π √2

    static Shape width(const Spec& spec, const Shape& input) {
        if (input.size() != 1) throw EngineError("Periodic needs rows of one axis");
        const Index waves = spec.integer("frequencies");
        if (waves < 1) throw EngineError("Periodic: frequencies must be at least 1");
        const Spec::List& columns = spec["columns"].list();
        for (const Spec& column : columns)
            if (column.integer() < 0 || column.integer() >= input[0])
                throw EngineError("Periodic: there is no column " + std::to_string(column.integer()));
        return {input[0] + static_cast<Index>(columns.size()) * waves};
    }

    Index waves_; // a column
    std::vector<Index> columns_;
    Index frequency_, phase_;
};

} // namespace ravine
