// Activation functions: y = f(x), and f′ from y where that can be done, else from x and y.
#pragma once

#include "../numeric/elementary.hpp"
#include "../registry.hpp"

#include <cmath>
#include <numbers>
#include <string>
#include <variant>

namespace ravine {

namespace activations {

// Each function: value and slope, whether the slope takes y alone (else x too), and whether it jumps at 0.

template <class T> struct Identity {
    static constexpr bool from_output = true, kinked = false;
    T value(T x) const { return x; }
    T slope(T, T) const { return 1; }
};

// max(x, 0)
template <class T> struct Relu {
    static constexpr bool from_output = true, kinked = true;
    T value(T x) const { return x < T(0) ? T(0) : x; }
    T slope(T, T y) const { return T(y > T(0)); }
};

// x if x > 0, else αx (Maas, Hannun & Ng 2013)
template <class T> struct LeakyRelu {
    static constexpr bool from_output = true, kinked = true;
    T alpha;
    T value(T x) const { return elementary::select(x > T(0), x, alpha * x); }
    T slope(T, T y) const { return elementary::select(y > T(0), T(1), alpha); }
};

// λx if x > 0, else λα(eˣ − 1) (Clevert, Unterthiner & Hochreiter 2016; with λ Klambauer et al. 2017)
template <class T> struct Elu {
    static constexpr bool from_output = true;
    T alpha, lambda = 1;
    bool kinked = alpha != T(1);
    T value(T x) const {
        const T below = alpha * elementary::expm1_negative(elementary::select(x > T(0), T(0), x));
        return lambda * elementary::select(x > T(0), x, below);
    }
    T slope(T, T y) const { return elementary::select(y > T(0), lambda, y + lambda * alpha); }
};

// x Φ(x), Φ the standard normal distribution function (Hendrycks & Gimpel 2016, the exact form)
template <class T> struct Gelu {
    static constexpr bool from_output = false, kinked = false;
    T value(T x) const { return x * elementary::normal_distribution(x); }
    T slope(T x, T y) const {
        constexpr T root = T(std::numbers::inv_sqrtpi / std::numbers::sqrt2);
        const T Phi = elementary::select(x == T(0), T(0.5), y / x);
        return Phi + x * (root * elementary::exp(T(-0.5) * x * x));
    }
};

// x σ(x) (Elfwing, Uchibe & Doya 2018)
template <class T> struct Silu {
    static constexpr bool from_output = false, kinked = false;
    T value(T x) const { return x * elementary::sigmoid(x); }
    T slope(T x, T y) const {
        const T s = elementary::sigmoid(x);
        return s + y * (T(1) - s);
    }
};

// x tanh(log(1 + eˣ)) (Misra 2019)
template <class T> struct Mish {
    static constexpr bool from_output = false, kinked = false;
    T value(T x) const {
        const auto [e, n, d] = parts(x);
        return x * (n / d);
    }
    T slope(T x, T) const {
        const auto [e, n, d] = parts(x);
        return n / d + x * (T(4) * elementary::select(x > T(0), e * e, e) * (T(1) + e)) / (d * d);
    }

private:
    struct Parts {
        T e, n, d; // e^−|x| and tanh(log(1 + eˣ)) = n / d
    };
    static Parts parts(T x) {
        const T e = elementary::exp(-std::abs(x));
        const T n = elementary::select(x > T(0), T(1) + T(2) * e, e * (e + T(2)));
        return {e, n, n + T(2) * elementary::select(x > T(0), e * e, T(1))};
    }
};

// log(1 + eˣ)
template <class T> struct Softplus {
    static constexpr bool from_output = true, kinked = false;
    T value(T x) const { return elementary::softplus(x); }
    T slope(T, T y) const { return -elementary::expm1_negative(-y); }
};

template <class T> struct Tanh {
    static constexpr bool from_output = true, kinked = false;
    T value(T x) const { return elementary::tanh(x); }
    T slope(T, T y) const { return T(1) - y * y; }
};

template <class T> struct Sigmoid {
    static constexpr bool from_output = true, kinked = false;
    T value(T x) const { return elementary::sigmoid(x); }
    T slope(T, T y) const { return y * (T(1) - y); }
};

} // namespace activations

template <class T> class ActivationFunction {
public:
    // `alpha` none is the function's usual one.
    explicit ActivationFunction(const std::string& name, const Spec& alpha = Spec()) {
        using namespace activations;
        static const Registry<Function(const Spec&)> registry = {
            {"identity", plain<Identity<T>>},
            {"relu", plain<Relu<T>>},
            {"leaky_relu", [](const Spec& a) -> Function { return LeakyRelu<T>{number_or(a, 0.01)}; }},
            {"elu", [](const Spec& a) -> Function { return Elu<T>{number_or(a, 1.0)}; }},
            {"selu",
             [](const Spec&) -> Function { return Elu<T>{T(1.6732632423543772), T(1.0507009873554805)}; }},
            {"gelu", plain<Gelu<T>>},
            {"silu", plain<Silu<T>>},
            {"mish", plain<Mish<T>>},
            {"softplus", plain<Softplus<T>>},
            {"tanh", plain<Tanh<T>>},
            {"sigmoid", plain<Sigmoid<T>>},
        };
        f_ = registry.make("activation", name, alpha);
        kinked_ = std::visit([](const auto& f) { return f.kinked; }, f_);
        from_output_ = std::visit([](const auto& f) { return f.from_output; }, f_);
    }

    // y = f(x); y may be x.
    void forward(Index n, const T* x, T* y) const {
        std::visit(
            [=](const auto f) {
#pragma omp simd
                for (Index i = 0; i < n; ++i) y[i] = f.value(x[i]);
            },
            f_);
    }

    // dx = f′(x) dy; dx may be dy, and x may be null where needs_input() is false.
    void backward(Index n, const T* x, const T* y, const T* dy, T* dx) const {
        if (from_output_) x = y; // so that there is something to read
        std::visit(
            [=](const auto f) {
#pragma omp simd
                for (Index i = 0; i < n; ++i) dx[i] = f.slope(x[i], y[i]) * dy[i];
            },
            f_);
    }

    // Whether backward needs x besides y.
    bool needs_input() const { return !from_output_; }
    // Whether f′ jumps at 0.
    bool has_kink() const { return kinked_; }

private:
    using Function =
        std::variant<activations::Identity<T>, activations::Relu<T>, activations::LeakyRelu<T>,
                     activations::Elu<T>, activations::Gelu<T>, activations::Silu<T>, activations::Mish<T>,
                     activations::Softplus<T>, activations::Tanh<T>, activations::Sigmoid<T>>;

    template <class F> static Function plain(const Spec&) { return F{}; }

    static T number_or(const Spec& alpha, double usual) {
        const double a = alpha.is_none() ? usual : alpha.number();
        if (!(a >= 0)) throw EngineError("the 'alpha' parameter of Activation must be at least 0");
        return static_cast<T>(a);
    }

    Function f_;
    bool kinked_ = false, from_output_ = true;
};

} // namespace ravine
