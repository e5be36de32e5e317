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
    // `dropout` > 0 puts Dropout before every Dense but the first.
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
        for (std::size_t i = 0; i < specs.size(); ++i) {
            const std::string kind = specs[i].kind();
            Spec spec = complete(specs, i);
            const bool dense = kind == "Dense" || kind == "PiecewiseLinear";
            if (dense && recipe_dropout_ > 0) {
                const bool dropped = i > 0 && specs[i - 1].kind() == "Dropout";
                if (has_dense_ && !dropped)
                    push(stack, shape, name("Dropout"),
                         Spec(Spec::Dict{{"kind", "Dropout"}, {"rate", recipe_dropout_}}));
                has_dense_ = true;
            }
            push(stack, shape, name(label(spec)), spec);
            if (dense && spec.has("activation")) push(stack, shape, name("Activation"), spec["activation"]);
        }
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

    // The spec of layer i with what its neighbours decide: the initializer that suits the activation behind
    // a Dense, and the columns that Normalize leaves to an Embedding.
    Spec complete(const Spec::List& specs, std::size_t i) {
        Spec::Dict spec = specs[i].dict();
        const std::string kind = specs[i].kind();
        if ((kind == "Dense" || kind == "PiecewiseLinear") && !specs[i].has("initializer"))
            spec["initializer"] = default_initializer(specs, i);
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

    // He's for the ReLU family, LeCun's for SELU, Glorot's otherwise.
    static Spec default_initializer(const Spec::List& specs, std::size_t i) {
        static constexpr std::array relu_family = {"relu", "leaky_relu", "elu",     "gelu",
                                                   "silu", "mish",       "softplus"};
        static constexpr std::array between = {"BatchNorm", "LayerNorm", "Dropout", "GaussianNoise"};
        const auto among = [](const auto& names, const std::string& name) {
            return std::find(names.begin(), names.end(), name) != names.end();
        };
        std::string activation = "identity";
        if (specs[i].has("activation"))
            activation = specs[i]["activation"].text("name"); // of a custom one "Activation": Glorot's
        else {
            std::size_t j = i + 1;
            while (j < specs.size() && among(between, specs[j].kind())) ++j;
            if (j < specs.size() && specs[j].kind() == "Activation") activation = specs[j].text("name");
        }
        if (among(relu_family, activation))
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
    bool has_dense_ = false;
    Index next_id_ = 0;
    Builder builder_;
    std::vector<LayerDescription> descriptions_;
    std::vector<Index> code_columns_;
    std::unique_ptr<Loss<T>> loss_;
    Stack<T> stack_; // last: building it fills the rest
};

} // namespace ravine
