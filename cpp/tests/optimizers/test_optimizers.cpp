// First steps worked by hand (the arithmetic stands beside each), and what each rule promises.
#include "ravine/network/penalties.hpp"
#include "ravine/optimizers/optimizer.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

using namespace ravine;
using doctest::Approx;

namespace {

const std::map<std::string, Spec::Dict> defaults = {
    {"SGD", {{"learning_rate", 0.1}, {"momentum", 0.0}, {"nesterov", false}}},
    {"DeltaBarDelta", {{"learning_rate", 0.1}, {"kappa", 0.05}, {"phi", 0.5}, {"theta", 0.5}}},
    {"Rprop",
     {{"learning_rate", 0.1}, {"eta_minus", 0.5}, {"eta_plus", 1.2}, {"step_min", 1e-6}, {"step_max", 50.0}}},
    {"Adagrad", {{"learning_rate", 0.1}, {"epsilon", 1e-12}, {"epsilon_inside_root", false}}},
    {"RMSprop",
     {{"learning_rate", 0.1}, {"beta2", 0.75}, {"epsilon", 1e-12}, {"epsilon_inside_root", false}}},
    {"Adam",
     {{"learning_rate", 0.1},
      {"beta1", 0.5},
      {"beta2", 0.75},
      {"epsilon", 2.0},
      {"epsilon_inside_root", false},
      {"bias_correction", true}}},
    {"LBFGS", {{"learning_rate", 1.0}, {"memory", 10}, {"max_evaluations", 25}, {"c1", 1e-4}, {"c2", 0.9}}},
};

Spec rule(const std::string& kind, const Spec::Dict& changes = {}) {
    Spec::Dict fields = defaults.at(kind);
    fields["kind"] = kind;
    for (const auto& [name, value] : changes) fields[name] = value;
    return fields;
}

// A staircase that halves with every step.
Spec halving(double initial) {
    return Spec::Dict{
        {"kind", "StepDecay"}, {"initial", initial}, {"factor", 0.5}, {"every", 1}, {"unit", "step"}};
}

// An optimizer on its way: w, its state and the count of steps.
template <class T> struct Walk {
    Walk(const Spec& spec, std::vector<T> start)
        : optimizer(make_optimizer<T>(spec)), w(std::move(start)), g(w.size()),
          state(static_cast<std::size_t>(optimizer->state_size(std::ssize(w)))) {
        optimizer->init(std::ssize(w), state);
    }
    bool step(std::vector<T> gradient, double value = 0, const Evaluate<T>* evaluate = nullptr) {
        now.time = {.epoch = static_cast<double>(k), .step = static_cast<double>(k)};
        now.k = ++k;
        now.eta =
            static_cast<T>(optimizer->learning_rate.at(now.time, optimizer->learning_rate.initial_memory()));
        now.value = value;
        now.evaluate = evaluate;
        return optimizer->update(w, gradient, state, now);
    }
    bool descend(const Evaluate<T>& objective) {
        const double value = objective(w, g);
        return step(g, value, &objective);
    }
    std::vector<T> steady_rates() {
        std::vector<T> rates(w.size());
        optimizer->steady_rates(state, now, rates);
        return rates;
    }

    OptimizerPtr<T> optimizer;
    std::vector<T> w, g, state;
    long k = 0;
    Now<T> now;
};

template <class T> constexpr double tolerance = sizeof(T) == 4 ? 1e-6 : 1e-10;

} // namespace

TEST_CASE_TEMPLATE("the first steps of every rule are those worked by hand", T, float, double) {
    struct Case {
        std::string what;
        Spec spec;
        std::vector<T> gradients;
        std::vector<double> w; // after each, from 1
    };
    const Case cases[] = {
        // 1 − 0.1, − 0.2, + 0.1
        {"plain", rule("SGD"), {1, 2, -1}, {0.9, 0.7, 0.8}},
        // v = 0.1; 0.05 + 0.2 = 0.25; 0.125 − 0.1 = 0.025
        {"momentum", rule("SGD", {{"momentum", 0.5}}), {1, 2, -1}, {0.9, 0.65, 0.625}},
        // η = 0.4, 0.2, 0.1 inside the velocity: v = 0.4; 0.2 + 0.4 = 0.6; 0.3 − 0.1 = 0.2
        {"momentum under a falling rate",
         rule("SGD", {{"momentum", 0.5}, {"learning_rate", halving(0.4)}}),
         {1, 2, -1},
         {0.6, 0, -0.2}},
        // β = 0.8, 0.4, 0.2: v = 0.1; 0.04 + 0.2 = 0.24; 0.048 − 0.1 = −0.052
        {"scheduled momentum", rule("SGD", {{"momentum", halving(0.8)}}), {1, 2, -1}, {0.9, 0.66, 0.712}},
        // steps 0.05 + 0.1; 0.125 + 0.2; 0.0125 − 0.1
        {"Nesterov", rule("SGD", {{"momentum", 0.5}, {"nesterov", true}}), {1, 2, -1}, {0.85, 0.525, 0.6125}},

        // η: 0.1 (the trace is still 0), 0.15 (0.5 · 2 > 0), 0.075 (1.25 · −1 < 0), and 0.125, for the trace
        // 0.125 agrees with 1 although the gradient before did not; the trace: 0.5, 1.25, 0.125
        {"delta-bar-delta", rule("DeltaBarDelta"), {1, 2, -1, 1}, {0.9, 0.6, 0.675, 0.55}},
        // Δ: 0.1; 0.12; the sign turns: 0.06 and rest; −4 has nothing to be compared with: 0.06; 0.072
        {"Rprop", rule("Rprop"), {3, 2, -1, -4, -1}, {0.9, 0.78, 0.78, 0.84, 0.912}},
        {"Rprop at its bounds",
         rule("Rprop", {{"step_min", 0.08}, {"step_max", 0.11}}),
         {3, 2, -1, -4},
         {0.9, 0.79, 0.79, 0.87}},

        // ṽ = 9, 25, 169: 0.1 · 3/3, 0.1 · 4/5, −0.1 · 12/13
        {"Adagrad", rule("Adagrad"), {3, 4, -12}, {0.9, 0.82, 0.9123076923076923}},
        // ṽ + 16 = 25, 169, 7225: 0.1 · 3/5, 0.1 · 12/13, −0.1 · 84/85
        {"Adagrad, lecture form",
         rule("Adagrad", {{"epsilon", 16.0}, {"epsilon_inside_root", true}}),
         {3, 12, -84},
         {0.94, 0.8476923076923077, 0.9465158371040724}},
        // ṽ = 1; 0.75 + 0.25; 0.75 + 2.25 = 3: 0.1 · 2/1, 0.1 · 1/1, −0.1 · 3/√3
        {"RMSprop", rule("RMSprop"), {2, 1, -3}, {0.8, 0.7, 0.8732050807568877}},
        // √(ṽ + 3) = 2, 2, √6: 0.1, 0.05, −0.3/√6
        {"RMSprop, lecture form",
         rule("RMSprop", {{"epsilon", 3.0}, {"epsilon_inside_root", true}}),
         {2, 1, -3},
         {0.9, 0.85, 0.9724744871391589}},

        // ν = 1, 1, −1 over ½, ¾, ⅞; ṽ = 1, 1, 3 over ¼, 7/16, 37/64: ν̂ = 2, 4/3, −8/7; √v̂ = 2, 4/√7,
        // 8·√(3/37);
        // 0.1 · 2/4, 0.1 · 1.3333333/3.5118579 = 0.0379666, −0.1 · 1.1428571/4.2779796 = −0.0267149
        {"Adam", rule("Adam"), {2, 1, -3}, {0.95, 0.9120333916028707, 0.9387482747790314}},
        // ε over ½, √7/4, √37/8: 0.1 · 2/6, 0.1 · 1.3333333/4.5355737, −0.1 · 1.1428571/4.9083632
        {"Adam, ε before the correction",
         rule("Adam", {{"epsilon_hat", true}}),
         {2, 1, -3},
         {0.9666666666666667, 0.9372694298770601, 0.9605533057019701}},
        // 0.1 · 1/3, 0.1 · 1/3, −0.1/(√3 + 2)
        {"Adam without correction",
         rule("Adam", {{"bias_correction", false}}),
         {2, 1, -3},
         {0.9666666666666667, 0.9333333333333333, 0.9601282525764456}},
        // 0.1 · 1/√4, again, −0.1/√6
        {"Adam, lecture form",
         rule("Adam", {{"bias_correction", false}, {"epsilon", 3.0}, {"epsilon_inside_root", true}}),
         {2, 1, -3},
         {0.95, 0.9, 0.9408248290463863}},
        // v̂ + 5 = 9, 7.2857143, 10.1891892: 0.2/3, 0.1333333/2.6992062 = 0.0493972, −0.1142857/3.1920509
        {"Adam, corrected inside the root",
         rule("Adam", {{"epsilon", 5.0}, {"epsilon_inside_root", true}}),
         {2, 1, -3},
         {0.9333333333333333, 0.8839360950910035, 0.9197393189475375}},
        // β₁ = 0.8, 0.4, 0.2, products 0.8, 0.32, 0.064: ν = 0.4, 0.76, −2.248; ν̂ = 2, 0.76/0.68 = 1.1176471,
        // −2.248/0.936 = −2.4017094; steps 0.05, 0.1117647/3.5118579 = 0.0318250, −0.2401709/4.2779796
        {"Adam, scheduled momentum",
         rule("Adam", {{"beta1", halving(0.8)}}),
         {2, 1, -3},
         {0.95, 0.9181750488435827, 0.9743162616721173}},
        // METHODS, section 3: ε outside the root and g = 1e-8 give 1e-3 · 1e-8/(1e-8 + 1e-8) = 5.0e-4
        {"Adam at a tiny gradient",
         rule("Adam", {{"learning_rate", 1e-3}, {"beta1", 0.9}, {"beta2", 0.999}, {"epsilon", 1e-8}}),
         {T(1e-8)},
         {1 - 5.0e-4}},
    };
    for (const Case& c : cases) {
        CAPTURE(c.what);
        Walk<T> walk(c.spec, {1, 1, 1, 1, 1}); // several, for the vectorised loops
        for (std::size_t k = 0; k < c.gradients.size(); ++k) {
            CHECK(walk.step(std::vector<T>(5, c.gradients[k])));
            for (T w : walk.w) CHECK(std::abs(w - c.w[k]) < tolerance<T>);
        }
    }
}

TEST_CASE("plain descent keeps no state, momentum one vector, Adam two and a product") {
    CHECK(make_optimizer<float>(rule("SGD"))->state_size(7) == 0);
    CHECK(make_optimizer<float>(rule("SGD", {{"momentum", 0.9}}))->state_size(7) == 7);
    CHECK(make_optimizer<float>(rule("SGD", {{"momentum", halving(0.9)}}))->state_size(7) == 7);
    CHECK(make_optimizer<float>(rule("Adam"))->state_size(7) == 16);
}

TEST_CASE("the learning rate and the weight decay are on the base, decay left to the caller") {
    auto adam = rule("Adam", {{"weight_decay", 0.01}}).dict();
    adam["kind"] = "AdamW";
    Walk<double> decayed(adam, {1.0}), plain(rule("Adam"), {1.0});
    CHECK(decayed.optimizer->weight_decay == 0.01);
    CHECK(plain.optimizer->weight_decay == 0);
    CHECK(decayed.optimizer->learning_rate.at({}, {}) == 0.1);
    decayed.step({1.0});
    plain.step({1.0});
    CHECK(decayed.w == plain.w);
}

TEST_CASE_TEMPLATE("a product of momenta that stay is their power, after many steps too", T, float, double) {
    const Spec stays = Spec::Dict{{"kind", "InverseDecay"}, {"initial", 0.999}, {"rate", 0.0}};
    Walk<T> constant(rule("Adam", {{"beta1", 0.999}}), {1}), scheduled(rule("Adam", {{"beta1", stays}}), {1});
    for (int k = 0; k < 1000; ++k) {
        constant.step({T(0.5)});
        scheduled.step({T(0.5)});
        // 1 − 0.999^k loses up to three digits of the last place to cancellation.
        REQUIRE(constant.w[0] == Approx(scheduled.w[0]).epsilon(sizeof(T) == 4 ? 1e-6 : 1e-13));
    }
}

TEST_CASE_TEMPLATE("a positive epsilon guards against 0/0 even where T rounds it to zero", T, float, double) {
    for (const char* kind : {"Adagrad", "RMSprop", "Adam"})
        for (bool inside : {false, true}) {
            Walk<T> walk(rule(kind, {{"epsilon", 1e-300}, {"epsilon_inside_root", inside}}), {1});
            walk.step({0});
            CHECK(walk.w[0] == 1);
        }
}

TEST_CASE("rules with rates of their own show them, plain descent its momentum, the others neither") {
    Walk<double> walk(rule("Rprop", {{"eta_minus", 0.5}, {"eta_plus", 1.5}}), {0, 0});
    walk.step({1, -1});
    walk.step({1, 1}); // the first keeps its sign, the second turns: 0.1 · 1.5 and 0.1 · 0.5
    const auto rates = walk.optimizer->own_rates(walk.state, 2);
    REQUIRE(rates.size() == 2);
    CHECK(rates[0] == Approx(0.15));
    CHECK(rates[1] == Approx(0.05));
    CHECK(std::isnan(walk.optimizer->momentum({})));

    const auto sgd = make_optimizer<double>(rule("SGD", {{"momentum", halving(0.8)}}));
    CHECK(sgd->own_rates({}, 2).empty());
    CHECK(sgd->momentum({.epoch = 0, .step = 0}) == 0.8);
    CHECK(sgd->momentum({.epoch = 1, .step = 1}) == 0.4);
    for (const char* kind : {"Adagrad", "RMSprop", "Adam", "LBFGS", "DeltaBarDelta"})
        CHECK(std::isnan(make_optimizer<double>(rule(kind))->momentum({})));
}

TEST_CASE("the steady rate is the step that a steady gradient of 1 takes in the end") {
    const Spec rules[] = {
        rule("SGD"),
        rule("SGD", {{"momentum", 0.75}}),
        rule("SGD", {{"momentum", 0.75}, {"nesterov", true}}),
        rule("DeltaBarDelta"),
        rule("Adagrad"),
        rule("RMSprop"),
        rule("Adam"),
        rule("Adam", {{"bias_correction", false}, {"epsilon_inside_root", true}}),
    };
    for (const Spec& spec : rules) {
        CAPTURE(spec.kind());
        Walk<double> walk(spec, {1, 1});
        for (int k = 0; k < 200; ++k) walk.step({1, 1});
        const std::vector<double> before = walk.w;
        walk.step({1, 1});
        const std::vector<double> rates = walk.steady_rates();
        for (int i : {0, 1}) CHECK(before[i] - walk.w[i] == Approx(rates[i]).epsilon(1e-9));
    }
    CHECK_THROWS_AS(Walk<double>(rule("Rprop"), {1}).steady_rates(), EngineError);
    CHECK_THROWS_AS(Walk<double>(rule("LBFGS"), {1}).steady_rates(), EngineError);
}

TEST_CASE("a proximal L1 penalty leads every rule to the penalised optimum, zeros exact") {
    // The minimum of ½ (w − b)² + α |w| is b − α sign b, or 0 where |b| ≤ α.
    const Penalty penalty = Penalty::from(Spec::Dict{{"kind", "L1"}, {"alpha", 0.5}, {"proximal", true}});
    const std::vector<double> b = {2, -3, 0.25};
    const Spec rules[] = {
        rule("SGD"),
        rule("SGD", {{"momentum", 0.5}}),
        rule("SGD", {{"momentum", 0.5}, {"nesterov", true}}),
        rule("DeltaBarDelta", {{"kappa", 1e-3}}),
        rule("Adagrad"),
        rule("Adam", {{"epsilon", 1e-8}, {"beta2", 0.999}, {"learning_rate", 0.01}}),
    };
    for (const Spec& spec : rules) {
        CAPTURE(spec.kind());
        Walk<double> walk(spec, {0.3, 0.3, 0.3});
        for (int k = 0; k < 20000; ++k) {
            walk.step({walk.w[0] - b[0], walk.w[1] - b[1], walk.w[2] - b[2]});
            const std::vector<double> rates = walk.steady_rates();
            penalty.soft_threshold(std::span<double>(walk.w), std::span<const double>(rates));
        }
        CHECK(walk.w[0] == Approx(1.5).epsilon(1e-9));
        CHECK(walk.w[1] == Approx(-2.5).epsilon(1e-9));
        CHECK(walk.w[2] == 0.0);
    }
}

TEST_CASE("Jacobs's rule needs fewer steps than steepest descent in an elongated valley") {
    // L = ½ (w₁² + 100 w₂²), both from rate 0.01, half of what the steep axis bears.
    auto steps = [](const Spec& spec) {
        Walk<double> walk(spec, {1, 1});
        int k = 0;
        for (; k < 10000 && std::hypot(walk.w[0], walk.w[1]) > 1e-6; ++k)
            walk.step({walk.w[0], 100 * walk.w[1]});
        return k;
    };
    const int steepest = steps(rule("SGD", {{"learning_rate", 0.01}}));
    const int jacobs = steps(
        rule("DeltaBarDelta", {{"learning_rate", 0.01}, {"kappa", 1e-3}, {"phi", 0.1}, {"theta", 0.7}}));
    CHECK(steepest == 1375); // 0.99^k < 1e-6 from k = 13.8155/0.0100503 = 1374.6 on
    CHECK(2 * jacobs < steepest);
}

TEST_CASE("what cannot be an optimizer is an error") {
    CHECK_THROWS_WITH_AS(make_optimizer<float>(Spec::Dict{{"kind", "Newton"}}),
                         doctest::Contains("There is no optimizer 'Newton'."), EngineError);
    CHECK_THROWS_WITH_AS(
        make_optimizer<float>(rule("SGD", {{"momentum", Spec::Dict{{"kind", "ReduceOnPlateau"},
                                                                   {"initial", 0.9},
                                                                   {"factor", 0.5},
                                                                   {"patience", 1},
                                                                   {"min_delta", 0.0},
                                                                   {"minimum", 0.0}}}})),
        "momentum cannot follow a schedule that looks at the loss", EngineError);
    CHECK_THROWS_AS(make_optimizer<float>(rule("DeltaBarDelta", {{"learning_rate", halving(0.1)}})),
                    EngineError);
}
