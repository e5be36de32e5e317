// A counter-based random generator (Philox4x32-10; Salmon, Moraes, Dror & Shaw 2011). A number is a pure
// function of (seed, purpose, layer or row, epoch, step, position), so nothing has to be saved to resume a
// run, nothing depends on the number of threads, and the same step always draws the same numbers.
#pragma once

#include "../spec.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <utility>
#include <vector>

namespace ravine {

enum class Purpose : std::uint32_t {
    initialise = 1,
    shuffle,
    dropout,
    noise_layer,
    augment_geometry,
    augment_noise,
    mixup,
    synthesize,
};

class Stream {
public:
    using Block = std::array<std::uint32_t, 4>;

    // `a` and `b` tell streams of one purpose apart: usually the epoch and the step, or the row. `member`
    // tells layers apart.
    Stream(std::uint64_t seed, Purpose purpose, std::uint64_t a = 0, std::uint64_t b = 0,
           std::uint64_t member = 0) {
        std::uint64_t key = mix(seed + 0x9E3779B97F4A7C15ull * static_cast<std::uint64_t>(purpose));
        key = mix(key ^ mix(a + 0x632BE59BD9B4E019ull));
        key = mix(key ^ mix(member + 0xD1B54A32D192ED03ull));
        key_ = {static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)};
        high_ = mix(b + 0x8CB92BA72F3D8DD7ull);
    }
    Stream() : Stream(0, Purpose::initialise) {}

    // Ten rounds of Philox over a counter, under a key.
    static Block philox(Block c, std::array<std::uint32_t, 2> key) {
        for (int round = 0; round < 10; ++round) {
            const std::uint64_t p0 = 0xD2511F53ull * c[0], p1 = 0xCD9E8D57ull * c[2];
            c = {static_cast<std::uint32_t>(p1 >> 32) ^ c[1] ^ key[0], static_cast<std::uint32_t>(p1),
                 static_cast<std::uint32_t>(p0 >> 32) ^ c[3] ^ key[1], static_cast<std::uint32_t>(p0)};
            key[0] += 0x9E3779B9u;
            key[1] += 0xBB67AE85u;
        }
        return c;
    }
    // Four random words, number `position` of the stream.
    Block block(std::uint64_t position) const {
        return philox({static_cast<std::uint32_t>(position), static_cast<std::uint32_t>(position >> 32),
                       static_cast<std::uint32_t>(high_), static_cast<std::uint32_t>(high_ >> 32)},
                      key_);
    }
    std::uint32_t word(std::uint64_t i) const { return block(i / 4)[i % 4]; }

    // Words first … first + n − 1 of the stream, many at a time.
    void words(std::uint64_t first, Index n, std::uint32_t* out) const {
        constexpr Index many = 4 * lanes;
        std::uint32_t buffer[many];
        for (Index skipped = static_cast<Index>(first % 4); n > 0; skipped = 0) {
            const Index count = std::min(n, many - skipped);
            many_blocks(first / 4, count == many ? out : buffer);
            if (count < many) std::copy_n(buffer + skipped, count, out);
            first += static_cast<std::uint64_t>(count), out += count, n -= count;
        }
    }

    // use(i, z) for the standard normals z, number first + i of the stream, i < n.
    template <class Use> void normals(std::uint64_t first, Index n, Use&& use) const {
        for (Index i = 0; i < n;) {
            const std::uint64_t number = first + static_cast<std::uint64_t>(i);
            if (number % 2 == 0 && i + 1 < n) {
                const auto [even, odd] = normal_pair(number / 2);
                use(i, even);
                use(i + 1, odd);
                i += 2;
            } else {
                use(i, normal(number));
                ++i;
            }
        }
    }

    // Uniform in [0, 1), number i of the stream (53 bits from two words).
    double uniform(std::uint64_t i) const {
        const Block b = block(i / 2);
        return unit(b[2 * (i % 2)], b[2 * (i % 2) + 1]);
    }
    // Standard normal, number i of the stream (Box & Muller 1958).
    double normal(std::uint64_t i) const { return normal_pair(i / 2)[i % 2]; }
    // Uniform integer in [0, n), number i of the stream (Lemire 2019 without the rejection: the bias is
    // below n/2^64).
    Index below(std::uint64_t i, Index n) const {
        const Block b = block(i / 2);
        return scaled(b[2 * (i % 2)], b[2 * (i % 2) + 1], n);
    }
    static Index scaled(std::uint32_t hi, std::uint32_t lo, Index n) {
        const std::uint64_t bits = (static_cast<std::uint64_t>(hi) << 32) | lo;
        return static_cast<Index>((static_cast<unsigned __int128>(bits) * static_cast<std::uint64_t>(n)) >>
                                  64);
    }

private:
    static double unit(std::uint32_t hi, std::uint32_t lo) {
        return (static_cast<double>(hi >> 5) * 67108864.0 + static_cast<double>(lo >> 6)) /
               9007199254740992.0;
    }
    std::array<double, 2> normal_pair(std::uint64_t position) const {
        const Block b = block(position);
        const double u = 1.0 - unit(b[0], b[1]), angle = 2.0 * std::numbers::pi * unit(b[2], b[3]);
        const double radius = std::sqrt(-2.0 * std::log(u));
        return {radius * std::cos(angle), radius * std::sin(angle)};
    }

    // Blocks position … position + lanes − 1, side by side, so that the rounds become vector code.
    static constexpr Index lanes = 32;
    void many_blocks(std::uint64_t position, std::uint32_t* out) const {
        std::uint32_t c0[lanes], c1[lanes], c2[lanes], c3[lanes];
        for (Index j = 0; j < lanes; ++j) {
            const std::uint64_t p = position + static_cast<std::uint64_t>(j);
            c0[j] = static_cast<std::uint32_t>(p);
            c1[j] = static_cast<std::uint32_t>(p >> 32);
            c2[j] = static_cast<std::uint32_t>(high_);
            c3[j] = static_cast<std::uint32_t>(high_ >> 32);
        }
        std::uint32_t k0 = key_[0], k1 = key_[1];
        for (int round = 0; round < 10; ++round) {
            for (Index j = 0; j < lanes; ++j) {
                const std::uint64_t p0 = 0xD2511F53ull * c0[j], p1 = 0xCD9E8D57ull * c2[j];
                c0[j] = static_cast<std::uint32_t>(p1 >> 32) ^ c1[j] ^ k0;
                c1[j] = static_cast<std::uint32_t>(p1);
                c2[j] = static_cast<std::uint32_t>(p0 >> 32) ^ c3[j] ^ k1;
                c3[j] = static_cast<std::uint32_t>(p0);
            }
            k0 += 0x9E3779B9u;
            k1 += 0xBB67AE85u;
        }
        for (Index j = 0; j < lanes; ++j) {
            out[4 * j] = c0[j];
            out[4 * j + 1] = c1[j];
            out[4 * j + 2] = c2[j];
            out[4 * j + 3] = c3[j];
        }
    }

    // The finaliser of SplitMix64 (Steele, Lea & Flood 2014).
    static std::uint64_t mix(std::uint64_t z) {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
        return z ^ (z >> 31);
    }
    std::array<std::uint32_t, 2> key_{};
    std::uint64_t high_ = 0;
};

// Fisher & Yates: `order` becomes a random permutation of itself. Step i takes stream.below(i, i + 1), whose
// words are drawn for many steps at a time.
inline void shuffle(std::vector<Index>& order, const Stream& stream) {
    constexpr Index many = 64;
    std::uint32_t words[2 * many];
    for (Index i = static_cast<Index>(order.size()) - 1; i > 0;) {
        const Index first = i / many * many;
        stream.words(2 * static_cast<std::uint64_t>(first), 2 * many, words);
        for (; i > 0 && i >= first; --i) {
            const std::uint32_t* word = words + 2 * (i - first);
            std::swap(order[i], order[Stream::scaled(word[0], word[1], i + 1)]);
        }
    }
}

} // namespace ravine
