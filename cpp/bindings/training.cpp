// Runs and populations. The calling thread waits without the GIL while worker threads train; they take it
// only to call custom code.
#include "convert.hpp"

#include "ravine/run/patience.hpp"
#include "ravine/run/population.hpp"

#include <map>

namespace ravine::bindings {

namespace {

// A field of a snapshot from and to Python: an array of numbers; the counters are one, in their order.
template <class T, class Allocator> void read(std::vector<T, Allocator>& field, nb::handle object) {
    const auto array = nb::cast<Vector<T>>(object);
    field.assign(array.data(), array.data() + array.size());
}
void read(Counters& counters, nb::handle object) {
    const auto array = nb::cast<Vector<double>>(object);
    std::size_t count = 0;
    for_each_counter(counters, [&](const char*, double&) { ++count; });
    require(array.size() == count, "A saved run has another number of counters than this version keeps.");
    const double* next = array.data();
    for_each_counter(counters, [&](const char*, double& counter) { counter = *next++; });
}
template <class T, class Allocator> nb::object written(std::vector<T, Allocator>&& field) {
    return nb::cast(to_vector<T>(std::move(field)));
}
nb::object written(Counters&& counters) {
    std::vector<double> list;
    for_each_counter(counters, [&](const char*, double& counter) { list.push_back(counter); });
    return written(std::move(list));
}

// None is a run from scratch; a dictionary without counters holds weights alone.
template <class T> RunState<T> to_state(nb::handle object) {
    RunState<T> state;
    if (object.is_none()) return state;
    nb::dict from = nb::borrow<nb::dict>(object);
    const bool whole = from.contains("counters");
    for_each_field(state, [&](const char* name, auto& field) {
        if (whole || from.contains(name)) read(field, from[name]);
    });
    return state;
}

template <class T> nb::dict from_state(RunState<T> state) {
    nb::dict result;
    for_each_field(state, [&](const char* name, auto& field) { result[name] = written(std::move(field)); });
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
        bool weighted = false;
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
            result.index = entry->second.index;
            entry->second.weighted = result.differ_in_weight();
        }
        result.index = entry->second.index;
        if (!entry->second.weighted) result.data.s = nullptr;
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
        population_ = std::make_unique<Population<T>>(std::move(jobs_));
    }
    ~Training() {
        nb::gil_scoped_release release; // worker threads may be waiting for it
        population_.reset();
    }

    void start(Index threads, bool record_progress) {
        population_->record_progress(record_progress);
        population_->start(threads);
    }

    // Waits for a run to end, at most so long. Returns whether all have ended, which have since the last
    // call, and the epochs (run, epoch, loss, val_loss) that have.
    nb::tuple wait(Index milliseconds) {
        bool done = false;
        {
            nb::gil_scoped_release release;
            done = population_->wait(std::chrono::milliseconds(milliseconds));
        }
        nb::list rows;
        for (const Progress& p : population_->take_progress())
            rows.append(nb::make_tuple(p.run, p.epoch, p.loss, p.val_loss));
        return nb::make_tuple(done, population_->take_finished(), rows);
    }

    // Ends all runs between two chunks of work.
    void stop() {
        nb::gil_scoped_release release;
        population_->stop();
        population_->join();
    }

    // What run i gave; to be asked for once, when the run has ended. Raises what custom code raised.
    nb::dict outcome(std::size_t i) { return describe(population_->outcomes().at(i), keep_.at(i)); }

    // What Python's garbage collector sees: all Python objects that runs call.
    int visit(visitproc visit, void* arg) const {
        for (const nb::object& object : alive_) Py_VISIT(object.ptr());
        return custom_.visit(visit, arg);
    }
    void clear() {
        if (!population_) return;
        stop();
        custom_.clear();
        alive_.clear();
    }

private:
    void add(nb::dict from) {
        Job<T> job;
        Spec& network = networks_[nb::object(from["network"]).ptr()]; // runs of one network share its spec
        if (network.is_none()) custom_.collect(network = to_spec(from["network"]));
        job.network = network;
        custom_.collect(job.recipe = to_spec(from["recipe"]));
        job.input_shape = nb::cast<Shape>(from["input_shape"]);
        const auto [targets, validation_targets] =
            nb::cast<std::pair<std::size_t, std::size_t>>(from["targets"]);
        job.training = training_.rows(from["rows"], targets);
        job.validation = validation_.rows(from["validation_rows"], validation_targets);
        job.start = to_state<T>(from["start"]);
        if (nb::object update = from["update"]; !update.is_none())
            job.update = custom_update<T>(keep_alive(update));
        if (nb::object augment = from["augment"]; !augment.is_none())
            job.augmentation = custom_augmentation(augment, job.training.data);
        if (nb::object on_epoch = from["on_epoch"]; !on_epoch.is_none())
            job.on_epoch =
                epoch_hook(on_epoch, nb::cast<Index>(from["every"]), patience_of(from["patience"]));
        job.divide_by_batch = nb::cast<bool>(from["divide_by_batch"]);
        job.keep = nb::cast<bool>(from["keep"]);
        keep_.push_back(job.keep);
        jobs_.push_back(std::move(job));
    }

    nb::handle keep_alive(nb::object object) {
        alive_.push_back(std::move(object));
        return alive_.back();
    }

    CustomAugmentation<T> custom_augmentation(nb::object function, const Data<T>& data) {
        return [call = keep_alive(function), data](std::uint64_t epoch) {
            nb::gil_scoped_acquire gil;
            auto [X, y] = nb::cast<std::pair<Matrix<T>, Matrix<T>>>(call(epoch));
            require(static_cast<Index>(X.shape(1)) == data.inputs &&
                        static_cast<Index>(y.shape(1)) == data.K && X.shape(0) == y.shape(0),
                    "An augmentation function must return rows of the shape that it is given.");
            return EpochRows<T>{{X.data(), X.data() + X.size()}, {y.data(), y.data() + y.size()}};
        };
    }

    // Calls function(rows of history since the last call, one behind the other; snapshot): the snapshot every
    // so many epochs, else None. It says after how many epochs it wants to be called again, or 0 to end the
    // run; the epochs until then take no lock. With patience, epochs that improve put it off.
    std::function<bool(const RunView<T>&)> epoch_hook(nb::object function, Index every,
                                                      std::optional<Patience> patience) {
        return [call = keep_alive(function), every, patience, unseen = Index{0}, passed = Index{0},
                wanted = Index{1}](const RunView<T>& run) mutable {
            const RunState<T>& state = run.state();
            const double* end = state.history.data() + state.history.size();
            const bool keep = every > 0 && static_cast<Index>(state.counters.epoch) % every == 0;
            ++unseen, ++passed;
            if (patience && patience->improves(end - history_columns.size()))
                passed = 0, wanted = patience->epochs;
            if (passed < wanted && !keep) return true;
            nb::gil_scoped_acquire gil;
            nb::object snapshot = nb::none();
            if (keep) {
                Buffer<T> w, running;
                run.result(w, running);
                snapshot = with_result(from_state<T>(state), std::move(w), std::move(running));
            }
            const double* first = end - std::exchange(unseen, 0) * history_columns.size();
            passed = 0;
            wanted = nb::cast<Index>(call(to_vector<double>(std::vector<double>(first, end)), snapshot));
            return wanted > 0;
        };
    }

    static nb::dict with_result(nb::dict arrays, Buffer<T> w, Buffer<T> running) {
        arrays["result_w"] = to_vector<T>(std::move(w));
        arrays["result_state"] = to_vector<T>(std::move(running));
        return arrays;
    }

    static std::optional<Patience> patience_of(nb::handle from) {
        if (from.is_none()) return {};
        const auto field = [&](const char* name) { return nb::cast<double>(from[name]); };
        return Patience{field("tol"),      field("of_loss"), field("of_penalty"),
                        field("constant"), field("best"),    nb::cast<Index>(from["epochs"])};
    }

    static nb::dict describe(Outcome<T>& outcome, bool keep) {
        // Kept no longer than it is needed: its traceback knows whoever asks for it.
        if (outcome.error) std::rethrow_exception(std::exchange(outcome.error, nullptr));
        RunState<T>& state = outcome.state;
        nb::dict result = with_result({}, std::move(outcome.w), std::move(outcome.running));
        result["status"] = name_of(state.status);
        result["best_epoch"] = static_cast<Index>(state.counters.best_epoch);
        result["epoch"] = static_cast<Index>(state.counters.epoch);
        result["step"] = static_cast<Index>(state.counters.k);
        result["diverged_rate"] = state.diverged_rate;
        result["diverged_what"] = state.diverged_what;
        result["history"] = to_vector<double>(state.history);
        if (!keep) result["slots"] = to_vector<T>(std::move(state.slots));
        result["snapshot"] = keep ? nb::object(from_state<T>(std::move(state))) : nb::none();
        return result;
    }

    Arrays<T> training_, validation_;
    std::map<const void*, Spec> networks_;
    CustomParts custom_;
    std::vector<Job<T>> jobs_;
    std::vector<bool> keep_;
    std::vector<nb::object> alive_;
    std::unique_ptr<Population<T>> population_;
};

template <class T> void bind(nb::module_& m, const char* name) {
    using Self = Training<T>;
    nb::class_<Self>(m, name,
                     "Runs over the cores; training and validation are (X, list of y, weights or None).",
                     nb::type_slots(collected<Self>))
        .def(nb::init<nb::list, nb::tuple, nb::tuple>(), nb::arg("jobs"), nb::arg("training"),
             nb::arg("validation"))
        .def("start", &Self::start, nb::arg("threads"), nb::arg("record_progress"))
        .def("wait", &Self::wait, nb::arg("milliseconds"),
             "(all ended?, runs ended since, epochs ended since) after a run has ended or the time is over.")
        .def("stop", &Self::stop, "End all runs at a step boundary.")
        .def("outcome", &Self::outcome, nb::arg("run"), "What a run that has ended gave; once.");
}

} // namespace

void bind_training(nb::module_& m) {
    nb::list columns;
    for (std::string_view name : history_columns) columns.append(nb::str(name.data(), name.size()));
    m.attr("history_columns") = nb::tuple(columns);
    RunState<float> state;
    nb::list fields, doubles, counters;
    for_each_field(state, [&](const char* name, auto& field) {
        fields.append(name);
        if constexpr (!std::is_same_v<std::remove_reference_t<decltype(field)>, Buffer<float>>)
            doubles.append(name);
    });
    for_each_counter(state.counters, [&](const char* name, double&) { counters.append(name); });
    m.attr("snapshot_fields") = nb::tuple(fields);
    m.attr("snapshot_doubles") = nb::tuple(doubles); // the fields in double, whatever the run's precision
    m.attr("snapshot_counters") = nb::tuple(counters);
    bind<float>(m, "Population32");
    bind<double>(m, "Population64");
}

} // namespace ravine::bindings
