// Optimizers on the user's function, for minimize; schedules as numbers.
#include "convert.hpp"

#include "ravine/run/named_state.hpp"
#include "ravine/run/update.hpp"

namespace ravine::bindings {

namespace {

// Training's step, on the user's function: a run without a network.
template <class T> class Minimizer {
public:
    Minimizer(nb::dict spec, Index n, Index steps, nb::object update)
        : custom_(std::move(update)),
          optimizer_(
              make_optimizer<T>(to_spec(spec), {static_cast<double>(steps), static_cast<double>(steps)})),
          cut_(n, n, 1, false, true),
          update_(*optimizer_, cut_, {whole(n)}, {}, {},
                  custom_.is_none() ? CustomUpdate<T>() : custom_update<T>(custom_), team_),
          gradient_(n) {
        state_.w.resize(n);
        update_.start(state_);
    }

    // One step. `evaluate(w)` gives (value, gradient). Returns (value and learning rate at the start of the
    // step, whether the rule moved).
    nb::tuple step(WritableVector<T> w, nb::callable evaluate) {
        require(w.size() == state_.w.size(), "w does not have the size that the optimizer was made for.");
        const Evaluate<T> call = [&](Span<const T> at, Span<T> g) {
            nb::object result = evaluate(to_vector<T>(std::vector<T>(at.begin(), at.end())));
            auto [value, gradient] = nb::cast<std::pair<double, Vector<T>>>(result);
            require(gradient.size() == g.size(), "The gradient does not have the size of w.");
            std::copy_n(gradient.data(), g.size(), g.begin());
            return value;
        };
        std::copy_n(w.data(), w.size(), state_.w.begin());
        Now<T> now;
        now.k = static_cast<long>(state_.counters.k) + 1;
        now.time = {state_.counters.k, state_.counters.k};
        now.eta = static_cast<T>(update_.rate(state_, now.time));
        now.evaluate = &call;
        now.value = call(state_.w, gradient_);
        const bool moved = update_(state_, gradient_, 0, now); // nothing asks for the norm
        optimizer_->learning_rate.observe({.loss = now.value}, now.time, state_.schedule);
        state_.counters.k += 1;
        std::copy(state_.w.begin(), state_.w.end(), w.data());
        return nb::make_tuple(now.value, static_cast<double>(now.eta), moved);
    }

private:
    // x as the one parameter, on which weight decay acts.
    static Slice whole(Index n) {
        Slice slice;
        slice.name = "x", slice.shape = {n};
        return slice;
    }

    nb::object custom_;
    OptimizerPtr<T> optimizer_;
    Cut cut_;
    Team team_{1};
    Update<T> update_;
    Buffer<T> gradient_;
    RunState<T> state_;
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
        .def(nb::init<nb::dict, Index, Index, nb::object>(), nb::arg("spec"), nb::arg("n"), nb::arg("steps"),
             nb::arg("update") = nb::none(),
             "`update`: a custom rule in place of the described one, whose rate and decay it keeps.")
        .def("step", &Minimizer<T>::step, nb::arg("w").noconvert(), nb::arg("evaluate"),
             "One step, in place: returns (value at w before it, learning rate, whether the rule moved).")
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
