// What every layer is: a map from B rows of inputs to B rows of outputs, with its exact derivative.
//
// A layer owns no memory that changes while it trains. Its parameters are a stretch of the network's one
// flat vector, its state (running means) a stretch of the network's state vector, and what its backward
// needs from its forward a stretch of the workspace that the caller owns. The layer holds the offsets.
#pragma once

#include "../numeric/random.hpp"
#include "../spec.hpp"
#include "../team.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

namespace ravine {

using Shape = std::vector<Index>;               // of one row, such as {20} or {28, 28, 1}
using RowWeight = std::function<double(Index)>; // the weight of row i

inline Index size_of(const Shape& shape) {
    return std::accumulate(shape.begin(), shape.end(), Index{1}, std::multiplies<>());
}

enum class Role { weight, bias, normalisation };

// A named range of the flat parameter vector, or of the state vector.
struct Slice {
    std::string name; // such as "dense_1.weight"
    Shape shape;
    Index offset = 0;
    Role role = Role::weight;
    Spec penalty = Spec("recipe"); // "recipe", none or a penalty's spec
    Spec initializer;              // an initializer's spec; none: what suits the activation behind the layer
    double initial = 0;            // the value of a state slice before training
    Index size() const { return size_of(shape); }
};

// Hands out ranges of the flat vectors and of the workspace while a network is being built.
struct Builder {
    std::vector<Slice> parameters, state;
    Index n_parameters = 0, n_state = 0;
    std::string prefix; // of the layer being built, such as "residual_1.dense_1."

    Index add_parameter(const std::string& array, Shape shape, Role role, Spec initializer,
                        Spec penalty = Spec("recipe")) {
        Slice slice{prefix + array, std::move(shape),   n_parameters,
                    role,           std::move(penalty), std::move(initializer)};
        n_parameters += slice.size();
        parameters.push_back(std::move(slice));
        return parameters.back().offset;
    }
    Index add_state(const std::string& array, Shape shape, double initial) {
        Slice slice{prefix + array, std::move(shape), n_state, Role::normalisation, Spec(), Spec(), initial};
        n_state += slice.size();
        state.push_back(std::move(slice));
        return state.back().offset;
    }
};

// predict: nothing random, running statistics. sample: as predict, but dropout and noise act (Monte-Carlo
// dropout). train: dropout and noise act, batch statistics are used.
enum class Mode { predict, sample, train };

// One pass of B rows through the network: where everything is.
template <class T> struct Pass {
    Index B = 0;          // rows
    const T* s = nullptr; // their weights; null: all alike
    Mode mode = Mode::predict;
    const T* w = nullptr;     // all parameters of the network
    T* gradient = nullptr;    // of all parameters; backward writes it when `first`, adds to it otherwise
    bool first = true;        // this is the first (or the only) chunk of rows of its mini-batch
    T* state = nullptr;       // all state of the network; changed in training only
    bool update_state = true; // whether running statistics move (not in gradient checks)
    T* cache = nullptr;       // the workspace
    std::uint64_t seed = 0, epoch = 0, step = 0; // name the random streams of this step
    double epochs_done = 0;                      // with the part of the running one that is over
    double progress = 0;                         // which part of the run's epochs is over, in [0, 1)
    Index row = 0;                               // of the mini-batch, where this chunk starts
    std::uint64_t* kinks =
        nullptr; // where not null, the side of every kink that a row is on is hashed into it

    Team* team = nullptr; // that shares the work of a layer, where not null

    // Calls work(start, size) for stretches that cover 0 to n: one, or for a team one or more a member. How
    // they are cut depends on n alone.
    template <class Work> void share(Index n, const Work& work) const {
        if (!team) return work(Index{0}, n);
        const Index size = std::max<Index>(64, (n / 8 + 31) / 32 * 32);
        team->share((n + size - 1) / size,
                    [&](Index part, Index) { work(part * size, std::min(size, n - part * size)); });
    }
    Stream stream(Purpose purpose, Index layer) const {
        return Stream(seed, purpose, epoch, step, static_cast<std::uint64_t>(layer));
    }
    void mark_kink(bool side) const { *kinks = (*kinks ^ (side ? 0x9Eu : 0x3Bu)) * 0x100000001B3ull; }
};

template <class T> class Layer {
public:
    virtual ~Layer() = default;

    // The shape of a row of output.
    const Shape& output_shape() const { return output_; }
    Index inputs() const { return size_of(input_); }
    Index outputs() const { return size_of(output_); }

    // y = f(x). x is B × inputs, y is B × outputs, row-major; they never overlap.
    virtual void forward(const Pass<T>& pass, const T* x, T* y) const = 0;

    // Given dy = ∂L/∂y, writes dx = ∂L/∂x (=, unless dx is null) and the gradient of its parameters
    // (= when pass.first, else +=). x and y are what forward saw and gave, as far as they are needed.
    virtual void backward(const Pass<T>& pass, const T* x, const T* y, const T* dy, T* dx) const = 0;

    // Whether backward looks at y; the layer behind may overwrite it otherwise.
    virtual bool needs_output() const { return false; }
    // Whether forward may write y over x, and backward dx over dy; backward does without x then.
    virtual bool in_place() const { return false; }

    // Takes its stretch of the workspace, for passes of up to `capacity` rows, from `next` on.
    virtual void plan(Index /*capacity*/, Index& /*next*/) {}

    // Whether the rows of a mini-batch act on one another, so that it cannot be split into chunks.
    virtual bool needs_whole_batch() const { return false; }
    virtual bool has_parameters() const { return false; }
    // The name of the activation that the layer is, if it is one.
    virtual std::string activation() const { return {}; }
    // Whether the first weights of a layer before it suit the activation behind it, as if it were not there.
    virtual bool looked_past() const { return false; }
    // How many of its parameters a row has no use for, and so costs no work for.
    virtual Index idle_parameters() const { return 0; }

protected:
    Layer(Shape input, Shape output) : input_(std::move(input)), output_(std::move(output)) {}
    Shape input_, output_;
};

template <class T> using LayerPtr = std::unique_ptr<Layer<T>>;

// The layer that a spec describes, for rows of a shape; `id` names its random stream. Its kinds are in
// layers.cpp, except for Residual, which a network builds.
template <class T> LayerPtr<T> make_layer(const Spec& spec, const Shape& shape, Builder& builder, Index id);

} // namespace ravine
