// Networks: what they consist of, predictions, scores, and the objective with its gradient.
#include "convert.hpp"

#include "ravine/data/augmentation.hpp"
#include "ravine/data/synthesize.hpp"
#include "ravine/run/full_batch.hpp"
#include "ravine/run/scoring.hpp"

#include <atomic>
#include <mutex>
#include <numeric>
#include <thread>

namespace ravine::bindings {

namespace {

// A lock that tells a custom part which calls the network that is calling it, instead of waiting for itself.
class Turns {
public:
    void lock() {
        require(owner_ != std::this_thread::get_id(),
                "A custom part cannot call the model that is calling it.");
        mutex_.lock();
        owner_ = std::this_thread::get_id();
    }
    void unlock() {
        owner_ = std::thread::id();
        mutex_.unlock();
    }

private:
    std::mutex mutex_;
    std::atomic<std::thread::id> owner_;
};
template <class T> void check_sizes(const Network<T>& network, const Vector<T>& w, const Vector<T>& state) {
    require(static_cast<Index>(w.size()) == network.n_parameters(),
            "w does not have the size of the network's parameters.");
    require(static_cast<Index>(state.size()) == network.n_state(),
            "state does not have the size of the network's state.");
}

// A network and a workspace of its own; calls from several threads take turns.
template <class T> struct Handle {
    Network<T> network;
    Workspace<T> workspace;
    Turns mutex;
    CustomParts custom;

    Handle(nb::dict spec, Shape input_shape, double dropout)
        : Handle(to_spec(spec), std::move(input_shape), dropout) {}
    Handle(const Spec& spec, Shape input_shape, double dropout)
        : network(spec, input_shape, dropout), custom(spec) {}
    int visit(visitproc visit, void* arg) const { return custom.visit(visit, arg); }
    void clear() { custom.clear(); }

    void check(const Vector<T>& w, const Vector<T>& state, const Matrix<T>& X) const {
        check_sizes(network, w, state);
        require(static_cast<Index>(X.shape(1)) == network.inputs(),
                "X does not have as many columns as the network has inputs.");
    }
};

template <class T>
Rows<T> all_rows(const Network<T>& network, const Matrix<T>& X, const Matrix<T>& y,
                 const std::optional<Vector<T>>& s) {
    const Index K = static_cast<Index>(y.shape(1)), O = network.outputs();
    require(y.shape(0) == X.shape(0), "X and y have different numbers of rows.");
    require(!s || s->size() == X.shape(0), "X and sample_weight have different numbers of rows.");
    require(K == O || K == 1, "y does not have as many columns as the network has outputs.");
    if (K != O)
        for (std::size_t i = 0; i < y.shape(0); ++i)
            require(y.data()[i] >= 0 && y.data()[i] < T(O),
                    "A class code lies outside the network's outputs.");
    Rows<T> result{{X.data(), y.data(), s ? s->data() : nullptr, static_cast<Index>(X.shape(1)), K}};
    std::vector<Index> all(X.shape(0));
    std::iota(all.begin(), all.end(), Index{0});
    result.index = std::make_shared<const std::vector<Index>>(std::move(all));
    if (!result.differ_in_weight()) result.data.s = nullptr;
    return result;
}

nb::list describe(const std::vector<Slice>& slices) {
    static constexpr const char* roles[] = {"weight", "bias", "normalisation"};
    nb::list result;
    for (const Slice& slice : slices) {
        nb::dict entry;
        entry["name"] = slice.name;
        entry["layer"] = slice.name.substr(0, slice.name.rfind('.'));
        entry["shape"] = nb::tuple(nb::cast(slice.shape));
        entry["offset"] = slice.offset;
        entry["size"] = slice.size();
        entry["role"] = roles[static_cast<int>(slice.role)];
        result.append(entry);
    }
    return result;
}

template <class T> nb::list describe_layers(const Handle<T>& self) {
    nb::list result;
    for (const LayerDescription& layer : self.network.layers()) {
        nb::dict entry;
        entry["name"] = layer.name;
        entry["kind"] = layer.kind;
        entry["output_shape"] = nb::tuple(nb::cast(layer.output_shape));
        entry["n_parameters"] = layer.n_parameters;
        entry["is_custom"] = layer.is_custom;
        result.append(entry);
    }
    return result;
}

template <class T>
NewArray<T> predict(Handle<T>& self, Vector<T> w, Vector<T> state, Matrix<T> X, bool raw,
                    std::optional<std::uint64_t> seed, std::uint64_t draw) {
    self.check(w, state, X);
    const std::size_t n = X.shape(0), O = static_cast<std::size_t>(self.network.outputs());
    Buffer<T> out(n * O);
    {
        nb::gil_scoped_release release;
        std::lock_guard lock(self.mutex);
        Buffer<T> running(state.data(), state.data() + state.size());
        ravine::predict(self.network, w.data(), running.data(), static_cast<Index>(n), X.data(), raw,
                        seed ? Mode::sample : Mode::predict, seed.value_or(0), draw, out.data(),
                        self.workspace, [] {});
    }
    return to_array<T>(std::move(out), {n, O});
}

template <class T> nb::dict describe_scores(const Handle<T>& self, const Scores& scores) {
    nb::dict result;
    result["loss"] = scores.loss;
    if (self.network.loss().classifies())
        result["accuracy"] = scores.accuracy;
    else {
        result["r2"] = scores.r2;
        result["rmse"] = scores.rmse;
    }
    return result;
}

template <class T>
nb::dict evaluate(Handle<T>& self, Vector<T> w, Vector<T> state, Matrix<T> X, Matrix<T> y,
                  std::optional<Vector<T>> s) {
    self.check(w, state, X);
    const Rows<T> rows = all_rows(self.network, X, y, s);
    Scores scores;
    {
        nb::gil_scoped_release release;
        std::lock_guard lock(self.mutex);
        Buffer<T> running(state.data(), state.data() + state.size());
        scores = score(self.network, w.data(), running.data(), rows, self.workspace, [] {});
    }
    return describe_scores(self, scores);
}

// The scores of outputs (before the link) that are there already.
template <class T>
nb::dict score_outputs(Handle<T>& self, Matrix<T> z, Matrix<T> y, std::optional<Vector<T>> s) {
    require(static_cast<Index>(z.shape(1)) == self.network.outputs(),
            "z does not have as many columns as the network has outputs.");
    const Rows<T> rows = all_rows(self.network, z, y, s);
    Scores scores;
    {
        nb::gil_scoped_release release;
        scores = score_outputs(self.network, rows.size(), rows.data.K, z.data(), y.data(), rows.data.s);
    }
    return describe_scores(self, scores);
}

// The objective of rows, which are kept alive here.
template <class T> class RowsObjective {
public:
    RowsObjective(nb::dict network, const Shape& input_shape, nb::dict recipe, Matrix<T> X, Matrix<T> y,
                  std::optional<Vector<T>> s)
        : X_(X), y_(y), s_(s), batch_(to_spec(network), input_shape, to_spec(recipe),
                                      rows_of(Network<T>(to_spec(network), input_shape))) {}

    nb::tuple call(Vector<T> w, Vector<T> state, bool gradient) {
        check_sizes(batch_.network(), w, state);
        Buffer<T> g(w.size());
        std::uint64_t kinks = 0xcbf29ce484222325ull;
        {
            nb::gil_scoped_release release;
            batch_({w.data(), w.size()}, g, {state.data(), state.size()}, gradient, kinks);
        }
        return nb::make_tuple(batch_.loss(), batch_.penalty(),
                              gradient ? nb::cast(to_vector<T>(std::move(g))) : nb::none(), kinks);
    }
    Index parts() const { return batch_.parts(); }
    Index chunk() const { return batch_.chunk(); }

private:
    Rows<T> rows_of(const Network<T>& network) const {
        require(static_cast<Index>(X_.shape(1)) == network.inputs(),
                "X does not have as many columns as the network has inputs.");
        return all_rows(network, X_, y_, s_);
    }

    Matrix<T> X_, y_;
    std::optional<Vector<T>> s_;
    FullBatch<T> batch_;
};

template <class T> void bind_objective(nb::module_& m, const char* name) {
    using Self = RowsObjective<T>;
    nb::class_<Self>(m, name, "The training objective of some rows in one mini-batch.")
        .def(nb::init<nb::dict, Shape, nb::dict, Matrix<T>, Matrix<T>, std::optional<Vector<T>>>(),
             nb::arg("network"), nb::arg("input_shape"), nb::arg("recipe"), nb::arg("X"), nb::arg("y"),
             nb::arg("sample_weight") = nb::none())
        .def("__call__", &Self::call, nb::arg("w"), nb::arg("state"), nb::arg("gradient") = true,
             "(loss, penalty, gradient or None, a hash of the side of every kink that was met).")
        .def_prop_ro("parts", &Self::parts, "How many parts the mini-batch is cut into.")
        .def_prop_ro("chunk", &Self::chunk, "How many rows go through the network at a time.");
}

template <class T> void bind(nb::module_& m, const char* name) {
    using Self = Handle<T>;
    nb::class_<Self>(m, name, "A network over one flat parameter vector.", nb::type_slots(collected<Self>))
        .def(nb::init<nb::dict, Shape, double>(), nb::arg("spec"), nb::arg("input_shape"),
             nb::arg("dropout") = 0.0)
        .def_prop_ro("n_parameters", [](const Self& self) { return self.network.n_parameters(); })
        .def_prop_ro("n_state", [](const Self& self) { return self.network.n_state(); })
        .def_prop_ro("n_outputs", [](const Self& self) { return self.network.outputs(); })
        .def_prop_ro("classifies", [](const Self& self) { return self.network.loss().classifies(); })
        .def_prop_ro("needs_whole_batch", [](const Self& self) { return self.network.needs_whole_batch(); })
        .def_prop_ro("code_columns", [](const Self& self) { return self.network.code_columns(); })
        .def_prop_ro("centred_columns", [](const Self& self) { return self.network.centred_columns(); })
        .def_prop_ro("layout", [](const Self& self) { return describe(self.network.parameters()); })
        .def_prop_ro("state_layout", [](const Self& self) { return describe(self.network.state()); })
        .def_prop_ro("layers", &describe_layers<T>)
        .def(
            "initialise",
            [](const Self& self, std::uint64_t seed) {
                Buffer<T> w(self.network.n_parameters());
                self.network.initialise(seed, w.data());
                return to_vector<T>(std::move(w));
            },
            nb::arg("seed"), "New parameters.")
        .def(
            "initial_state",
            [](const Self& self, std::optional<Matrix<T>> X, std::optional<Vector<T>> s) {
                Buffer<T> state(self.network.n_state());
                self.network.initial_state(state.data());
                if (X) {
                    require(static_cast<Index>(X->shape(1)) == self.network.inputs(),
                            "X does not have as many columns as the network has inputs.");
                    require(!s || s->size() == X->shape(0),
                            "X and sample_weight have different numbers of rows.");
                    self.network.fit(
                        static_cast<Index>(X->shape(0)),
                        [&](Index i) { return X->data() + i * self.network.inputs(); },
                        [&](Index i) { return s ? static_cast<double>(s->data()[i]) : 1.0; }, state.data());
                }
                return to_vector<T>(std::move(state));
            },
            nb::arg("X") = nb::none(), nb::arg("sample_weight") = nb::none(),
            "New state; from X, what a first Normalize layer learns.")
        .def("predict", &predict<T>, nb::arg("w"), nb::arg("state"), nb::arg("X"), nb::arg("raw") = false,
             nb::arg("seed") = nb::none(), nb::arg("draw") = 0,
             "Responses (raw: outputs) of the rows of X; with a seed, dropout acts.")
        .def("evaluate", &evaluate<T>, nb::arg("w"), nb::arg("state"), nb::arg("X"), nb::arg("y"),
             nb::arg("sample_weight") = nb::none(), "Loss and metrics in prediction mode.")
        .def("score_outputs", &score_outputs<T>, nb::arg("z"), nb::arg("y"),
             nb::arg("sample_weight") = nb::none(), "Loss and metrics of outputs, before the link.");
}

// The rows of an epoch as the augmentation makes them of one mini-batch; y is n × K targets (one-hot for
// classes), s their weights. `training`: the rows that relative noise takes its unit from, and
// `training_weight` their weights; none: those of X.
template <class T>
nb::tuple augment(nb::list specs, Shape row_shape, std::vector<Index> code_columns, Matrix<T> X, Matrix<T> y,
                  std::uint64_t seed, std::uint64_t epoch, std::optional<Matrix<T>> training,
                  std::optional<Vector<T>> s, std::optional<Vector<T>> training_weight) {
    const Index n = static_cast<Index>(X.shape(0)), I = static_cast<Index>(X.shape(1)),
                K = static_cast<Index>(y.shape(1));
    require(y.shape(0) == X.shape(0), "X and y have different numbers of rows.");
    require(size_of(row_shape) == I, "row_shape does not match the columns of X.");
    require(!s || s->size() == X.shape(0), "X and sample_weight have different numbers of rows.");
    Augmenter<T> augmenter(to_spec(specs).list(), row_shape, code_columns);
    const Matrix<T>& known = training ? *training : X;
    require(static_cast<Index>(known.shape(1)) == I, "X and the training rows have different columns.");
    const std::optional<Vector<T>>& known_weight = training ? training_weight : s;
    require(!known_weight || known_weight->size() == known.shape(0),
            "The training rows and their weights have different numbers of rows.");
    augmenter.fit(
        static_cast<Index>(known.shape(0)), [&](Index i) { return known.data() + i * I; },
        [&](Index i) { return known_weight ? static_cast<double>(known_weight->data()[i]) : 1.0; });
    Buffer<T> x(X.data(), X.data() + X.size()), targets(y.data(), y.data() + y.size()), weights;
    if (s) weights.assign(s->data(), s->data() + s->size());
    Buffer<T> scratch(augmenter.scratch_size(n));
    std::vector<Index> rows(n);
    std::iota(rows.begin(), rows.end(), Index{0});
    if (!augmenter.empty())
        augmenter.apply(n, K, x.data(), targets.data(), s ? weights.data() : nullptr, rows.data(),
                        scratch.data(), seed, epoch, 0);
    return nb::make_tuple(to_array<T>(std::move(x), {X.shape(0), X.shape(1)}),
                          to_array<T>(std::move(targets), {y.shape(0), y.shape(1)}),
                          s ? nb::cast(to_vector<T>(std::move(weights))) : nb::none());
}

// The rows that Synthesize adds in an epoch to n training rows; y is n × K targets, with `classes` above 0
// class codes (K = 1) or one-hot; s are their weights.
template <class T>
nb::tuple synthesize(nb::dict spec, std::vector<Index> code_columns, Matrix<T> X, Matrix<T> y, Index classes,
                     std::uint64_t seed, std::uint64_t epoch, std::optional<Vector<T>> s) {
    require(y.shape(0) == X.shape(0), "X and y have different numbers of rows.");
    require(!s || s->size() == X.shape(0), "X and sample_weight have different numbers of rows.");
    const Index n = static_cast<Index>(X.shape(0)), I = static_cast<Index>(X.shape(1)),
                K = static_cast<Index>(y.shape(1));
    Synthesizer<T> synthesizer(to_spec(spec), std::move(code_columns));
    nb::gil_scoped_release release;
    synthesizer.fit(
        n, I, K, [&](Index i) { return X.data() + i * I; }, [&](Index i) { return y.data() + i * K; },
        classes, [] {},
        s ? RowWeight([&](Index i) { return static_cast<double>(s->data()[i]); }) : RowWeight{});
    Buffer<T> x(synthesizer.count() * I), targets(synthesizer.count() * K), weights;
    synthesizer.sample(seed, epoch, x.data(), targets.data());
    if (s)
        for (const double weight : synthesizer.weights()) weights.push_back(static_cast<T>(weight));
    const auto made = static_cast<std::size_t>(synthesizer.count());
    nb::gil_scoped_acquire acquire;
    return nb::make_tuple(to_array<T>(std::move(x), {made, X.shape(1)}),
                          to_array<T>(std::move(targets), {made, y.shape(1)}),
                          s ? nb::cast(to_vector<T>(std::move(weights))) : nb::none());
}

template <class T>
void bind_augmentation(nb::module_& m, const char* augment_name, const char* synthesize_name) {
    m.def(augment_name, &augment<T>, nb::arg("specs"), nb::arg("row_shape"), nb::arg("code_columns"),
          nb::arg("X"), nb::arg("y"), nb::arg("seed"), nb::arg("epoch"), nb::arg("training") = nb::none(),
          nb::arg("sample_weight") = nb::none(), nb::arg("training_weight") = nb::none(),
          "(X, y, weights or None) as one augmented mini-batch.");
    m.def(synthesize_name, &synthesize<T>, nb::arg("spec"), nb::arg("code_columns"), nb::arg("X"),
          nb::arg("y"), nb::arg("classes"), nb::arg("seed"), nb::arg("epoch"),
          nb::arg("sample_weight") = nb::none(), "(X, y, weights or None) that Synthesize adds in an epoch.");
}

} // namespace

void bind_network(nb::module_& m) {
    bind<float>(m, "Network32");
    bind<double>(m, "Network64");
    bind_objective<float>(m, "Objective32");
    bind_objective<double>(m, "Objective64");
    bind_augmentation<float>(m, "augment32", "synthesize32");
    bind_augmentation<double>(m, "augment64", "synthesize64");
}

} // namespace ravine::bindings
