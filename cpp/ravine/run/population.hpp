// Many runs over the cores: a queue, the longest run first. One run is a population of one. What a run gives
// does not depend on the others, on the number of threads or on the order.
#pragma once

#include "job.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

namespace ravine {

// What a run leaves behind.
template <class T> struct Outcome {
    RunState<T> state;        // as at the last step boundary, to resume from
    Buffer<T> w, running;     // the result: parameters and state
    std::exception_ptr error; // a defect, or an error raised by custom code
};

// How far a run is; read while it trains.
struct Progress {
    Index run = 0, epoch = 0;
    double loss = 0, val_loss = 0;
};

template <class T> class Population {
public:
    explicit Population(std::vector<Job<T>> jobs);
    ~Population();
    Population(const Population&) = delete;
    Population& operator=(const Population&) = delete;

    void start(Index threads);
    // Waits until a run has ended (or all have), at most so long; says whether all have.
    bool wait(std::chrono::milliseconds limit);
    // The runs that have ended since the last call.
    std::vector<Index> take_finished();

    // Asks all runs to end between two chunks of work.
    void stop() { stop_ = true; }
    void join();

    // The epochs that have ended since the last call.
    std::vector<Progress> take_progress();
    void record_progress(bool wanted) { record_progress_ = wanted; }

    std::vector<Outcome<T>>& outcomes() { return outcomes_; }

private:
    static double cost(const Job<T>& job); // how many products of a number and a parameter it takes
    void work();
    void run(Index i, Workspace<T>& workspace);
    void note(Index i, const RunState<T>& state);

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
