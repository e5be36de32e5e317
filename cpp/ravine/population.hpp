// Many runs over the cores: a queue, the longest run first. One run is a population of one. What a run gives
// does not depend on the others, on the number of threads or on the order.
#pragma once

#include "training.hpp"

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

namespace ravine {

// What a run leaves behind.
template <class T> struct Outcome {
    RunState<T> state;        // as at the last step boundary, to resume from
    Buffer<T> w, running;     // the result: parameters and state
    std::exception_ptr error; // a defect, or an error raised by the user's own code
};

// How far a run is; read while it trains.
struct Progress {
    Index run = 0, epoch = 0;
    double loss = 0, val_loss = 0;
};

template <class T> class Population {
public:
    explicit Population(std::vector<Job<T>> jobs) : jobs_(std::move(jobs)), outcomes_(jobs_.size()) {
        order_.resize(jobs_.size());
        std::iota(order_.begin(), order_.end(), Index{0});
        std::stable_sort(order_.begin(), order_.end(), [&](Index a, Index b) { return cost(a) > cost(b); });
    }
    ~Population() {
        stop();
        join();
    }
    Population(const Population&) = delete;
    Population& operator=(const Population&) = delete;

    void start(Index threads) {
        // With fewer runs than threads, each run gets a team of them.
        working_ = std::clamp<Index>(threads, 1, static_cast<Index>(jobs_.size()));
        team_ = std::max<Index>(1, threads / working_);
        for (Index i = 0, workers = working_; i < workers; ++i) workers_.emplace_back([this] { work(); });
    }

    // Waits until a run has ended (or all have), at most so long; says whether all have.
    bool wait(std::chrono::milliseconds limit) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, limit, [&] { return working_ == 0 || !finished_.empty(); });
        return working_ == 0;
    }
    // The runs that have ended since the last call.
    std::vector<Index> take_finished() {
        std::lock_guard lock(mutex_);
        return std::exchange(finished_, {});
    }

    // Asks all runs to end between two chunks of work.
    void stop() { stop_ = true; }
    void join() {
        for (std::thread& worker : workers_)
            if (worker.joinable()) worker.join();
    }

    // The epochs that have ended since the last call.
    std::vector<Progress> take_progress() {
        std::lock_guard lock(mutex_);
        return std::exchange(progress_, {});
    }
    void record_progress(bool wanted) { record_progress_ = wanted; }

    std::vector<Outcome<T>>& outcomes() { return outcomes_; }

private:
    double cost(Index i) const {
        const Job<T>& job = jobs_[i];
        double width = static_cast<double>(size_of(job.input_shape)), total = 0;
        for (const Spec& layer : job.network["layers"].list())
            if (layer.kind() == "Dense" || layer.kind() == "PiecewiseLinear") {
                total += width * layer.number("units");
                width = layer.number("units");
            }
        return total * static_cast<double>(job.training.size()) * job.recipe.number("epochs");
    }

    void work() {
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

    void run(Index i, Workspace<T>& workspace) {
        Job<T>& job = jobs_[i];
        Outcome<T>& outcome = outcomes_[i];
        try {
            const auto on_epoch = std::move(job.on_epoch);
            job.on_epoch = [&](const Run<T>& run) {
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
            if (!job.keep) outcome.state.forget_arrays();
        } catch (const Interrupted&) { // before the first step
            outcome.state = std::move(job.start);
            outcome.state.status = Status::interrupted;
        } catch (...) {
            outcome.error = std::current_exception();
            stop();
        }
    }

    void note(Index i, const RunState<T>& state) {
        const double* row = state.history.data() + state.history.size() - history_columns.size();
        std::lock_guard lock(mutex_);
        progress_.push_back({i, static_cast<Index>(row[0]), row[3], row[5]});
    }

    std::vector<Job<T>> jobs_;
    std::vector<Outcome<T>> outcomes_;
    std::vector<Index> order_; // longest first
    std::vector<std::thread> workers_;
    std::atomic<std::size_t> next_{0};
    std::atomic<bool> stop_{false};
    bool record_progress_ = false;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Index> finished_;
    Index working_ = 0, team_ = 1;
    std::vector<Progress> progress_;
};

} // namespace ravine
