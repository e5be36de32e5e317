// Optimizers on a function of the user's, for minimize; schedules as numbers.
#include "convert.hpp"

#include "ravine/run/named_state.hpp"

namespace ravine::bindings {

namespace {

template <class T> class Minimizer {
public:
    Minimizer(nb::dict spec, Index n, Index steps)
        : optimizer_(
              make_optimizer<T>(to_spec(spec), {static_cast<double>(steps), static_cast<double>(steps)})),
          n_(n), state_(optimizer_->state_size(n)), gradient_(n) {
        optimizer_->init(n, state_);
        memory_ = optimizer_->learning_rate.initial_memory();
    }

    // One step. `evaluate(w)` gives (value, gradient). Returns (value and learning rate at the start of the
    // step, whether the rule moved).
    nb::tuple update(WritableVector<T> w, nb::callable evaluate, long k) {
        require(static_cast<Index>(w.size()) == n_, "w has not the size that the optimizer was made for.");
        const Evaluate<T> call = [&](Span<const T> at, Span<T> g) {
            nb::object result = evaluate(to_vector<T>(std::vector<T>(at.begin(), at.end())));
            auto [value, gradient] = nb::cast<std::pair<double, Vector<T>>>(result);
            require(static_cast<Index>(gradient.size()) == n_, "The gradient has not the size of w.");
            std::copy_n(gradient.data(), n_, g.begin());
            return value;
        };
        Now<T> now;
        now.k = k;
        now.time = {static_cast<double>(k - 1), static_cast<double>(k - 1)};
        now.eta = static_cast<T>(optimizer_->learning_rate.at(now.time, memory_));
        now.evaluate = &call;
        const Span<T> view(w.data(), n_);
        now.value = call(view, gradient_);
        for (T& value : view) value *= 1 - now.eta * static_cast<T>(optimizer_->weight_decay);
        const bool moved = optimizer_->update(view, gradient_, state_, now);
        optimizer_->learning_rate.observe({.loss = now.value}, now.time, memory_);
        return nb::make_tuple(now.value, static_cast<double>(now.eta), moved);
    }

private:
    OptimizerPtr<T> optimizer_;
    Index n_;
    std::vector<T> state_, gradient_;
    std::vector<double> memory_;
};

// The state of a run's optimizer, as arrays with names and as it lies in a snapshot.
template <class T> nb::dict by_name(nb::dict spec, Index n, Vector<T> slots) {
    const OptimizerPtr<T> rule = make_optimizer<T>(to_spec(spec));
    auto arrays = NamedState<T>(*rule, n).by_name(Span<const T>(slots.data(), slots.size()));
    nb::dict result;
    for (const Slot& slot : rule->slots())
        if (slot.kind == Slot::list)
            result[slot.name] =
                to_array<T>(std::move(arrays[slot.name]), {std::size_t(slot.vectors), std::size_t(n)});
        else if (slot.kind == Slot::vector)
            result[slot.name] = to_vector<T>(std::move(arrays[slot.name]));
    if (rule->n_numbers() > 0) result[numbers_name] = to_vector<T>(std::move(arrays[numbers_name]));
    return result;
}
template <class T> nb::object from_names(nb::dict spec, Index n, nb::dict arrays) {
    const OptimizerPtr<T> rule = make_optimizer<T>(to_spec(spec));
    typename NamedState<T>::Arrays named;
    for (auto [name, object] : arrays) {
        const auto array = nb::cast<Vector<T>>(object);
        named[nb::cast<std::string>(name)] = Buffer<T>(array.data(), array.data() + array.size());
    }
    return nb::cast(to_vector<T>(NamedState<T>(*rule, n).from_names(named)));
}

template <class T> void bind(nb::module_& m, const char* name) {
    nb::class_<Minimizer<T>>(m, name,
                             "An optimizer and its state, for n parameters and a run of so many steps.")
        .def(nb::init<nb::dict, Index, Index>(), nb::arg("spec"), nb::arg("n"), nb::arg("steps"))
        .def("update", &Minimizer<T>::update, nb::arg("w").noconvert(), nb::arg("evaluate"), nb::arg("k"),
             "Step k, in place: returns (value at w before it, learning rate, whether the rule moved).")
        .def_static("by_name", &by_name<T>, nb::arg("spec"), nb::arg("n"), nb::arg("slots"),
                    "The state of n parameters in a snapshot, as arrays with names.")
        .def_static("from_names", &from_names<T>, nb::arg("spec"), nb::arg("n"), nb::arg("arrays"),
                    "The state that by_name shows.");
}

} // namespace

void bind_optimizers(nb::module_& m) {
    bind<float>(m, "Optimizer32");
    bind<double>(m, "Optimizer64");
    m.def(
        "schedule_value",
        [](nb::object spec, double epoch, double step, double epochs, double steps) {
            const Schedule schedule(to_spec(spec), {epochs, steps});
            return schedule.at({epoch, step}, schedule.initial_memory());
        },
        nb::arg("spec"), nb::arg("epoch"), nb::arg("step"), nb::arg("epochs"), nb::arg("steps"),
        "A schedule's value at a time, in a run of so many epochs and steps.");
}

} // namespace ravine::bindings
