// The registry of layers: one line and one file per kind.
#include "../registry.hpp"
#include "activation.hpp"
#include "batch_norm.hpp"
#include "custom.hpp"
#include "dense.hpp"
#include "dropout.hpp"
#include "embedding.hpp"
#include "flatten.hpp"
#include "gaussian_noise.hpp"
#include "layer_norm.hpp"
#include "normalize.hpp"
#include "periodic.hpp"
#include "piecewise_linear.hpp"
#include "scale.hpp"

namespace ravine {

namespace {

template <class L, class T>
LayerPtr<T> make(const Spec& spec, const Shape& shape, Builder& builder, Index id) {
    return std::make_unique<L>(spec, shape, builder, id);
}

} // namespace

template <class T> LayerPtr<T> make_layer(const Spec& spec, const Shape& shape, Builder& builder, Index id) {
    using Maker = LayerPtr<T>(const Spec&, const Shape&, Builder&, Index);
    static const Registry<Maker> registry = {
        {"Normalize", make<Normalize<T>, T>},
        {"Dense", make<Dense<T>, T>},
        {"Activation", make<Activation<T>, T>},
        {"BatchNorm", make<BatchNorm<T>, T>},
        {"LayerNorm", make<LayerNorm<T>, T>},
        {"Dropout", make<Dropout<T>, T>},
        {"GaussianNoise", make<GaussianNoise<T>, T>},
        {"Embedding", make<Embedding<T>, T>},
        {"PiecewiseLinear", make<PiecewiseLinear<T>, T>},
        {"Periodic", make<Periodic<T>, T>},
        {"Scale", make<Scale<T>, T>},
        {"Flatten", make<Flatten<T>, T>},
        {"Custom", make<Custom<T>, T>},
    };
    return registry.make("layer", spec.kind(), spec, shape, builder, id);
}

template LayerPtr<float> make_layer(const Spec&, const Shape&, Builder&, Index);
template LayerPtr<double> make_layer(const Spec&, const Shape&, Builder&, Index);

} // namespace ravine
