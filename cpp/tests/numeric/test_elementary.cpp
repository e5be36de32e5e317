#include "ravine/numeric/elementary.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace ravine;

namespace {

// The largest error of f on n + 1 points of [from, to], in units of the last place of the reference, which is
// computed in long double.
template <class T, class F, class G> double worst_ulps(double from, double to, F f, G reference) {
    constexpr int n = 100000;
    double worst = 0;
    for (int i = 0; i <= n; ++i) {
        const T x = static_cast<T>(from + (to - from) * i / n);
        const long double exact = reference(static_cast<long double>(x));
        const T rounded = static_cast<T>(std::abs(exact));
        const long double ulp = std::nextafter(rounded, std::numeric_limits<T>::infinity()) - rounded;
        worst = std::max(worst, static_cast<double>(std::abs(static_cast<long double>(f(x)) - exact) / ulp));
    }
    return worst;
}

template <class T> constexpr T infinity = std::numeric_limits<T>::infinity();
template <class T> constexpr T nan_of = std::numeric_limits<T>::quiet_NaN();

} // namespace

TEST_CASE_TEMPLATE("Elementary functions agree with the standard library to a few last places", T, float,
                   double) {
    namespace e = elementary;
    using L = long double;
    const double top = sizeof(T) == 4 ? 88.7 : 709.7;
    CHECK(worst_ulps<T>(-87, top, [](T x) { return e::exp(x); }, [](L x) { return std::exp(x); }) < 2);
    CHECK(worst_ulps<T>(-1, 1, [](T x) { return e::exp(x); }, [](L x) { return std::exp(x); }) < 2);
    CHECK(worst_ulps<T>(
              -40, 0, [](T x) { return e::expm1_negative(x); }, [](L x) { return std::expm1(x); }) < 3);
    CHECK(worst_ulps<T>(
              -0.01, 0, [](T x) { return e::expm1_negative(x); }, [](L x) { return std::expm1(x); }) < 3);
    CHECK(worst_ulps<T>(0, 1, [](T x) { return e::log1p_unit(x); }, [](L x) { return std::log1p(x); }) < 4);
    CHECK(worst_ulps<T>(-20, 20, [](T x) { return e::tanh(x); }, [](L x) { return std::tanh(x); }) < 4);
    CHECK(worst_ulps<T>(-0.01, 0.01, [](T x) { return e::tanh(x); }, [](L x) { return std::tanh(x); }) < 4);
    CHECK(worst_ulps<T>(
              -80, 80, [](T x) { return e::sigmoid(x); }, [](L x) { return 1 / (1 + std::exp(-x)); }) < 4);
    CHECK(worst_ulps<T>(
              -80, 80, [](T x) { return e::softplus(x); },
              [](L x) { return std::log1p(std::exp(-std::abs(x))) + std::max(x, L(0)); }) < 4);
    // e^(−x²/2) carries the rounding of x²/2, so that its tail loses digits as x² grows
    const auto Phi = [](L x) { return std::erfc(-x / std::sqrt(L(2))) / 2; };
    CHECK(worst_ulps<T>(-2, 40, [](T x) { return e::normal_distribution(x); }, Phi) < 8);
    CHECK(worst_ulps<T>(-12, -2, [](T x) { return e::normal_distribution(x); }, Phi) < 100);
}

TEST_CASE_TEMPLATE("Elementary functions end right at the ends, and NaN stays NaN", T, float, double) {
    namespace e = elementary;
    CHECK(e::exp(T(0)) == 1);
    CHECK(e::exp(T(1e4)) == infinity<T>);
    CHECK(e::exp(infinity<T>) == infinity<T>);
    CHECK(e::exp(T(-1e4)) == 0);
    CHECK(e::exp(-infinity<T>) == 0);
    CHECK(e::exp(std::log(std::numeric_limits<T>::denorm_min()) * T(0.99)) > 0);
    CHECK(e::expm1_negative(-infinity<T>) == -1);
    CHECK(e::expm1_negative(T(0)) == 0);
    CHECK(e::tanh(T(1e4)) == 1);
    CHECK(e::tanh(-infinity<T>) == -1);
    CHECK(e::tanh(T(1e-30)) == T(1e-30));
    CHECK(std::signbit(e::tanh(T(-0.0))));
    CHECK(e::sigmoid(T(-1e4)) == 0);
    CHECK(e::sigmoid(T(1e4)) == 1);
    CHECK(e::sigmoid(T(0)) == T(0.5));
    CHECK(e::softplus(T(1e4)) == T(1e4));
    CHECK(e::softplus(T(-1e4)) == 0);
    CHECK(e::normal_distribution(T(0)) == T(0.5));
    CHECK(e::normal_distribution(T(1e4)) == 1);
    CHECK(e::normal_distribution(T(-1e4)) == 0);
    for (T value :
         {e::exp(nan_of<T>), e::expm1_negative(nan_of<T>), e::log1p_unit(nan_of<T>), e::tanh(nan_of<T>),
          e::sigmoid(nan_of<T>), e::softplus(nan_of<T>), e::normal_distribution(nan_of<T>)})
        CHECK(std::isnan(value));
}

TEST_CASE_TEMPLATE("Cosine and sine of turns are as good as their argument, and NaN stays NaN", T, float,
                   double) {
    using Turns = elementary::Turns<T>;
    const long double pi = std::acos(-1.0L);
    const double epsilon = static_cast<double>(std::numeric_limits<T>::epsilon());
    for (T span : {T(1), T(1000)})
        for (int i = -20000; i <= 20000; ++i) {
            const T t = span * static_cast<T>(i) / T(20000);
            const long double angle = 2 * pi * std::remainder(static_cast<long double>(t), 1.0L);
            CHECK(static_cast<double>(std::abs(static_cast<long double>(Turns(t).cos()) - std::cos(angle))) <
                  2 * epsilon);
            CHECK(static_cast<double>(std::abs(static_cast<long double>(Turns(t).sin()) - std::sin(angle))) <
                  2 * epsilon);
        }
    for (T t : {T(0), T(-3), T(1e7), std::numeric_limits<T>::max()}) {
        CHECK(Turns(t).cos() == 1);
        CHECK(Turns(t).sin() == 0);
    }
    for (T t : {nan_of<T>, infinity<T>, -infinity<T>}) {
        CHECK(std::isnan(Turns(t).cos()));
        CHECK(std::isnan(Turns(t).sin()));
    }
}
