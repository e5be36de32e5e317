// Every integer-coded column c becomes row x[c] of its table (levels × dimension), which is learnt; the
// other columns pass through. y = (passed-through columns in order, embeddings in the order of `columns`).
#pragma once

#include "layer.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

namespace ravine {

template <class T> class Embedding final : public Layer<T> {
public:
    // Fields: columns, levels, dimension (one for all, or a list), initializer (none: Normal(0.05)), penalty.
    Embedding(const Spec& spec, const Shape& input, Builder& builder, Index)
        : Embedding(read(spec, input), input) {
        const Spec usual(Spec::Dict{{"kind", "Normal"}, {"stddev", 0.05}});
        const Spec& initializer = spec.has("initializer") ? spec["initializer"] : usual;
        for (Table& table : tables_)
            table.offset = builder.add_parameter("column_" + std::to_string(table.column),
                                                 {table.levels, table.dimension}, Role::weight, initializer,
                                                 spec["penalty"]);
    }

    bool has_parameters() const override { return true; }

    // A row takes one row of a table.
    Index idle_parameters() const override {
        Index idle = 0;
        for (const Table& table : tables_) idle += (table.levels - 1) * table.dimension;
        return idle;
    }

    void forward(const Pass<T>& pass, const T* x, T* y) const override {
        const Index I = this->inputs(), O = this->outputs();
        for (Index r = 0; r < pass.B; ++r, x += I, y += O) {
            T* next = y;
            for (Index c : passed_) *next++ = x[c];
            for (const Table& table : tables_)
                next = std::copy_n(pass.w + table.offset + code(table, x) * table.dimension, table.dimension,
                                   next);
        }
    }

    // A table's row gathers the gradient of every row of the batch that used it. A code has derivative 0.
    void backward(const Pass<T>& pass, const T* x, const T*, const T* dy, T* dx) const override {
        const Index I = this->inputs(), O = this->outputs();
        if (pass.first)
            for (const Table& table : tables_)
                std::fill_n(pass.gradient + table.offset, table.levels * table.dimension, T(0));
        if (dx) std::fill_n(dx, pass.B * I, T(0));
        for (Index r = 0; r < pass.B; ++r, x += I, dy += O) {
            const T* next = dy;
            if (dx)
                for (std::size_t k = 0; k < passed_.size(); ++k) dx[r * I + passed_[k]] = dy[k];
            next += passed_.size();
            for (const Table& table : tables_) {
                T* gradient = pass.gradient + table.offset + code(table, x) * table.dimension;
                for (Index d = 0; d < table.dimension; ++d) gradient[d] += *next++;
            }
        }
    }

private:
    struct Table {
        Index column, levels, dimension, offset = 0;
    };

    static std::vector<Table> read(const Spec& spec, const Shape& input) {
        if (input.size() != 1) throw EngineError("Embedding needs rows of one axis");
        const Spec::List &columns = spec["columns"].list(), &levels = spec["levels"].list();
        const Spec& dimension = spec["dimension"];
        std::vector<Table> tables;
        for (std::size_t k = 0; k < columns.size(); ++k) {
            const Index d = dimension.is_number() ? dimension.integer() : dimension.list().at(k).integer();
            tables.push_back({columns[k].integer(), levels.at(k).integer(), d});
            const Table& table = tables.back();
            if (table.column < 0 || table.column >= input[0])
                throw EngineError("Embedding: there is no column " + std::to_string(table.column));
            if (table.levels < 1 || d < 1)
                throw EngineError("Embedding: levels and dimension must be at least 1");
        }
        return tables;
    }

    static std::vector<Index> others(const std::vector<Table>& tables, Index columns) {
        std::vector<Index> passed;
        for (Index c = 0; c < columns; ++c)
            if (std::none_of(tables.begin(), tables.end(),
                             [=](const Table& table) { return table.column == c; }))
                passed.push_back(c);
        return passed;
    }

    static Shape width(const std::vector<Table>& tables, Index columns) {
        Index width = static_cast<Index>(others(tables, columns).size());
        for (const Table& table : tables) width += table.dimension;
        return {width};
    }

    Embedding(std::vector<Table> tables, const Shape& input)
        : Layer<T>(input, width(tables, input[0])), tables_(std::move(tables)),
          passed_(others(tables_, input[0])) {}

    static Index code(const Table& table, const T* x) {
        const T value = x[table.column];
        if (!(value >= T(0) && value < static_cast<T>(table.levels)) || value != std::floor(value)) {
            std::ostringstream message;
            message << "Embedding: column " << table.column << " holds " << value
                    << ", which is no level of 0 … " << table.levels - 1;
            throw EngineError(message.str());
        }
        return static_cast<Index>(value);
    }

    std::vector<Table> tables_;
    std::vector<Index> passed_; // columns that are no codes
};

} // namespace ravine
