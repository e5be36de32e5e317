// A few threads that work on one step together. What they compute is cut into parts that do not depend on how
// many threads there are, so neither does the result.
#pragma once

#include "spec.hpp"

#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace ravine {

class Team {
public:
    // `size` threads, the calling one included.
    explicit Team(Index size) : done_(std::make_unique<Counter[]>(std::max<Index>(size, 1))) {
        for (Index member = 1; member < size; ++member)
            helpers_.emplace_back([this, member, size] { help(member, size); });
    }
    ~Team() {
        work_.call = nullptr;
        begin_round();
        for (std::thread& helper : helpers_) helper.join();
    }
    Team(const Team&) = delete;
    Team& operator=(const Team&) = delete;

    Index size() const { return static_cast<Index>(helpers_.size()) + 1; }

    // Calls work(part, member) for each part from 0 to parts − 1, and returns when all are done. A member
    // takes neighbouring parts, the same ones in every round of as many: what it wrote last is in its cache.
    // An exception of a part is thrown again here.
    template <class Work> void share(Index parts, const Work& work) {
        if (parts == 1 || helpers_.empty()) {
            for (Index part = 0; part < parts; ++part) work(part, 0);
            return;
        }
        work_.call = [](const void* work, Index part, Index member) {
            (*static_cast<const Work*>(work))(part, member);
        };
        work_.of = &work;
        work_.parts = parts;
        const unsigned round = begin_round();
        take_parts(0, size());
        for (Index member = 1; member < size(); ++member) wait_while(done_[member].value, round - 1);
        if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
    }

private:
    // Each on a cache line of its own, since different threads write them.
    struct alignas(64) Counter {
        std::atomic<unsigned> value{0};
    };
    // Read by all helpers as soon as a round begins.
    struct alignas(64) Work {
        std::atomic<unsigned> round{0};
        void (*call)(const void*, Index, Index) = nullptr; // null: nothing more to do, ever
        const void* of = nullptr;
        Index parts = 0;
    };

    unsigned begin_round() {
        const unsigned round = ++work_.round;
        work_.round.notify_all();
        return round;
    }

    void help(Index member, Index size) {
        for (unsigned round = 0;;) {
            wait_while(work_.round, round);
            if (!work_.call) return;
            take_parts(member, size);
            done_[member].value = ++round;
            done_[member].value.notify_one();
        }
    }

    void take_parts(Index member, Index size) {
        const Index end = work_.parts * (member + 1) / size;
        try {
            for (Index part = work_.parts * member / size; part < end; ++part)
                work_.call(work_.of, part, member);
        } catch (...) {
            std::lock_guard lock(mutex_);
            error_ = std::current_exception();
        }
    }

    // Spins before it sleeps, for longer than a step's serial stretch takes: to sleep and to be woken costs
    // as much as a small step.
    static void wait_while(const std::atomic<unsigned>& value, unsigned old) {
        using Clock = std::chrono::steady_clock;
        for (int spin = 0; spin < 1000; ++spin)
            if (value.load(std::memory_order_acquire) != old) return;
        for (const auto end = Clock::now() + std::chrono::microseconds(200); Clock::now() < end;)
            for (int spin = 0; spin < 100; ++spin)
                if (value.load(std::memory_order_acquire) != old) return;
        value.wait(old);
    }

    std::vector<std::thread> helpers_;
    Work work_;
    std::unique_ptr<Counter[]> done_; // the last round that a member finished
    std::mutex mutex_;
    std::exception_ptr error_;
};

} // namespace ravine
