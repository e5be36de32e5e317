#include "ravine/numeric/random.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

using namespace ravine;

namespace {

constexpr Index many = 200000;

// The correlation of two lists of numbers; its standard error is 1/√n where they are independent.
double correlation(const std::vector<double>& a, const std::vector<double>& b) {
    const double n = static_cast<double>(a.size());
    double ma = 0, mb = 0, aa = 0, bb = 0, ab = 0;
    for (std::size_t i = 0; i < a.size(); ++i) ma += a[i] / n, mb += b[i] / n;
    for (std::size_t i = 0; i < a.size(); ++i) {
        aa += (a[i] - ma) * (a[i] - ma);
        bb += (b[i] - mb) * (b[i] - mb);
        ab += (a[i] - ma) * (b[i] - mb);
    }
    return ab / std::sqrt(aa * bb);
}

std::vector<double> uniforms(const Stream& stream, Index n, Index first = 0) {
    std::vector<double> u(static_cast<std::size_t>(n));
    for (Index i = 0; i < n; ++i) u[i] = stream.uniform(static_cast<std::uint64_t>(first + i));
    return u;
}

} // namespace

TEST_CASE("Philox gives the known answers of Random123") {
    using Block = Stream::Block;
    CHECK(Stream::philox({0, 0, 0, 0}, {0, 0}) == Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
    constexpr std::uint32_t ones = 0xffffffff;
    CHECK(Stream::philox({ones, ones, ones, ones}, {ones, ones}) ==
          Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
    CHECK(Stream::philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
          Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("Words in bulk are the words one by one, wherever they start and however many") {
    const Stream stream(7, Purpose::dropout, 3, 4, 5);
    for (std::uint64_t first : {0ull, 1ull, 2ull, 3ull, 4ull, 127ull, (1ull << 34) - 2})
        for (Index n : {0, 1, 3, 4, 5, 127, 128, 129, 300}) {
            std::vector<std::uint32_t> words(static_cast<std::size_t>(n) + 1, 0xABCDu);
            stream.words(first, n, words.data());
            bool same = true;
            for (Index i = 0; i < n; ++i)
                same &= words[i] == stream.word(first + static_cast<std::uint64_t>(i));
            CHECK(same);
            CHECK(words.back() == 0xABCDu);
        }
}

TEST_CASE("Normals in bulk are the normals one by one") {
    const Stream stream(7, Purpose::noise_layer, 3, 4, 5);
    for (std::uint64_t first : {0ull, 1ull, 6ull})
        for (Index n : {0, 1, 2, 5}) {
            Index calls = 0;
            stream.normals(first, n, [&](Index i, double z) {
                CHECK(i == calls++);
                CHECK(z == stream.normal(first + static_cast<std::uint64_t>(i)));
            });
            CHECK(calls == n);
        }
}

TEST_CASE("Uniform numbers fill [0, 1) evenly") {
    const Stream stream(11, Purpose::initialise);
    constexpr int bins = 100;
    std::vector<double> counts(bins, 0.0);
    for (double u : uniforms(stream, many)) {
        REQUIRE(u >= 0);
        REQUIRE(u < 1);
        ++counts[static_cast<std::size_t>(u * bins)];
    }
    double chi2 = 0;
    for (double count : counts) chi2 += (count - many / bins) * (count - many / bins) / (many / bins);
    CHECK(chi2 < 99 + 5 * std::sqrt(2.0 * 99)); // 99 degrees of freedom: mean 99, sd √198
    CHECK(chi2 > 99 - 5 * std::sqrt(2.0 * 99));
}

TEST_CASE("Normal numbers have the moments of a standard normal") {
    const Stream stream(12, Purpose::noise_layer);
    double m1 = 0, m2 = 0, m3 = 0, m4 = 0;
    stream.normals(0, many,
                   [&](Index, double z) { m1 += z, m2 += z * z, m3 += z * z * z, m4 += z * z * z * z; });
    const double n = many, five = 5 / std::sqrt(n); // five standard errors, times the sd of each power
    CHECK(std::abs(m1 / n) < five);
    CHECK(std::abs(m2 / n - 1) < five * std::sqrt(2.0));
    CHECK(std::abs(m3 / n) < five * std::sqrt(15.0));
    CHECK(std::abs(m4 / n - 3) < five * std::sqrt(96.0));
}

TEST_CASE("Streams that differ in any one name, and neighbours in one stream, are uncorrelated") {
    const Stream base(1, Purpose::dropout, 2, 3, 4);
    const std::vector<double> u = uniforms(base, many);
    const double five = 5 / std::sqrt(static_cast<double>(many));
    for (const Stream& other : {Stream(2, Purpose::dropout, 2, 3, 4), Stream(1, Purpose::mixup, 2, 3, 4),
                                Stream(1, Purpose::dropout, 3, 3, 4), Stream(1, Purpose::dropout, 2, 4, 4),
                                Stream(1, Purpose::dropout, 2, 3, 5), Stream(1, Purpose::dropout, 3, 2, 4)})
        CHECK(std::abs(correlation(u, uniforms(other, many))) < five);
    CHECK(std::abs(correlation(u, uniforms(base, many, 1))) < five);
    CHECK(std::abs(correlation(u, uniforms(base, many, 2))) < five);
    CHECK(uniforms(Stream(1, Purpose::dropout, 2, 3, 4), 100) == uniforms(base, 100));
}

TEST_CASE("Integers below n reach every one of them equally often") {
    const Stream stream(13, Purpose::shuffle);
    std::vector<double> counts(7, 0.0);
    for (Index i = 0; i < 70000; ++i) ++counts.at(static_cast<std::size_t>(stream.below(i, 7)));
    for (double count : counts) CHECK(std::abs(count - 10000) < 5 * std::sqrt(70000.0 / 7 * 6 / 7));
    for (Index i = 0; i < 100; ++i) CHECK(stream.below(i, 1) == 0);
}

TEST_CASE("A shuffle is a permutation, and each of the six of three things comes equally often") {
    std::map<std::vector<Index>, double> counts;
    for (std::uint64_t seed = 0; seed < 12000; ++seed) {
        std::vector<Index> order = {0, 1, 2};
        shuffle(order, Stream(seed, Purpose::shuffle));
        ++counts[order];
    }
    CHECK(counts.size() == 6);
    for (const auto& [order, count] : counts) {
        CHECK(std::is_permutation(order.begin(), order.end(), std::vector<Index>{0, 1, 2}.begin()));
        CHECK(std::abs(count - 2000) < 5 * std::sqrt(12000.0 / 6 * 5 / 6));
    }
}
