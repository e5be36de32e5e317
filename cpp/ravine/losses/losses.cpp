// The registry of losses: one line per kind.
#include "custom.hpp"
#include "losses.hpp"

namespace ravine {

template <class T> LossPtr<T> make_loss(const Spec& spec) {
    const auto make = [](auto rule) -> LossPtr<T> {
        return std::make_unique<ElementwiseLoss<T, decltype(rule)>>(rule);
    };
    const std::string& kind = spec.kind();
    if (kind == "SquaredError") return make(losses::SquaredError<T>{});
    if (kind == "AbsoluteError") return make(losses::AbsoluteError<T>{});
    if (kind == "Huber") return make(losses::Huber<T>{static_cast<T>(spec.number("delta"))});
    if (kind == "Quantile") return make(losses::Quantile<T>{static_cast<T>(spec.number("tau"))});
    if (kind == "Poisson") return make(losses::Poisson<T>{});
    if (kind == "Gamma") return make(losses::Gamma<T>{});
    if (kind == "BinaryCrossEntropy") return make(losses::BinaryCrossEntropy<T>{});
    if (kind == "CrossEntropy") return std::make_unique<CrossEntropyLoss<T>>(spec.number("label_smoothing"));
    if (kind == "Custom") return std::make_unique<CustomLoss<T>>(spec);
    throw EngineError("there is no loss of kind '" + kind + "'");
}

template LossPtr<float> make_loss(const Spec&);
template LossPtr<double> make_loss(const Spec&);

} // namespace ravine
