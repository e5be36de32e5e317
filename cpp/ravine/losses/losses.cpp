// The registry of losses: one line per kind.
#include "losses.hpp"
#include "../registry.hpp"
#include "custom.hpp"

namespace ravine {

namespace {

template <class Rule, class T> LossPtr<T> elementwise(Rule rule) {
    return std::make_unique<ElementwiseLoss<T, Rule>>(rule);
}

template <class Rule, class T> LossPtr<T> without_fields(const Spec&) { return elementwise<Rule, T>(Rule{}); }

} // namespace

template <class T> LossPtr<T> make_loss(const Spec& spec) {
    using namespace losses;
    using Made = LossPtr<T>;
    static const Registry<Made(const Spec&)> registry = {
        {"SquaredError", without_fields<SquaredError<T>, T>},
        {"AbsoluteError", without_fields<AbsoluteError<T>, T>},
        {"Huber",
         [](const Spec& of) -> Made {
             return elementwise<Huber<T>, T>({static_cast<T>(of.number("delta"))});
         }},
        {"Quantile",
         [](const Spec& of) -> Made {
             return elementwise<Quantile<T>, T>({static_cast<T>(of.number("tau"))});
         }},
        {"Poisson", without_fields<Poisson<T>, T>},
        {"Gamma", without_fields<Gamma<T>, T>},
        {"BinaryCrossEntropy", without_fields<BinaryCrossEntropy<T>, T>},
        {"CrossEntropy",
         [](const Spec& of) -> Made {
             return std::make_unique<CrossEntropyLoss<T>>(of.number("label_smoothing"));
         }},
        {"Custom", [](const Spec& of) -> Made { return std::make_unique<CustomLoss<T>>(of); }},
    };
    return registry.make("loss", spec.kind(), spec);
}

template LossPtr<float> make_loss(const Spec&);
template LossPtr<double> make_loss(const Spec&);

} // namespace ravine
