// A few threads that work on one step together. What they compute is cut into parts that do not depend on how
// many threads there are, so neither does the result.
#pragma once

#include "spec.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace ravine {

class Team {
public:
    // `size` threads, the calling one included.
    explicit Team(Index size) {
        for (Index member = 1; member < size; ++member)
            helpers_.emplace_back([this, member] { help(member); });
    }
    ~Team() {
        leaving_ = true;
        begin_round(0);
        for (std::thread& helper : helpers_) helper.join();
    }
    Team(const Team&) = delete;
    Team& operator=(const Team&) = delete;

    Index size() const { return static_cast<Index>(helpers_.size()) + 1; }

    // Calls work(part, member) for each part from 0 to parts − 1, and returns when all are done. Whoever is
    // free takes the next part, the caller from the first on, helpers from the last on: a member takes about
    // the same parts every time, which are in its cache, and nobody waits for a helper that has no core to
    // run on. An exception of a part is thrown again here.
    template <class Work> void share(Index parts, const Work& work) {
        if (parts == 1 || helpers_.empty()) {
            for (Index part = 0; part < parts; ++part) work(part, 0);
            return;
        }
        call_ = [](const void* work, Index part, Index member) {
            (*static_cast<const Work*>(work))(part, member);
        };
        work_ = &work;
        done_ = 0;
        begin_round(static_cast<std::uint32_t>(parts));
        while (take_part(0)) {
        }
        const auto all = static_cast<std::uint32_t>(parts);
        for (std::uint32_t done = done_; done < all; done = done_)
            wait(done_, [&] { return done_.load(std::memory_order_acquire) != done; });
        if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
    }

private:
    // The parts of a round that nobody has taken yet: from `first` to before `end`. In one word, so that a
    // part is taken in one step; the round is in it so that a late helper cannot take one of another round.
    struct Open {
        std::uint16_t first, end;
        std::uint32_t round;
    };

    void begin_round(std::uint32_t parts) {
        if (parts > 0xFFFF) throw EngineError("a team cannot share more than 65535 parts");
        open_ = Open{0, static_cast<std::uint16_t>(parts), round_ + 1};
        ++round_;
        round_.notify_all();
    }

    void help(Index member) {
        while (!leaving_) {
            const std::uint32_t round = round_;
            while (take_part(member)) {
            }
            wait(round_, [&] { return round_.load(std::memory_order_acquire) != round; });
        }
    }

    // Takes a part and works on it. While it does, the round cannot end, so work_ and call_ do not change.
    bool take_part(Index member) {
        Open open = open_;
        Open rest;
        do {
            if (open.first == open.end) return false;
            rest = open;
            member == 0 ? ++rest.first : --rest.end;
        } while (!open_.compare_exchange_weak(open, rest));
        try {
            call_(work_, member == 0 ? open.first : rest.end, member);
        } catch (...) {
            std::lock_guard lock(mutex_);
            error_ = std::current_exception();
        }
        ++done_;
        done_.notify_one();
        return true;
    }

    // Waits for a change of `value`. Spins before it sleeps, for longer than a step's serial stretch takes:
    // to sleep and to be woken costs as much as a small step. Gives way after some microseconds, in case the
    // other thread is on the same core.
    template <class Changed>
    static void wait(const std::atomic<std::uint32_t>& value, const Changed& changed) {
        using Clock = std::chrono::steady_clock;
        const std::uint32_t old = value;
        const auto end = Clock::now() + std::chrono::microseconds(200);
        for (int spin = 0; spin < 10000; ++spin)
            if (changed()) return;
        for (; Clock::now() < end; std::this_thread::yield())
            if (changed()) return;
        if (!changed()) value.wait(old);
    }

    static_assert(std::atomic<Open>::is_always_lock_free);
    // Each on its own cache line, since different threads write them.
    alignas(64) std::atomic<Open> open_{Open{0, 0, 0}};
    alignas(64) std::atomic<std::uint32_t> round_{0};
    alignas(64) std::atomic<std::uint32_t> done_{0}; // parts of this round
    alignas(64) void (*call_)(const void*, Index, Index) = nullptr;
    const void* work_ = nullptr;
    std::atomic<bool> leaving_{false};
    std::mutex mutex_;
    std::exception_ptr error_;
    std::vector<std::thread> helpers_; // last: they use what is above
};

} // namespace ravine
