#include "ravine/data/augmentation.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

using namespace ravine;
using Image = std::vector<double>;

namespace {

Spec rotate(double degrees) { return Spec(Spec::Dict{{"kind", "Rotate"}, {"degrees", degrees}}); }
Spec shift(double fraction) { return Spec(Spec::Dict{{"kind", "Shift"}, {"fraction", fraction}}); }
Spec zoom(double fraction) { return Spec(Spec::Dict{{"kind", "Zoom"}, {"fraction", fraction}}); }
Spec flip(bool horizontal, bool vertical) {
    return Spec(Spec::Dict{{"kind", "Flip"}, {"horizontal", horizontal}, {"vertical", vertical}});
}
Spec noise(double stddev, bool relative) {
    return Spec(Spec::Dict{{"kind", "Noise"}, {"stddev", stddev}, {"relative", relative}});
}
Spec mixup(double alpha) { return Spec(Spec::Dict{{"kind", "Mixup"}, {"alpha", alpha}}); }

Image draw(const Affine& map, Index h, Index w, const Image& from, Index c = 1) {
    Image to(from.size(), -1.0);
    draw_through(map, h, w, c, from.data(), to.data());
    return to;
}

void check_close(const Image& found, const Image& expected, double tolerance = 1e-14) {
    REQUIRE(found.size() == expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) CHECK(std::abs(found[i] - expected[i]) <= tolerance);
}

// What the augmenter makes of B rows at once.
template <class T>
std::vector<T> augmented(const Augmenter<T>& augmenter, std::vector<T> x, const std::vector<Index>& rows,
                         std::uint64_t seed = 1, std::uint64_t epoch = 0, std::uint64_t step = 0) {
    const Index B = static_cast<Index>(rows.size());
    std::vector<T> y(B, T(0)), scratch(augmenter.scratch_size(B));
    augmenter.apply(B, 1, x.data(), y.data(), nullptr, rows.data(), scratch.data(), seed, epoch, step);
    return x;
}

// Kolmogorov & Smirnov's distance of a sample from the uniform distribution on [low, high].
double distance_from_uniform(std::vector<double> sample, double low, double high) {
    std::sort(sample.begin(), sample.end());
    const double n = static_cast<double>(sample.size());
    double distance = 0;
    for (std::size_t i = 0; i < sample.size(); ++i) {
        const double u = (sample[i] - low) / (high - low);
        distance = std::max({distance, u - static_cast<double>(i) / n, static_cast<double>(i + 1) / n - u});
    }
    return distance;
}
// Exceeded once in a thousand samples.
double uniform_limit(std::size_t n) { return 1.95 / std::sqrt(static_cast<double>(n)); }

const Image nine = {1, 2, 3, 4, 5, 6, 7, 8, 9};

} // namespace

TEST_CASE("the identity map leaves a picture exactly as it is") {
    CHECK(draw(Affine(), 3, 3, nine) == nine);
    CHECK(draw(Affine::rotation(0), 3, 3, nine) == nine);
    CHECK(draw(Affine::zoom(1), 3, 3, nine) == nine);
    const Image even = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6};
    CHECK(draw(Affine(), 2, 3, even) == even);
    CHECK(Affine::rotation(0).then(Affine::shift(0, 0)).then(Affine::flip(false, false)).is_identity());
}

TEST_CASE("a quarter turn is counter-clockwise as the picture is looked at") {
    check_close(draw(Affine::rotation(std::numbers::pi / 2), 3, 3, nine), {3, 6, 9, 2, 5, 8, 1, 4, 7});
    check_close(draw(Affine::rotation(-std::numbers::pi / 2), 3, 3, nine), {7, 4, 1, 8, 5, 2, 9, 6, 3});
    check_close(draw(Affine::rotation(std::numbers::pi), 2, 2, {1, 2, 3, 4}), {4, 3, 2, 1});
}

TEST_CASE("an eighth of a turn reads between the pixels, by numbers worked by hand") {
    const Image turned = draw(Affine::rotation(std::numbers::pi / 4), 3, 3, nine);
    // A corner of the new picture lies √2 from the centre. The top left one comes from √2 above the centre,
    // √2 − 1 beyond the row of the pixel 2: 2 − √2 parts of it, the rest of the zeros outside. The top right
    // one likewise from beyond the pixel 6.
    CHECK(turned[2] == doctest::Approx((2 - std::sqrt(2.0)) * 6));
    CHECK(turned[0] == doctest::Approx((2 - std::sqrt(2.0)) * 2));
    CHECK(turned[4] == 5);
}

TEST_CASE("a shift by whole pixels moves them and lets zeros in") {
    CHECK(draw(Affine::shift(0, 1), 3, 3, nine) == Image{0, 1, 2, 0, 4, 5, 0, 7, 8});
    CHECK(draw(Affine::shift(-1, 0), 3, 3, nine) == Image{4, 5, 6, 7, 8, 9, 0, 0, 0});
    CHECK(draw(Affine::shift(3, 0), 3, 3, nine) == Image(9, 0.0));
    CHECK(draw(Affine::shift(1e300, 0), 3, 3, nine) == Image(9, 0.0));
}

TEST_CASE("half a pixel is the mean of two") {
    CHECK(draw(Affine::shift(0, 0.5), 1, 4, {1, 2, 3, 4}) == Image{0.5, 1.5, 2.5, 3.5});
    CHECK(draw(Affine::shift(0.5, 0.5), 2, 2, {4, 8, 12, 16}) == Image{1, 3, 4, 10});
}

TEST_CASE("zooming by two looks at the middle half") {
    CHECK(draw(Affine::zoom(2), 1, 5, {1, 2, 3, 4, 5}) == Image{2, 2.5, 3, 3.5, 4});
    CHECK(draw(Affine::zoom(0.5), 1, 5, {1, 2, 3, 4, 5}) == Image{0, 1, 3, 5, 0});
}

TEST_CASE("flips mirror, and keep the channels of a pixel together") {
    CHECK(draw(Affine::flip(true, false), 3, 3, nine) == Image{3, 2, 1, 6, 5, 4, 9, 8, 7});
    CHECK(draw(Affine::flip(false, true), 3, 3, nine) == Image{7, 8, 9, 4, 5, 6, 1, 2, 3});
    CHECK(draw(Affine::flip(true, false), 1, 3, {1, 10, 2, 20, 3, 30}, 2) == Image{3, 30, 2, 20, 1, 10});
}

TEST_CASE("maps are done in their order") {
    const Affine right = Affine::shift(0, 1), mirror = Affine::flip(true, false);
    CHECK(draw(right.then(mirror), 1, 3, {1, 2, 3}) == Image{2, 1, 0});
    CHECK(draw(mirror.then(right), 1, 3, {1, 2, 3}) == Image{0, 3, 2});
    // Turned by 90°, then moved down: what was on the right is on top, then one lower.
    check_close(draw(Affine::rotation(std::numbers::pi / 2).then(Affine::shift(1, 0)), 3, 3, nine),
                {0, 0, 0, 3, 6, 9, 2, 5, 8});
}

TEST_CASE("an augmenter without specs, or of Synthesize alone, is empty and changes nothing") {
    CHECK(Augmenter<float>({}, {4}, {}).empty());
    CHECK(Augmenter<float>({Spec(Spec::Dict{{"kind", "Synthesize"}})}, {4}, {}).empty());
    CHECK(augmented(Augmenter<float>({}, {2}, {}), {1, 2}, {0}) == std::vector<float>{1, 2});
}

TEST_CASE("angles, shifts and zooms are uniform over what was asked for") {
    // Pictures whose grey tells where a pixel came from: its height, or its distance to the left.
    constexpr Index side = 41, middle = 20, rows = 2000;
    Image height, across;
    for (Index i = 0; i < side; ++i)
        for (Index j = 0; j < side; ++j) {
            height.push_back(static_cast<double>(i - middle));
            across.push_back(static_cast<double>(j - middle));
        }
    const Augmenter<double> turning({rotate(30)}, {side, side}, {}), zooming({zoom(0.2)}, {side, side}, {}),
        moving({shift(0.1)}, {side, side}, {});
    std::vector<double> angles, scales, down, right;
    for (Index row = 0; row < rows; ++row) {
        // Ten pixels right of the centre comes from 10·sin(angle) below it.
        const double sine = augmented(turning, height, {row})[middle * side + middle + 10] / 10;
        angles.push_back(std::asin(sine) * 180 / std::numbers::pi);
        scales.push_back(10 / augmented(zooming, across, {row})[middle * side + middle + 10]);
        down.push_back(-augmented(moving, height, {row})[middle * side + middle]);
        right.push_back(-augmented(moving, across, {row})[middle * side + middle]);
    }
    CHECK(distance_from_uniform(angles, -30, 30) < uniform_limit(rows));
    CHECK(distance_from_uniform(scales, 0.8, 1.2) < uniform_limit(rows));
    CHECK(distance_from_uniform(down, -4.1, 4.1) < uniform_limit(rows));
    CHECK(distance_from_uniform(right, -4.1, 4.1) < uniform_limit(rows));
    double product = 0; // down and right are drawn apart: correlation within 4 standard errors of 0
    for (Index i = 0; i < rows; ++i) product += down[i] * right[i];
    CHECK(std::abs(product / rows / (4.1 * 4.1 / 3)) < 4 / std::sqrt(rows));
}

TEST_CASE("flips come half of the time, each side by itself, and only where asked for") {
    const Augmenter<float> both({flip(true, true)}, {2, 2}, {}), across({flip(true, false)}, {2, 2}, {});
    int counts[5] = {}, mirrored = 0;
    for (Index row = 0; row < 4000; ++row) {
        ++counts[static_cast<int>(augmented(both, {1, 2, 3, 4}, {row})[0])];
        const std::vector<float> once = augmented(across, {1, 2, 3, 4}, {row});
        CHECK((once == std::vector<float>{1, 2, 3, 4} || once == std::vector<float>{2, 1, 4, 3}));
        mirrored += once[0] == 2;
    }
    for (int corner = 1; corner <= 4; ++corner) CHECK(std::abs(counts[corner] - 1000) < 110); // 4 × √750
    CHECK(std::abs(mirrored - 2000) < 127);                                                   // 4 × √1000
}

TEST_CASE("what happens to a row depends on seed, epoch and row alone") {
    const Spec::List specs = {rotate(20), shift(0.2), zoom(0.1), flip(true, true), noise(0.1, false)};
    const Augmenter<float> augmenter(specs, {3, 3}, {});
    const std::vector<float> one(nine.begin(), nine.end());
    std::vector<float> two = one;
    two.insert(two.end(), one.begin(), one.end());
    const auto alone = augmented(augmenter, one, {7}, 1, 3, 0);
    const auto together = augmented(augmenter, two, {4, 7}, 1, 3, 9);
    CHECK(std::equal(alone.begin(), alone.end(), together.begin() + 9));
    CHECK(!std::equal(alone.begin(), alone.end(), together.begin()));
    CHECK(augmented(augmenter, one, {7}, 1, 3) == alone);
    CHECK(augmented(augmenter, one, {7}, 1, 4) != alone);
    CHECK(augmented(augmenter, one, {7}, 2, 3) != alone);
}

TEST_CASE("the geometry of a list is drawn once, so turning there and back blurs nothing twice") {
    // A shift by half a pixel that was drawn twice would spread over three pixels.
    Image line(41, 0.0);
    line[20] = 1;
    const Augmenter<double> twice({shift(0.1), shift(0.1)}, {1, 41}, {});
    for (Index row = 0; row < 50; ++row) {
        const Image moved = augmented(twice, line, {row});
        CHECK(std::count_if(moved.begin(), moved.end(), [](double v) { return v > 1e-12; }) <= 2);
    }
}

TEST_CASE_TEMPLATE("noise has the asked-for spread, in units of each column where it is relative", T, float,
                   double) {
    // Columns with standard deviation 2, 0 and 1 (codes), and a mean far from 0.
    const std::vector<T> data = {1002, 5, 1, 998, 5, -1};
    constexpr Index n = 20000;
    Augmenter<T> augmenter({noise(0.5, true)}, {3}, {2});
    augmenter.fit(2, [&](Index i) { return data.data() + 3 * i; }, [](Index) { return 1.0; });
    double sum = 0, square = 0;
    for (Index row = 0; row < n; ++row) {
        const std::vector<T> x = augmented(augmenter, std::vector<T>{1000, 5, 1}, {row});
        CHECK(x[1] == 5);
        CHECK(x[2] == 1);
        const double z = static_cast<double>(x[0]) - 1000; // sd 0.5 × 2
        sum += z, square += z * z;
    }
    // Within 4 standard errors.
    CHECK(std::abs(sum / n) < 4 / std::sqrt(n));
    CHECK(std::abs(square / n - 1) < 4 * std::sqrt(2.0 / n));
}

TEST_CASE("absolute noise needs no fit, and two noises of a list differ") {
    const Augmenter<double> once({noise(1, false)}, {1}, {}),
        twice({noise(1, false), noise(1, false)}, {1}, {});
    double square = 0;
    constexpr Index n = 10000;
    for (Index row = 0; row < n; ++row) {
        const double z = augmented(twice, Image{0}, {row})[0];
        square += z * z;
        CHECK(z != 2 * augmented(once, Image{0}, {row})[0]);
    }
    CHECK(std::abs(square / n - 2) < 4 * 2 * std::sqrt(2.0 / n)); // variances add
}

TEST_CASE("a symmetric Beta has mean ½ and variance 1/(4(2α + 1)), for small α too") {
    constexpr int n = 20000;
    for (double alpha : {1e-6, 0.2, 1.0, 4.0}) {
        CAPTURE(alpha);
        std::vector<double> sample;
        double sum = 0, square = 0;
        for (int i = 0; i < n; ++i) {
            const double b =
                symmetric_beta(Stream(3, Purpose::mixup, 0, static_cast<std::uint64_t>(i)), alpha);
            CHECK(b >= 0);
            CHECK(b <= 1);
            sample.push_back(b);
            sum += b, square += (b - 0.5) * (b - 0.5);
        }
        const double variance = 1 / (4 * (2 * alpha + 1));
        CHECK(std::abs(sum / n - 0.5) < 4 * std::sqrt(variance / n));
        // The fourth central moment is 3/(16 (2α+1)(2α+3)).
        const double fourth = 3 / (16 * (2 * alpha + 1) * (2 * alpha + 3));
        CHECK(std::abs(square / n - variance) <= 4 * std::sqrt((fourth - variance * variance) / n) + 1e-6);
        if (alpha == 1) CHECK(distance_from_uniform(sample, 0, 1) < uniform_limit(n));
    }
}

TEST_CASE("mixup blends each row with one other row of the mini-batch, x and y alike") {
    constexpr Index B = 6;
    const Augmenter<double> augmenter({mixup(1.0)}, {B}, {});
    std::vector<Index> rows(B);
    std::iota(rows.begin(), rows.end(), Index{10});
    std::vector<int> distance(B, 0);
    for (std::uint64_t step = 0; step < 2000; ++step) {
        Image x(B * B, 0.0), scratch(augmenter.scratch_size(B));
        for (Index i = 0; i < B; ++i)
            x[i * B + i] = 1; // row i is e_i: its new x shows who went in, and how much
        Image y = x;
        augmenter.apply(B, B, x.data(), y.data(), nullptr, rows.data(), scratch.data(), 5, 0, step);
        CHECK(x == y);
        for (Index i = 0; i < B; ++i) {
            Index others = 0;
            double sum = 0;
            for (Index j = 0; j < B; ++j) {
                const double share = x[i * B + j];
                CHECK(share >= 0);
                sum += share;
                if (j == i || share == 0) continue;
                ++others;
                if (i == 0) ++distance[j];
            }
            CHECK(others == 1);
            CHECK(std::abs(sum - 1) < 1e-15);
        }
    }
    CHECK(distance[0] == 0);
    for (Index j = 1; j < B; ++j) CHECK(std::abs(distance[j] - 400) < 72); // 4 × √320
}

TEST_CASE("every row of a mixed mini-batch is a row's partner exactly once") {
    for (Index B : {2, 3, 4, 6, 9}) {
        const Augmenter<double> augmenter({mixup(0.5)}, {1}, {});
        std::vector<Index> rows(B);
        std::iota(rows.begin(), rows.end(), Index{0});
        for (std::uint64_t step = 0; step < 30; ++step) {
            Image x(B), y(B * B, 0.0), scratch(augmenter.scratch_size(B)), partners(B, 0.0);
            for (Index i = 0; i < B; ++i) x[i] = static_cast<double>(i), y[i * B + i] = 1;
            augmenter.apply(B, B, x.data(), y.data(), nullptr, rows.data(), scratch.data(), 5, 0, step);
            for (Index i = 0; i < B; ++i) {
                double mean = 0;
                for (Index j = 0; j < B; ++j) {
                    mean += static_cast<double>(j) * y[i * B + j];
                    if (j != i && y[i * B + j] > 0) partners[j] += 1;
                }
                CHECK(x[i] == doctest::Approx(mean).epsilon(1e-12));
            }
            CHECK(partners == Image(B, 1.0));
        }
    }
}

TEST_CASE("a mixed row weighs what its two rows bring, and its target is theirs by these weights") {
    constexpr Index B = 5;
    const Augmenter<double> augmenter({mixup(1.0)}, {B}, {});
    const std::vector<Index> rows = {0, 1, 2, 3, 4};
    const Image weights = {1, 9, 0.25, 3, 40};
    for (std::uint64_t step = 0; step < 50; ++step) {
        Image x(B * B, 0.0), scratch(augmenter.scratch_size(B)), s = weights;
        for (Index i = 0; i < B; ++i) x[i * B + i] = 1; // row i is e_i
        Image y = x;
        augmenter.apply(B, B, x.data(), y.data(), s.data(), rows.data(), scratch.data(), 5, 0, step);
        for (Index i = 0; i < B; ++i) {
            double weight = 0;
            for (Index j = 0; j < B; ++j) weight += x[i * B + j] * weights[j];
            CHECK(s[i] == doctest::Approx(weight).epsilon(1e-14));
            for (Index j = 0; j < B; ++j)
                CHECK(s[i] * y[i * B + j] ==
                      doctest::Approx(x[i * B + j] * weights[j]).epsilon(1e-13).scale(1));
        }
    }
}

TEST_CASE("relative noise takes the weighted standard deviation: weights count as copies") {
    const Image data = {1, 5, 2}, copies = {1, 1, 1, 5, 2};
    Augmenter<double> weighted({noise(1, true)}, {1}, {}), copied = weighted;
    const Image weights = {3, 1, 1};
    weighted.fit(3, [&](Index i) { return data.data() + i; }, [&](Index i) { return weights[i]; });
    copied.fit(5, [&](Index i) { return copies.data() + i; }, [](Index) { return 1.0; });
    const double z = augmented(weighted, Image{0}, {7})[0];
    CHECK(z == doctest::Approx(augmented(copied, Image{0}, {7})[0]).epsilon(1e-14));
}

TEST_CASE("a row that is alone is not mixed") {
    CHECK(augmented(Augmenter<double>({mixup(0.2)}, {2}, {}), {1, 2}, {0}) == Image{1, 2});
}

TEST_CASE("what cannot be augmented is an error") {
    CHECK_THROWS_WITH_AS(Augmenter<float>({rotate(5)}, {9}, {}),
                         "Rotate needs images: rows of height × width or height × width × channels",
                         EngineError);
    CHECK_THROWS_WITH_AS(Augmenter<float>({mixup(0.2)}, {4}, {1}),
                         "Mixup cannot mix the codes of categories that an Embedding reads", EngineError);
    CHECK_THROWS_AS(Augmenter<float>({shift(0.1)}, {2, 2}, {1}), EngineError);
    CHECK_THROWS_WITH_AS(Augmenter<float>({Spec(Spec::Dict{{"kind", "Melt"}})}, {4}, {}),
                         doctest::Contains("There is no augmentation 'Melt'."), EngineError);
    CHECK_THROWS_AS(Augmenter<float>({noise(1, true)}, {4}, {4}), EngineError);
}
