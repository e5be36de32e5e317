#include "ravine/run/metrics.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

using namespace ravine;

TEST_CASE("R² and root mean squared error are those of scikit-learn's own examples") {
    const double y[] = {3, -0.5, 2, 7}, predicted[] = {2.5, 0, 2, 8};
    RegressionScore score(1);
    score.add<double>(4, predicted, y, nullptr);
    CHECK(score.r2() == doctest::Approx(0.9486081370449679).epsilon(1e-14));
    CHECK(score.rmse() == doctest::Approx(0.6123724356957945).epsilon(1e-14));

    const double Y[] = {0.5, 1, -1, 1, 7, -6}, P[] = {0, 2, -1, 2, 8, -5};
    RegressionScore two(2);
    two.add<double>(3, P, Y, nullptr);
    CHECK(two.rmse() == doctest::Approx(0.8227486121839513).epsilon(1e-14));
    // Output 1: 1 − 1.25 / (109.5 / 3) with Σ(y − ȳ)² = 50.25 − 6.5²/3; output 2: 1 − 3 / (38 − 16/3).
    CHECK(two.r2() ==
          doctest::Approx((1 - 1.25 / (50.25 - 6.5 * 6.5 / 3) + 1 - 3 / (38 - 16.0 / 3)) / 2).epsilon(1e-14));
}

TEST_CASE("A weight of 3 counts as three rows, and chunks add up to the whole") {
    const double y[] = {1, 2, 4, 8}, predicted[] = {1, 3, 3, 9}, s[] = {1, 3, 0, 2};
    const double y_long[] = {1, 2, 2, 2, 8, 8}, predicted_long[] = {1, 3, 3, 3, 9, 9};
    RegressionScore weighted(1), repeated(1), chunked(1);
    weighted.add<double>(4, predicted, y, s);
    repeated.add<double>(6, predicted_long, y_long, nullptr);
    chunked.add<double>(1, predicted, y, s);
    chunked.add<double>(3, predicted + 1, y + 1, s + 1);
    CHECK(weighted.r2() == doctest::Approx(repeated.r2()).epsilon(1e-14));
    CHECK(weighted.rmse() == doctest::Approx(repeated.rmse()).epsilon(1e-14));
    CHECK(chunked.r2() == weighted.r2());
    CHECK(chunked.rmse() == weighted.rmse());

    const float p[] = {0.9f, 0.1f, 0.4f, 0.6f}, q[] = {1, 0, 1, 0}, w[] = {3, 1};
    Accuracy accuracy(2, true);
    accuracy.add(2, p, q, w);
    CHECK(accuracy.value() == 0.75);
}

TEST_CASE("A constant target has R² 1 when it is met exactly, else 0; one row has none") {
    const double y[] = {0.1, 0.1, 0.1}, off[] = {0.1, 0.1, 0.2};
    RegressionScore exact(1), wrong(1), single(1);
    exact.add<double>(3, y, y, nullptr);
    wrong.add<double>(3, off, y, nullptr);
    single.add<double>(1, off, y, nullptr);
    CHECK(exact.r2() == 1);
    CHECK(exact.rmse() == 0);
    CHECK(wrong.r2() == 0);
    CHECK(std::isnan(single.r2()));
    CHECK(single.rmse() == 0);
}

TEST_CASE("R² keeps its digits when the targets are far from 0") {
    const double y[] = {1e9 + 1, 1e9 + 2, 1e9 + 3}, predicted[] = {1e9 + 1, 1e9 + 2, 1e9 + 2};
    RegressionScore score(1);
    score.add<double>(3, predicted, y, nullptr);
    CHECK(score.r2() == doctest::Approx(0.5).epsilon(1e-6)); // 1e9's last place is 1.2e-7
}

TEST_CASE("Accuracy takes the largest of exclusive classes, and of others all that are above a half") {
    const double p[] = {0.2, 0.5, 0.3, 0.6, 0.1, 0.3}, one_hot[] = {0, 1, 0, 0, 1, 0};
    Accuracy exclusive(3, true);
    exclusive.add<double>(2, p, one_hot, nullptr);
    CHECK(exclusive.value() == 0.5);
    const double of_labels[] = {0, 1, 0, 1, 0, 0};
    Accuracy labels(3, false); // right, wrong (not above ½), right; all right
    labels.add<double>(2, p, of_labels, nullptr);
    CHECK(labels.value() == 0.5);
}
