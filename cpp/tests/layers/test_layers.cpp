#include "ravine/layers/activation.hpp"
#include "ravine/layers/batch_norm.hpp"
#include "ravine/layers/dropout.hpp"
#include "ravine/layers/embedding.hpp"
#include "ravine/layers/flatten.hpp"
#include "ravine/layers/gaussian_noise.hpp"
#include "ravine/layers/layer_norm.hpp"
#include "ravine/layers/normalize.hpp"
#include "ravine/layers/periodic.hpp"
#include "ravine/layers/piecewise_linear.hpp"
#include "ravine/layers/scale.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

using namespace ravine;

namespace {

using Vector = std::vector<double>;

// A layer alone, with memory of exactly the size that it asked for, so that the sanitizer sees a step too
// far.
template <class T> class Alone {
public:
    template <class L> static Alone make(Spec::Dict fields, const Shape& input, Index capacity = 64) {
        Alone alone;
        alone.builder.prefix = "layer_1.";
        alone.layer = std::make_unique<L>(Spec(std::move(fields)), input, alone.builder, 3);
        Index next = 0;
        alone.layer->plan(capacity, next);
        alone.cache.assign(static_cast<std::size_t>(next), std::numeric_limits<T>::quiet_NaN());
        alone.w.assign(static_cast<std::size_t>(alone.builder.n_parameters), T(0));
        alone.gradient.assign(alone.w.size(), std::numeric_limits<T>::quiet_NaN());
        for (const Slice& slice : alone.builder.state)
            alone.state.insert(alone.state.end(), static_cast<std::size_t>(slice.size()),
                               static_cast<T>(slice.initial));
        alone.pass.mode = Mode::train;
        return alone;
    }

    Pass<T>& prepare(std::size_t n) {
        pass.B = static_cast<Index>(n) / layer->inputs();
        pass.w = w.data(), pass.gradient = gradient.data(), pass.state = state.data(),
        pass.cache = cache.data();
        return pass;
    }
    std::vector<T> forward(const std::vector<T>& x) {
        prepare(x.size());
        std::vector<T> y(static_cast<std::size_t>(pass.B * layer->outputs()));
        layer->forward(pass, x.data(), y.data());
        return y;
    }
    // dx; the gradient of the parameters is in `gradient`.
    std::vector<T> backward(const std::vector<T>& x, const std::vector<T>& y, const std::vector<T>& dy) {
        prepare(x.size());
        std::vector<T> dx(x.size(), std::numeric_limits<T>::quiet_NaN());
        layer->backward(pass, x.data(), y.data(), dy.data(), dx.data());
        return dx;
    }

    Builder builder;
    std::unique_ptr<Layer<T>> layer;
    std::vector<T> w, gradient, state, cache;
    Pass<T> pass;
};

double alike(Index) { return 1.0; } // the weights of rows

template <class A, class B>
void check_close(const std::vector<A>& found, const std::vector<B>& expected, double tolerance) {
    REQUIRE(found.size() == expected.size());
    for (std::size_t i = 0; i < found.size(); ++i)
        CHECK(std::abs(static_cast<double>(found[i]) - static_cast<double>(expected[i])) <= tolerance);
}

Vector random_numbers(Index n, std::uint64_t seed, double smallest = 0) {
    Vector values(static_cast<std::size_t>(n));
    Stream(seed, Purpose::initialise).normals(0, n, [&](Index i, double z) {
        values[i] = z + (z < 0 ? -smallest : smallest);
    });
    return values;
}

// Backward against central differences of Σ c y, for the inputs and the parameters.
void check_backward(Alone<double>& alone, Vector x, bool inputs = true) {
    alone.pass.update_state = false;
    Vector y = alone.forward(x);
    const Vector c = random_numbers(static_cast<Index>(y.size()), 77);
    const Vector dx = alone.backward(x, y, c);
    const Vector gradient = alone.gradient;
    const auto objective = [&] {
        double sum = 0;
        const Vector now = alone.forward(x);
        for (std::size_t i = 0; i < now.size(); ++i) sum += c[i] * now[i];
        return sum;
    };
    const auto check = [&](double& value, double derivative) {
        constexpr double h = 1e-5;
        const double middle = value;
        value = middle + h;
        const double above = objective();
        value = middle - h;
        const double below = objective();
        value = middle;
        CHECK(std::abs(derivative - (above - below) / (2 * h)) <
              1e-7); // h² and rounding / h are both near 1e-10
    };
    if (inputs)
        for (std::size_t i = 0; i < x.size(); ++i) check(x[i], dx[i]);
    for (std::size_t i = 0; i < alone.w.size(); ++i) check(alone.w[i], gradient[i]);

    // Without dx the gradient is the same, and a further chunk of rows adds to it.
    alone.forward(x);
    alone.prepare(x.size());
    alone.layer->backward(alone.pass, x.data(), y.data(), c.data(), nullptr);
    CHECK(alone.gradient == gradient);
    alone.pass.first = false;
    alone.layer->backward(alone.pass, x.data(), y.data(), c.data(), nullptr);
    alone.pass.first = true;
    for (std::size_t i = 0; i < gradient.size(); ++i)
        CHECK(alone.gradient[i] == doctest::Approx(2 * gradient[i]).epsilon(1e-14));
}

const char* activation_names[] = {"identity", "relu", "leaky_relu", "elu",  "selu",   "gelu",
                                  "silu",     "mish", "softplus",   "tanh", "sigmoid"};

template <class T> T activate(const std::string& name, T x, const Spec& alpha = Spec()) {
    ActivationFunction<T>(name, alpha).forward(1, &x, &x);
    return x;
}

const Spec::Dict embedding_spec = {{"columns", Spec::List{2, 0}},
                                   {"levels", Spec::List{2, 3}},
                                   {"dimension", Spec::List{1, 2}},
                                   {"penalty", "recipe"}};

} // namespace

// Activation

TEST_CASE_TEMPLATE("Activations give the values worked by hand", T, float, double) {
    const double half = -std::log(2.0); // where eˣ − 1 = −½
    struct {
        const char* name;
        double x, y;
    } const cases[] = {
        {"identity", -3, -3},
        {"relu", 2, 2},
        {"relu", -2, 0},
        {"leaky_relu", 2, 2},
        {"leaky_relu", -2, -0.02},
        {"elu", 2, 2},
        {"elu", half, -0.5},
        {"selu", 2, 2.101401974710961},
        {"selu", half, -0.8790496704236883},
        {"gelu", 1, 0.8413447460685429},
        {"gelu", -1, -0.15865525393145707},
        {"gelu", 0, 0},
        {"silu", std::log(3.0), 0.75 * std::log(3.0)},
        {"silu", -std::log(3.0), -0.25 * std::log(3.0)},
        // tanh(log(1 + eˣ)) at eˣ = 2 is (9 − 1)/(9 + 1), at eˣ = ½ (2.25 − 1)/(2.25 + 1)
        {"mish", std::log(2.0), 0.8 * std::log(2.0)},
        {"mish", half, half * 1.25 / 3.25},
        {"softplus", 0, std::log(2.0)},
        {"softplus", std::log(3.0), std::log(4.0)},
        {"tanh", std::log(2.0), 0.6},
        {"tanh", half, -0.6},
        {"sigmoid", std::log(3.0), 0.75},
        {"sigmoid", 0, 0.5},
    };
    for (const auto& c : cases) {
        CAPTURE(std::string(c.name));
        CHECK(std::abs(activate(c.name, static_cast<T>(c.x)) - c.y) < (sizeof(T) == 4 ? 3e-7 : 1e-15));
    }
    CHECK(activate("leaky_relu", T(-2), Spec(0.25)) == T(-0.5));
    CHECK(activate("elu", T(half), Spec(3.0)) == doctest::Approx(-1.5).epsilon(1e-6));
}

TEST_CASE("Every activation's backward is its central difference, in and out of its layer") {
    for (const char* name : activation_names)
        for (bool positive : {false, true}) {
            CAPTURE(std::string(name));
            const Spec alpha = positive ? Spec(0.3) : Spec();
            auto alone = Alone<double>::make<Activation<double>>({{"name", name}, {"alpha", alpha}}, {4, 3});
            CHECK(alone.layer->output_shape() == Shape{4, 3});
            CHECK_FALSE(alone.layer->has_parameters());
            check_backward(alone, random_numbers(120, 9, 0.01)); // no nudge crosses 0
        }
}

TEST_CASE("An activation may work in place, and needs x only where it says so") {
    for (const char* name : activation_names) {
        CAPTURE(std::string(name));
        const ActivationFunction<double> f(name);
        const Vector x = random_numbers(37, 4), dy = random_numbers(37, 5);
        Vector y(x.size()), dx(x.size()), y_in_place = x, dx_in_place = dy;
        f.forward(37, x.data(), y.data());
        f.backward(37, x.data(), y.data(), dy.data(), dx.data());
        f.forward(37, y_in_place.data(), y_in_place.data());
        f.backward(37, f.needs_input() ? x.data() : nullptr, y.data(), dx_in_place.data(),
                   dx_in_place.data());
        CHECK(y_in_place == y);
        CHECK(dx_in_place == dx);
    }
}

TEST_CASE_TEMPLATE("Activations are stable for inputs of ±10⁴, and NaN stays NaN", T, float, double) {
    for (const char* name : activation_names)
        for (T x :
             {T(-1e4), T(-100), T(-20), T(0), T(20), T(100), T(1e4), std::numeric_limits<T>::quiet_NaN()}) {
            CAPTURE(std::string(name));
            const ActivationFunction<T> f(name);
            T y, dx, dy = 1;
            f.forward(1, &x, &y);
            CHECK(std::isnan(x) == std::isnan(y));
            if (std::isnan(x)) continue;
            f.backward(1, &x, &y, &dy, &dx);
            CHECK(std::isfinite(y));
            CHECK(
                (dx > T(-0.2) && dx < T(1.8))); // the steepest are selu (up to 1.76) and mish (down to −0.11)
            const std::string_view bounded = name;
            if (x >= 100 && bounded != "tanh" && bounded != "sigmoid" && bounded != "selu") CHECK(y == x);
        }
}

TEST_CASE("Activations with a kink mark the side that every input is on; smooth ones mark nothing") {
    for (const char* name : activation_names) {
        CAPTURE(std::string(name));
        const std::string n = name;
        auto alone = Alone<double>::make<Activation<double>>({{"name", name}}, {3});
        const auto hash = [&](Vector x) {
            std::uint64_t kinks = 1;
            alone.pass.kinks = &kinks;
            alone.forward(x);
            return kinks;
        };
        const bool kinked = n == "relu" || n == "leaky_relu" || n == "selu";
        CHECK((hash({1, -1e-9, 2}) != hash({1, 1e-9, 2})) == kinked);
        CHECK(hash({1, 0.5, 2}) == hash({3, 0.1, 1}));
    }
    CHECK(ActivationFunction<float>("elu", Spec(0.5)).has_kink());
    CHECK_FALSE(ActivationFunction<float>("elu", Spec(1.0)).has_kink());
}

TEST_CASE("An unknown activation and a negative alpha are refused") {
    CHECK_THROWS_WITH_AS(ActivationFunction<float>("swoosh"),
                         doctest::Contains("There is no activation 'swoosh'."), EngineError);
    CHECK_THROWS_AS(ActivationFunction<float>("elu", Spec(-1.0)), EngineError);
}

// Flatten

TEST_CASE("Flatten keeps every number and makes one axis") {
    auto alone = Alone<double>::make<Flatten<double>>({}, {2, 3, 2});
    CHECK(alone.layer->output_shape() == Shape{12});
    const Vector x = random_numbers(24, 1);
    CHECK(alone.forward(x) == x);
    check_backward(alone, x);
}

// Normalize

TEST_CASE_TEMPLATE("Normalize learns mean and standard deviation; a constant column becomes 0", T, float,
                   double) {
    auto alone = Alone<T>::template make<Normalize<T>>({{"skip", Spec::List{2}}}, {3});
    CHECK(alone.builder.state[0].name == "layer_1.mean");
    CHECK(alone.builder.state[1].name == "layer_1.standard_deviation");
    CHECK(alone.state == std::vector<T>{0, 0, 0, 1, 1, 1});
    const std::vector<T> rows = {1, T(0.1), 7, 3, T(0.1), 9};
    static_cast<Normalize<T>&>(*alone.layer)
        .fit(2, [&](Index i) { return rows.data() + 3 * i; }, alike, alone.state.data());
    CHECK(alone.state == std::vector<T>{2, T(0.1), 0, 1, 0, 1});
    const std::vector<T> x = {4, 6, 9}, dy = {1, 1, 1};
    const std::vector<T> y = alone.forward(x);
    CHECK(y == std::vector<T>{2, 0, 9});
    CHECK(alone.backward(x, y, dy) == std::vector<T>{1, 0, 1});
}

TEST_CASE("Normalized rows have mean 0 and variance 1 also far from 0, and columns of tiny spread count as "
          "constant") {
    constexpr Index n = 1000;
    auto alone = Alone<double>::make<Normalize<double>>({}, {2, 2}, n);
    Vector x = random_numbers(4 * n, 6);
    for (Index i = 0; i < n; ++i) {
        x[4 * i] = 1e8 + x[4 * i];
        x[4 * i + 2] *= 1e-200;
        x[4 * i + 3] = 1e8 + (i % 2) * 1e-8; // one last place of 1e8
    }
    static_cast<Normalize<double>&>(*alone.layer)
        .fit(n, [&](Index i) { return x.data() + 4 * i; }, alike, alone.state.data());
    const Vector y = alone.forward(x);
    for (Index c = 0; c < 4; ++c) {
        double sum = 0, square = 0;
        for (Index i = 0; i < n; ++i) sum += y[4 * i + c], square += y[4 * i + c] * y[4 * i + c];
        CHECK(std::abs(sum / n) < 1e-6); // the mean of column 0 is known to 1e8's last place, 1.5e-8, at best
        CHECK(square / n == doctest::Approx(c == 3 ? 0.0 : 1.0).epsilon(1e-6));
    }
    check_backward(alone, {1e8, 1, 0, 0}, false);
}

TEST_CASE("Normalize takes weights for copies") {
    auto alone = Alone<double>::make<Normalize<double>>({}, {1});
    const Vector x = {1, 5, 2}, weights = {3, 1, 0.5};
    static_cast<Normalize<double>&>(*alone.layer)
        .fit(
            3, [&](Index i) { return x.data() + i; }, [&](Index i) { return weights[i]; },
            alone.state.data());
    // Σ s x / Σ s = 9 / 4.5 = 2; Σ s (x − 2)² / Σ s = (3 + 9 + 0) / 4.5.
    check_close(alone.state, Vector{2, std::sqrt(12 / 4.5)}, 1e-15);
}

TEST_CASE("Normalize refuses to skip a column that is not there") {
    CHECK_THROWS_AS(Alone<float>::make<Normalize<float>>({{"skip", Spec::List{3}}}, {3}), EngineError);
}

// BatchNorm

TEST_CASE_TEMPLATE(
    "BatchNorm, worked by hand: statistics of the batch in training, running ones in prediction", T, float,
    double) {
    auto alone = Alone<T>::template make<BatchNorm<T>>({{"momentum", 0.9}, {"epsilon", 3.0}}, {2});
    CHECK(alone.builder.parameters[0].name == "layer_1.scale");
    CHECK(alone.builder.parameters[1].name == "layer_1.shift");
    CHECK(alone.builder.parameters[0].role == Role::normalisation);
    CHECK(alone.builder.parameters[0].initializer.number("value") == 1);
    CHECK(alone.builder.parameters[1].initializer.number("value") == 0);
    CHECK(alone.layer->needs_whole_batch());
    CHECK(alone.layer->has_parameters());
    CHECK(alone.state == std::vector<T>{0, 0, 1, 1});
    alone.w = {4, 5, 1, 2}; // scale of both channels, shift of both
    // Channel 1 has mean 2 and variance 1, so x̂ = ∓1/√(1 + 3); channel 2 is constant.
    check_close(alone.forward({1, 2, 3, 2}), Vector{-1, 2, 3, 2}, 1e-6);
    // running mean 0.1 · 2; running variance 0.9 + 0.1 · 2 (unbiased), and 0.9
    check_close(alone.state, Vector{0.2, 0.2, 1.1, 0.9}, 1e-6);

    alone.pass.update_state = false;
    alone.forward({1, 2, 5, 9});
    check_close(alone.state, Vector{0.2, 0.2, 1.1, 0.9}, 1e-6);

    alone.pass.mode = Mode::predict;
    alone.state = {2, 0, 1, 6};
    check_close(alone.forward({6, 3}), Vector{9, 7},
                1e-6); // one row will do: 4 (6 − 2)/2 + 1 and 5 · 3/3 + 2
    CHECK(alone.state == std::vector<T>{2, 0, 1, 6});
}

TEST_CASE(
    "BatchNorm's backward is its central difference, in both modes, for wide and narrow rows and images") {
    for (Mode mode : {Mode::train, Mode::predict})
        for (Shape shape : {Shape{1}, Shape{3}, Shape{16}, Shape{19}, Shape{2, 2, 3}}) {
            auto alone =
                Alone<double>::make<BatchNorm<double>>({{"momentum", 0.9}, {"epsilon", 1e-3}}, shape);
            alone.pass.mode = mode;
            alone.w = random_numbers(2 * shape.back(), 3);
            alone.state = random_numbers(2 * shape.back(), 4);
            for (double& value : alone.state) value = std::abs(value) + 0.2;
            check_backward(alone, random_numbers(5 * size_of(shape), 8));
        }
}

TEST_CASE("BatchNorm with weights, worked by hand") {
    auto alone = Alone<double>::make<BatchNorm<double>>({{"momentum", 0.5}, {"epsilon", 0.0}}, {1});
    alone.w = {2, 1}; // scale, shift
    const Vector weights = {3, 1, 0.5};
    alone.pass.s = weights.data();
    // μ = 9 / 4.5 = 2, σ² = (3 + 9) / 4.5 = 8/3; unbiased: / (1 − 10.25/4.5²) = 5.4.
    const Vector y = alone.forward({1, 5, 2});
    const double sd = std::sqrt(8.0 / 3);
    check_close(y, Vector{1 - 2 / sd, 1 + 6 / sd, 1}, 1e-14);
    check_close(alone.state, Vector{0.5 * 2, 0.5 + 0.5 * 5.4}, 1e-14);
}

TEST_CASE("BatchNorm's backward is its central difference with weights too, for rows and images") {
    const Vector weights = {0.3, 5, 1, 0.01, 2, 7};
    for (const Shape& shape : {Shape{3}, Shape{2, 2, 3}, Shape{20}}) {
        auto alone = Alone<double>::make<BatchNorm<double>>({{"momentum", 0.9}, {"epsilon", 1e-3}}, shape);
        alone.pass.s = weights.data(), alone.pass.update_state = false;
        for (double& w : alone.w) w = 0.7;
        check_backward(alone, random_numbers(6 * size_of(shape), 4));
    }
}

TEST_CASE("BatchNorm in double stays finite where one row has nearly all the weight") {
    auto alone = Alone<double>::make<BatchNorm<double>>({{"momentum", 0.0}, {"epsilon", 1e-3}}, {1});
    const Vector weights = {1e9, 1e-12, 1e-12};
    alone.pass.s = weights.data();
    for (double value : alone.forward({1, 2, 3})) CHECK(std::isfinite(value));
    for (double value : alone.state) CHECK(std::isfinite(value));
}

TEST_CASE("BatchNorm standardises an image's channel over rows and positions") {
    auto alone = Alone<double>::make<BatchNorm<double>>({{"momentum", 0.9}, {"epsilon", 3.0}}, {2, 1});
    alone.w = {2, 0};
    check_close(alone.forward({1, 3}), Vector{-1, 1}, 1e-15); // one row, but two positions
}

TEST_CASE("BatchNorm in float keeps its accuracy where the mean is large beside the spread") {
    constexpr Index n = 4096;
    auto alone = Alone<float>::make<BatchNorm<float>>({{"momentum", 0.0}, {"epsilon", 0.0}}, {1}, n);
    alone.w = {1, 0};
    std::vector<float> x;
    for (Index i = 0; i < n; ++i) x.push_back(i % 2 ? 1001.0f : 999.0f);
    const std::vector<float> y = alone.forward(x);
    for (Index i = 0; i < n; ++i) CHECK(std::abs(y[i] - (i % 2 ? 1.0f : -1.0f)) < 1e-6f);
    CHECK(alone.state[0] == 1000.0f);
    CHECK(alone.state[1] == doctest::Approx(4096.0 / 4095).epsilon(1e-6));
}

TEST_CASE("BatchNorm refuses to train on a single row") {
    auto alone = Alone<float>::make<BatchNorm<float>>({{"momentum", 0.9}, {"epsilon", 1e-5}}, {2});
    CHECK_THROWS_WITH_AS(alone.forward({1, 2}), "BatchNorm cannot train on a batch of one row", EngineError);
}

// LayerNorm

TEST_CASE_TEMPLATE("LayerNorm, worked by hand", T, float, double) {
    auto alone = Alone<T>::template make<LayerNorm<T>>({{"epsilon", 3.0}}, {2});
    CHECK(alone.builder.parameters[0].name == "layer_1.scale");
    CHECK(alone.builder.parameters[1].name == "layer_1.shift");
    CHECK_FALSE(alone.layer->needs_whole_batch());
    alone.w = {2, 4, 0, 1};
    check_close(alone.forward({1, 3, 7, 7}), Vector{-1, 3, 0, 1}, 1e-6); // x̂ = ∓1/√(1 + 3), and 0
}

TEST_CASE("LayerNorm's backward is its central difference, for wide and narrow rows and images") {
    for (Mode mode : {Mode::train, Mode::predict})
        for (Shape shape : {Shape{1}, Shape{3}, Shape{16}, Shape{19}, Shape{2, 2, 3}}) {
            auto alone = Alone<double>::make<LayerNorm<double>>({{"epsilon", 1e-3}}, shape);
            alone.pass.mode = mode;
            alone.w = random_numbers(2 * shape.back(), 3);
            check_backward(alone, random_numbers(5 * size_of(shape), 8));
        }
}

// Dropout and GaussianNoise

TEST_CASE_TEMPLATE("Dropout zeroes a share `rate` of its inputs and scales the others, in training only", T,
                   float, double) {
    constexpr Index n = 100000;
    for (double rate : {0.0, 0.2, 0.5, 0.9}) {
        auto alone = Alone<T>::template make<Dropout<T>>({{"rate", rate}}, {100}, n / 100);
        const std::vector<T> x(n, T(3));
        const std::vector<T> y = alone.forward(x);
        const T kept = static_cast<T>(3 / (1 - rate));
        double zeros = 0;
        for (T value : y) {
            REQUIRE((value == 0 || value == doctest::Approx(kept)));
            zeros += value == 0;
        }
        CHECK(std::abs(zeros / n - rate) <= 5 * std::sqrt(rate * (1 - rate) / n));
        const std::vector<T> dy(n, T(3));
        CHECK(alone.backward(x, y, dy) == y);
        alone.pass.mode = Mode::predict;
        CHECK(alone.forward(x) == x);
        CHECK(alone.backward(x, x, dy) == dy);
    }
}

TEST_CASE("a Dropout that fades over a length of its own has ended with it, however long the run is") {
    constexpr Index n = 40000;
    auto alone =
        Alone<double>::make<Dropout<double>>({{"rate", 0.4}, {"fades", true}, {"length", 8}}, {100}, n / 100);
    const Vector x(n, 1.0);
    const auto share = [&](double epochs) {
        alone.pass.epochs_done = epochs, alone.pass.progress = 0.01, alone.pass.mode = Mode::train;
        const Vector y = alone.forward(x);
        return static_cast<double>(std::count(y.begin(), y.end(), 0.0)) / n;
    };
    // 0.4 until half of it; 0.4 · (1 − cos 270°)/2 = 0.2 at three quarters; 0 from its end on. A share of n
    // rows is off by less than 4 · √(0.24 / 40000).
    CHECK(share(3.9) == doctest::Approx(0.4).epsilon(0.025));
    CHECK(share(6) == doctest::Approx(0.2).epsilon(0.05));
    CHECK(share(8) == 0);
    CHECK(share(800) == 0);
}

TEST_CASE("a rate of Dropout that fades stays for half of the run, then falls by a cosine to 0") {
    constexpr Index n = 100000;
    auto alone = Alone<double>::make<Dropout<double>>({{"rate", 0.4}, {"fades", true}}, {100}, n / 100);
    const Vector x(n, 1.0);
    const auto share = [&](double progress, Mode mode = Mode::train) {
        alone.pass.progress = progress, alone.pass.mode = mode;
        const Vector y = alone.forward(x);
        const double sum = std::accumulate(y.begin(), y.end(), 0.0);
        CHECK(sum / n == doctest::Approx(1).epsilon(0.02)); // what is left makes up for it
        return static_cast<double>(std::count(y.begin(), y.end(), 0.0)) / n;
    };
    CHECK(share(0.49) == doctest::Approx(0.4).epsilon(0.02));
    CHECK(share(0.75) == doctest::Approx(0.2).epsilon(0.03));
    CHECK(share(0.999999) == 0);
    CHECK(share(0.75, Mode::sample) == doctest::Approx(0.4).epsilon(0.02));
    CHECK(share(0.75, Mode::predict) == 0);
}

TEST_CASE("Dropout and noise draw by seed, epoch, step and layer, and alike however the rows are split into "
          "chunks") {
    const auto check = [](Alone<double> alone) {
        const Vector x(13 * 7, 1.0);
        const Vector whole = alone.forward(x);
        CHECK(alone.forward(x) == whole);
        Vector parts;
        for (Index first : {0, 5, 11}) {
            alone.pass.row = first;
            const Index rows = std::min<Index>(first == 0 ? 5 : first == 5 ? 6 : 2, 13 - first);
            const Vector part = alone.forward(Vector(static_cast<std::size_t>(rows * 7), 1.0));
            parts.insert(parts.end(), part.begin(), part.end());
        }
        CHECK(parts == whole);
        alone.pass.row = 0;
        alone.pass.seed = 1;
        CHECK(alone.forward(x) != whole);
        alone.pass.seed = 0, alone.pass.epoch = 1;
        CHECK(alone.forward(x) != whole);
        alone.pass.epoch = 0, alone.pass.step = 1;
        CHECK(alone.forward(x) != whole);
        alone.pass.step = 0;
        check_backward(alone, random_numbers(21, 2));
    };
    check(Alone<double>::make<Dropout<double>>({{"rate", 0.4}}, {7}));
    check(Alone<double>::make<GaussianNoise<double>>({{"stddev", 0.4}}, {7}));
    Builder builder;
    const Spec half(Spec::Dict{{"rate", 0.5}});
    const Dropout<double> first(half, {200}, builder, 1), second(half, {200}, builder, 2);
    Vector cache(200), x(200, 1.0), a(200), b(200);
    Pass<double> pass;
    pass.B = 1, pass.mode = Mode::train, pass.cache = cache.data();
    first.forward(pass, x.data(), a.data());
    second.forward(pass, x.data(), b.data());
    CHECK(a != b);
}

TEST_CASE("GaussianNoise adds numbers of mean 0 and its standard deviation, in training only") {
    constexpr Index n = 100000;
    auto alone = Alone<double>::make<GaussianNoise<double>>({{"stddev", 0.5}}, {100});
    const Vector x(n, 3.0), y = alone.forward(x);
    double sum = 0, square = 0;
    for (double value : y) sum += value - 3, square += (value - 3) * (value - 3);
    CHECK(std::abs(sum / n) < 5 * 0.5 / std::sqrt(1.0 * n));
    CHECK(std::abs(square / n / 0.25 - 1) < 5 * std::sqrt(2.0 / n));
    alone.pass.mode = Mode::predict;
    CHECK(alone.forward(x) == x);
}

// Embedding

TEST_CASE(
    "Embedding, worked by hand: other columns first, then the rows of the tables, gathered in backward") {
    auto alone = Alone<double>::make<Embedding<double>>(embedding_spec, {3});
    CHECK(alone.layer->output_shape() == Shape{4});
    CHECK(alone.builder.parameters[0].name == "layer_1.column_2");
    CHECK(alone.builder.parameters[0].shape == Shape{2, 1});
    CHECK(alone.builder.parameters[1].name == "layer_1.column_0");
    CHECK(alone.builder.parameters[1].shape == Shape{3, 2});
    CHECK(alone.builder.parameters[0].role == Role::weight);
    CHECK(alone.builder.parameters[0].initializer.number("stddev") == 0.05);
    CHECK(alone.builder.parameters[0].penalty.text() == "recipe");
    alone.w = {10, 20, 1, 2, 3, 4, 5, 6};
    const Vector x = {2, 7.5, 1, 2, 0.5, 0};
    const Vector y = alone.forward(x);
    CHECK(y == Vector{7.5, 20, 5, 6, 0.5, 10, 5, 6});
    CHECK(alone.backward(x, y, {1, 2, 3, 4, 10, 20, 30, 40}) == Vector{0, 1, 0, 0, 10, 0});
    CHECK(alone.gradient == Vector{20, 2, 0, 0, 0, 0, 33, 44});
    check_backward(alone, x, false);
}

TEST_CASE("Embedding takes one dimension for all, its own initializer and penalty, and rows of codes alone") {
    const Spec::Dict spec = {{"columns", Spec::List{0, 1}},
                             {"levels", Spec::List{2, 2}},
                             {"dimension", 3},
                             {"initializer", Spec::Dict{{"kind", "Constant"}, {"value", 1.0}}},
                             {"penalty", Spec()}};
    auto alone = Alone<float>::make<Embedding<float>>(spec, {2});
    CHECK(alone.layer->output_shape() == Shape{6});
    CHECK(alone.builder.parameters[1].initializer.kind() == "Constant");
    CHECK(alone.builder.parameters[1].penalty.is_none());
}

TEST_CASE("Embedding refuses codes and columns that are not there") {
    auto alone = Alone<double>::make<Embedding<double>>(embedding_spec, {3});
    for (double code : {-1.0, 3.0, 1.5, 1e30, std::numeric_limits<double>::quiet_NaN()})
        CHECK_THROWS_AS(alone.forward({code, 0, 0}), EngineError);
    CHECK_THROWS_WITH_AS(alone.forward({3, 0, 0}), "Embedding: column 0 holds 3, which is no level of 0 … 2",
                         EngineError);
    CHECK_THROWS_WITH_AS(Alone<double>::make<Embedding<double>>(embedding_spec, {2}),
                         "Embedding: there is no column 2", EngineError);
    CHECK_THROWS_AS(Alone<double>::make<Embedding<double>>(embedding_spec, {3, 1}), EngineError);
}

// Periodic

TEST_CASE("Periodic, worked by hand: all inputs, then the waves of each column") {
    const Spec::Dict spec = {{"columns", Spec::List{1, 0}}, {"frequencies", 2}, {"penalty", "recipe"}};
    auto alone = Alone<double>::make<Periodic<double>>(spec, {3});
    CHECK(alone.layer->output_shape() == Shape{7});
    CHECK(alone.builder.parameters[0].name == "layer_1.frequency");
    CHECK(alone.builder.parameters[0].shape == Shape{2, 2});
    CHECK(alone.builder.parameters[1].name == "layer_1.phase");
    alone.w = {1, 0.25, 0.5, 0, 0, 0, 0.125, 0.5}; // of input 1, of input 0; their phases
    const double root = std::sqrt(2.0), pi = std::acos(-1.0);
    const Vector x = {0.25, 2, 9};
    const Vector y = alone.forward(x);
    check_close(y, Vector{0.25, 2, 9, root, -root, 0, -root}, 1e-14);
    // −2π √2 sin(2π(w x + b)), times what came back: of the third wave alone, a quarter of a turn
    check_close(alone.backward(x, y, {1, 1, 1, 5, 6, 7, 8}), Vector{1 - 7 * pi * root, 1, 1}, 1e-13);
    check_close(alone.gradient, Vector{0, 0, -3.5 * pi * root, 0, 0, 0, -14 * pi * root, 0}, 1e-12);
}

TEST_CASE("Periodic's gradients are those of central differences, and what is no number stays none") {
    const Spec::Dict spec = {{"columns", Spec::List{1}}, {"frequencies", 5}, {"penalty", "recipe"}};
    auto alone = Alone<double>::make<Periodic<double>>(spec, {2});
    alone.w = random_numbers(static_cast<Index>(alone.w.size()), 8);
    check_backward(alone, {1, 0.3, -2, 1.7, 0.5, -1.2, 3, 2.4});
    const Vector y = alone.forward({0, std::numeric_limits<double>::quiet_NaN()});
    for (std::size_t i = 1; i < y.size(); ++i) CHECK(std::isnan(y[i]));
}

TEST_CASE("Periodic refuses columns that are not there, no waves, and rows of several axes") {
    Spec::Dict spec = {{"columns", Spec::List{2}}, {"frequencies", 3}};
    CHECK_THROWS_WITH_AS(Alone<double>::make<Periodic<double>>(spec, {2}), "Periodic: there is no column 2",
                         EngineError);
    CHECK_THROWS_AS(Alone<double>::make<Periodic<double>>(spec, {3, 1}), EngineError);
    spec["frequencies"] = 0;
    CHECK_THROWS_WITH_AS(Alone<double>::make<Periodic<double>>(spec, {3}),
                         "Periodic: frequencies must be at least 1", EngineError);
}

// Scale

TEST_CASE("Scale, worked by hand: inputs times 1 + pace · s") {
    auto alone = Alone<double>::make<Scale<double>>({{"pace", 3.0}, {"penalty", "recipe"}}, {2});
    CHECK(alone.builder.parameters[0].name == "layer_1.factor");
    CHECK(alone.builder.parameters[0].initializer.kind() == "Constant");
    alone.w = {0, 0};
    CHECK(alone.forward({5, 7}) == Vector{5, 7}); // before training
    alone.w = {-1, 0.5};
    const Vector x = {5, 7}, y = alone.forward(x);
    check_close(y, Vector{-10, 17.5}, 1e-14);
    check_close(alone.backward(x, y, {1, 4}), Vector{-2, 10}, 1e-14);
    check_close(alone.gradient, Vector{15, 84}, 1e-13);
    check_backward(alone, {1, 0.3, -2, 1.7});
}

// PiecewiseLinear

TEST_CASE("PiecewiseLinear, worked by hand: bins before a number count whole, its own in part") {
    const Spec::Dict spec = {
        {"units", 1},       {"columns", Spec::List{1}}, {"bins", Spec::List{3}},
        {"use_bias", true}, {"penalty", "recipe"},      {"initializer", Spec::Dict{{"kind", "He"}}}};
    auto alone = Alone<double>::make<PiecewiseLinear<double>>(spec, {2});
    CHECK(alone.builder.parameters[0].shape == Shape{4, 1});
    CHECK(alone.builder.parameters[0].name == "layer_1.weight");
    CHECK(alone.layer->idle_parameters() == 1);
    alone.w = {100, 1, 10, 20, 0.5}; // of the other input, of three bins, the bias
    const Vector x = {1, 0, 0, 0.5, 0, 1, 0, 2.5, 0, 3, 2, -4, 0, 99};
    const Vector y = alone.forward(x);
    CHECK(y == Vector{100.5, 1, 1.5, 21.5, 31.5, 200.5, 31.5});
    CHECK(alone.backward(x, y, {1, 2, 3, 4, 5, 6, 7}) ==
          Vector{100, 1, 200, 2, 300, 30, 400, 80, 500, 0, 600, 0, 700, 0});
    CHECK(alone.gradient == Vector{1 + 12, 1 + 3 + 4 + 5 + 7, 4 + 5 + 7, 2 + 5 + 7, 28});
}

TEST_CASE_TEMPLATE("PiecewiseLinear gives what Dense gives of the bins written out", T, float, double) {
    for (Index units : {1, 3, 16, 150, 300}) { // one by one, in single vectors, in eights, and all of these
        const Spec::List columns{3, 0, 2}, bins{40, 1, 900}; // several groups
        const Spec::Dict spec = {{"units", units}, {"columns", columns}, {"bins", bins}, {"use_bias", false}};
        auto alone = Alone<T>::template make<PiecewiseLinear<T>>(spec, {4});
        const Vector w = random_numbers(static_cast<Index>(alone.w.size()), 3);
        std::copy(w.begin(), w.end(), alone.w.begin());
        const Index rows = 20;
        std::vector<T> x, y, dy;
        Vector written; // rows × 942
        const Vector uniform = random_numbers(4 * rows, 5);
        for (Index r = 0; r < rows; ++r) {
            for (Index c = 0; c < 4; ++c)
                x.push_back(static_cast<T>(uniform[r * 4 + c] * (c == 2 ? 500 : c == 3 ? 20 : 1)));
            const T* row = x.data() + r * 4;
            written.push_back(static_cast<double>(row[1]));
            for (std::size_t k = 0; k < columns.size(); ++k)
                for (Index t = 0; t < bins[k].integer(); ++t)
                    written.push_back(std::clamp(
                        static_cast<double>(row[columns[k].integer()]) - static_cast<double>(t), 0.0, 1.0));
        }
        y = alone.forward(x);
        for (double value : random_numbers(rows * units, 6)) dy.push_back(static_cast<T>(value));
        const std::vector<T> dx = alone.backward(x, y, dy);
        Vector product(y.size()), gradient(w.size()), back(x.size());
        for (Index r = 0; r < rows; ++r)
            for (Index i = 0; i < 942; ++i)
                for (Index o = 0; o < units; ++o) {
                    product[r * units + o] += written[r * 942 + i] * w[i * units + o];
                    gradient[i * units + o] += written[r * 942 + i] * static_cast<double>(dy[r * units + o]);
                }
        const double precision = 1e3 * static_cast<double>(std::numeric_limits<T>::epsilon());
        check_close(y, product, 30 * precision);
        check_close(alone.gradient, gradient, 10 * precision);
        for (Index r = 0; r < rows; ++r) // the first of the bins' columns is input 3, of 40 bins
            for (Index o = 0; o < units; ++o) {
                const double at = static_cast<double>(x[r * 4 + 3]);
                if (at >= 0 && at < 40)
                    back[r * 4 + 3] +=
                        w[(1 + static_cast<Index>(at)) * units + o] * static_cast<double>(dy[r * units + o]);
                CHECK((at >= 0 && at < 40) == (dx[r * 4 + 3] != 0));
            }
        for (Index r = 0; r < rows; ++r)
            CHECK(static_cast<double>(dx[r * 4 + 3]) == doctest::Approx(back[r * 4 + 3]).epsilon(precision));
    }
}

TEST_CASE("PiecewiseLinear's gradients are those of central differences, and what is no number stays none") {
    const Spec::Dict spec = {{"units", 9},
                             {"columns", Spec::List{1}},
                             {"bins", Spec::List{2}},
                             {"use_bias", true},
                             {"penalty", "recipe"}};
    auto alone = Alone<double>::make<PiecewiseLinear<double>>(spec, {2});
    alone.w = random_numbers(static_cast<Index>(alone.w.size()), 8);
    check_backward(alone, {1, 0.3, -2, 1.7, 0.5, -1.2, 3, 2.4});
    for (double value : alone.forward({0, std::numeric_limits<double>::quiet_NaN()}))
        CHECK(std::isnan(value));
}

TEST_CASE("PiecewiseLinear's factors multiply what meets W, also chunk by chunk") {
    const Spec::Dict spec = {
        {"units", 1},  {"columns", Spec::List{1}}, {"bins", Spec::List{2}}, {"use_bias", true},
        {"pace", 2.0}, {"penalty", "recipe"}};
    auto alone = Alone<double>::make<PiecewiseLinear<double>>(spec, {2});
    CHECK(alone.builder.parameters[2].name == "layer_1.factor");
    CHECK(alone.builder.parameters[2].shape == Shape{3});
    alone.w = {100, 1, 10, 0.5, 0.5, 1, -0.5}; // of the other input, of two bins; the bias; the factors
    const Vector x = {1, 0, 0, 1.5};
    const Vector y = alone.forward(x); // 100 · 2 + 0.5; 1 · 3 + 10 · 0 / 2 + 0.5
    CHECK(y == Vector{200.5, 3.5});
    CHECK(alone.backward(x, y, {1, 2}) == Vector{200, 3, 400, 0});
    const Vector gradient{2, 6, 0, 3, 200, 4, 20};
    CHECK(alone.gradient == gradient);
    alone.pass.first = false; // a further chunk is added
    alone.forward(x);
    alone.layer->backward(alone.pass, x.data(), y.data(), Vector{1, 2}.data(), nullptr);
    for (std::size_t i = 0; i < gradient.size(); ++i) CHECK(alone.gradient[i] == 2 * gradient[i]);

    auto wide = Alone<double>::make<PiecewiseLinear<double>>({{"units", 9},
                                                              {"columns", Spec::List{1}},
                                                              {"bins", Spec::List{2}},
                                                              {"use_bias", false},
                                                              {"pace", 3.0}},
                                                             {2});
    wide.w = random_numbers(static_cast<Index>(wide.w.size()), 8);
    check_backward(wide, {1, 0.3, -2, 1.7, 0.5, -1.2, 3, 2.4});
}

TEST_CASE("PiecewiseLinear refuses columns that are not there and rows of several axes") {
    const Spec::Dict spec = {
        {"units", 1}, {"columns", Spec::List{2}}, {"bins", Spec::List{2}}, {"use_bias", true}};
    CHECK_THROWS_WITH_AS(Alone<double>::make<PiecewiseLinear<double>>(spec, {2}),
                         "PiecewiseLinear: there is no column 2", EngineError);
    CHECK_THROWS_AS(Alone<double>::make<PiecewiseLinear<double>>(spec, {3, 1}), EngineError);
}
