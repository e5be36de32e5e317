// A momentum coefficient: a number, or a schedule of time alone (0.5 early, 0.9 later is a usual one).
#pragma once

#include "schedules.hpp"

namespace ravine {

class Momentum {
public:
    Momentum(const Spec& spec, RunLength run) : is_constant(!spec.is_dict()), schedule_(spec, run) {
        if (!schedule_.initial_memory().empty())
            throw EngineError("momentum cannot follow a schedule that looks at the loss");
    }
    double at(const Time& time) const {
        static const std::vector<double> no_memory;
        return schedule_.at(time, no_memory);
    }
    bool is_zero() const { return is_constant && at({}) == 0; }
    const bool is_constant;

private:
    Schedule schedule_;
};

} // namespace ravine
