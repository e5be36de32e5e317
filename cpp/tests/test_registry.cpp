#include "ravine/registry.hpp"

#include <doctest/doctest.h>

using namespace ravine;

TEST_CASE("A registry makes a kind by its name from what it is given") {
    const Registry<int(int, const Spec&)> sums = {
        {"plus", [](int a, const Spec& b) { return a + static_cast<int>(b.integer()); }},
        {"minus", [](int a, const Spec& b) { return a - static_cast<int>(b.integer()); }},
    };
    CHECK(sums.make("sum", "plus", 5, Spec(3)) == 8);
    CHECK(sums.make("sum", "minus", 5, Spec(3)) == 2);
}

TEST_CASE("A kind that a registry does not hold is refused by name, with the kinds that there are") {
    const Registry<int()> numbers = {{"two", [] { return 2; }}, {"one", [] { return 1; }}};
    CHECK_THROWS_WITH_AS(numbers.make("number", "three"), "There is no number 'three'. There are: one, two.",
                         EngineError);
    CHECK_THROWS_WITH_AS(numbers.make("number", ""), "There is no number ''. There are: one, two.",
                         EngineError);
}
