#include "ravine/numeric/median.hpp"

#include "ravine/numeric/random.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

using namespace ravine;

namespace {

template <class T> double sorted_median(std::vector<T> values) {
    std::sort(values.begin(), values.end());
    const std::size_t half = values.size() / 2;
    if (values.size() % 2 == 1) return static_cast<double>(values[half]);
    return (static_cast<double>(values[half - 1]) + static_cast<double>(values[half])) / 2;
}

} // namespace

TEST_CASE_TEMPLATE("a median is the middle of the sorted numbers, or the mean of the two there", T, float,
                   double) {
    const std::vector<std::vector<T>> by_hand = {{3},          {1, 2},    {2, 2}, {0, 0, 5},
                                                 {5, 0, 0, 7}, {4, 1, 3}, {0, 0}};
    const double medians[] = {3, 1.5, 2, 0, 2.5, 3, 0};
    for (std::size_t i = 0; i < by_hand.size(); ++i) CHECK(median<T>(by_hand[i]) == medians[i]);

    const Stream stream(1, Purpose::synthesize);
    for (std::size_t n : {1, 2, 3, 4, 31, 32, 100, 1001, 5000})
        for (bool few : {false, true}) { // numbers that all differ, or such as Rprop's rates, with many alike
            CAPTURE(n);
            CAPTURE(few);
            std::vector<T> values(n);
            for (std::size_t i = 0; i < n; ++i) {
                const double z = stream.normal(static_cast<Index>(i));
                values[i] = static_cast<T>(few ? 0.001 * std::pow(1.2, std::round(2 * z)) : std::exp(3 * z));
            }
            CHECK(median<T>(values) == sorted_median(values));
        }
}
