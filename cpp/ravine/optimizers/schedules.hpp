// Learning-rate schedules: η as a function of time (METHODS: ../../../docs/methods.md).
#pragma once

#include "../spec.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numbers>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

namespace ravine {

// Time as schedules see it: at the first step both are 0.
struct Time {
    double epoch = 0; // fractional: whole epochs done, and the part of this one
    double step = 0;  // updates done
};

// The length of the whole run, which a schedule of length none takes for its own.
struct RunLength {
    double epochs = 0, steps = 0;
};

// What an epoch came to; NaN where it is not known. With validation rows val_loss is never NaN: a loss that
// is no number is infinite, worse than any.
struct Observed {
    static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
    double loss = unknown, val_loss = unknown, val_accuracy = unknown, val_r2 = unknown, val_rmse = unknown;

    // The value that a monitor names, turned so that smaller is better.
    double monitored(const std::string& monitor) const {
        if (monitor == "loss") return loss;
        if (monitor == "val_loss") return val_loss;
        if (monitor == "val_rmse") return val_rmse;
        if (monitor == "val_accuracy") return -val_accuracy;
        if (monitor == "val_r2") return -val_r2;
        throw EngineError("There is no value to monitor called '" + monitor + "'.");
    }
};

class Schedule;

// Time in the unit of a schedule, 0 at its first step. A time or a length that is no binary fraction is
// rounded: whatever lies within `slack` of a boundary has reached it. The slack is relative to all of the
// time since training began, and so less than a step unless there are 10¹² of them.
struct Clock {
    double t = 0, slack = 0;
    explicit Clock(double since_start) : t(since_start), slack(1e-12 * since_start) {}
    bool reached(double boundary) const { return t >= boundary - slack; }
    // The same moment, counted from `start` on.
    Clock since(double start) const {
        Clock later = *this;
        later.t = std::max(t - start, 0.0);
        return later;
    }
};

// The rules. Those that know only time have `at(clock)`. At t = 0 each has its first value, even where there
// is no time for it to go on (a length of 0).
namespace schedules {

struct Constant {
    double value = 0;
    double at(Clock) const { return value; }
};

struct ExponentialDecay {
    double initial, rate;
    double at(Clock now) const { return initial * std::exp(-rate * now.t); }
};

struct InverseDecay {
    double initial, rate, power;
    double at(Clock now) const { return initial / std::pow(1 + rate * now.t, power); }
};

struct StepDecay {
    double initial, factor, every;
    double at(Clock now) const { return initial * std::pow(factor, std::floor((now.t + now.slack) / every)); }
};

// Half a cosine (Loshchilov & Hutter 2017, without restarts); `final` from `length` on.
struct CosineDecay {
    double initial, final, length;
    double at(Clock now) const {
        if (now.t <= 0) return initial;
        if (now.t >= length) return final;
        return final + (initial - final) * (1 + std::cos(std::numbers::pi * now.t / length)) / 2;
    }
};

// Waves of a cosine from 0 to the maximum and back, each twice as long as the one before (Holzmüller,
// Grinsztajn & Steinwart 2024); 0 from `length` on.
struct CyclicCosine {
    double maximum, length, cycles;
    double at(Clock now) const {
        if (now.t >= length) return 0;
        const double turns = std::log2(1 + (std::exp2(cycles) - 1) * now.t / length);
        return maximum * (1 - std::cos(2 * std::numbers::pi * turns)) / 2;
    }
};

// Smith (2018): linear up to the maximum at peak · length, linear down to `final` at length.
struct OneCycle {
    double initial, maximum, final, top, length;
    double at(Clock now) const {
        if (now.t <= 0) return initial;
        if (now.t < top) return initial + (maximum - initial) * now.t / top;
        if (now.t < length) return maximum + (final - maximum) * (now.t - top) / (length - top);
        return final;
    }
};

// η = then(0) · t / length for t < length, and then(t − length) from there on. What follows knows nothing of
// the epochs before.
struct Warmup {
    double length;
    std::shared_ptr<const Schedule> then; // in the same unit
};

// What a user wrote; it knows only time.
struct Custom {
    std::shared_ptr<const CustomPart> part;
    double at(Clock now) const {
        double value = 0;
        const Given<double> given[] = {{&now.t, {}}};
        const Wanted<double> wanted[] = {{&value, 1}};
        part->call("value", given, wanted);
        return value;
    }
};

// Multiplied by `factor` after `patience` epochs in a row that are not better than the best by min_delta.
struct ReduceOnPlateau {
    enum Memory { best, wait, scale };
    double initial, factor, patience, min_delta, minimum;
    std::string monitor; // empty: val_loss if there is validation, else loss

    double at(const std::vector<double>& memory) const {
        return std::max(initial * memory.at(scale), minimum);
    }

    void observe(const Observed& epoch, std::vector<double>& memory) const {
        const double value = monitored(epoch);
        if (std::isfinite(value) && value < memory.at(best) - min_delta) {
            memory[best] = value;
            memory[wait] = 0;
        } else if (++memory[wait] >= patience) {
            memory[scale] *= factor;
            memory[wait] = 0;
        }
    }

    // Smaller is better.
    double monitored(const Observed& epoch) const {
        if (monitor.empty()) return std::isnan(epoch.val_loss) ? epoch.loss : epoch.val_loss;
        return epoch.monitored(monitor);
    }
};

} // namespace schedules

// A schedule is a small tree of these. Value semantics; only ReduceOnPlateau has a memory, and that lives
// outside, in `memory`, so that it can be saved with the run.
class Schedule {
public:
    Schedule() = default;
    explicit Schedule(const Spec& spec, RunLength run = {}); // a number (constant) or a schedule's spec

    double at(Time time, const std::vector<double>& memory) const { return at(clock(time), memory); }

    // Whether every step of a run would be at rate 0, although nobody asked for a rate of 0: where its few
    // steps all fall on moments at which a warm-up or a wave begins or has ended.
    bool never_leaves_zero(RunLength run) const {
        if (is_nought()) return false;
        const std::vector<double> memory = initial_memory();
        const double steps_per_epoch = run.steps / run.epochs;
        for (double step = 0; step < run.steps; ++step) {
            const double epoch = std::floor(step / steps_per_epoch);
            const double in_epoch = (step - epoch * steps_per_epoch) / steps_per_epoch;
            if (at({epoch + in_epoch, step}, memory) != 0) return false;
        }
        return run.steps > 0;
    }

    // The memory that a run carries for this schedule, and what an epoch does to it.
    std::vector<double> initial_memory() const {
        if (auto* warmup = std::get_if<schedules::Warmup>(&rule_)) return warmup->then->initial_memory();
        if (std::holds_alternative<schedules::ReduceOnPlateau>(rule_))
            return {std::numeric_limits<double>::infinity(), 0.0, 1.0};
        return {};
    }
    // `began` is when the epoch did: one that a warm-up reaches into says nothing to what follows it.
    void observe(const Observed& epoch, Time began, std::vector<double>& memory) const {
        observe(epoch, clock(began), memory);
    }

    // Whether epochs were observed, and the value that is watched was no number in all of them.
    static bool watches_in_vain(const std::vector<double>& memory) {
        using schedules::ReduceOnPlateau;
        return !memory.empty() && std::isinf(memory.at(ReduceOnPlateau::best)) &&
               (memory.at(ReduceOnPlateau::wait) > 0 || memory.at(ReduceOnPlateau::scale) < 1);
    }

private:
    using Rule =
        std::variant<schedules::Constant, schedules::ExponentialDecay, schedules::InverseDecay,
                     schedules::StepDecay, schedules::CosineDecay, schedules::CyclicCosine,
                     schedules::OneCycle, schedules::Warmup, schedules::ReduceOnPlateau, schedules::Custom>;
    struct Fields; // of its spec, and the run's length
    static schedules::Warmup read_warmup(const Fields& fields);

    // Whether it is the number 0, with or without a warm-up to it.
    bool is_nought() const {
        if (const auto* warmup = std::get_if<schedules::Warmup>(&rule_)) return warmup->then->is_nought();
        const auto* constant = std::get_if<schedules::Constant>(&rule_);
        return constant && constant->value == 0;
    }

    Clock clock(Time time) const { return Clock(by_step_ ? time.step : time.epoch); }

    double at(Clock now, const std::vector<double>& memory) const {
        return std::visit(
            [&](const auto& rule) {
                using Rule = std::decay_t<decltype(rule)>;
                if constexpr (std::is_same_v<Rule, schedules::Warmup>) {
                    if (now.reached(rule.length)) return rule.then->at(now.since(rule.length), memory);
                    return rule.then->at(Clock(0), memory) * now.t / rule.length;
                } else if constexpr (std::is_same_v<Rule, schedules::ReduceOnPlateau>)
                    return rule.at(memory);
                else
                    return rule.at(now);
            },
            rule_);
    }

    void observe(const Observed& epoch, Clock began, std::vector<double>& memory) const {
        if (auto* plateau = std::get_if<schedules::ReduceOnPlateau>(&rule_)) plateau->observe(epoch, memory);
        if (auto* warmup = std::get_if<schedules::Warmup>(&rule_); warmup && began.reached(warmup->length))
            warmup->then->observe(epoch, began.since(warmup->length), memory);
    }

    Rule rule_;
    bool by_step_ = false;
};

} // namespace ravine
