// Learning-rate schedules: η as a function of time (METHODS: ../../docs/methods.md).
#pragma once

#include "spec.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numbers>
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

class Schedule;

// The rules. Those that know only time have `at(t)`, t in the unit of the schedule, 0 at the first step.
namespace schedules {

struct Constant {
    double value = 0;
    double at(double) const { return value; }
};

struct ExponentialDecay {
    double initial, rate;
    double at(double t) const { return initial * std::exp(-rate * t); }
};

struct InverseDecay {
    double initial, rate, power;
    double at(double t) const { return initial / std::pow(1 + rate * t, power); }
};

struct StepDecay {
    double initial, factor, every;
    double at(double t) const { return initial * std::pow(factor, std::floor(t / every)); }
};

// Half a cosine (Loshchilov & Hutter 2017, without restarts); `final` from `length` on.
struct CosineDecay {
    double initial, final, length;
    double at(double t) const {
        if (t >= length) return final;
        return final + (initial - final) * (1 + std::cos(std::numbers::pi * t / length)) / 2;
    }
};

// Smith (2018): linear up to the maximum at peak · length, linear down to `final` at length.
struct OneCycle {
    double initial, maximum, final, top, length;
    double at(double t) const {
        if (t < top) return initial + (maximum - initial) * t / top;
        if (t < length) return maximum + (final - maximum) * (t - top) / (length - top);
        return final;
    }
};

// η = then(0) · t / length, and then(t − length) after it.
struct Warmup {
    Time length; // one of the two as given, the other converted
    std::shared_ptr<const Schedule> then;
};

// Multiplied by `factor` after `patience` epochs in a row whose loss is not below the best by min_delta.
struct ReduceOnPlateau {
    enum Memory { best, wait, scale };
    enum class Monitor { automatic, loss, val_loss };
    double initial, factor, patience, min_delta, minimum;
    Monitor monitor;

    double at(const std::vector<double>& memory) const {
        return std::max(initial * memory.at(scale), minimum);
    }

    void observe(double loss, double val_loss, std::vector<double>& memory) const {
        const bool validated =
            monitor == Monitor::val_loss || (monitor == Monitor::automatic && !std::isnan(val_loss));
        const double value = validated ? val_loss : loss;
        if (value < memory.at(best) - min_delta) {
            memory[best] = value;
            memory[wait] = 0;
        } else if (++memory[wait] >= patience) {
            memory[scale] *= factor;
            memory[wait] = 0;
        }
    }
};

} // namespace schedules

// A schedule is a small tree of these. Value semantics; only ReduceOnPlateau has a memory, and that lives
// outside, in `memory`, so that it can be saved with the run.
class Schedule {
public:
    Schedule() = default;
    explicit Schedule(const Spec& spec, RunLength run = {}); // a number (constant) or a schedule's spec

    double at(Time time, const std::vector<double>& memory) const {
        if (auto* warmup = std::get_if<schedules::Warmup>(&rule_)) return at(*warmup, time, memory);
        if (auto* plateau = std::get_if<schedules::ReduceOnPlateau>(&rule_)) return plateau->at(memory);
        return std::visit(
            [t = by_step_ ? time.step : time.epoch](const auto& rule) {
                if constexpr (requires { rule.at(t); })
                    return rule.at(t);
                else
                    return 0.0; // Warmup and ReduceOnPlateau: above
            },
            rule_);
    }

    // The memory that a run carries for this schedule, and what an epoch's losses do to it (val_loss is NaN
    // without validation).
    std::vector<double> initial_memory() const {
        if (auto* warmup = std::get_if<schedules::Warmup>(&rule_)) return warmup->then->initial_memory();
        if (std::holds_alternative<schedules::ReduceOnPlateau>(rule_))
            return {std::numeric_limits<double>::infinity(), 0.0, 1.0};
        return {};
    }
    void observe(double loss, double val_loss, std::vector<double>& memory) const {
        if (auto* warmup = std::get_if<schedules::Warmup>(&rule_))
            warmup->then->observe(loss, val_loss, memory);
        if (auto* plateau = std::get_if<schedules::ReduceOnPlateau>(&rule_))
            plateau->observe(loss, val_loss, memory);
    }

private:
    void read_warmup(const Spec& spec, RunLength run);
    void read_plateau(const Spec& spec);

    double at(const schedules::Warmup& warmup, Time time, const std::vector<double>& memory) const {
        const double t = by_step_ ? time.step : time.epoch;
        const double length = by_step_ ? warmup.length.step : warmup.length.epoch;
        if (t < length) return warmup.then->at({}, memory) * t / length;
        return warmup.then->at({time.epoch - warmup.length.epoch, time.step - warmup.length.step}, memory);
    }

    std::variant<schedules::Constant, schedules::ExponentialDecay, schedules::InverseDecay,
                 schedules::StepDecay, schedules::CosineDecay, schedules::OneCycle, schedules::Warmup,
                 schedules::ReduceOnPlateau>
        rule_;
    bool by_step_ = false;
};

inline Schedule::Schedule(const Spec& spec, RunLength run) {
    using namespace schedules;
    if (!spec.is_dict()) {
        rule_ = Constant{spec.number()};
        return;
    }
    by_step_ = spec.has("unit") && spec.text("unit") == "step";
    auto number_or = [&](const char* name, double otherwise) {
        return spec.has(name) ? spec.number(name) : otherwise;
    };
    const double whole_run = by_step_ ? run.steps : run.epochs;
    const std::string& kind = spec.kind();

    if (kind == "ExponentialDecay") {
        rule_ = ExponentialDecay{spec.number("initial"), spec.number("rate")};
    } else if (kind == "InverseDecay") {
        rule_ = InverseDecay{spec.number("initial"), spec.number("rate"), number_or("power", 1)};
    } else if (kind == "StepDecay") {
        rule_ = StepDecay{spec.number("initial"), spec.number("factor"), spec.number("every")};
    } else if (kind == "CosineDecay") {
        rule_ = CosineDecay{spec.number("initial"), number_or("final", 0), number_or("length", whole_run)};
    } else if (kind == "OneCycle") {
        const double maximum = spec.number("maximum"), initial = number_or("initial", maximum / 25);
        const double final = number_or("final", initial / 1e4), length = number_or("length", whole_run);
        rule_ = OneCycle{initial, maximum, final, number_or("peak", 0.3) * length, length};
    } else if (kind == "Warmup") {
        read_warmup(spec, run);
    } else if (kind == "ReduceOnPlateau") {
        read_plateau(spec);
    } else {
        throw EngineError("there is no schedule '" + kind + "'");
    }
}

// `then` starts when the warm-up ends, and takes the rest of the run for its length where it has none.
inline void Schedule::read_warmup(const Spec& spec, RunLength run) {
    const double length = spec.number("length");
    const bool convertible = run.epochs > 0 && run.steps > 0;
    const double steps_per_epoch = convertible ? run.steps / run.epochs : 1;
    const Time lengths =
        by_step_ ? Time{length / steps_per_epoch, length} : Time{length, length * steps_per_epoch};
    const RunLength rest = {std::max(run.epochs - lengths.epoch, 0.0),
                            std::max(run.steps - lengths.step, 0.0)};
    auto then = std::make_shared<const Schedule>(spec["then"], rest);
    if (spec["then"].is_dict() && then->by_step_ != by_step_ && !convertible &&
        !std::holds_alternative<schedules::ReduceOnPlateau>(then->rule_))
        throw EngineError(
            "a Warmup in one unit and what follows in another need to know the steps of an epoch");
    rule_ = schedules::Warmup{lengths, std::move(then)};
}

inline void Schedule::read_plateau(const Spec& spec) {
    using schedules::ReduceOnPlateau;
    auto monitor = ReduceOnPlateau::Monitor::automatic;
    if (spec.has("monitor")) {
        const std::string& name = spec.text("monitor");
        if (name != "loss" && name != "val_loss")
            throw EngineError("ReduceOnPlateau cannot monitor '" + name + "'");
        monitor = name == "loss" ? ReduceOnPlateau::Monitor::loss : ReduceOnPlateau::Monitor::val_loss;
    }
    rule_ = ReduceOnPlateau{spec.number("initial"),   spec.number("factor"),  spec.number("patience"),
                            spec.number("min_delta"), spec.number("minimum"), monitor};
}

} // namespace ravine
