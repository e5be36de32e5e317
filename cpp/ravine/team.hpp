// A few threads that work on one step together. What they compute is cut into parts that do not depend on how
// many threads there are, so neither does the result.
#pragma once

#include "spec.hpp"

#include <atomic>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace ravine {

class Team {
public:
    // `size` threads, the calling one included. More than one part of work is worth sharing from `size` 2 on.
    explicit Team(Index size) {
        for (Index member = 1; member < size; ++member)
            helpers_.emplace_back([this, member] { help(member); });
    }
    ~Team() {
        leaving_ = true;
        begin_round();
        for (std::thread& helper : helpers_) helper.join();
    }
    Team(const Team&) = delete;
    Team& operator=(const Team&) = delete;

    Index size() const { return static_cast<Index>(helpers_.size()) + 1; }

    // Calls work(part, member) for each part from 0 to parts − 1, each on some member of the team, and
    // returns when all are done. An exception of a part is thrown again here.
    template <class Work> void share(Index parts, const Work& work) {
        if (parts == 1 || helpers_.empty()) {
            for (Index part = 0; part < parts; ++part) work(part, 0);
            return;
        }
        call_ = [](const void* work, Index part, Index member) {
            (*static_cast<const Work*>(work))(part, member);
        };
        work_ = &work;
        parts_ = parts;
        next_ = 0;
        busy_ = static_cast<Index>(helpers_.size());
        begin_round();
        take_parts(0);
        for (Index busy = busy_; busy > 0; busy = busy_) wait_while(busy_, busy);
        if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
    }

private:
    void begin_round() {
        ++round_;
        round_.notify_all();
    }

    void help(Index member) {
        for (Index seen = 0;;) {
            wait_while(round_, seen);
            seen = round_;
            if (leaving_) return;
            take_parts(member);
            if (--busy_ == 0) busy_.notify_all();
        }
    }

    void take_parts(Index member) {
        try {
            for (Index part = next_++; part < parts_; part = next_++) call_(work_, part, member);
        } catch (...) {
            next_ = parts_;
            std::lock_guard lock(mutex_);
            error_ = std::current_exception();
        }
    }

    // Spins for some microseconds, about as long as a step's serial stretch, before it sleeps.
    static void wait_while(const std::atomic<Index>& value, Index old) {
        for (int spin = 0; spin < 20000; ++spin)
            if (value.load(std::memory_order_acquire) != old) return;
        value.wait(old);
    }

    std::vector<std::thread> helpers_;
    std::atomic<Index> round_{0}, next_{0}, busy_{0};
    std::atomic<bool> leaving_{false};
    void (*call_)(const void*, Index, Index) = nullptr;
    const void* work_ = nullptr;
    Index parts_ = 0;
    std::mutex mutex_;
    std::exception_ptr error_;
};

} // namespace ravine
