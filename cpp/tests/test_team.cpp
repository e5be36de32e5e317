// A team shares the parts of its work, all of them, once each, and passes errors on.
#include "ravine/run/cut.hpp"
#include "ravine/team.hpp"

#include <doctest/doctest.h>

#include <numeric>
#include <stdexcept>

using namespace ravine;

TEST_CASE("every part is worked on once, by a member of the team, in every one of many rounds") {
    for (Index size : {1, 2, 3}) {
        Team team(size);
        REQUIRE(team.size() == size);
        for (Index round = 0; round < 2000; ++round) {
            const Index parts = round % 7;
            std::vector<Index> done(parts, 0), by(parts, -1);
            team.share(parts, [&](Index part, Index member) { ++done[part], by[part] = member; });
            CHECK(std::count(done.begin(), done.end(), 1) == parts);
            for (Index member : by) CHECK((member >= 0 && member < size));
        }
    }
}

TEST_CASE("an error of a part comes out, and the team works on") {
    Team team(3);
    for (int round = 0; round < 100; ++round) {
        CHECK_THROWS_AS(team.share(5,
                                   [](Index part, Index) {
                                       if (part == 3) throw std::runtime_error("part");
                                   }),
                        std::runtime_error);
        std::atomic<Index> sum{0};
        team.share(5, [&](Index part, Index) { sum += part; });
        CHECK(sum == 10);
    }
}

TEST_CASE("a step is one part, or parts that cover the mini-batch, or cut by layers") {
    struct {
        Index parameters, active, B;
        bool whole_batch;
        Index parts, part_rows;
        bool layerwise;
    } table[] = {{1761, 1761, 16, false, 1, 16, false},      // too few rows
                 {300, 300, 64, false, 1, 64, false},        // too little work
                 {1761, 1761, 64, false, 2, 32, false},      // two parts are worth it
                 {7510, 7510, 200, false, 4, 52, false},     // an even number of them
                 {91905, 91905, 256, false, 4, 64, false},   // more are
                 {535818, 535818, 128, false, 1, 128, true}, // the gradient is long
                 {91905, 91905, 256, true, 1, 256, true},    // rows act on one another
                 {1761, 1761, 64, true, 1, 64, false},       // too little work
                 {535818, 535818, 16384, false, 16, 1024, false},
                 {184000, 92000, 256, false, 2, 128, false}, // half are idle: parts are dearer
                 {900000, 90000, 512, false, 1, 512, false}};
    for (const auto& row : table) {
        CAPTURE(row.parameters);
        CAPTURE(row.B);
        const Cut cut(row.parameters, row.active, row.B, row.whole_batch, false);
        CHECK(cut.parts(row.B) == row.parts);
        CHECK(cut.part_rows(row.B) == row.part_rows);
        CHECK(cut.layerwise() == row.layerwise);
    }
    CHECK(Cut(535818, 535818, 16384, false, false).chunk() == chunk_rows);
}

TEST_CASE("the last mini-batch is cut anew, into no more parts") {
    const Cut cut(7510, 7510, 200, false, false);
    CHECK(cut.part_rows(147) == 40);
    CHECK(cut.parts(5) == 1);
    for (Index parameters : {300, 1761, 7510, 25000, 91905})
        for (Index most : {32, 100, 201, 1000})
            for (Index B = 1; B <= most; ++B) {
                const Cut cut(parameters, parameters, most, false, false);
                CHECK(cut.parts(B) <= cut.most_parts());
                CHECK(cut.part_rows(B) <= std::max(cut.part_rows(most), Index{32}));
            }
}

TEST_CASE("blocks cover the parameters") {
    const Cut cut(100000, 100000, 64, false, false);
    std::vector<int> w(100000);
    std::iota(w.begin(), w.end(), 0);
    int next = 0;
    for (Index number = 0; number < cut.blocks(); ++number)
        for (int value : cut.block(std::span<int>(w), number)) CHECK(value == next++);
    CHECK(next == 100000);
    CHECK(Cut(100000, 100000, 64, false, true).blocks() == 1);
}
