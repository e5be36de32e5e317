#include "ravine/layers/initializers.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

using namespace ravine;

namespace {

Slice slice(Shape shape, Spec::Dict initializer) {
    Slice s;
    s.shape = std::move(shape);
    s.initializer = Spec(std::move(initializer));
    return s;
}

template <class T = double> std::vector<T> draw(const Slice& s, std::uint64_t seed = 3) {
    std::vector<T> w(static_cast<std::size_t>(s.size()), T(-77));
    initialise(s, Stream(seed, Purpose::initialise), w.data());
    return w;
}

double mean(const std::vector<double>& w) {
    double sum = 0;
    for (double x : w) sum += x;
    return sum / static_cast<double>(w.size());
}

double variance(const std::vector<double>& w) {
    const double m = mean(w);
    double sum = 0;
    for (double x : w) sum += (x - m) * (x - m);
    return sum / static_cast<double>(w.size());
}

} // namespace

TEST_CASE("A constant initializer gives its value everywhere") {
    for (double w : draw(slice({3, 2}, {{"kind", "Constant"}, {"value", 0.25}}))) CHECK(w == 0.25);
    for (double w : draw(slice({4}, {{"kind", "Constant"}, {"value", 0}}))) CHECK(w == 0);
}

TEST_CASE("Random initializers have mean 0 and the variance of their rule") {
    struct Case {
        Spec::Dict initializer;
        double variance;
        bool normal;
    };
    constexpr Index I = 300, O = 200;
    const Case cases[] = {
        {{{"kind", "Normal"}, {"stddev", 0.05}}, 0.0025, true},
        {{{"kind", "Uniform"}, {"limit", 0.3}}, 0.03, false},
        {{{"kind", "Glorot"}, {"distribution", "uniform"}}, 0.004, false},
        {{{"kind", "Glorot"}, {"distribution", "normal"}}, 0.004, true},
        {{{"kind", "He"}, {"distribution", "uniform"}}, 2.0 / 300, false},
        {{{"kind", "He"}, {"distribution", "normal"}}, 2.0 / 300, true},
        {{{"kind", "LeCun"}, {"distribution", "uniform"}}, 1.0 / 300, false},
        {{{"kind", "LeCun"}, {"distribution", "normal"}}, 1.0 / 300, true},
    };
    for (const Case& c : cases) {
        CAPTURE(c.initializer.at("kind").text());
        CAPTURE(c.normal);
        const std::vector<double> w = draw(slice({I, O}, c.initializer));
        const double n = I * O, sd = std::sqrt(c.variance), kurtosis = c.normal ? 3 : 1.8;
        CHECK(std::abs(mean(w)) < 5 * sd / std::sqrt(n)); // five standard errors
        CHECK(std::abs(variance(w) / c.variance - 1) < 5 * std::sqrt((kurtosis - 1) / n));
        const auto [low, high] = std::minmax_element(w.begin(), w.end());
        // Uniform numbers stay within ±√3 sd, and come close; of 60,000 normal ones some lie beyond 3.5 sd.
        if (c.normal)
            CHECK((*low < -3.5 * sd && *high > 3.5 * sd));
        else
            CHECK((*low >= -std::sqrt(3.0) * sd && *high <= std::sqrt(3.0) * sd && *high > 1.73 * sd));
    }
}

TEST_CASE("An orthogonal weight has orthonormal rows or columns, whichever are fewer, times its gain") {
    for (Shape shape : {Shape{8, 8}, Shape{30, 7}, Shape{7, 30}, Shape{1, 5}, Shape{5, 1}}) {
        const std::vector<double> w = draw(slice(shape, {{"kind", "Orthogonal"}, {"gain", 1.5}}));
        const Index rows = shape[0], columns = shape[1];
        const bool wide = rows < columns;
        for (Index a = 0; a < std::min(rows, columns); ++a)
            for (Index b = 0; b <= a; ++b) {
                double product = 0;
                for (Index i = 0; i < std::max(rows, columns); ++i)
                    product += wide ? w[a * columns + i] * w[b * columns + i]
                                    : w[i * columns + a] * w[i * columns + b];
                CHECK(product == doctest::Approx(a == b ? 2.25 : 0.0).epsilon(1e-13));
            }
    }
}

TEST_CASE("Float and double networks start from the same numbers, up to rounding") {
    for (Spec::Dict initializer : {Spec::Dict{{"kind", "Normal"}, {"stddev", 1.0}},
                                   Spec::Dict{{"kind", "Glorot"}, {"distribution", "uniform"}},
                                   Spec::Dict{{"kind", "Orthogonal"}, {"gain", 1.0}}}) {
        const Slice s = slice({9, 5}, initializer);
        const auto single = draw<float>(s);
        const auto twice = draw<double>(s);
        for (std::size_t i = 0; i < single.size(); ++i) CHECK(single[i] == static_cast<float>(twice[i]));
    }
}

TEST_CASE("The same stream starts alike, another one differently") {
    const Slice s = slice({9, 5}, {{"kind", "He"}, {"distribution", "normal"}});
    CHECK(draw(s, 1) == draw(s, 1));
    CHECK(draw(s, 1) != draw(s, 2));
}

TEST_CASE("An unknown initializer or distribution is refused by name") {
    CHECK_THROWS_WITH_AS(draw(slice({2}, {{"kind", "Zeros"}})),
                         doctest::Contains("There is no initializer 'Zeros'."), EngineError);
    CHECK_THROWS_WITH_AS(draw(slice({2}, {{"kind", "He"}, {"distribution", "cauchy"}})),
                         "there is no distribution named 'cauchy'", EngineError);
}
