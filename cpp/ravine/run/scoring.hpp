// Predictions and scores of given weights on given rows, chunk by chunk.
#pragma once

#include "../data/data.hpp"
#include "../network/network.hpp"
#include "metrics.hpp"

#include <functional>

namespace ravine {

// The response (inverse link applied) or, if raw, the outputs of rows that lie one behind the other, n × O.
// With mode sample, dropout acts, and `seed` and `draw` name its random stream.
template <class T>
void predict(Network<T>& network, const T* w, T* state, Index n, const T* X, bool raw, Mode mode,
             std::uint64_t seed, std::uint64_t draw, T* out, Workspace<T>& workspace,
             const CheckStop& check_stop) {
    const Index capacity = std::min(n, chunk_rows), O = network.outputs();
    workspace.grow(workspace.cache, network.plan(capacity));
    for (Index first = 0; first < n; first += capacity) {
        check_stop();
        Pass<T> pass;
        pass.B = std::min(capacity, n - first);
        pass.mode = mode, pass.w = w, pass.state = state, pass.cache = workspace.cache.data();
        pass.seed = seed, pass.step = draw, pass.row = first;
        const T* z = network.forward(pass, X + first * network.inputs());
        if (raw)
            std::copy_n(z, pass.B * O, out + first * O);
        else
            network.loss().respond(pass.B, O, z, out + first * O);
    }
}

// The loss and the metrics of some rows, in prediction mode.
struct Scores {
    double loss = 0;
    double accuracy = 0;     // of a classifier
    double r2 = 0, rmse = 0; // of a regression
};

template <class T>
Scores score(Network<T>& network, const T* w, T* state, const Rows<T>& rows, Workspace<T>& workspace,
             const CheckStop& check_stop) {
    const Index n = rows.size(), I = network.inputs(), O = network.outputs(),
                capacity = std::min(n, chunk_rows);
    workspace.grow(workspace.cache, network.plan(capacity));
    workspace.grow(workspace.x, capacity * I);
    workspace.grow(workspace.y, capacity * O);
    workspace.grow(workspace.s, capacity);
    workspace.grow(workspace.z, capacity * O);
    double loss = 0, weight = 0;
    Accuracy accuracy(O, O > 1 && rows.data.K == 1);
    RegressionScore regression(O);
    for (Index first = 0; first < n; first += capacity) {
        check_stop();
        Pass<T> pass;
        pass.B = std::min(capacity, n - first);
        pass.w = w, pass.state = state, pass.cache = workspace.cache.data();
        for (Index i = 0; i < pass.B; ++i) {
            std::copy_n(rows.x(first + i), I, workspace.x.data() + i * I);
            expand_target(rows.y(first + i), rows.data.K, O, workspace.y.data() + i * O);
            workspace.s[i] = rows.weight(first + i);
            weight += workspace.s[i];
        }
        const T* z = network.forward(pass, workspace.x.data());
        loss += network.loss().value(pass.B, O, z, workspace.y.data(), workspace.s.data(), nullptr, T(0));
        network.loss().respond(pass.B, O, z, workspace.z.data());
        if (network.loss().classifies())
            accuracy.add(pass.B, workspace.z.data(), workspace.y.data(), workspace.s.data());
        else
            regression.add(pass.B, workspace.z.data(), workspace.y.data(), workspace.s.data());
    }
    return {loss / weight, accuracy.value(), regression.r2(), regression.rmse()};
}

// The scores of n rows of outputs z, before the link, that were computed elsewhere; s null means ones.
template <class T>
Scores score_outputs(const Network<T>& network, Index n, Index K, const T* z, const T* y, const T* s) {
    const Index O = network.outputs();
    const Loss<T>& loss = network.loss();
    Buffer<T> targets(n * O), response(n * O);
    double weight = 0;
    for (Index i = 0; i < n; ++i) {
        expand_target(y + i * K, K, O, targets.data() + i * O);
        weight += s ? static_cast<double>(s[i]) : 1.0;
    }
    loss.respond(n, O, z, response.data());
    Accuracy accuracy(O, O > 1 && K == 1);
    RegressionScore regression(O);
    if (loss.classifies())
        accuracy.add(n, response.data(), targets.data(), s);
    else
        regression.add(n, response.data(), targets.data(), s);
    const double total = loss.value(n, O, z, targets.data(), s, nullptr, T(0));
    return {total / weight, accuracy.value(), regression.r2(), regression.rmse()};
}

// Compiled once, in scoring.cpp.
extern template void predict(Network<float>&, const float*, float*, Index, const float*, bool, Mode,
                             std::uint64_t, std::uint64_t, float*, Workspace<float>&, const CheckStop&);
extern template void predict(Network<double>&, const double*, double*, Index, const double*, bool, Mode,
                             std::uint64_t, std::uint64_t, double*, Workspace<double>&, const CheckStop&);
extern template Scores score(Network<float>&, const float*, float*, const Rows<float>&, Workspace<float>&,
                             const CheckStop&);
extern template Scores score(Network<double>&, const double*, double*, const Rows<double>&,
                             Workspace<double>&, const CheckStop&);

} // namespace ravine
