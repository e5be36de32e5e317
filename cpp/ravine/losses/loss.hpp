// What every loss is: how wrong outputs z (before the link) are for targets y, and the slope of that. Terms
// in y alone are dropped. Several outputs average, except in cross_entropy, where they belong together.
#pragma once

#include "../spec.hpp"

#include <cstdint>
#include <memory>

namespace ravine {

template <class T> class Loss {
public:
    virtual ~Loss() = default;

    // Σ_i s_i L(z_i, y_i) over B rows of O outputs, where L is the mean over the outputs; s null means ones.
    // Unless dz is null, writes dz = scale · s_i · ∂L/∂z (dz must not overlap z). Unless kinks is null, the
    // side of every kink is hashed into it.
    virtual double value(Index B, Index O, const T* z, const T* y, const T* s, T* dz, T scale,
                         std::uint64_t* kinks = nullptr) const = 0;

    // out = the prediction for z: the inverse link of z, probabilities. out may be z.
    virtual void respond(Index B, Index O, const T* z, T* out) const = 0;

    // Whether predictions are probabilities of classes.
    virtual bool classifies() const = 0;

    // Whether predictions are exponentials of outputs, so that finite outputs can give infinite predictions.
    virtual bool exponential() const = 0;
};

template <class T> using LossPtr = std::unique_ptr<Loss<T>>;

// The loss that a spec describes. Its kinds are in losses.cpp.
template <class T> LossPtr<T> make_loss(const Spec& spec);

} // namespace ravine
