// Synthesize: synthetic training rows, drawn from Gaussian copulas fitted to the given rows: one for each
// class; for regression a single one, which y's columns join.
//
// A continuous variable's new values may fall between two observed ones, never outside them; a discrete one
// takes an observed level. With sample weights, levels and correlations count by them, and a new row weighs
// the mean weight of the rows that its copula is fitted to. Discrete are: the columns in `categories`, the
// codes that embeddings read, and columns of at most ten distinct values. A list within `categories` is a
// group (such as the 0/1 columns of one category): one discrete variable whose levels are the patterns seen,
// in lexicographic order, so exactly one of them comes out.
#pragma once

#include "../layers/layer.hpp"
#include "copula.hpp"

#include <numeric>

namespace ravine {

template <class T> class Synthesizer {
public:
    Synthesizer(const Spec& spec, std::vector<Index> code_columns)
        : fraction_(spec.number("fraction")), codes_(std::move(code_columns)) {
        if (!(fraction_ > 0)) throw EngineError("Synthesize needs a fraction above 0");
        if (!spec.has("categories")) return;
        for (const Spec& entry : spec["categories"].list()) {
            std::vector<Index> columns;
            if (entry.is_number())
                columns.push_back(entry.integer());
            else
                for (const Spec& column : entry.list()) columns.push_back(column.integer());
            categories_.push_back(std::move(columns));
        }
    }

    // Learns from n training rows: x_row(i) points to `inputs` numbers, y_row(i) to `targets`. `classes` is
    // 0 for regression; otherwise y is one-hot, or a single column of class numbers. A single column of 0s
    // and 1s is taken for two classes in any case. `weight(i)` is row i's weight; empty: all alike.
    template <class XRow, class YRow>
    void fit(
        Index n, Index inputs, Index targets, XRow x_row, YRow y_row, Index classes,
        const std::function<void()>& check_stop = [] {}, const RowWeight& weight = {});

    // How many rows it makes an epoch: fraction · n, rounded.
    Index count() const { return count_; }

    // What each of them weighs: the mean weight of its class, of all rows for regression.
    std::vector<double> weights() const {
        std::vector<double> result;
        for (const Part& part : parts_) result.insert(result.end(), part.rows, part.weight);
        return result;
    }

    // Makes them: x is count() × inputs, y is count() × targets. Class by class, each class's share of the
    // rows that of the training rows (rounded by largest remainder). Allocates nothing; not for two threads
    // at once.
    void sample(std::uint64_t seed, std::uint64_t epoch, T* x, T* y);

private:
    struct Variable {
        std::vector<Index> columns; // those from `inputs_` on are y's
        bool discrete = false;
    };
    struct Part { // a class: its copula, how many rows it makes, its y, and what a row of it weighs
        Copula<T> copula;
        Index rows = 0;
        std::vector<T> y;
        double weight = 1;
    };
    template <class Test> static bool all_of_rows(Index n, Test test) {
        for (Index i = 0; i < n; ++i)
            if (!test(i)) return false;
        return true;
    }
    template <class Value> void name_variables(Index n, Value value);
    template <class Value>
    void learn_part(const std::vector<Index>& rows, Part& part, Value value, const RowWeight& weight) const;
    void share_out(const std::vector<Index>& sizes);

    double fraction_;
    std::vector<Index> codes_;
    std::vector<std::vector<Index>> categories_;
    Index inputs_ = 0, targets_ = 0, count_ = 0;
    bool regression_ = false;
    std::vector<Variable> variables_;
    std::vector<Part> parts_;
    std::vector<T> z_, values_; // room for `sample`
};

// Which columns make a variable together, and which variables are discrete.
template <class T> template <class Value> void Synthesizer<T>::name_variables(Index n, Value value) {
    const Index columns = inputs_ + (regression_ ? targets_ : 0);
    std::vector<bool> taken(columns, false);
    variables_.clear();
    const auto take = [&](const std::vector<Index>& group) {
        for (Index column : group) {
            if (column < 0 || column >= inputs_)
                throw EngineError("Synthesize: 'categories' names a column that X lacks");
            if (taken[column]) throw EngineError("Synthesize: 'categories' names a column twice");
            taken[column] = true;
        }
        if (!group.empty()) variables_.push_back({group, true});
    };
    for (const auto& group : categories_) take(group);
    for (Index column : codes_)
        if (column < 0 || column >= inputs_ || !taken[column]) take({column});
    for (Index column = 0; column < columns; ++column) {
        if (taken[column]) continue;
        std::vector<T> seen;
        for (Index i = 0; i < n && seen.size() <= 10; ++i)
            if (std::find(seen.begin(), seen.end(), value(i, column)) == seen.end())
                seen.push_back(value(i, column));
        variables_.push_back({{column}, seen.size() <= 10});
    }
}

template <class T>
template <class Value>
void Synthesizer<T>::learn_part(const std::vector<Index>& rows, Part& part, Value value,
                                const RowWeight& weight) const {
    const Index n = static_cast<Index>(rows.size());
    std::vector<double> shares; // of the weights
    if (weight) {
        for (Index i : rows) shares.push_back(weight(i));
        const double total = std::accumulate(shares.begin(), shares.end(), 0.0);
        part.weight = total / static_cast<double>(n);
        for (double& share : shares) share /= total;
    }
    const auto pattern = [&](Index i, Index v, T* out) {
        for (Index column : variables_[v].columns) *out++ = value(rows[i], column);
    };
    std::vector<Marginal<T>> margins(variables_.size());
    std::vector<T> sorted;
    for (Index v = 0; v < static_cast<Index>(variables_.size()); ++v) {
        const Index width = static_cast<Index>(variables_[v].columns.size());
        sorted.resize(n * width);
        for (Index i = 0; i < n; ++i) pattern(i, v, sorted.data() + i * width);
        if (weight)
            margins[v].learn(sorted, width, variables_[v].discrete, shares);
        else
            margins[v].learn(sorted, width, variables_[v].discrete);
    }
    part.copula.learn(n, std::move(margins), pattern, shares);
}

template <class T>
template <class XRow, class YRow>
void Synthesizer<T>::fit(Index n, Index inputs, Index targets, XRow x_row, YRow y_row, Index classes,
                         const std::function<void()>& check_stop, const RowWeight& weight) {
    if (n < 1) throw EngineError("Synthesize needs at least one training row");
    if (classes == 0 && targets == 1 &&
        all_of_rows(n, [&](Index i) { return *y_row(i) == 0 || *y_row(i) == 1; }))
        classes = 2;
    inputs_ = inputs, targets_ = targets, regression_ = classes == 0;
    const auto value = [&](Index i, Index column) -> T {
        return column < inputs_ ? x_row(i)[column] : y_row(i)[column - inputs_];
    };
    name_variables(n, value);
    std::vector<std::vector<Index>> members(std::max<Index>(classes, 1));
    for (Index i = 0; i < n; ++i) {
        const T* y = y_row(i);
        Index label = 0;
        if (!regression_)
            label = targets == 1 ? static_cast<Index>(y[0]) : std::max_element(y, y + targets) - y;
        members.at(label).push_back(i);
    }
    parts_.clear();
    std::vector<Index> sizes;
    std::size_t widest = 1;
    for (const Variable& variable : variables_) widest = std::max(widest, variable.columns.size());
    for (const std::vector<Index>& rows : members) {
        if (rows.empty()) continue;
        Part& part = parts_.emplace_back();
        part.copula = Copula<T>(check_stop);
        part.y.assign(y_row(rows[0]), y_row(rows[0]) + targets);
        learn_part(rows, part, value, weight);
        sizes.push_back(static_cast<Index>(rows.size()));
    }
    count_ = static_cast<Index>(std::llround(fraction_ * static_cast<double>(n)));
    share_out(sizes);
    z_.resize(variables_.size()), values_.resize(widest);
}

// Every class gets the whole part of its share; the rows that are left go to the largest fractions.
template <class T> void Synthesizer<T>::share_out(const std::vector<Index>& sizes) {
    const Index n = std::accumulate(sizes.begin(), sizes.end(), Index{0});
    std::vector<Index> order(sizes.size());
    std::vector<double> remainder(sizes.size());
    Index left = count_;
    for (std::size_t c = 0; c < sizes.size(); ++c) {
        const double share =
            static_cast<double>(count_) * static_cast<double>(sizes[c]) / static_cast<double>(n);
        parts_[c].rows = static_cast<Index>(std::floor(share));
        remainder[c] = share - std::floor(share);
        left -= parts_[c].rows;
        order[c] = static_cast<Index>(c);
    }
    std::stable_sort(order.begin(), order.end(),
                     [&](Index a, Index b) { return remainder[a] > remainder[b]; });
    for (Index i = 0; i < left; ++i) ++parts_[order[i % static_cast<Index>(order.size())]].rows;
}

template <class T> void Synthesizer<T>::sample(std::uint64_t seed, std::uint64_t epoch, T* x, T* y) {
    std::uint64_t number = 0;
    for (const Part& part : parts_)
        for (Index i = 0; i < part.rows; ++i, ++number, x += inputs_, y += targets_) {
            if (!regression_) std::copy(part.y.begin(), part.y.end(), y);
            part.copula.draw(Stream(seed, Purpose::synthesize, epoch, number), z_, values_,
                             [&](Index v, const T* pattern) {
                                 for (Index column : variables_[v].columns)
                                     (column < inputs_ ? x[column] : y[column - inputs_]) = *pattern++;
                             });
        }
}

} // namespace ravine
