// Runs and populations. The calling thread waits without the GIL, looks for Ctrl-C and reports progress,
// while worker threads train; they take the GIL only to call the user's own code.
#include "convert.hpp"

#include "ravine/population.hpp"

#include <map>

namespace ravine::bindings {

namespace {

template <class T> Buffer<T> to_buffer(nb::dict from, const char* name) {
    if (!from.contains(name)) return {};
    const auto array = nb::cast<Vector<T>>(from[name]);
    return Buffer<T>(array.data(), array.data() + array.size());
}
template <class V> std::vector<double> to_doubles(nb::dict from, const char* name) {
    const auto array = nb::cast<V>(from[name]);
    return std::vector<double>(array.data(), array.data() + array.size());
}

template <class T> RunState<T> to_state(nb::handle object) {
    RunState<T> state;
    if (object.is_none()) return state;
    nb::dict from = nb::borrow<nb::dict>(object);
    state.w = to_buffer<T>(from, "w");
    state.state = to_buffer<T>(from, "state");
    if (!from.contains("counters")) return state; // a warm start: weights only
    state.slots = to_buffer<T>(from, "slots");
    state.average = to_buffer<T>(from, "average");
    state.best_w = to_buffer<T>(from, "best_w");
    state.best_state = to_buffer<T>(from, "best_state");
    state.schedule = to_doubles<Vector<double>>(from, "schedule");
    state.history = to_doubles<Vector<double>>(from, "history");
    std::array<double, Counters::count> counters;
    const std::vector<double> list = to_doubles<Vector<double>>(from, "counters");
    require(list.size() == counters.size(),
            "A saved run has another number of counters than this version keeps.");
    std::copy(list.begin(), list.end(), counters.begin());
    state.counters = Counters::from_list(counters);
    return state;
}

template <class T> nb::dict from_state(RunState<T> state) {
    nb::dict result;
    const auto counters = state.counters.as_list();
    result["counters"] = to_vector<double>(std::vector<double>(counters.begin(), counters.end()));
    result["w"] = to_vector<T>(std::move(state.w));
    result["state"] = to_vector<T>(std::move(state.state));
    result["slots"] = to_vector<T>(std::move(state.slots));
    result["average"] = to_vector<T>(std::move(state.average));
    result["best_w"] = to_vector<T>(std::move(state.best_w));
    result["best_state"] = to_vector<T>(std::move(state.best_state));
    result["schedule"] = to_vector<double>(std::move(state.schedule));
    result["history"] = to_vector<double>(std::move(state.history));
    return result;
}

template <class T> struct Arrays {
    Matrix<T> X;
    std::vector<Matrix<T>> targets; // runs may have different ones
    std::optional<Vector<T>> s;
    // Runs that were given the same array of row numbers share it here, too.
    struct Shared {
        nb::object array; // kept alive, so that its address stays its own
        std::shared_ptr<const std::vector<Index>> index;
    };
    std::map<const void*, Shared> shared;

    explicit Arrays(nb::tuple from)
        : X(nb::cast<Matrix<T>>(from[0])), targets(nb::cast<std::vector<Matrix<T>>>(from[1])) {
        if (!from[2].is_none()) s = nb::cast<Vector<T>>(from[2]);
        for (const Matrix<T>& y : targets)
            require(y.shape(0) == X.shape(0), "X and y have different numbers of rows.");
        require(!s || s->size() == X.shape(0), "X and sample_weight have different numbers of rows.");
    }
    Rows<T> rows(nb::handle index, std::size_t which) {
        const Matrix<T>& y = targets.at(which);
        Rows<T> result{{X.data(), y.data(), s ? s->data() : nullptr, static_cast<Index>(X.shape(1)),
                        static_cast<Index>(y.shape(1))}};
        const Index n = static_cast<Index>(X.shape(0));
        const auto array = nb::cast<Vector<std::int64_t>>(index);
        auto [entry, is_new] = shared.try_emplace(index.ptr());
        if (is_new) {
            for (std::size_t i = 0; i < array.size(); ++i)
                require(array.data()[i] >= 0 && array.data()[i] < n, "A row index lies outside the data.");
            entry->second = {nb::borrow(index),
                             std::make_shared<std::vector<Index>>(array.data(), array.data() + array.size())};
        }
        result.index = entry->second.index;
        return result;
    }
};

// A population of runs as Python describes it. Python objects that worker threads call are kept alive here
// and are only borrowed by the jobs, which those threads may destroy.
template <class T> class Training {
public:
    Training(nb::list jobs, nb::tuple training, nb::tuple validation)
        : training_(training), validation_(validation) {
        for (nb::handle job : jobs) add(nb::borrow<nb::dict>(job));
    }

    // Returns the outcomes, and what interrupted them (None, or an exception to raise).
    nb::tuple run(Index threads, nb::object poll) {
        Population<T> population(std::move(jobs_));
        population.record_progress(!poll.is_none());
        population.start(threads);
        nb::object interruption = nb::none();
        for (bool done = false; !done;) {
            {
                nb::gil_scoped_release release;
                done = population.wait(std::chrono::milliseconds(40));
            }
            try {
                if (PyErr_CheckSignals() != 0) throw nb::python_error();
                if (!poll.is_none()) report(poll, population.take_progress());
            } catch (nb::python_error& error) {
                interruption = nb::borrow(error.value());
                population.stop();
                break;
            }
        }
        {
            nb::gil_scoped_release release;
            population.join();
        }
        nb::list outcomes;
        for (std::size_t i = 0; i < population.outcomes().size(); ++i)
            outcomes.append(describe(population.outcomes()[i], keep_[i]));
        return nb::make_tuple(outcomes, interruption);
    }

private:
    void add(nb::dict from) {
        Job<T> job;
        job.network = to_spec(from["network"]);
        job.recipe = to_spec(from["recipe"]);
        job.input_shape = nb::cast<Shape>(from["input_shape"]);
        const auto [targets, validation_targets] =
            nb::cast<std::pair<std::size_t, std::size_t>>(from["targets"]);
        job.training = training_.rows(from["rows"], targets);
        job.validation = validation_.rows(from["validation_rows"], validation_targets);
        job.start = to_state<T>(from["start"]);
        if (nb::object update = from["update"]; !update.is_none()) job.own_update = own_update(update);
        if (nb::object augment = from["augment"]; !augment.is_none())
            job.own_augmentation = own_augmentation(augment, job.training.data);
        if (nb::object on_epoch = from["on_epoch"]; !on_epoch.is_none())
            job.on_epoch = epoch_hook(on_epoch, nb::cast<Index>(from["every"]));
        keep_.push_back(nb::cast<bool>(from["keep"]));
        jobs_.push_back(std::move(job));
    }

    nb::handle keep_alive(nb::object object) {
        alive_.push_back(std::move(object));
        return alive_.back();
    }

    // The user's optimizer works on arrays of its own, so that a view it keeps cannot outlive what it shows.
    OwnUpdate<T> own_update(nb::object function) {
        return [call = keep_alive(function)](Span<T> w, Span<T> g, long k, T eta) {
            nb::gil_scoped_acquire gil;
            auto w_array = to_vector<T>(Buffer<T>(w.begin(), w.end()));
            call(w_array, to_vector<T>(Buffer<T>(g.begin(), g.end())), k, static_cast<double>(eta));
            std::copy_n(w_array.data(), w.size(), w.begin());
        };
    }

    OwnAugmentation<T> own_augmentation(nb::object function, const Data<T>& data) {
        return [call = keep_alive(function), data](std::uint64_t epoch) {
            nb::gil_scoped_acquire gil;
            auto [X, y] = nb::cast<std::pair<Matrix<T>, Matrix<T>>>(call(epoch));
            require(static_cast<Index>(X.shape(1)) == data.inputs &&
                        static_cast<Index>(y.shape(1)) == data.K && X.shape(0) == y.shape(0),
                    "An augmentation function must return rows of the shape that it is given.");
            return EpochRows<T>{{X.data(), X.data() + X.size()}, {y.data(), y.data() + y.size()}};
        };
    }

    // Calls function(row of history, snapshot): the snapshot every so many epochs, else None. Truth ends the
    // run.
    std::function<bool(const Run<T>&)> epoch_hook(nb::object function, Index every) {
        return [call = keep_alive(function), every](const Run<T>& run) {
            nb::gil_scoped_acquire gil;
            const RunState<T>& state = run.state();
            const auto width = history_columns.size();
            const double* row = state.history.data() + state.history.size() - width;
            nb::object snapshot = nb::none();
            if (every > 0 && static_cast<Index>(state.counters.epoch) % every == 0) {
                nb::dict arrays = from_state<T>(state);
                Buffer<T> w, running;
                run.result(w, running);
                arrays["result_w"] = to_vector<T>(std::move(w));
                arrays["result_state"] = to_vector<T>(std::move(running));
                snapshot = arrays;
            }
            return !nb::cast<bool>(call(to_vector<double>(std::vector<double>(row, row + width)), snapshot));
        };
    }

    static void report(nb::object poll, const std::vector<Progress>& progress) {
        nb::list rows;
        for (const Progress& p : progress) rows.append(nb::make_tuple(p.run, p.epoch, p.loss, p.val_loss));
        poll(rows);
    }

    static nb::dict describe(Outcome<T>& outcome, bool keep) {
        if (outcome.error) std::rethrow_exception(outcome.error);
        nb::dict result;
        RunState<T>& state = outcome.state;
        result["status"] = name_of(state.status);
        result["best_epoch"] = static_cast<Index>(state.counters.best_epoch);
        result["epoch"] = static_cast<Index>(state.counters.epoch);
        result["step"] = static_cast<Index>(state.counters.k);
        result["diverged_rate"] = state.diverged_rate;
        result["diverged_what"] = state.diverged_what;
        result["history"] = to_vector<double>(state.history);
        result["result_w"] = to_vector<T>(std::move(outcome.w));
        result["result_state"] = to_vector<T>(std::move(outcome.running));
        result["snapshot"] = keep ? nb::object(from_state<T>(std::move(state))) : nb::none();
        return result;
    }

    Arrays<T> training_, validation_;
    std::vector<Job<T>> jobs_;
    std::vector<bool> keep_;
    std::vector<nb::object> alive_;
};

template <class T>
nb::tuple train(nb::list jobs, nb::tuple training, nb::tuple validation, Index threads, nb::object poll) {
    return Training<T>(jobs, training, validation).run(threads, poll);
}

} // namespace

void bind_training(nb::module_& m) {
    nb::list columns;
    for (const char* name : history_columns) columns.append(name);
    m.attr("history_columns") = nb::tuple(columns);
    static constexpr const char* what = "Trains a population; training and validation are (X, list of y, "
                                        "sample_weight or None). Returns (outcomes, what "
                                        "interrupted them or None).";
    m.def("train32", &train<float>, nb::arg("jobs"), nb::arg("training"), nb::arg("validation"),
          nb::arg("threads"), nb::arg("poll") = nb::none(), what);
    m.def("train64", &train<double>, nb::arg("jobs"), nb::arg("training"), nb::arg("validation"),
          nb::arg("threads"), nb::arg("poll") = nb::none(), what);
}

} // namespace ravine::bindings
