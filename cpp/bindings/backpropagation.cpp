// Gradients of trained networks in prediction mode: of all rows, row by row, and layer by layer.
#include "convert.hpp"

#include "ravine/network/penalised.hpp"
#include "ravine/run/backpropagation.hpp"

namespace ravine::bindings {

namespace {

class Gradients {
public:
    using T = double;

    Gradients(nb::dict network, const Shape& input_shape) : work_(to_spec(network), input_shape) {}

    // (Σ s_i L_i, its gradient)
    nb::tuple of_sum(Vector<T> w, Vector<T> state, Matrix<T> X, Matrix<T> y, std::optional<Vector<T>> s) {
        Buffer<T> g(work_.network().n_parameters());
        const double sum = propagate(w, state, X, y, s, g, nullptr);
        return nb::make_tuple(sum, to_vector<T>(std::move(g)));
    }

    // ∂L_i/∂w of every row, n × parameters; each row goes through the network alone.
    NewArray<T> of_rows(Vector<T> w, Vector<T> state, Matrix<T> X, Matrix<T> y) {
        const Examples<T> all = examples(w, state, X, y, {});
        const Index P = work_.network().n_parameters(), I = work_.network().inputs(),
                    O = work_.network().outputs();
        Buffer<T> g(all.n * P), running(state.data(), state.data() + state.size());
        {
            nb::gil_scoped_release release;
            for (Index i = 0; i < all.n; ++i)
                work_(w.data(), running.data(), {1, all.x + i * I, all.y + i * O}, g.data() + i * P);
        }
        return to_array<T>(std::move(g), {X.shape(0), static_cast<std::size_t>(P)});
    }

    // (Σ s_i L_i, its gradient, outputs and slopes of every layer)
    nb::tuple by_layer(Vector<T> w, Vector<T> state, Matrix<T> X, Matrix<T> y, std::optional<Vector<T>> s) {
        Buffer<T> g(work_.network().n_parameters());
        LayerByLayer<T> seen;
        const double sum = propagate(w, state, X, y, s, g, &seen);
        nb::list outputs, slopes;
        for (Index i = 0; i < work_.n_layers(); ++i) {
            const auto width = static_cast<std::size_t>(work_.outputs_of(i));
            outputs.append(to_array<T>(std::move(seen.outputs[i]), {X.shape(0), width}));
            if (seen.slopes[i].empty())
                slopes.append(nb::none());
            else
                slopes.append(to_array<T>(std::move(seen.slopes[i]), {X.shape(0), width}));
        }
        return nb::make_tuple(sum, to_vector<T>(std::move(g)), outputs, slopes);
    }

    // (Σ_l α_l Ω(w_l), its gradient), with the recipe's penalty or none.
    nb::tuple of_penalty(Vector<T> w, nb::handle penalty) const {
        check(w);
        Buffer<T> g(w.size());
        const Span<const T> weights(w.data(), w.size());
        double sum = 0;
        for (const Penalised& p : penalised_slices(work_.network().parameters(), to_spec(penalty))) {
            sum += p.template add_custom<T>(weights, g);
            sum += p.penalty.template add<T>(weights.subspan(p.offset, p.size),
                                             Span<T>(g).subspan(p.offset, p.size));
        }
        return nb::make_tuple(sum, to_vector<T>(std::move(g)));
    }

private:
    void check(const Vector<T>& w) const {
        require(static_cast<Index>(w.size()) == work_.network().n_parameters(),
                "w does not have the size of the network's parameters.");
    }

    Examples<T> examples(const Vector<T>& w, const Vector<T>& state, const Matrix<T>& X, const Matrix<T>& y,
                         const std::optional<Vector<T>>& s) const {
        const Network<T>& network = work_.network();
        check(w);
        require(static_cast<Index>(state.size()) == network.n_state(),
                "state does not have the size of the network's state.");
        require(static_cast<Index>(X.shape(1)) == network.inputs(),
                "X does not have as many columns as the network has inputs.");
        require(X.shape(0) == y.shape(0), "X and y have different numbers of rows.");
        require(static_cast<Index>(y.shape(1)) == network.outputs(),
                "y does not have as many columns as the network has outputs.");
        require(!s || s->size() == X.shape(0), "X and sample_weight have different numbers of rows.");
        return {static_cast<Index>(X.shape(0)), X.data(), y.data(), s ? s->data() : nullptr};
    }

    double propagate(const Vector<T>& w, const Vector<T>& state, const Matrix<T>& X, const Matrix<T>& y,
                     const std::optional<Vector<T>>& s, Buffer<T>& g, LayerByLayer<T>* seen) {
        const Examples<T> rows = examples(w, state, X, y, s);
        Buffer<T> running(state.data(), state.data() + state.size());
        nb::gil_scoped_release release;
        return work_(w.data(), running.data(), rows, g.data(), seen);
    }

    Backpropagation<T> work_;
};

} // namespace

void bind_backpropagation(nb::module_& m) {
    nb::class_<Gradients>(m, "Gradients64", "Gradients of a network in prediction mode.")
        .def(nb::init<nb::dict, Shape>(), nb::arg("network"), nb::arg("input_shape"))
        .def("of_sum", &Gradients::of_sum, nb::arg("w"), nb::arg("state"), nb::arg("X"), nb::arg("y"),
             nb::arg("sample_weight") = nb::none(), "(Σ s L, its gradient); y has a column per output.")
        .def("of_rows", &Gradients::of_rows, nb::arg("w"), nb::arg("state"), nb::arg("X"), nb::arg("y"),
             "The gradient of every row's loss, n × parameters.")
        .def("by_layer", &Gradients::by_layer, nb::arg("w"), nb::arg("state"), nb::arg("X"), nb::arg("y"),
             nb::arg("sample_weight") = nb::none(),
             "(Σ s L, its gradient, outputs of every layer, slopes of Σ s L there or None).")
        .def("of_penalty", &Gradients::of_penalty, nb::arg("w"), nb::arg("penalty").none(),
             "(the penalty, its gradient) under a recipe's penalty.");
}

} // namespace ravine::bindings
