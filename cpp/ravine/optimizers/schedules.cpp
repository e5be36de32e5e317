// The registry of schedules: one entry per kind.
#include "schedules.hpp"

#include "../registry.hpp"

namespace ravine {

struct Schedule::Fields {
    const Spec& spec;
    RunLength run;
    bool by_step;

    double operator[](const char* name) const { return spec.number(name); }
    double get(const char* name, double otherwise) const {
        return spec.has(name) ? spec.number(name) : otherwise;
    }
    // The field `length`; none is the whole run.
    double length() const { return get("length", by_step ? run.steps : run.epochs); }
};

Schedule::Schedule(const Spec& spec, RunLength run) {
    using namespace schedules;
    if (!spec.is_dict()) {
        rule_ = Constant{spec.number()};
        return;
    }
    static const Registry<Rule(const Fields&)> registry = {
        {"ExponentialDecay",
         [](const Fields& of) -> Rule { return ExponentialDecay{of["initial"], of["rate"]}; }},
        {"InverseDecay",
         [](const Fields& of) -> Rule {
             return InverseDecay{of["initial"], of["rate"], of.get("power", 1)};
         }},
        {"StepDecay",
         [](const Fields& of) -> Rule { return StepDecay{of["initial"], of["factor"], of["every"]}; }},
        {"CosineDecay",
         [](const Fields& of) -> Rule {
             return CosineDecay{of["initial"], of.get("final", 0), of.length()};
         }},
        {"CyclicCosine",
         [](const Fields& of) -> Rule {
             return CyclicCosine{of["maximum"], of.length(), of.get("cycles", 4)};
         }},
        {"OneCycle",
         [](const Fields& of) -> Rule {
             const double maximum = of["maximum"], initial = of.get("initial", maximum / 25);
             const double final = of.get("final", initial / 1e4), length = of.length();
             return OneCycle{initial, maximum, final, of.get("peak", 0.3) * length, length};
         }},
        {"Custom", [](const Fields& of) -> Rule { return Custom{of.spec["part"].part()}; }},
        {"Warmup", [](const Fields& of) -> Rule { return read_warmup(of); }},
        {"ReduceOnPlateau",
         [](const Fields& of) -> Rule {
             return ReduceOnPlateau{of["initial"],  of["factor"],
                                    of["patience"], of["min_delta"],
                                    of["minimum"],  of.spec.has("monitor") ? of.spec.text("monitor") : ""};
         }},
    };
    by_step_ = spec.has("unit") && spec.text("unit") == "step";
    rule_ = registry.make("schedule", spec.kind(), Fields{spec, run, by_step_});
}

// `then` starts when the warm-up ends, and takes the rest of the run for its length where it has none.
schedules::Warmup Schedule::read_warmup(const Fields& fields) {
    const double length = fields["length"];
    RunLength run = fields.run;
    double& rest = fields.by_step ? run.steps : run.epochs;
    rest = std::max(rest - length, 0.0);
    const Spec& spec = fields.spec["then"];
    auto then = std::make_shared<const Schedule>(spec, run);
    if (spec.is_dict() && spec.has("unit") && then->by_step_ != fields.by_step)
        throw EngineError("a Warmup and what follows it must count in the same unit");
    return {length, std::move(then)};
}

} // namespace ravine
