// Values worked by hand: the arithmetic stands beside each.
#include "ravine/optimizers/schedules.hpp"

#include <doctest/doctest.h>

#include <tuple>
#include <utility>

using namespace ravine;
using doctest::Approx;

namespace {

Spec spec(const char* kind, Spec::Dict fields) {
    fields["kind"] = kind;
    return fields;
}

double at_epoch(const Schedule& schedule, double t) {
    return schedule.at({.epoch = t, .step = -1e9}, schedule.initial_memory());
}
double at_step(const Schedule& schedule, double t) {
    return schedule.at({.epoch = -1e9, .step = t}, schedule.initial_memory());
}

} // namespace

TEST_CASE("a number is a schedule that stays") {
    const Schedule schedule(Spec(0.1));
    CHECK(at_epoch(schedule, 0) == 0.1);
    CHECK(at_epoch(schedule, 1e6) == 0.1);
    CHECK(schedule.initial_memory().empty());
    CHECK(at_epoch(Schedule(Spec(2)), 1) == 2.0);
    CHECK(at_epoch(Schedule(), 1) == 0.0);
}

TEST_CASE("schedules give the values worked by hand, in epochs and in steps alike") {
    const double ln2 = 0.69314718055994531;
    struct Case {
        Spec spec;
        std::vector<std::pair<double, double>> values; // t, η
    };
    const Case cases[] = {
        // e^(−ln 2 · t) halves with every unit of time.
        {spec("ExponentialDecay", {{"initial", 0.1}, {"rate", ln2}}),
         {{0, 0.1}, {0.5, 0.07071067811865475}, {1, 0.05}, {3, 0.0125}}},
        // 0.1/1, 0.1/2, 0.1/5; squared: 0.1/25; square root at t = 3: 0.1/2.
        {spec("InverseDecay", {{"initial", 0.1}, {"rate", 1.0}}), {{0, 0.1}, {1, 0.05}, {4, 0.02}}},
        {spec("InverseDecay", {{"initial", 0.1}, {"rate", 1.0}, {"power", 2.0}}), {{0, 0.1}, {4, 0.004}}},
        {spec("InverseDecay", {{"initial", 0.1}, {"rate", 1.0}, {"power", 0.5}}), {{3, 0.05}, {99, 0.01}}},
        // Stairs of length 3: 0.8, 0.4, 0.2.
        {spec("StepDecay", {{"initial", 0.8}, {"factor", 0.5}, {"every", 3}}),
         {{0, 0.8}, {2.9, 0.8}, {3, 0.4}, {5.5, 0.4}, {6, 0.2}, {8.9, 0.2}}},
        // cos 0°, 60°, 90°, 120°, 180°: 0.02 + 0.08 · (1, ¾, ½, ¼, 0).
        {spec("CosineDecay", {{"initial", 0.1}, {"final", 0.02}, {"length", 6}}),
         {{0, 0.1}, {2, 0.08}, {3, 0.06}, {4, 0.04}, {6, 0.02}, {9, 0.02}}},
        // 1 + 3t/3 = √2, 2, 2√2: a half, one and one and a half of two waves.
        {spec("CyclicCosine", {{"maximum", 0.1}, {"cycles", 2}, {"length", 3}}),
         {{0, 0.0}, {std::sqrt(2.0) - 1, 0.1}, {2 * std::sqrt(2.0) - 1, 0.1}, {3, 0.0}, {9, 0.0}}},
        // Up from 0.2 to 1 in 4, down to 0 in 6: 0.2 + ½ · 0.8; then 1 − ½.
        {spec("OneCycle",
              {{"maximum", 1.0}, {"initial", 0.2}, {"final", 0.0}, {"peak", 0.4}, {"length", 10}}),
         {{0, 0.2}, {2, 0.6}, {4, 1.0}, {7, 0.5}, {10, 0.0}, {99, 0.0}}},
        // From 0.1/25 = 0.004, half-way up at 1.5 of 3: 0.052; down to 0.004/10⁴ = 4e-7.
        {spec("OneCycle", {{"maximum", 0.1}, {"length", 10}}),
         {{0, 0.004}, {1.5, 0.052}, {3, 0.1}, {10, 4e-7}}},
        // A quarter of the way at 1 of 4.
        {spec("Warmup", {{"length", 4}, {"then", 0.1}}), {{0, 0.0}, {1, 0.025}, {4, 0.1}, {50, 0.1}}},
        // What follows starts its own clock at 4: its stairs change at 4 + 2 and 4 + 4.
        {spec("Warmup", {{"length", 4},
                         {"then", spec("StepDecay", {{"initial", 0.1}, {"factor", 0.5}, {"every", 2}})}}),
         {{0, 0.0}, {2, 0.05}, {4, 0.1}, {5.9, 0.1}, {6, 0.05}, {8, 0.025}}},
    };
    for (const Case& c : cases) {
        CAPTURE(c.spec.kind());
        Spec::Dict in_steps = c.spec.dict();
        in_steps["unit"] = "step";
        if (Spec& then = in_steps["then"]; then.is_dict()) {
            Spec::Dict inner = then.dict();
            inner["unit"] = "step";
            then = inner;
        }
        for (auto [t, eta] : c.values) {
            CAPTURE(t);
            CHECK(at_epoch(Schedule(c.spec), t) == Approx(eta).epsilon(1e-14));
            CHECK(at_step(Schedule(in_steps), t) == Approx(eta).epsilon(1e-14));
        }
    }
}

TEST_CASE("a schedule without a length takes that of the run, in its own unit") {
    const RunLength run{.epochs = 10, .steps = 40};
    const Spec cosine = spec("CosineDecay", {{"initial", 0.1}});
    CHECK(at_epoch(Schedule(cosine, run), 5) == Approx(0.05));
    CHECK(at_epoch(Schedule(cosine, run), 10) == 0.0);
    CHECK(at_step(Schedule(spec("CosineDecay", {{"initial", 0.1}, {"unit", "step"}}), run), 20) ==
          Approx(0.05));
    CHECK(at_epoch(Schedule(spec("OneCycle", {{"maximum", 1.0}}), run), 3) == Approx(1.0));
    CHECK(at_epoch(Schedule(spec("CyclicCosine", {{"maximum", 1.0}, {"cycles", 1}}), run),
                   10 * (std::sqrt(2.0) - 1)) == Approx(1.0));

    SUBCASE("after a warm-up, the rest of the run") { // 6 of the 10 epochs: its middle is 4 + 3
        const Schedule schedule(spec("Warmup", {{"length", 4}, {"then", cosine}}), run);
        CHECK(at_epoch(schedule, 2) == Approx(0.05));
        CHECK(at_epoch(schedule, 7) == Approx(0.05));
        CHECK(at_epoch(schedule, 10) == 0.0);
    }
    SUBCASE("a warm-up longer than the run ends within itself") {
        const Schedule schedule(
            spec("Warmup", {{"length", 20},
                            {"then", spec("StepDecay", {{"initial", 0.1}, {"factor", 0.5}, {"every", 1}})}}),
            run);
        CHECK(at_epoch(schedule, 10) == Approx(0.05));
    }
}

TEST_CASE("a plateau multiplies the rate after `patience` epochs without a better loss") {
    const Schedule schedule(
        spec("ReduceOnPlateau",
             {{"initial", 0.8}, {"factor", 0.5}, {"patience", 2}, {"min_delta", 0.125}, {"minimum", 0.15}}));
    struct Epoch {
        double loss, rate_after;
    };
    const Epoch epochs[] = {
        {1.0, 0.8},                                         // the best so far
        {0.9, 0.8},                                         // not below 1 − 0.125: waits 1
        {0.875, 0.4},                                       // nor is this: waits 2, halved
        {0.5, 0.4},                                         // the best so far
        {0.5, 0.4},   {0.5, 0.2},  {0.5, 0.2}, {0.5, 0.15}, // 0.1 is below the minimum
        {0.5, 0.15},  {0.5, 0.15},
    };
    std::vector<double> memory = schedule.initial_memory();
    CHECK(schedule.at({}, memory) == 0.8);
    for (const Epoch& epoch : epochs) {
        schedule.observe({.loss = epoch.loss}, {}, memory);
        CHECK(schedule.at({.epoch = 3}, memory) == Approx(epoch.rate_after).epsilon(1e-15));
    }
}

TEST_CASE("a plateau watches what it is told to, else the validation loss where there is one") {
    Spec::Dict fields = {
        {"initial", 1.0}, {"factor", 0.5}, {"patience", 1}, {"min_delta", 0.0}, {"minimum", 0.0}};
    auto rate_after_two = [&](Observed first, Observed second) {
        const Schedule schedule(spec("ReduceOnPlateau", fields));
        std::vector<double> memory = schedule.initial_memory();
        schedule.observe(first, {}, memory);
        schedule.observe(second, {}, memory);
        return schedule.at({}, memory);
    };
    const Observed before{.loss = 2, .val_loss = 1, .val_accuracy = 0.5, .val_r2 = 0.5, .val_rmse = 1};
    const Observed better{.loss = 3, .val_loss = 0.9, .val_accuracy = 0.6, .val_r2 = 0.6, .val_rmse = 0.9};
    const Observed worse{.loss = 1, .val_loss = 1.1, .val_accuracy = 0.4, .val_r2 = 0.4, .val_rmse = 1.1};
    CHECK(rate_after_two(before, better) == 1.0);
    CHECK(rate_after_two(before, worse) == 0.5);
    CHECK(rate_after_two({.loss = 2}, {.loss = 1}) == 1.0);
    CHECK(rate_after_two({.loss = 2}, {.loss = 3}) == 0.5);
    for (const char* monitor : {"val_loss", "val_accuracy", "val_r2", "val_rmse"}) {
        fields["monitor"] = monitor;
        CAPTURE(monitor);
        CHECK(rate_after_two(before, better) == 1.0);
        CHECK(rate_after_two(before, worse) == 0.5);
    }
    fields["monitor"] = "loss"; // it went the other way
    CHECK(rate_after_two(before, better) == 0.5);
    CHECK(rate_after_two(before, worse) == 1.0);
}

TEST_CASE("a plateau behind warm-ups counts the epochs that begin after them, in epochs and in steps") {
    Spec plateau =
        spec("ReduceOnPlateau",
             {{"initial", 1.0}, {"factor", 0.5}, {"patience", 2}, {"min_delta", 0.0}, {"minimum", 0.0}});
    struct Case {
        Spec spec;
        double first; // the first epoch that counts; an epoch has 10 steps
    };
    const Case cases[] = {
        {spec("Warmup", {{"length", 2}, {"then", plateau}}), 2},
        {spec("Warmup", {{"length", 1.5}, {"then", plateau}}), 2}, // the second began before
        {spec("Warmup", {{"length", 11}, {"unit", "step"}, {"then", plateau}}), 2},
        {spec("Warmup", {{"length", 10}, {"unit", "step"}, {"then", plateau}}), 1},
        {spec("Warmup", {{"length", 0.3}, {"then", spec("Warmup", {{"length", 0.7}, {"then", plateau}})}}),
         1},
    };
    for (const Case& c : cases) {
        const Schedule schedule(c.spec);
        std::vector<double> memory = schedule.initial_memory();
        REQUIRE(memory.size() == 3);
        // Better and better as long as it does not count, and the same from then on: halved after the first
        // that counts, the best so far, and two more.
        for (double epoch = 0; epoch < c.first + 3; ++epoch) {
            CHECK(schedule.at({100, 1000}, memory) == 1.0);
            const double loss = epoch < c.first ? -epoch : 5.0;
            schedule.observe({.loss = loss}, {epoch, 10 * epoch}, memory);
        }
        CHECK(schedule.at({100, 1000}, memory) == 0.5);
    }
}

TEST_CASE("a value that is no number does not improve, and a plateau that sees no other watches in vain") {
    const double nan = Observed::unknown;
    const Schedule schedule(
        spec("ReduceOnPlateau",
             {{"initial", 1.0}, {"factor", 0.5}, {"patience", 2}, {"min_delta", 0.0}, {"minimum", 0.0}}));
    std::vector<double> memory = schedule.initial_memory();
    CHECK(!Schedule::watches_in_vain(memory));
    CHECK(!Schedule::watches_in_vain({}));
    for (double value : {nan, std::numeric_limits<double>::infinity(), nan}) {
        schedule.observe({.loss = value}, {}, memory);
        CHECK(Schedule::watches_in_vain(memory));
    }
    schedule.observe({.loss = 3}, {}, memory);
    CHECK(!Schedule::watches_in_vain(memory));
    CHECK(memory[schedules::ReduceOnPlateau::best] == 3);
}

TEST_CASE("a boundary falls on its step, whatever rounding makes of tenths") {
    // Stairs of a tenth: step number k of ten an epoch is on stair k, and behind a warm-up on k minus its
    // steps.
    const Spec stairs = spec("StepDecay", {{"initial", 1.0}, {"factor", 0.5}, {"every", 0.1}});
    for (double warm : {0.0, 0.3, 0.7, 1.1, 7.0, 100.3}) {
        const Schedule schedule(warm > 0 ? spec("Warmup", {{"length", warm}, {"then", stairs}}) : stairs);
        const int before = static_cast<int>(std::lround(10 * warm));
        for (int k = before; k < before + 60; ++k) {
            CAPTURE(warm);
            CAPTURE(k);
            CHECK(at_epoch(schedule, k / 10 + (k % 10) / 10.0) == std::ldexp(1.0, before - k));
        }
    }
    // A stair of 0.07 epochs of 100 steps is 7 steps; of 1/3 of an epoch of 3 steps, one.
    const std::tuple<double, int, int> lengths[] = {{0.07, 100, 7}, {1.0 / 3, 3, 1}, {0.29, 100, 29}};
    for (auto [every, steps, stair] : lengths) {
        const Schedule schedule(spec("StepDecay", {{"initial", 1.0}, {"factor", 0.5}, {"every", every}}));
        for (int k = 0; k < 30 * stair; ++k)
            CHECK(at_epoch(schedule, k / steps + static_cast<double>(k % steps) / steps) ==
                  std::ldexp(1.0, -(k / stair)));
    }
}

TEST_CASE("a warm-up that the run does not outlast goes up to the first value of what follows") {
    const RunLength run{.epochs = 5, .steps = 50};
    struct Case {
        Spec then;
        double first;
    };
    const Case cases[] = {
        {0.1, 0.1},
        {spec("ExponentialDecay", {{"initial", 0.1}, {"rate", 1.0}}), 0.1},
        {spec("InverseDecay", {{"initial", 0.1}, {"rate", 1.0}}), 0.1},
        {spec("StepDecay", {{"initial", 0.1}, {"factor", 0.5}, {"every", 1.0}}), 0.1},
        {spec("CosineDecay", {{"initial", 0.1}}), 0.1},
        {spec("CosineDecay", {{"initial", 0.1}, {"length", 50}}), 0.1},
        {spec("OneCycle", {{"maximum", 2.5}}), 0.1}, // 2.5 / 25
        {spec("OneCycle", {{"maximum", 2.5}, {"initial", 1.0}}), 1.0},
        {spec("ReduceOnPlateau",
              {{"initial", 0.1}, {"factor", 0.5}, {"patience", 1}, {"min_delta", 0.0}, {"minimum", 0.0}}),
         0.1},
    };
    for (const Case& c : cases)
        for (double length : {5.0, 8.0})
            for (bool steps : {false, true}) {
                const double unit = steps ? 10 : 1;
                Spec then = c.then;
                if (steps && then.is_dict() && then.kind() != "ReduceOnPlateau") {
                    Spec::Dict fields = then.dict();
                    fields["unit"] = "step";
                    then = fields;
                }
                const Spec warmup =
                    spec("Warmup",
                         {{"length", length * unit}, {"unit", steps ? "step" : "epoch"}, {"then", then}});
                const Schedule schedule(warmup, run);
                CHECK(!schedule.never_leaves_zero(run));
                for (double t : {0.0, 1.0, 2.5, 4.9})
                    CHECK(schedule.at({t, 10 * t}, schedule.initial_memory()) ==
                          Approx(c.first * t / length).epsilon(1e-14));
            }
}

TEST_CASE("a warm-up to what begins at 0 never leaves it in a run that is no longer") {
    const RunLength run{.epochs = 5, .steps = 50};
    const Spec waves = spec("CyclicCosine", {{"maximum", 0.1}});
    for (const Spec& then : {waves, spec("Warmup", {{"length", 1}, {"then", 0.1}})}) {
        const auto stuck = [&](double length) {
            return Schedule(spec("Warmup", {{"length", length}, {"then", then}}), run).never_leaves_zero(run);
        };
        CHECK(stuck(5));
        CHECK(stuck(6));
        CHECK(!stuck(4.8)); // the last step is at 4.9 epochs
    }
    CHECK(!Schedule(waves, run).never_leaves_zero(run));
    CHECK(!Schedule(spec("Warmup", {{"length", 9}, {"then", 0.0}}), run).never_leaves_zero(run));
}

TEST_CASE("a run whose few steps all fall on zeros of its schedule never leaves them") {
    const auto stuck = [](const Spec& what, double epochs, double steps) {
        const RunLength run{.epochs = epochs, .steps = steps};
        return Schedule(what, run).never_leaves_zero(run);
    };
    const Spec waves = spec("CyclicCosine", {{"maximum", 0.1}}),
               start = spec("Warmup", {{"length", 3}, {"then", 0.1}});
    CHECK(stuck(start, 1, 1)); // its only step is the first
    CHECK(!stuck(start, 2, 2));
    CHECK(!stuck(start, 1, 2));
    CHECK(stuck(waves, 1, 1));
    CHECK(!stuck(waves, 2, 2));
    const Spec both = spec("Warmup", {{"length", 3}, {"then", waves}});
    CHECK(stuck(both, 4, 4)); // the step after the warm-up is the wave's first
    CHECK(!stuck(both, 5, 5));
    CHECK(!stuck(both, 4, 8));
    CHECK(
        stuck(spec("CyclicCosine", {{"maximum", 0.1}, {"length", 1}}), 9, 9)); // over before its second step
    CHECK(!stuck(0.0, 1, 1));                                                  // that is what was asked for
}

TEST_CASE("a schedule that cannot be read is an error") {
    CHECK_THROWS_WITH_AS(Schedule(spec("Sawtooth", {})),
                         doctest::Contains("There is no schedule 'Sawtooth'."), EngineError);
    CHECK_THROWS_WITH_AS(Schedule(spec("ExponentialDecay", {{"initial", 0.1}})),
                         "a spec lacks its field 'rate'", EngineError);
    CHECK_THROWS_AS(Schedule(Spec("fast")), EngineError);
    CHECK_THROWS_WITH_AS(
        Schedule(spec("Warmup", {{"length", 1},
                                 {"unit", "epoch"},
                                 {"then", spec("CosineDecay", {{"initial", 0.1}, {"unit", "step"}})}})),
        "a Warmup and what follows it must count in the same unit", EngineError);
}
