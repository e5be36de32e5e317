// A layer that a user wrote, or an activation: its rows do not act on one another.
#pragma once

#include "layer.hpp"

namespace ravine {

template <class T> class Custom final : public Layer<T> {
public:
    // Fields: part, penalty. The part says what rows of an input of this shape become, and which parameters
    // it has.
    Custom(const Spec& spec, const Shape& input, Builder& builder, Index)
        : Layer<T>(input, input), part_(spec["part"].part()) {
        Spec::List sizes(input.begin(), input.end());
        const std::string name = builder.prefix.substr(0, builder.prefix.size() - 1);
        const Spec plan =
            part_->ask("plan", Spec(Spec::Dict{{"name", name}, {"input_shape", std::move(sizes)}}));
        this->output_ = shape_of(plan["output_shape"]);
        for (const Spec& parameter : plan["parameters"].list()) {
            const Shape shape = shape_of(parameter["shape"]);
            const Role role = parameter.text("role") == "bias" ? Role::bias : Role::weight;
            const Index offset = builder.add_parameter(parameter.text("name"), shape, role,
                                                       parameter["initializer"], spec["penalty"]);
            parameters_.push_back({offset, shape});
        }
    }

    void forward(const Pass<T>& pass, const T* x, T* y) const override {
        const Given<T> input[] = {rows(pass, x, this->input_)};
        const Wanted<T> output[] = {{y, pass.B * this->outputs()}};
        part_->call("forward", with_parameters(pass, input), output);
    }

    void backward(const Pass<T>& pass, const T* x, const T* y, const T* dy, T* dx) const override {
        const Index into_x = pass.B * this->inputs();
        std::vector<T> unused(dx ? 0 : into_x);
        std::vector<std::vector<T>> gradients;
        std::vector<Wanted<T>> wanted = {{dx ? dx : unused.data(), into_x}};
        for (const Parameter& p : parameters_) {
            gradients.emplace_back(size_of(p.shape));
            wanted.push_back({gradients.back().data(), size_of(p.shape)});
        }
        const Given<T> given[] = {rows(pass, x, this->input_), rows(pass, y, this->output_),
                                  rows(pass, dy, this->output_)};
        part_->call("backward", with_parameters(pass, given), wanted);
        for (std::size_t i = 0; i < gradients.size(); ++i) {
            T* total = pass.gradient + parameters_[i].offset;
            for (std::size_t k = 0; k < gradients[i].size(); ++k)
                total[k] = pass.first ? gradients[i][k] : total[k] + gradients[i][k];
        }
    }

    bool needs_output() const override { return true; }
    bool has_parameters() const override { return !parameters_.empty(); }

private:
    struct Parameter {
        Index offset;
        Shape shape;
    };

    static Shape shape_of(const Spec& spec) {
        Shape shape;
        for (const Spec& size : spec.list()) shape.push_back(size.integer());
        return shape;
    }
    static Given<T> rows(const Pass<T>& pass, const T* data, const Shape& row) {
        Shape shape{pass.B};
        shape.insert(shape.end(), row.begin(), row.end());
        return {data, std::move(shape)};
    }
    std::vector<Given<T>> with_parameters(const Pass<T>& pass, std::span<const Given<T>> given) const {
        std::vector<Given<T>> all(given.begin(), given.end());
        for (const Parameter& p : parameters_) all.push_back({pass.w + p.offset, p.shape});
        return all;
    }

    std::shared_ptr<const CustomPart> part_;
    std::vector<Parameter> parameters_;
};

} // namespace ravine
