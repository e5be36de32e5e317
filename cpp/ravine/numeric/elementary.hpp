// Elementary functions without calls or branches, so that loops over them become vector code. The tests
// hold them against the standard library: they agree to a few units in the last place, over- and underflow
// alike, and NaN stays NaN. They round by adding a large number, so they must not be compiled with
// -ffast-math.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <type_traits>
#include <utility>

// Compilers would otherwise leave calls in the loops.
#define RAVINE_INLINE [[gnu::always_inline]] inline

namespace ravine::elementary {

template <class T> struct Format;
template <> struct Format<float> {
    using Bits = std::uint32_t;
    static constexpr int mantissa = 23, bias = 127;
    static constexpr float shifter = 12582912.0f; // 1.5·2²³: adding it rounds to an integer
    static constexpr float ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f;
    static constexpr float lowest = -104.0f, highest = 89.0f; // exp is 0 below and infinite above
};
template <> struct Format<double> {
    using Bits = std::uint64_t;
    static constexpr int mantissa = 52, bias = 1023;
    static constexpr double shifter = 6755399441055744.0; // 1.5·2⁵²
    static constexpr double ln2_high = 6.93147180369123816490e-01, ln2_low = 1.90821492927058770002e-10;
    static constexpr double lowest = -746.0, highest = 710.0;
};

// a where the condition holds, else b, without a branch that compilers could make of ?:.
template <class T> RAVINE_INLINE T select(bool condition, T a, T b) {
    using Bits = typename Format<T>::Bits;
    const Bits mask = Bits(0) - static_cast<Bits>(condition);
    return std::bit_cast<T>((std::bit_cast<Bits>(a) & mask) | (std::bit_cast<Bits>(b) & ~mask));
}

// 2ⁿ from n + shifter, whose lowest bits hold the integer n.
template <class T> RAVINE_INLINE T power_of_two(T shifted) {
    using F = Format<T>;
    return std::bit_cast<T>((std::bit_cast<typename F::Bits>(shifted) + F::bias) << F::mantissa);
}

// (eʳ − 1) / r for |r| ≤ ½ ln 2, by Taylor's series.
template <class T> RAVINE_INLINE T exp_series(T r) {
    constexpr auto inverse_factorial = [](int k) {
        double product = 1;
        for (int j = 2; j <= k; ++j) product *= j;
        return static_cast<T>(1 / product);
    };
    T p = inverse_factorial(13);
    if constexpr (std::is_same_v<T, float>) {
        p = inverse_factorial(7);
    } else {
        p = p * r + inverse_factorial(12);
        p = p * r + inverse_factorial(11);
        p = p * r + inverse_factorial(10);
        p = p * r + inverse_factorial(9);
        p = p * r + inverse_factorial(8);
        p = p * r + inverse_factorial(7);
    }
    p = p * r + inverse_factorial(6);
    p = p * r + inverse_factorial(5);
    p = p * r + inverse_factorial(4);
    p = p * r + inverse_factorial(3);
    p = p * r + inverse_factorial(2);
    return p * r + T(1);
}

// eˣ = 2ⁿ eʳ with x = n ln 2 + r. 2ⁿ is applied in two halves, so that the ends of the range are right.
template <class T> RAVINE_INLINE T exp(T x) {
    using F = Format<T>;
    constexpr T log2_e = T(1.4426950408889634);
    x = select(x > F::highest, F::highest, x);
    x = select(x < F::lowest, F::lowest, x);
    const T n = (x * log2_e + F::shifter) - F::shifter;
    const T r = (x - n * F::ln2_high) - n * F::ln2_low;
    const T half = n * T(0.5) + F::shifter, rest = (n - (half - F::shifter)) + F::shifter;
    return (exp_series(r) * r + T(1)) * power_of_two(half) * power_of_two(rest);
}

// eˣ − 1 for x ≤ 0, with full relative accuracy near 0.
template <class T> RAVINE_INLINE T expm1_negative(T x) {
    using F = Format<T>;
    constexpr T log2_e = T(1.4426950408889634), lowest = T(-45);
    x = select(x < lowest, lowest, x);
    const T shifted = x * log2_e + F::shifter, n = shifted - F::shifter;
    const T r = (x - n * F::ln2_high) - n * F::ln2_low, scale = power_of_two(shifted);
    return scale * (exp_series(r) * r) + (scale - T(1));
}

// log(1 + e) for 0 ≤ e ≤ 1: 2 artanh(e / (2 + e)) by its series.
template <class T> RAVINE_INLINE T log1p_unit(T e) {
    const T s = e / (T(2) + e), q = s * s;
    T p = T(1) / T(17);
    if constexpr (std::is_same_v<T, double>) {
        p = T(1) / T(33);
        p = p * q + T(1) / T(31);
        p = p * q + T(1) / T(29);
        p = p * q + T(1) / T(27);
        p = p * q + T(1) / T(25);
        p = p * q + T(1) / T(23);
        p = p * q + T(1) / T(21);
        p = p * q + T(1) / T(19);
        p = p * q + T(1) / T(17);
    }
    p = p * q + T(1) / T(15);
    p = p * q + T(1) / T(13);
    p = p * q + T(1) / T(11);
    p = p * q + T(1) / T(9);
    p = p * q + T(1) / T(7);
    p = p * q + T(1) / T(5);
    p = p * q + T(1) / T(3);
    p = p * q + T(1);
    return T(2) * s * p;
}

template <class T> RAVINE_INLINE T sigmoid(T x) { return T(1) / (T(1) + exp(-x)); }

template <class T> RAVINE_INLINE T tanh(T x) {
    const T m = expm1_negative(T(-2) * std::abs(x));
    return std::copysign(m / (T(2) + m), x);
}

// log(1 + eˣ)
template <class T> RAVINE_INLINE T softplus(T x) {
    return select(x < T(0), T(0), x) + log1p_unit(exp(-std::abs(x)));
}

// Σ_k c_k uᵏ, unrolled.
template <class T, std::size_t n> RAVINE_INLINE T polynomial(const std::array<T, n>& c, T u) {
    return [&]<std::size_t... k>(std::index_sequence<k...>) {
        T p = c[n - 1];
        ((p = p * u + c[n - 2 - k]), ...);
        return p;
    }(std::make_index_sequence<n - 1>());
}

// Φ(x), the standard normal distribution function: with z = |x| / √2, erfc(z) = e^(−z²) t Q(t), where
// t = 1 / (1 + 0.4 z) and Q is smooth. Its coefficients are those of the Chebyshev series in u = 2t − 1, cut
// off at degree 10 (relative error 9e-9) and 22 (3e-16), as powers of u.
template <class T> RAVINE_INLINE T normal_distribution(T x) {
    constexpr auto Q = [] {
        if constexpr (std::is_same_v<T, float>)
            return std::array{0.4216127258791261f,      0.3218607715311784f,     0.18156581047508563f,
                              0.06849979497157609f,     0.011342670473006241f,   -0.003353252749592459f,
                              -0.0019189444662674592f,  0.00016556999399446563f, 0.00026371632379318204f,
                              -1.0802851927939553e-05f, -2.806405167227426e-05f};
        else
            return std::array{0.42161272812228723,     0.3218607397756594,     0.18156564665922276,
                              0.06850045809844092,     0.01134462005354375,    -0.003357217721730887,
                              -0.0019275142232048988,  0.00017568331795446876, 0.0002810776235967972,
                              -2.3323209574611937e-05, -4.504269359051167e-05, 7.813278690925414e-06,
                              7.300477714737466e-06,   -2.702803948474473e-06, -9.393353856422441e-07,
                              7.870007760707275e-07,   7.652808513252932e-09,  -1.8142120482166626e-07,
                              4.485982690247903e-08,   2.948045203810613e-08,  -1.4297297076024689e-08,
                              -2.505066258337355e-09,  1.8100287555060093e-09};
    }();
    const T z = std::abs(x) * T(0.7071067811865476), t = T(1) / (T(1) + T(0.4) * z);
    const T tail = T(0.5) * exp(T(-0.5) * x * x) * t * polynomial(Q, T(2) * t - T(1));
    return select(x > T(0), T(1) - tail, tail);
}

// cos(2πt) and sin(2πt). With h = round(2t) and s = t − h/2, |s| ≤ ¼, they are (−1)ʰ cos(2πs) and
// (−1)ʰ sin(2πs), which Taylor's series gives. Where t is so large that its neighbours lie an eighth of
// a turn apart, it counts as a whole number of turns.
template <class T> struct Turns {
    T s;                              // the rest of t, in turns
    typename Format<T>::Bits flipped; // the sign bit of (−1)ʰ

    RAVINE_INLINE explicit Turns(T t) {
        using F = Format<T>;
        t = select(std::abs(t) >= F::shifter / T(8), t * T(0), t); // NaN and ∞ become NaN
        const T shifted = t * T(2) + F::shifter;
        s = t - (shifted - F::shifter) * T(0.5);
        flipped = std::bit_cast<typename F::Bits>(shifted) << (sizeof(T) * 8 - 1);
    }
    RAVINE_INLINE T cos() const {
        constexpr auto c = coefficients<12>(0);
        return signed_as_turned(polynomial(c, s * s));
    }
    RAVINE_INLINE T sin() const {
        constexpr auto c = coefficients<12>(1);
        return signed_as_turned(s * polynomial(c, s * s));
    }

private:
    // (−1)ᵏ (2π)ⁿ / n! with n = 2k + first.
    template <std::size_t most> static constexpr auto coefficients(int first) {
        std::array<T, std::is_same_v<T, float> ? most - 4 : most> c{};
        double value = first ? 6.283185307179586 : 1;
        for (std::size_t k = 0; k < c.size(); ++k) {
            c[k] = static_cast<T>(value);
            const double n = 2.0 * static_cast<double>(k) + first;
            value *= -39.47841760435743 / ((n + 1) * (n + 2));
        }
        return c;
    }
    RAVINE_INLINE T signed_as_turned(T value) const {
        return std::bit_cast<T>(std::bit_cast<typename Format<T>::Bits>(value) ^ flipped);
    }
};

} // namespace ravine::elementary
