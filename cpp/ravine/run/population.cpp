#include "population.hpp"

#include "training.hpp"

namespace ravine {

template <class T>
Population<T>::Population(std::vector<Job<T>> jobs) : jobs_(std::move(jobs)), outcomes_(jobs_.size()) {
    order_.resize(jobs_.size());
    std::iota(order_.begin(), order_.end(), Index{0});
    if (jobs_.size() == 1) return;
    std::vector<double> costs;
    for (const Job<T>& job : jobs_) costs.push_back(cost(job));
    std::stable_sort(order_.begin(), order_.end(), [&](Index a, Index b) { return costs[a] > costs[b]; });
}

template <class T> Population<T>::~Population() {
    stop();
    join();
}

template <class T> void Population<T>::start(Index threads) {
    // With fewer runs than threads, each run gets a team of them.
    working_ = std::clamp<Index>(threads, 1, static_cast<Index>(jobs_.size()));
    team_ = std::max<Index>(1, threads / working_);
    for (Index i = 0, workers = working_; i < workers; ++i) workers_.emplace_back([this] { work(); });
}

template <class T> bool Population<T>::wait(std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, limit, [&] { return working_ == 0 || !finished_.empty(); });
    return working_ == 0;
}

template <class T> std::vector<Index> Population<T>::take_finished() {
    std::lock_guard lock(mutex_);
    return std::exchange(finished_, {});
}

template <class T> void Population<T>::join() {
    for (std::thread& worker : workers_)
        if (worker.joinable()) worker.join();
}

template <class T> std::vector<Progress> Population<T>::take_progress() {
    std::lock_guard lock(mutex_);
    return std::exchange(progress_, {});
}

template <class T> double Population<T>::cost(const Job<T>& job) {
    const Network<T> network(job.network, job.input_shape);
    return static_cast<double>(network.active_parameters()) * static_cast<double>(job.training.size()) *
           job.recipe.number("epochs");
}

template <class T> void Population<T>::work() {
    Workspace<T> workspace;
    for (std::size_t next = next_++; next < order_.size(); next = next_++) {
        const Index i = order_[next];
        if (stop_) {
            outcomes_[i].state = std::move(jobs_[i].start);
            outcomes_[i].state.status = Status::interrupted;
        } else
            run(i, workspace);
        std::lock_guard lock(mutex_);
        finished_.push_back(i);
        changed_.notify_all();
    }
    std::lock_guard lock(mutex_);
    if (--working_ == 0) changed_.notify_all();
}

template <class T> void Population<T>::run(Index i, Workspace<T>& workspace) {
    Job<T>& job = jobs_[i];
    Outcome<T>& outcome = outcomes_[i];
    try {
        const auto on_epoch = std::move(job.on_epoch);
        job.on_epoch = [&](const RunView<T>& run) {
            if (record_progress_) note(i, run.state());
            return !on_epoch || on_epoch(run);
        };
        const CheckStop check_stop = [this] {
            if (stop_.load(std::memory_order_relaxed)) throw Interrupted{};
        };
        Run<T> run(job, workspace, check_stop, team_);
        RunState<T>& state = run.train();
        run.result(outcome.w, outcome.running);
        outcome.state = std::move(state);
        if (!job.keep) forget_arrays(outcome.state);
    } catch (const Interrupted&) { // before the first step
        outcome.state = std::move(job.start);
        outcome.state.status = Status::interrupted;
    } catch (...) {
        outcome.error = std::current_exception();
        stop();
    }
}

template <class T> void Population<T>::note(Index i, const RunState<T>& state) {
    const double* row = state.history.data() + state.history.size() - history_columns.size();
    std::lock_guard lock(mutex_);
    progress_.push_back({i, static_cast<Index>(row[history_column("epoch")]), row[history_column("loss")],
                         row[history_column("val_loss")]});
}

template class Population<float>;
template class Population<double>;

} // namespace ravine
