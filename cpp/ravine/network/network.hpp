// A network: a stack of layers over ONE flat parameter vector, and the loss that it is trained for.
#pragma once

#include "../layers/initializers.hpp"
#include "../layers/normalize.hpp"
#include "../layers/residual.hpp"
#include "../layers/stack.hpp"
#include "../losses/loss.hpp"

#include <array>
#include <map>

namespace ravine {

// One layer as a reader wants it described.
struct LayerDescription {
    std::string name, kind;
    Shape output_shape;
    Index n_parameters = 0;
    bool is_custom = false;
};

template <class T> class Network {
public:
    // `dropout` > 0 puts Dropout before every layer with units but the first.
    Network(const Spec& spec, const Shape& input, double dropout = 0)
        : input_(input), recipe_dropout_(dropout), loss_(make_loss<T>(spec["loss"])),
          stack_(build_stack(spec["layers"].list(), input, "")) {}

    const Shape& input_shape() const { return input_; }
    Index inputs() const { return size_of(input_); }
    Index outputs() const { return stack_.layers().back()->outputs(); }
    const Loss<T>& loss() const { return *loss_; }

    Index n_parameters() const { return builder_.n_parameters; }
    Index n_state() const { return builder_.n_state; }
    const std::vector<Slice>& parameters() const { return builder_.parameters; }
    const std::vector<Slice>& state() const { return builder_.state; }
    const std::vector<LayerDescription>& layers() const { return descriptions_; }
    const std::vector<Index>& code_columns() const { return code_columns_; }
    bool needs_whole_batch() const { return stack_.needs_whole_batch(); }
    // How many parameters a row is multiplied with, and so costs work for.
    Index active_parameters() const { return n_parameters() - stack_.idle_parameters(); }

    void initialise(std::uint64_t seed, T* w) const {
        for (std::size_t i = 0; i < builder_.parameters.size(); ++i)
            ravine::initialise(builder_.parameters[i], Stream(seed, Purpose::initialise, i),
                               w + builder_.parameters[i].offset);
    }
    void initial_state(T* state) const {
        for (const Slice& slice : builder_.state)
            std::fill_n(state + slice.offset, slice.size(), static_cast<T>(slice.initial));
    }

    // Learns what a first Normalize layer needs, from n rows and their weights.
    template <class Row> void fit(Index n, const Row& row, const RowWeight& weight, T* state) const {
        if (auto* normalize = dynamic_cast<const Normalize<T>*>(stack_.layers().front().get()))
            normalize->fit(n, row, weight, state);
    }

    // The inputs whose mean a first Normalize layer takes away.
    std::vector<Index> centred_columns() const {
        std::vector<Index> columns;
        if (auto* normalize = dynamic_cast<const Normalize<T>*>(stack_.layers().front().get()))
            for (Index c = 0; c < inputs(); ++c)
                if (normalize->centres(c)) columns.push_back(c);
        return columns;
    }

    // How large a workspace passes of up to `capacity` rows need. Fixes where everything lies in it.
    Index plan(Index capacity) {
        Index size = 0;
        stack_.plan(capacity, size);
        return size;
    }
    // Outputs before the loss's link (logits, log means), B × outputs, in the workspace.
    const T* forward(const Pass<T>& pass, const T* x) const { return stack_.forward(pass, x); }
    // The gradient of all parameters from dz = ∂L/∂outputs.
    void backward(const Pass<T>& pass, const T* x, const T* dz) const {
        stack_.backward(pass, x, dz, nullptr);
    }

private:
    Stack<T> build_stack(const Spec::List& specs, Shape shape, const std::string& prefix) {
        Stack<T> stack;
        std::map<std::string, int> counts;
        auto name = [&](const std::string& kind) {
            const std::string base = snake_case(kind);
            return prefix + base + "_" + std::to_string(++counts[base]);
        };
        std::vector<std::size_t> first; // slice of each layer's parameters
        auto add = [&](const std::string& kind, const Spec& spec) {
            first.push_back(builder_.parameters.size());
            push(stack, shape, name(kind), spec);
        };
        for (std::size_t i = 0; i < specs.size(); ++i) {
            const std::string kind = specs[i].kind();
            Spec spec = complete(specs, i);
            if (spec.has("units") && recipe_dropout_ > 0) {
                const bool dropped = i > 0 && specs[i - 1].kind() == "Dropout";
                if (has_units_ && !dropped)
                    add("Dropout", Spec(Spec::Dict{{"kind", "Dropout"}, {"rate", recipe_dropout_}}));
                has_units_ = true;
            }
            add(label(spec), spec);
            if (spec.has("activation")) add("Activation", spec["activation"]);
        }
        first.push_back(builder_.parameters.size());
        for (std::size_t layer = 0; layer + 1 < first.size(); ++layer)
            for (std::size_t slice = first[layer]; slice < first[layer + 1]; ++slice)
                if (Spec& initializer = builder_.parameters[slice].initializer; initializer.is_none())
                    initializer = default_initializer(activation_behind(stack, layer));
        return stack;
    }

    void push(Stack<T>& stack, Shape& shape, const std::string& name, const Spec& spec) {
        const Index before = builder_.n_parameters;
        const std::size_t place = descriptions_.size();
        descriptions_.push_back({name, label(spec), {}, 0, is_custom(spec)});
        stack.push(new_layer(spec, shape, name));
        shape = stack.layers().back()->output_shape();
        descriptions_[place].output_shape = shape;
        descriptions_[place].n_parameters = builder_.n_parameters - before;
    }

    LayerPtr<T> new_layer(const Spec& spec, const Shape& shape, const std::string& name) {
        const Index id = next_id_++;
        builder_.prefix = name + ".";
        if (spec.kind() == "Residual")
            return std::make_unique<Residual<T>>(build_stack(spec["layers"].list(), shape, name + "."),
                                                 shape);
        return make_layer<T>(spec, shape, builder_, id);
    }

    // The spec of layer i with what its neighbours decide: the columns that Normalize leaves to an Embedding.
    Spec complete(const Spec::List& specs, std::size_t i) {
        Spec::Dict spec = specs[i].dict();
        const std::string kind = specs[i].kind();
        if (kind == "Normalize") spec["skip"] = left_alone(specs, i + 1);
        if (kind == "Embedding")
            for (const Spec& column : specs[i]["columns"].list()) code_columns_.push_back(column.integer());
        return Spec(std::move(spec));
    }

    // The columns of a table that Embedding and PiecewiseLinear read from layer i on. The latter may count
    // them behind an Embedding, without the codes that it took.
    Spec::List left_alone(const Spec::List& specs, std::size_t i) const {
        Spec::List columns;
        if (i < specs.size() && specs[i].kind() == "Embedding") columns = specs[i++]["columns"].list();
        if (i >= specs.size() || specs[i].kind() != "PiecewiseLinear") return columns;
        const auto is_code = [codes = columns](Index c) {
            return std::any_of(codes.begin(), codes.end(), [c](auto& code) { return code.integer() == c; });
        };
        for (const Spec& column : specs[i]["columns"].list()) {
            Index c = 0;
            for (Index before = column.integer(); before > 0 || is_code(c); ++c)
                if (!is_code(c)) --before;
            columns.push_back(Spec(static_cast<std::int64_t>(c)));
        }
        return columns;
    }

    // The name of the activation that a layer's outputs come to; identity where there is none.
    static std::string activation_behind(const Stack<T>& stack, std::size_t layer) {
        const auto& layers = stack.layers();
        do ++layer;
        while (layer < layers.size() && layers[layer]->looked_past());
        const std::string name = layer < layers.size() ? layers[layer]->activation() : "";
        return name.empty() ? "identity" : name;
    }

    // He's for the ReLU family, LeCun's for SELU, Glorot's otherwise.
    static Spec default_initializer(const std::string& activation) {
        static constexpr std::array relu_family = {"relu", "leaky_relu", "elu",     "gelu",
                                                   "silu", "mish",       "softplus"};
        if (std::find(relu_family.begin(), relu_family.end(), activation) != relu_family.end())
            return Spec(Spec::Dict{{"kind", "He"}, {"distribution", "normal"}});
        if (activation == "selu") return Spec(Spec::Dict{{"kind", "LeCun"}, {"distribution", "normal"}});
        return Spec(Spec::Dict{{"kind", "Glorot"}, {"distribution", "uniform"}});
    }

    // Whether it is a layer that a user wrote, and not an activation.
    static bool is_custom(const Spec& spec) {
        return spec.kind() == "Custom" && spec.text("name") != "Activation";
    }
    // What readers call a layer: the class of a custom one.
    static const std::string& label(const Spec& spec) {
        return spec.kind() == "Custom" ? spec.text("name") : spec.kind();
    }

    // "BatchNorm" -> "batch_norm".
    static std::string snake_case(const std::string& kind) {
        std::string name;
        for (char c : kind) {
            if (std::isupper(static_cast<unsigned char>(c)) && !name.empty()) name += '_';
            name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        }
        return name;
    }

    Shape input_;
    double recipe_dropout_;
    bool has_units_ = false; // a layer with units has been built
    Index next_id_ = 0;
    Builder builder_;
    std::vector<LayerDescription> descriptions_;
    std::vector<Index> code_columns_;
    std::unique_ptr<Loss<T>> loss_;
    Stack<T> stack_; // last: building it fills the rest
};

} // namespace ravine
