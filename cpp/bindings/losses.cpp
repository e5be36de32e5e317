// Losses of outputs, without a network.
#include "convert.hpp"

#include "ravine/losses/loss.hpp"

namespace ravine::bindings {

namespace {

// The mean loss of n rows of outputs z, before the link; y holds class codes (one column) or a number per
// output.
template <class T> double mean_loss(nb::dict spec, Matrix<T> z, Matrix<T> y, std::optional<Vector<T>> s) {
    const Index n = static_cast<Index>(z.shape(0)), O = static_cast<Index>(z.shape(1)),
                K = static_cast<Index>(y.shape(1));
    require(n > 0 && O > 0, "z has no rows or no columns.");
    require(y.shape(0) == z.shape(0), "z and y have different numbers of rows.");
    require(!s || s->size() == z.shape(0), "z and sample_weight have different numbers of rows.");
    require(K == O || K == 1, "y does not have as many columns as z.");
    Buffer<T> targets(n * O);
    double weight = 0;
    for (Index i = 0; i < n; ++i) {
        const T* y_i = y.data() + i * K;
        require(K == O || (*y_i >= 0 && *y_i < T(O)), "A class code lies outside the outputs.");
        expand_target(y_i, K, O, targets.data() + i * O);
        weight += s ? static_cast<double>(s->data()[i]) : 1.0;
    }
    const T* weights = s ? s->data() : nullptr;
    return make_loss<T>(to_spec(spec))->value(n, O, z.data(), targets.data(), weights, nullptr, T(0)) /
           weight;
}

template <class T> void bind(nb::module_& m) {
    m.def("mean_loss", &mean_loss<T>, nb::arg("loss"), nb::arg("z"), nb::arg("y"),
          nb::arg("sample_weight") = nb::none(), "The mean loss of outputs, before the link.");
}

} // namespace

void bind_losses(nb::module_& m) {
    bind<float>(m);
    bind<double>(m);
}

} // namespace ravine::bindings
