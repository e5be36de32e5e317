#include "ravine/losses/losses.hpp"
#include "ravine/numeric/random.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

using namespace ravine;

namespace {

Spec spec(const char* kind, double delta = 1, double tau = 0.3, double label_smoothing = 0) {
    return Spec(
        Spec::Dict{{"kind", kind}, {"delta", delta}, {"tau", tau}, {"label_smoothing", label_smoothing}});
}

const double ln2 = std::log(2.0), ln3 = std::log(3.0);

struct Worked {
    const char* kind;
    double z, y, value, slope, response;
};

// One output, worked by hand; Huber's δ is 1, the quantile's τ 0.3.
const Worked worked[] = {
    {"SquaredError", 3, 1, 4, 4, 3},
    {"AbsoluteError", 3, 1, 2, 1, 3},
    {"AbsoluteError", 1, 3, 2, -1, 1},
    {"AbsoluteError", 1, 1, 0, 0, 1},
    {"Huber", 3, 1, 1.5, 1, 3},
    {"Huber", -1, 1, 1.5, -1, -1},
    {"Huber", 1.5, 1, 0.125, 0.5, 1.5},
    {"Quantile", 3, 1, 1.4, 0.7, 3},
    {"Quantile", 1, 3, 0.6, -0.3, 1},
    {"Quantile", 1, 1, 0, 0, 1},
    {"Poisson", std::log(2.0), 3, 2 - 3 * std::log(2.0), -1, 2},
    {"Gamma", std::log(2.0), 3, std::log(2.0) + 1.5, -0.5, 2},
    {"BinaryCrossEntropy", std::log(3.0), 1, std::log(4.0 / 3), -0.25, 0.75},
    {"BinaryCrossEntropy", std::log(3.0), 0, std::log(4.0), 0.75, 0.75},
};

const char* kinds[] = {"SquaredError", "AbsoluteError",      "Huber",       "Quantile", "Poisson",
                       "Gamma",        "BinaryCrossEntropy", "CrossEntropy"};

// B rows of outputs, targets that suit every loss (they lie in (0, 1), and rows add to 1), and weights.
template <class T> struct Rows {
    Index B, O;
    std::vector<T> z, y, s;
    Rows(Index B, Index O) : B(B), O(O), z(B * O), y(B * O), s(B) {
        const Stream stream(5, Purpose::initialise);
        for (Index k = 0; k < B * O; ++k) z[k] = static_cast<T>(2 * stream.normal(k));
        for (Index i = 0; i < B; ++i) {
            double sum = 0;
            for (Index o = 0; o < O; ++o) sum += 0.05 + stream.uniform(9000 + i * O + o);
            for (Index o = 0; o < O; ++o)
                y[i * O + o] =
                    static_cast<T>((0.05 + stream.uniform(9000 + i * O + o)) / (O == 1 ? 1.05 : sum));
            s[i] = static_cast<T>(0.5 + stream.uniform(99000 + i));
        }
    }
};

} // namespace

TEST_CASE_TEMPLATE("Each loss gives the value, slope and response worked by hand", T, float, double) {
    const double tolerance = sizeof(T) == 4 ? 1e-6 : 1e-14;
    for (const Worked& w : worked) {
        CAPTURE(std::string(w.kind));
        const LossPtr<T> loss = make_loss<T>(spec(w.kind));
        const T z = static_cast<T>(w.z), y = static_cast<T>(w.y);
        T dz = 0, response = 0;
        CHECK(loss->value(1, 1, &z, &y, nullptr, &dz, T(1)) == doctest::Approx(w.value).epsilon(tolerance));
        CHECK(static_cast<double>(dz) == doctest::Approx(w.slope).epsilon(tolerance));
        loss->respond(1, 1, &z, &response);
        CHECK(static_cast<double>(response) == doctest::Approx(w.response).epsilon(tolerance));
    }
}

TEST_CASE("Cross-entropy of two classes, worked by hand, with and without label smoothing") {
    const double z[] = {ln3, 0}, y[] = {1, 0};
    double dz[2], p[2];
    const auto plain = make_loss<double>(spec("CrossEntropy"));
    CHECK(plain->value(1, 2, z, y, nullptr, dz, 1.0) == doctest::Approx(std::log(4.0 / 3)).epsilon(1e-14));
    CHECK(dz[0] == doctest::Approx(-0.25).epsilon(1e-14));
    CHECK(dz[1] == doctest::Approx(0.25).epsilon(1e-14));
    plain->respond(1, 2, z, p);
    CHECK(p[0] == doctest::Approx(0.75).epsilon(1e-14));
    CHECK(p[1] == doctest::Approx(0.25).epsilon(1e-14));
    const auto smooth = make_loss<double>(spec("CrossEntropy", 1, 0.3, 0.2)); // q = (0.9, 0.1)
    const double expected = 0.9 * std::log(4.0 / 3) + 0.1 * std::log(4.0);
    CHECK(smooth->value(1, 2, z, y, nullptr, dz, 1.0) == doctest::Approx(expected).epsilon(1e-14));
    CHECK(dz[0] == doctest::Approx(-0.15).epsilon(1e-13));
    CHECK(dz[1] == doctest::Approx(0.15).epsilon(1e-13));
}

TEST_CASE("Several outputs average, rows add with their weights, and the slope takes the scale") {
    const auto loss = make_loss<double>(spec("SquaredError"));
    const double z[] = {1, 2, 3, 4}, y[] = {0, 0, 0, 0}, s[] = {1, 10};
    double dz[4];
    CHECK(loss->value(2, 2, z, y, nullptr, dz, 1.0) == doctest::Approx((1 + 4 + 9 + 16) / 2.0));
    CHECK(dz[3] == doctest::Approx(4.0));
    CHECK(loss->value(2, 2, z, y, s, dz, 0.5) == doctest::Approx((1 + 4) / 2.0 + 10 * (9 + 16) / 2.0));
    CHECK(dz[1] == doctest::Approx(0.5 * 1 * 2 * 2 / 2));
    CHECK(dz[3] == doctest::Approx(0.5 * 10 * 2 * 4 / 2));
    CHECK(loss->value(4, 1, z, y, nullptr, nullptr, 0.0) == doctest::Approx(30.0));
}

TEST_CASE("Slopes of every loss are its central differences") {
    for (const char* kind : kinds)
        for (Index O : {1, 3})
            for (bool weighted : {false, true}) {
                CAPTURE(std::string(kind));
                CAPTURE(O);
                const auto loss = make_loss<double>(spec(kind, 0.7, 0.3, 0.1));
                Rows<double> rows(20, O);
                const double* s = weighted ? rows.s.data() : nullptr;
                std::vector<double> dz(rows.z.size());
                const double value = loss->value(rows.B, O, rows.z.data(), rows.y.data(), s, dz.data(), 3.0);
                CHECK(loss->value(rows.B, O, rows.z.data(), rows.y.data(), s, nullptr, 0.0) ==
                      doctest::Approx(value).epsilon(1e-14));
                constexpr double h = 1e-5;
                for (std::size_t k = 0; k < dz.size(); ++k) {
                    const double middle = rows.z[k];
                    rows.z[k] = middle + h;
                    const double above =
                        loss->value(rows.B, O, rows.z.data(), rows.y.data(), s, nullptr, 0.0);
                    rows.z[k] = middle - h;
                    const double below =
                        loss->value(rows.B, O, rows.z.data(), rows.y.data(), s, nullptr, 0.0);
                    rows.z[k] = middle;
                    // a difference of two values near 10² is good to 1e-14 · 10² / h
                    CHECK(std::abs(dz[k] - 3 * (above - below) / (2 * h)) < 1e-6);
                }
            }
}

TEST_CASE_TEMPLATE("Losses are stable for outputs of ±10⁴", T, float, double) {
    for (const char* kind : kinds)
        for (Index O : {1, 3})
            for (T size : {T(-1e4), T(1e4)}) {
                const std::string name = kind;
                if ((name == "Poisson" && size > 0) || (name == "Gamma" && size < 0))
                    continue; // truly infinite
                CAPTURE(std::string(kind));
                const auto loss = make_loss<T>(spec(kind));
                const T z[] = {size, 0, size / 2}, y[] = {1, 0, 0};
                T dz[3], p[3];
                CHECK(std::isfinite(loss->value(1, O, z, y, nullptr, dz, T(1))));
                for (Index o = 0; o < O; ++o) CHECK(std::isfinite(dz[o]));
                if (!loss->classifies()) continue;
                loss->respond(1, O, z, p);
                for (Index o = 0; o < O; ++o) CHECK((p[o] >= 0 && p[o] <= 1));
            }
    const T z[] = {T(-1e4), T(1e4)}, y[] = {1, 0};
    CHECK(make_loss<T>(spec("CrossEntropy"))->value(1, 2, z, y, nullptr, nullptr, T(0)) == 2e4);
    CHECK(make_loss<T>(spec("BinaryCrossEntropy"))->value(1, 1, z, y, nullptr, nullptr, T(0)) == 1e4);
}

TEST_CASE("A loss of NaN outputs is NaN, and so is its slope") {
    for (const char* kind : kinds) {
        CAPTURE(std::string(kind));
        const auto loss = make_loss<float>(spec(kind));
        const float z[] = {0, std::numeric_limits<float>::quiet_NaN(), 0}, y[] = {1, 0, 0};
        float dz[3];
        CHECK(std::isnan(loss->value(1, 3, z, y, nullptr, dz, 1.0f)));
        CHECK(std::isnan(dz[1]));
    }
}

TEST_CASE("A loss adds the same however many rows come at once, also where rows are wide") {
    for (const char* kind : kinds)
        for (Index O : {1, 7, 2000}) {
            CAPTURE(std::string(kind));
            const auto loss = make_loss<double>(spec(kind, 1, 0.3, 0.1));
            const Rows<double> rows(O == 2000 ? 3 : 300, O);
            std::vector<double> all(rows.z.size()), one(rows.z.size());
            const double *z = rows.z.data(), *y = rows.y.data(), *s = rows.s.data();
            const double whole = loss->value(rows.B, O, z, y, s, all.data(), 0.1);
            double sum = 0, values = 0;
            for (Index i = 0; i < rows.B; ++i) {
                sum += loss->value(1, O, z + i * O, y + i * O, s + i, one.data() + i * O, 0.1);
                values += loss->value(1, O, z + i * O, y + i * O, s + i, nullptr, 0.0);
            }
            CHECK(sum == doctest::Approx(whole).epsilon(1e-12));
            CHECK(values == doctest::Approx(whole).epsilon(1e-12));
            bool same = true;
            for (std::size_t k = 0; k < all.size(); ++k) same &= std::abs(all[k] - one[k]) <= 1e-15;
            CHECK(same);
        }
}

TEST_CASE("Probabilities of classes add to 1, and responses may be written over the outputs") {
    for (const char* kind : kinds) {
        const auto loss = make_loss<double>(spec(kind));
        Rows<double> rows(10, 4);
        std::vector<double> p(rows.z.size());
        loss->respond(10, 4, rows.z.data(), p.data());
        loss->respond(10, 4, rows.z.data(), rows.z.data());
        CHECK(p == rows.z);
        if (std::string(kind) == "CrossEntropy")
            for (Index i = 0; i < 10; ++i)
                CHECK(p[4 * i] + p[4 * i + 1] + p[4 * i + 2] + p[4 * i + 3] ==
                      doctest::Approx(1).epsilon(1e-15));
    }
}

TEST_CASE("Only losses with a kink mark on which side of it a row is") {
    for (const char* kind : kinds) {
        CAPTURE(std::string(kind));
        const auto loss = make_loss<double>(spec(kind));
        const bool kinked = std::string(kind) == "AbsoluteError" || std::string(kind) == "Quantile";
        const double y[] = {0.5, 0.5}, below[] = {0.4, 0.9}, above[] = {0.6, 0.9};
        std::uint64_t one = 1, other = 1, again = 1;
        loss->value(2, 1, below, y, nullptr, nullptr, 0.0, &one);
        loss->value(2, 1, above, y, nullptr, nullptr, 0.0, &other);
        loss->value(2, 1, below, y, nullptr, nullptr, 0.0, &again);
        CHECK((one != other) == kinked);
        CHECK(one == again);
    }
}

TEST_CASE("A loss whose predictions are exponentials of outputs says so") {
    for (const char* kind : kinds) {
        CAPTURE(std::string(kind));
        const auto loss = make_loss<double>(spec(kind));
        const double z = 1000; // of one output
        double p = 0;
        loss->respond(1, 1, &z, &p);
        CHECK(loss->exponential() == std::isinf(p));
    }
}

TEST_CASE("Only the cross-entropies classify, and an unknown loss is refused by name") {
    for (const char* kind : kinds)
        CHECK(make_loss<float>(spec(kind))->classifies() ==
              (std::string(kind).find("CrossEntropy") != std::string::npos));
    CHECK_THROWS_WITH_AS(make_loss<float>(spec("Guess")), doctest::Contains("There is no loss 'Guess'."),
                         EngineError);
}
