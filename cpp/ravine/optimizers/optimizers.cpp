// The registry of optimizers: one line per kind.
#include "../registry.hpp"
#include "adaptive_rates.hpp"
#include "descent.hpp"
#include "individual_rates.hpp"
#include "lbfgs.hpp"

namespace ravine {

namespace {

template <class Rule, class T> OptimizerPtr<T> make_rule(const Spec& spec, RunLength run) {
    return std::make_unique<Rule>(spec, run);
}

} // namespace

template <class T> OptimizerPtr<T> make_optimizer(const Spec& spec, RunLength run) {
    static const Registry<OptimizerPtr<T>(const Spec&, RunLength)> registry = {
        {"SGD", make_rule<SGD<T>, T>},         {"DeltaBarDelta", make_rule<DeltaBarDelta<T>, T>},
        {"Rprop", make_rule<Rprop<T>, T>},     {"Adagrad", make_rule<Adagrad<T>, T>},
        {"RMSprop", make_rule<RMSprop<T>, T>}, {"Adam", make_rule<Adam<T>, T>},
        {"AdamW", make_rule<Adam<T>, T>},      {"NAdam", make_rule<NAdam<T>, T>},
        {"Lion", make_rule<Lion<T>, T>},       {"LBFGS", make_rule<LBFGS<T>, T>},
    };
    OptimizerPtr<T> optimizer = registry.make("optimizer", spec.kind(), spec, run);
    optimizer->learning_rate = Schedule(spec["learning_rate"], run);
    if (optimizer->learning_rate.never_leaves_zero(run))
        throw EngineError(
            "The learning rate would be 0 at every step: a warm-up or a wave begins at 0, and the run is "
            "over before it rises. Make the Warmup shorter, or take more steps: more epochs, or smaller "
            "mini-batches.");
    optimizer->weight_decay = spec.has("weight_decay") ? spec.number("weight_decay") : 0;
    return optimizer;
}

template OptimizerPtr<float> make_optimizer(const Spec&, RunLength);
template OptimizerPtr<double> make_optimizer(const Spec&, RunLength);

} // namespace ravine
