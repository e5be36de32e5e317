#include "ravine/network/penalties.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace ravine;
using doctest::Approx;

namespace {

Spec spec(const char* kind, Spec::Dict fields) {
    fields["kind"] = kind;
    return fields;
}
template <class T> std::span<const T> view(const std::vector<T>& values) { return values; }

} // namespace

TEST_CASE_TEMPLATE("penalties give the value and the gradient worked by hand", T, float, double) {
    // w = (3, −4, 0): Σ|w| = 7, ½‖w‖² = 12.5. The gradient starts from 1.
    const std::vector<T> w = {3, -4, 0};
    struct Case {
        Spec spec;
        double value;
        std::vector<T> gradient;
    };
    const Case cases[] = {
        {Spec(), 0, {1, 1, 1}},
        {spec("L1", {{"alpha", 0.5}}), 3.5, {1.5, 0.5, 1}},
        {spec("L1", {{"alpha", 0.5}, {"proximal", true}}), 3.5, {1, 1, 1}},
        {spec("L2", {{"alpha", 0.5}}), 6.25, {2.5, -1, 1}},
        {spec("L2", {{"alpha", 0.0}}), 0, {1, 1, 1}},
        // ½ (¼ · 7 + ¾ · 12.5) = 5.5625; ½ (¼ sign w + ¾ w) = (1.25, −1.625, 0)
        {spec("ElasticNet", {{"alpha", 0.5}, {"l1_ratio", 0.25}}), 5.5625, {2.25, -0.625, 1}},
        {spec("ElasticNet", {{"alpha", 0.5}, {"l1_ratio", 0.25}, {"proximal", true}}),
         5.5625,
         {2.125, -0.5, 1}},
    };
    for (const Case& c : cases) {
        const Penalty penalty = Penalty::from(c.spec);
        std::vector<T> g = {1, 1, 1};
        CHECK(penalty.add(view(w), std::span<T>(g)) == Approx(c.value));
        CHECK(penalty.value(view(w)) == Approx(c.value));
        CHECK(g == c.gradient); // all are exact in binary
    }
}

TEST_CASE("a penalty spares biases unless asked") {
    CHECK_FALSE(Penalty::from(spec("L2", {{"alpha", 0.5}})).include_bias);
    CHECK(Penalty::from(spec("L2", {{"alpha", 0.5}, {"include_bias", true}})).include_bias);
}

TEST_CASE_TEMPLATE("soft-thresholding shrinks by alpha times the rate and stops at zero", T, float, double) {
    const Penalty penalty = Penalty::from(spec("L1", {{"alpha", 2.0}, {"proximal", true}}));
    // Thresholds 2 · (¼, ¼, ¼, ¼, 0) = ½, ½, ½, ½, 0.
    std::vector<T> w = {3, -0.75, 0.5, -0.25, 7};
    const std::vector<T> rates = {0.25, 0.25, 0.25, 0.25, 0};
    penalty.soft_threshold(std::span<T>(w), view(rates));
    CHECK(w == std::vector<T>{2.5, -0.25, 0, 0, 7});
    CHECK_FALSE(std::signbit(w[2]));
    CHECK_FALSE(std::signbit(w[3]));
}

TEST_CASE("soft-thresholding hides no NaN, and a penalty that is not proximal does not threshold") {
    std::vector<double> w = {std::nan("")}, steady = {1.0};
    const std::vector<double> rates = {1.0};
    Penalty::from(spec("L1", {{"alpha", 2.0}, {"proximal", true}})).soft_threshold(std::span(w), view(rates));
    CHECK(std::isnan(w[0]));
    Penalty::from(spec("L1", {{"alpha", 2.0}})).soft_threshold(std::span(steady), view(rates));
    CHECK(steady[0] == 1.0);
}

TEST_CASE_TEMPLATE("max-norm scales down the columns that are too long, and no other", T, float, double) {
    // Two inputs, 70 units: column 0 is (3, 4) of length 5, column 69 is (6, 8) of length 10, the rest (1,
    // 0).
    const Index inputs = 2, outputs = 70;
    std::vector<T> weight(inputs * outputs, 0);
    for (Index j = 0; j < outputs; ++j) weight[j] = 1;
    weight[0] = 3, weight[outputs] = 4, weight[69] = 6, weight[outputs + 69] = 8;
    limit_norms(std::span<T>(weight), inputs, outputs, 2.5);
    CHECK(weight[0] == Approx(1.5));
    CHECK(weight[outputs] == Approx(2));
    CHECK(weight[69] == Approx(1.5));
    CHECK(weight[outputs + 69] == Approx(2));
    for (Index j = 1; j < 69; ++j) CHECK(weight[j] == 1);
}

TEST_CASE("an unknown penalty is an error") {
    CHECK_THROWS_WITH_AS(Penalty::from(spec("L3", {{"alpha", 1.0}})),
                         "There is no penalty 'L3'. There are: Custom, ElasticNet, L1, L2.", EngineError);
}
