// Learning-rate schedules: η as a function of time (METHODS: ../../docs/methods.md).
#pragma once

#include "spec.hpp"

#include <cmath>
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

// A schedule is a small tree of these. Value semantics; only ReduceOnPlateau has a memory, and that lives
// outside, in `memory`, so that it can be saved with the run.
class Schedule {
public:
    Schedule() = default;
    explicit Schedule(const Spec& spec, RunLength run = {}); // a number (constant) or a schedule's spec

    double at(Time time, const std::vector<double>& memory) const;

    // The memory that a run carries for this schedule, and what an epoch's losses do to it (val_loss is NaN
    // without validation).
    std::vector<double> initial_memory() const;
    void observe(double loss, double val_loss, std::vector<double>& memory) const;
};

} // namespace ravine
