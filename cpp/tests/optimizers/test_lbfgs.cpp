// L-BFGS and its line search.
#include "ravine/optimizers/optimizer.hpp"
#include "ravine/optimizers/wolfe.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace ravine;
using doctest::Approx;

namespace {

Spec lbfgs(int memory = 10, int max_evaluations = 25) {
    return Spec::Dict{{"kind", "LBFGS"},  {"learning_rate", 1.0},
                      {"memory", memory}, {"max_evaluations", max_evaluations},
                      {"c1", 1e-4},       {"c2", 0.9}};
}

// f(w) = ½ Σ a_i w_i²
template <class T> Evaluate<T> quadratic(std::vector<double> a, int* calls = nullptr) {
    return [a, calls](Span<const T> w, Span<T> g) {
        double f = 0;
        for (std::size_t i = 0; i < a.size(); ++i) {
            g[i] = static_cast<T>(a[i] * w[i]);
            f += 0.5 * a[i] * w[i] * w[i];
        }
        if (calls) ++*calls;
        return f;
    };
}

template <class T> Evaluate<T> rosenbrock() {
    return [](Span<const T> w, Span<T> g) {
        const double x = w[0], y = w[1], u = y - x * x;
        g[0] = static_cast<T>(-400 * x * u - 2 * (1 - x));
        g[1] = static_cast<T>(200 * u);
        return 100 * u * u + (1 - x) * (1 - x);
    };
}

template <class T> struct Walk {
    Walk(const Spec& spec, std::vector<T> start)
        : optimizer(make_optimizer<T>(spec)), w(std::move(start)), g(w.size()),
          state(static_cast<std::size_t>(optimizer->state_size(std::ssize(w)))) {
        optimizer->init(std::ssize(w), state);
    }
    bool step(const Evaluate<T>& f) {
        Now<T> now;
        now.k = ++k;
        now.eta = static_cast<T>(optimizer->learning_rate.at({}, {}));
        now.value = f(w, g);
        now.evaluate = &f;
        return optimizer->update(w, g, state, now);
    }
    OptimizerPtr<T> optimizer;
    std::vector<T> w, g, state;
    long k = 0;
};

} // namespace

TEST_CASE_TEMPLATE("the first three steps of L-BFGS on a small quadratic are those worked by hand", T, float,
                   double) {
    // f = ½ (w₁² + 4 w₂²) from (1, 1). Step 1: g = (1, 4), ‖g‖₁ = 5, so α = 1/5 along −g: (0.8, 0.2); its
    // slope −4 is within 0.9 · 17. Step 2: s = (−0.2, −0.8), y = (−0.2, −3.2), sᵀy = 2.6, yᵀy = 10.28, γ =
    // 0.2529183; g = (0.8, 0.8), a = −0.8/2.6 = −0.3076923, q = (0.7384615, −0.1846154), r = γ q =
    // (0.1867704, −0.0466926), b = 0.1120623/2.6 = 0.0431009, r + (a − b) s = (0.2569291, 0.2339419), α = 1.
    // Step 3: the same with two pairs, γ = 0.4106146/1.8496990: computed from the dense form H ← VᵀHV + ρssᵀ,
    // α = 1.
    const double expected[3][2] = {
        {0.8, 0.2}, {0.543070936845256, -0.03394193355282851}, {0.2632775949038312, -0.07228681149739274}};
    Walk<T> walk(lbfgs(), {1, 1});
    for (const auto& w : expected) {
        CHECK(walk.step(quadratic<T>({1, 4})));
        for (int i : {0, 1}) CHECK(std::abs(walk.w[i] - w[i]) < (sizeof(T) == 4 ? 2e-6 : 1e-12));
    }
}

TEST_CASE("L-BFGS finds Rosenbrock's minimum, and says when it can go no further") {
    Walk<double> walk(lbfgs(), {-1.2, 1});
    while (walk.k < 100 && walk.step(rosenbrock<double>())) {
    }
    CHECK(walk.k < 60);
    CHECK(walk.w[0] == Approx(1).epsilon(1e-12));
    CHECK(walk.w[1] == Approx(1).epsilon(1e-12));

    Walk<float> single(lbfgs(), {-1.2f, 1});
    while (single.k < 100 && single.step(rosenbrock<float>())) {
    }
    CHECK(single.k < 100);
    CHECK(single.w[0] == Approx(1).epsilon(1e-4)); // the root of float's precision
}

TEST_CASE("a memory of one, and one that wraps around many times, still converge") {
    const std::vector<double> a = {1, 3, 10, 30, 100, 300};
    for (int memory : {1, 2, 3, 50}) {
        CAPTURE(memory);
        Walk<double> walk(lbfgs(memory), {1, 1, 1, 1, 1, 1});
        while (walk.k < 300 && walk.step(quadratic<double>(a))) {
        }
        for (double w : walk.w) CHECK(std::abs(w) < 1e-10);
    }
}

TEST_CASE("values that differ by rounding only do not stop L-BFGS short of a zero gradient") {
    // Around 1e6 a value is known to 1e-10, so without a look at the gradient w would be known to 1e-5 only.
    const Evaluate<double> f = [](Span<const double> w, Span<double> g) {
        g[0] = w[0] - 3, g[1] = 25 * (w[1] + 2);
        return 1e6 + 0.5 * (g[0] * g[0] + g[1] * g[1] / 25);
    };
    Walk<double> walk(lbfgs(), {0, 0});
    while (walk.k < 100 && walk.step(f)) {
    }
    CHECK(walk.k < 100);
    CHECK(std::abs(walk.w[0] - 3) < 1e-9);
    CHECK(std::abs(walk.w[1] + 2) < 1e-9);
}

TEST_CASE("at a zero gradient L-BFGS returns false at once and stays") {
    int calls = 0;
    Walk<double> walk(lbfgs(), {0, 0});
    CHECK_FALSE(walk.step(quadratic<double>({1, 4}, &calls)));
    CHECK(calls == 1); // the caller's own
    CHECK(walk.w == std::vector<double>{0, 0});
}

TEST_CASE("a gradient that points the wrong way ends in false with w as it was") {
    const Evaluate<double> wrong = [](Span<const double> w, Span<double> g) {
        g[0] = -2 * w[0];
        return w[0] * w[0];
    };
    Walk<double> walk(lbfgs(), {1});
    CHECK_FALSE(walk.step(wrong));
    CHECK(walk.w[0] == 1);
}

TEST_CASE("a failed search forgets its pairs and tries steepest descent") {
    Walk<double> walk(lbfgs(), {1, 1});
    CHECK(walk.step(quadratic<double>({1, 4})));
    // The objective turns round: what was learnt of its curvature misleads (by 1e8), the gradient does not.
    walk.state[0] *= 1e8;
    const Evaluate<double> f = quadratic<double>({1, 4});
    const double before = f(walk.w, walk.g);
    CHECK(walk.step(f));
    CHECK(f(walk.w, walk.g) < before);
}

TEST_CASE("a trial without a finite value is a step too long, not an error") {
    // −ln w + w has its minimum at 1, and no value below 0.
    const Evaluate<double> f = [](Span<const double> w, Span<double> g) {
        g[0] = 1 - 1 / w[0];
        return w[0] - std::log(w[0]);
    };
    Spec::Dict eager = lbfgs().dict();
    eager["learning_rate"] = 100.0;
    Walk<double> walk(eager, {3});
    while (walk.k < 50 && walk.step(f)) {
    }
    CHECK(walk.w[0] == Approx(1).epsilon(1e-8));
}

TEST_CASE("a pair of negative curvature is not kept") {
    // f = −½ w² near the start, whose pairs have sᵀy < 0; then it turns up: f = ¼ w⁴ − ½ w².
    const Evaluate<double> f = [](Span<const double> w, Span<double> g) {
        g[0] = w[0] * w[0] * w[0] - w[0];
        return 0.25 * std::pow(w[0], 4) - 0.5 * w[0] * w[0];
    };
    Walk<double> walk(lbfgs(), {0.01});
    while (walk.k < 100 && walk.step(f)) {
    }
    CHECK(walk.w[0] == Approx(1).epsilon(1e-8));
}

TEST_CASE("an objective that throws leaves w, and the next update goes as if nothing had been") {
    const Evaluate<double> f = rosenbrock<double>();
    Walk<double> walk(lbfgs(), {-1.2, 1}), other(lbfgs(), {-1.2, 1});
    for (int k = 0; k < 3; ++k) walk.step(f), other.step(f);
    int calls = 0;
    const Evaluate<double> throws = [&](Span<const double> w, Span<double> g) {
        if (++calls > 1) throw EngineError("interrupted");
        return f(w, g);
    };
    const std::vector<double> before = walk.w;
    CHECK_THROWS_AS(walk.step(throws), EngineError);
    CHECK(walk.w == before);
    for (int k = 0; k < 5; ++k) walk.step(f), other.step(f);
    CHECK(walk.w == other.w);
}

TEST_CASE("L-BFGS without an objective is an error") {
    auto optimizer = make_optimizer<double>(lbfgs());
    CHECK(optimizer->evaluates());
    std::vector<double> w = {1}, g = {1}, state(static_cast<std::size_t>(optimizer->state_size(1)));
    CHECK_THROWS_AS(optimizer->update(w, g, state, Now<double>{}), EngineError);
}

TEST_CASE("the line search meets the strong Wolfe conditions from any first step") {
    // Moré & Thuente (1994): their functions 1 to 3 in kind; each with its derivative.
    struct Line {
        std::string name;
        double (*value)(double);
        double (*slope)(double);
    };
    const Line lines[] = {
        {"rational", [](double a) { return -a / (a * a + 2); },
         [](double a) { return (a * a - 2) / ((a * a + 2) * (a * a + 2)); }},
        {"quintic", [](double a) { return std::pow(a + 0.04, 5) - 2 * std::pow(a + 0.04, 4); },
         [](double a) { return 5 * std::pow(a + 0.04, 4) - 8 * std::pow(a + 0.04, 3); }},
        {"wavy", [](double a) { return (a - 7) * (a - 7) / 10 + std::sin(3 * a) / 5; },
         [](double a) { return (a - 7) / 5 + 3 * std::cos(3 * a) / 5; }},
    };
    for (const Line& line : lines)
        for (double c2 : {0.9, 0.1})
            for (double first : {1e-3, 1e-1, 1.0, 10.0, 1e3}) {
                CAPTURE(line.name);
                CAPTURE(c2);
                CAPTURE(first);
                const Trial start{0, line.value(0), line.slope(0), 1};
                Trial last, kept;
                auto phi = [&](double a) { return last = Trial{a, line.value(a), line.slope(a), 1}; };
                const Trial found =
                    WolfeSearch{1e-4, c2, 100, 1e-16}.run(start, first, phi, [&] { kept = last; });
                CHECK(found.alpha > 0);
                CHECK(found.alpha == kept.alpha);
                CHECK(found.value <= start.value + 1e-4 * found.alpha * start.slope);
                CHECK(std::abs(found.slope) <= -c2 * start.slope);
            }
}

TEST_CASE("the line search keeps to its evaluations, and gives the lowest point that it saw") {
    const Trial start{0, 0, -1, 1};
    Index calls = 0;
    auto downhill = [&](double a) { // without end
        ++calls;
        return Trial{a, -a, -1, 1};
    };
    const Trial found = WolfeSearch{1e-4, 0.9, 4, 1e-16}.run(start, 1, downhill, [] {});
    CHECK(calls == 4);
    CHECK(found.alpha == 1000); // 1, 10, 100, 1000
}

TEST_CASE("the cubic through two points has its minimum where the function's own is") {
    // α³ − 3α has its minimum at 1, and is its own cubic.
    auto at = [](double a) { return Trial{a, a * a * a - 3 * a, 3 * a * a - 3, 0}; };
    CHECK(cubic_minimum(at(0), at(3)) == Approx(1));
    CHECK(cubic_minimum(at(3), at(0)) == Approx(1));
    CHECK(cubic_minimum(at(1.5), at(2.5)) == Approx(1));
}
