// A Dense layer some of whose inputs are first spread over bins: input x of T bins becomes the T numbers
// clip(x − t, 0, 1), t = 0 … T−1, so that x says how many bins a number has come through. y = (the other
// inputs in order, the bins in the order of `columns`) W + b: of each such input, any piecewise-linear
// function with kinks at whole numbers.
//
// The bins are never written out. All but one of an input's bins are 0 or 1, so a row's share of y is
// (w_0 + … + w_{k−1}) + f w_k, with k whole bins and a part f of the next; the sums are made once a pass.
// Backwards, dy is gathered by k, and summed from the last bin down.
//
// With a pace p, number j that meets W is multiplied by a learnt factor first, as by a Scale: 1 + p s_j with
// s_j = 0 at first. So it meets W' = diag(1 + p s) W, whose gradient gives those of W and of s.
#pragma once

#include "../kernels/gemm.hpp"
#include "layer.hpp"

#include <algorithm>
#include <cmath>
#include <span>

namespace ravine {

template <class T> class PiecewiseLinear final : public Layer<T> {
public:
    // Fields: units, columns, bins (one number a column), use_bias, pace (or none), initializer, penalty.
    PiecewiseLinear(const Spec& spec, const Shape& input, Builder& builder, Index)
        : Layer<T>(input, {spec.integer("units")}), use_bias_(spec.flag("use_bias")) {
        read(spec);
        weight_ = builder.add_parameter("weight", {weight_rows(), this->outputs()}, Role::weight,
                                        spec["initializer"], spec["penalty"]);
        const Spec zeros(Spec::Dict{{"kind", "Constant"}, {"value", 0.0}});
        if (use_bias_) {
            bias_ = builder.add_parameter("bias", {this->outputs()}, Role::bias, zeros, spec["penalty"]);
        }
        if (spec.has("pace")) {
            pace_ = static_cast<T>(spec.number("pace"));
            factor_ = builder.add_parameter("factor", {weight_rows()}, Role::weight, zeros, spec["penalty"]);
        }
    }

    bool has_parameters() const override { return true; }

    // A row takes two of a column's rows of W, or of their sums.
    Index idle_parameters() const override {
        Index idle = 0;
        for (const Column& column : columns_) idle += std::max<Index>(column.bins - 2, 0) * this->outputs();
        return idle;
    }

    void plan(Index capacity, Index& next) override {
        plain_ = next, next += (capacity * passed() + 15) / 16 * 16; // the sums start on a cache line
        sums_ = next, next += most_bins_ * this->outputs();
        if (pace_ == 0) return;
        factors_ = next, next += (weight_rows() + 15) / 16 * 16;
        slope_ = next, next += weight_rows() * this->outputs();
    }

    // A team makes some units a member.
    void forward(const Pass<T>& pass, const T* x, T* y) const override {
        const Index I = this->inputs(), O = this->outputs(), P = passed();
        const T *W = pass.w + weight_, *plain = pass.cache + plain_;
        if (pace_ != 0)
            for (Index j = 0; j < weight_rows(); ++j)
                pass.cache[factors_ + j] = 1 + pace_ * pass.w[factor_ + j];
        const T* factors = pace_ != 0 ? pass.cache + factors_ : nullptr;
        take_plain(pass, x, factors);
        pass.share(O, [&](Index j, Index n) {
            const T* b = use_bias_ ? pass.w + bias_ + j : nullptr;
            gemm<T>(pass.B, n, P, {plain, P}, {W + j, O}, {false, b}, y + j, O);
            in_blocks(j, n, [&]<class V, Index count>(Index u, const Group& group) {
                const Block<V, count> block{group, O, W + P * O + u, pass.cache + sums_ + u * most_bins_};
                const T* factor = factors ? factors + P : nullptr;
                block.sum_up(factor);
                for (Index r = 0; r < pass.B; ++r) block.add_row(x + r * I, y + r * O + u, factor);
            });
        });
    }

    // Bin k of a column gets f dy of the rows within it and dy of the rows beyond it.
    void backward(const Pass<T>& pass, const T* x, const T*, const T* dy, T* dx) const override {
        const Index I = this->inputs(), O = this->outputs(), P = passed(), B = pass.B;
        const T* plain = pass.cache + plain_;
        const bool apart = pace_ != 0 && !pass.first; // what is there is not of W', so nothing is added to it
        const bool first = pass.first || apart;
        T* dW = apart ? pass.cache + slope_ : pass.gradient + weight_;
        if (pace_ != 0) take_plain(pass, x, nullptr);
        pass.share(O, [&](Index j, Index n) {
            gemm<T>(P, n, B, {plain, P, Op::transposed}, {dy + j, O}, {!first}, dW + j, O);
            in_blocks(j, n, [&]<class V, Index count>(Index u, const Group& group) {
                const Block<V, count, T> block{group, O, dW + P * O + u, pass.cache + sums_ + u * most_bins_};
                block.clear(first);
                for (Index r = 0; r < B; ++r) block.gather_row(x + r * I, dy + r * O + u);
                block.spread();
            });
        });
        if (pace_ != 0) share_gradient(pass, dW);
        if (use_bias_) kernels::sum_rows(B, O, dy, !pass.first, pass.gradient + bias_);
        if (dx) pass_back(pass, x, dy, dx);
    }

private:
    struct Column {
        Index input, bins, start; // start: of its bins among all
    };
    struct Group { // of columns whose bins fit the second cache, for as many units as eight vectors hold
        std::span<const Column> columns;
        Index start, bins;
    };
    struct Place {
        Index bin; // among all columns' bins
        T part;    // of it, from 0 to 1
    };

    void read(const Spec& spec) {
        if (this->input_.size() != 1) throw EngineError("PiecewiseLinear needs rows of one axis");
        const Spec::List &columns = spec["columns"].list(), &bins = spec["bins"].list();
        std::vector<bool> binned(static_cast<std::size_t>(this->inputs()), false);
        for (std::size_t k = 0; k < columns.size(); ++k) {
            const Index c = columns[k].integer(), count = bins.at(k).integer();
            if (c < 0 || c >= this->inputs())
                throw EngineError("PiecewiseLinear: there is no column " + std::to_string(c));
            if (count < 1) throw EngineError("PiecewiseLinear: a column needs at least one bin");
            columns_.push_back({c, count, n_bins_});
            n_bins_ += count;
            binned[static_cast<std::size_t>(c)] = true;
        }
        for (Index c = 0; c < this->inputs(); ++c)
            if (!binned[static_cast<std::size_t>(c)]) passed_.push_back(c);
        constexpr Index fitting = 131072 / (8 * kernels::vector_bytes);
        for (auto first = columns_.begin(); first != columns_.end();) {
            auto last = first;
            Index count = 0;
            do count += last++->bins;
            while (last != columns_.end() && count + last->bins <= fitting);
            groups_.push_back({{first, last}, first->start, count});
            most_bins_ = std::max(most_bins_, count);
            first = last;
        }
    }

    // The inputs without bins, side by side.
    void take_plain(const Pass<T>& pass, const T* x, const T* factors) const {
        const Index I = this->inputs(), P = passed();
        T* plain = pass.cache + plain_;
        for (Index r = 0; r < pass.B; ++r)
            for (Index i = 0; i < P; ++i)
                plain[r * P + i] = factors ? factors[i] * x[r * I + passed_[i]] : x[r * I + passed_[i]];
    }

    // The gradients of W and of s from that of W', which may lie where that of W is to be.
    void share_gradient(const Pass<T>& pass, const T* slope) const {
        const Index O = this->outputs();
        const T *W = pass.w + weight_, *factors = pass.cache + factors_;
        T *dW = pass.gradient + weight_, *ds = pass.gradient + factor_;
        for (Index j = 0; j < weight_rows(); ++j, W += O, dW += O, slope += O) {
            const T factor = factors[j];
            T sum = 0;
#pragma omp simd reduction(+ : sum)
            for (Index o = 0; o < O; ++o) sum += slope[o] * W[o];
            ds[j] = pass.first ? pace_ * sum : ds[j] + pace_ * sum;
            if (pass.first)
                for (Index o = 0; o < O; ++o) dW[o] = factor * slope[o];
            else
                for (Index o = 0; o < O; ++o) dW[o] += factor * slope[o];
        }
    }

    Index weight_rows() const { return passed() + n_bins_; }
    Index passed() const { return static_cast<Index>(passed_.size()); }

    // What is no number stays none.
    static Place place(const Column& column, const T* x) {
        const T value = x[column.input], last = static_cast<T>(column.bins - 1);
        const T bin = value > T(0) ? std::min(std::floor(value), last) : T(0);
        const T part = value < T(0) ? T(0) : std::min(value - bin, T(1));
        return {column.start + static_cast<Index>(bin), value != value ? value : part};
    }

    // Calls work<V, count>(u, group) for stretches of `count` V from unit u on that cover j to j + n.
    template <class Work> void in_blocks(Index j, Index n, const Work& work) const {
        using V = kernels::Vector<T>;
        constexpr Index one = kernels::lanes<T>, many = 8;
        for (const Group& group : groups_) {
            Index u = j;
            for (; u + many * one <= j + n; u += many * one) work.template operator()<V, many>(u, group);
            for (; u + one <= j + n; u += one) work.template operator()<V, 1>(u, group);
            for (; u < j + n; ++u) work.template operator()<T, 1>(u, group);
        }
    }

    // Some units' stretch of W's (or its gradient's) rows of a group's bins, and as many rows for sums.
    template <class V, Index count, class U = const T> struct Block {
        const Group& group;
        Index step; // from row to row of W
        U* W;
        T* sums;

        static constexpr Index lanes = sizeof(V) / sizeof(T), width = count * lanes;

        U* row(Index bin) const { return W + bin * step; }
        T* sum(Index bin) const { return sums + (bin - group.start) * width; }

        // Row k of the sums: the rows of W of the column's bins before bin k.
        void sum_up(const T* factors) const {
            for (const Column& column : group.columns) {
                V total[count] = {};
                for (Index k = column.start; k < column.start + column.bins; ++k)
                    for (Index v = 0; v < count; ++v) {
                        kernels::store(sum(k) + v * lanes, total[v]);
                        total[v] += (factors ? factors[k] : T(1)) * kernels::load<V>(row(k) + v * lanes);
                    }
            }
        }

        void add_row(const T* x, T* y, const T* factors) const {
            V total[count];
            for (Index v = 0; v < count; ++v) total[v] = kernels::load<V>(y + v * lanes);
            for (const Column& column : group.columns) {
                const Place at = place(column, x);
                const T *w = row(at.bin), *before = sum(at.bin);
                const T part = factors ? at.part * factors[at.bin] : at.part;
                for (Index v = 0; v < count; ++v)
                    total[v] += kernels::load<V>(before + v * lanes) + part * kernels::load<V>(w + v * lanes);
            }
            for (Index v = 0; v < count; ++v) kernels::store(y + v * lanes, total[v]);
        }

        void clear(bool first) const {
            std::fill_n(sums, group.bins * width, T(0));
            for (Index k = 0; first && k < group.bins; ++k) std::fill_n(row(group.start + k), width, T(0));
        }

        void gather_row(const T* x, const T* dy) const {
            V d[count];
            for (Index v = 0; v < count; ++v) d[v] = kernels::load<V>(dy + v * lanes);
            for (const Column& column : group.columns) {
                const Place at = place(column, x);
                T *within = row(at.bin), *beyond = sum(at.bin);
                for (Index v = 0; v < count; ++v) {
                    kernels::store<V>(within + v * lanes,
                                      kernels::load<V>(within + v * lanes) + at.part * d[v]);
                    kernels::store<V>(beyond + v * lanes, kernels::load<V>(beyond + v * lanes) + d[v]);
                }
            }
        }

        // What was gathered beyond a bin goes to all bins before it.
        void spread() const {
            for (const Column& column : group.columns) {
                V total[count] = {};
                for (Index k = column.start + column.bins - 1; k >= column.start; --k)
                    for (Index v = 0; v < count; ++v) {
                        T* here = row(k) + v * lanes;
                        kernels::store<V>(here, kernels::load<V>(here) + total[v]);
                        total[v] += kernels::load<V>(sum(k) + v * lanes);
                    }
            }
        }
    };

    // ∂L/∂x: of a spread input that of the bin it is in.
    void pass_back(const Pass<T>& pass, const T* x, const T* dy, T* dx) const {
        const Index I = this->inputs(), O = this->outputs(), P = passed();
        const T *W = pass.w + weight_, *bins = W + P * O;
        const T* factors = pace_ != 0 ? pass.cache + factors_ : nullptr;
        T* plain = pass.cache + plain_; // no longer needed
        gemm<T>(pass.B, P, O, {dy, O}, {W, O, Op::transposed}, {}, plain, P);
        for (Index r = 0; r < pass.B; ++r, x += I, dx += I, dy += O) {
            for (Index i = 0; i < P; ++i)
                dx[passed_[i]] = factors ? factors[i] * plain[r * P + i] : plain[r * P + i];
            for (const Column& column : columns_) {
                const T value = x[column.input];
                const Index bin = place(column, x).bin;
                const T* w = bins + bin * O;
                const bool inside = value >= T(0) && value < static_cast<T>(column.bins);
                T slope = 0;
                for (Index o = 0; inside && o < O; ++o) slope += dy[o] * w[o];
                dx[column.input] = factors ? factors[P + bin] * slope : slope;
            }
        }
    }

    bool use_bias_;
    std::vector<Column> columns_;
    std::vector<Group> groups_;
    std::vector<Index> passed_; // inputs that are taken as they are
    Index n_bins_ = 0, most_bins_ = 0 /* of a group */, weight_ = 0, bias_ = 0, plain_ = 0, sums_ = 0;
    T pace_ = 0; // 0: no factors
    Index factor_ = 0, factors_ = 0, slope_ = 0;
};

} // namespace ravine
