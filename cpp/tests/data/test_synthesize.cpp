#include "ravine/data/synthesize.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>
#include <vector>

using namespace ravine;
using Column = std::vector<double>;

namespace {

Spec synthesize(double fraction = 1.0, Spec categories = Spec()) {
    return Spec(Spec::Dict{{"kind", "Synthesize"}, {"fraction", fraction}, {"categories", categories}});
}
Spec columns(std::vector<int> numbers) {
    Spec::List list;
    for (int number : numbers) list.emplace_back(number);
    return Spec(list);
}

// A table by columns: what a synthesizer learns from, and what it makes.
struct Table {
    std::vector<Column> x, y;
    Index rows() const { return static_cast<Index>(y[0].size()); }
};

template <class T = double>
Table made_from(const Table& table, const Spec& spec, Index classes, std::uint64_t epoch = 0,
                std::vector<Index> codes = {}, const RowWeight& weight = {}) {
    const Index n = table.rows(), I = static_cast<Index>(table.x.size()),
                K = static_cast<Index>(table.y.size());
    std::vector<T> x(n * I), y(n * K);
    for (Index i = 0; i < n; ++i) {
        for (Index j = 0; j < I; ++j) x[i * I + j] = static_cast<T>(table.x[j][i]);
        for (Index k = 0; k < K; ++k) y[i * K + k] = static_cast<T>(table.y[k][i]);
    }
    Synthesizer<T> synthesizer(spec, std::move(codes));
    synthesizer.fit(
        n, I, K, [&](Index i) { return x.data() + i * I; }, [&](Index i) { return y.data() + i * K; },
        classes, [] {}, weight);
    const Index m = synthesizer.count();
    std::vector<T> new_x(m * I), new_y(m * K);
    synthesizer.sample(11, epoch, new_x.data(), new_y.data());
    Table made;
    made.x.assign(I, Column(m)), made.y.assign(K, Column(m));
    for (Index i = 0; i < m; ++i) {
        for (Index j = 0; j < I; ++j) made.x[j][i] = static_cast<double>(new_x[i * I + j]);
        for (Index k = 0; k < K; ++k) made.y[k][i] = static_cast<double>(new_y[i * K + k]);
    }
    return made;
}

Column normals(Index n, std::uint64_t number) {
    Column column(n);
    Stream(99, Purpose::noise_layer, number).normals(0, n, [&](Index i, double z) { column[i] = z; });
    return column;
}
Column mixed(double a, const Column& x, double b, const Column& y) {
    Column sum(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) sum[i] = a * x[i] + b * y[i];
    return sum;
}
template <class F> Column mapped(Column column, F f) {
    for (double& value : column) value = f(value);
    return column;
}

double correlation(const Column& x, const Column& y) {
    const double n = static_cast<double>(x.size());
    const double mx = std::accumulate(x.begin(), x.end(), 0.0) / n,
                 my = std::accumulate(y.begin(), y.end(), 0.0) / n;
    double xx = 0, xy = 0, yy = 0;
    for (std::size_t i = 0; i < x.size(); ++i)
        xx += (x[i] - mx) * (x[i] - mx), xy += (x[i] - mx) * (y[i] - my), yy += (y[i] - my) * (y[i] - my);
    return xy / std::sqrt(xx * yy);
}
Column ranks(const Column& x) {
    std::vector<std::size_t> order(x.size());
    std::iota(order.begin(), order.end(), 0u);
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return x[a] < x[b]; });
    Column rank(x.size());
    for (std::size_t first = 0, last = 0; first < order.size(); first = last) {
        while (last < order.size() && x[order[last]] == x[order[first]]) ++last;
        for (std::size_t i = first; i < last; ++i)
            rank[order[i]] = 0.5 * static_cast<double>(first + last - 1);
    }
    return rank;
}
double rank_correlation(const Column& x, const Column& y) { return correlation(ranks(x), ranks(y)); }

// Kolmogorov & Smirnov's distance between two samples.
double distance(Column a, Column b) {
    std::sort(a.begin(), a.end()), std::sort(b.begin(), b.end());
    double largest = 0;
    for (const Column* of : {&a, &b})
        for (double at : *of) {
            const auto share = [&](const Column& c) {
                return static_cast<double>(std::upper_bound(c.begin(), c.end(), at) - c.begin()) /
                       static_cast<double>(c.size());
            };
            largest = std::max(largest, std::abs(share(a) - share(b)));
        }
    return largest;
}
std::set<double> levels(const Column& column) { return {column.begin(), column.end()}; }
double mean(const Column& column) {
    return std::accumulate(column.begin(), column.end(), 0.0) / static_cast<double>(column.size());
}

} // namespace

TEST_CASE("the normal distribution and its inverse are right to the last digits") {
    // Numbers that mpmath 1.4.1 gave with 60 digits.
    CHECK(normal_distribution(1.96) == doctest::Approx(0.97500210485177956).epsilon(1e-15));
    CHECK(std::abs(normal_distribution(-10) / 7.6198530241605261e-24 - 1) < 1e-13);
    CHECK(normal_quantile(0.5) == 0);
    CHECK(std::abs(normal_quantile(0.975) / 1.9599639845400539 - 1) < 1e-15);
    CHECK(std::abs(normal_quantile(0.2) / -0.84162123357291417 - 1) < 1e-15);
    CHECK(std::abs(normal_quantile(1e-20) / -9.2623400897984076 - 1) < 1e-15);
    CHECK(std::abs(normal_quantile(1e-300) / -37.047096299361199 - 1) < 1e-15);
    CHECK(normal_quantile(0) == -std::numeric_limits<double>::infinity());
    CHECK(normal_quantile(1) == std::numeric_limits<double>::infinity());
    CHECK(normal_density(1) == doctest::Approx(0.24197072451914335).epsilon(1e-15));
    for (double z = -8; z <= 5; z += 0.01) // Φ⁻¹ inverts Φ as well as the digits of u near 1 allow
        CHECK(std::abs(normal_quantile(normal_distribution(z)) - z) < 1e-15 / normal_density(z) + 1e-14);
}

TEST_CASE("continuous columns keep their margins and their rank correlations") {
    constexpr Index n = 2000, ratio = 10;
    const Column a = normals(n, 1), b = mixed(0.7, a, std::sqrt(0.51), normals(n, 2));
    Table table;
    table.x = {mapped(a, [](double z) { return std::exp(z); }),              // skewed
               mapped(b, [](double z) { return z + (z > 0 ? 5.0 : -5.0); }), // two humps
               mixed(-0.4, b, std::sqrt(0.84), normals(n, 3))};              // against the second
    table.y = {normals(n, 4)};
    const Table made = made_from(table, synthesize(ratio), 0);
    REQUIRE(made.rows() == n * ratio);
    for (std::size_t j = 0; j < 3; ++j) {
        CAPTURE(j);
        // Exceeded once in a thousand samples; half a step of the training rows' own distribution is added.
        CHECK(distance(made.x[j], table.x[j]) < 1.95 / std::sqrt(n * ratio) + 0.5 / n);
        const auto [low, high] = std::minmax_element(table.x[j].begin(), table.x[j].end());
        for (double value : made.x[j]) CHECK((value >= *low && value <= *high));
        // New values fall between the observed ones, not just on them.
        CHECK(levels(made.x[j]).size() > static_cast<std::size_t>(n * ratio / 2));
    }
    // The new rows' standard error is 0.007; Spearman's own spread about the fitted one in 2000 rows is 0.01.
    for (auto [i, j] : {std::pair{0, 1}, {0, 2}, {1, 2}})
        CHECK(std::abs(rank_correlation(made.x[i], made.x[j]) - rank_correlation(table.x[i], table.x[j])) <
              0.03);
    CHECK(std::abs(rank_correlation(made.x[0], made.y[0])) < 0.06); // drawn apart: 1/√2000 and 1/√20000
}

TEST_CASE("discrete columns keep levels, shares and correlation") {
    // Two 0/1 columns that agree in 80 rows of 100: φ = 0.6. And one of three levels on a continuous one.
    Table table;
    table.x.assign(4, Column());
    const Column z = normals(1000, 5);
    for (int i = 0; i < 1000; ++i) {
        const int kind = i % 100;
        table.x[0].push_back(kind < 40 || (kind >= 80 && kind < 90));
        table.x[1].push_back(kind < 40 || kind >= 90);
        table.x[2].push_back(z[i]);
        table.x[3].push_back(z[i] < -0.5 ? -2.0 : z[i] < 1 ? 0.0 : 7.0);
    }
    table.y = {normals(1000, 6)};
    const Table made = made_from(table, synthesize(20), 0);
    CHECK(levels(made.x[0]) == std::set<double>{0, 1});
    CHECK(levels(made.x[3]) == std::set<double>{-2, 0, 7});
    // 4 standard errors of a share, √(p(1−p)/20000).
    CHECK(std::abs(mean(made.x[0]) - 0.5) < 0.0142);
    for (double level : {-2.0, 0.0, 7.0}) {
        const auto is = [&](double value) { return value == level ? 1.0 : 0.0; };
        CHECK(std::abs(mean(mapped(made.x[3], is)) - mean(mapped(table.x[3], is))) < 0.0142);
    }
    // 4 standard errors of a correlation: 4(1 − 0.36)/√20000 = 0.018. (Uncorrected, φ would be 0.41.)
    CHECK(std::abs(correlation(made.x[0], made.x[1]) - 0.6) < 0.018);
    // A step function of the same z: their scores correlate to the uttermost, and so do the new ones.
    CHECK(std::abs(rank_correlation(made.x[2], made.x[3]) - rank_correlation(table.x[2], table.x[3])) < 0.01);
}

TEST_CASE("named categories and codes are never interpolated, many levels or not") {
    Table table;
    table.x = {Column(), Column(), Column()};
    for (int i = 0; i < 300; ++i)
        for (int j = 0; j < 3; ++j) table.x[j].push_back(i % 50); // 50 levels each
    table.y = {normals(300, 7)};
    const Table made = made_from(table, synthesize(5, columns({0})), 0, 0, {1});
    for (int j : {0, 1})
        for (double value : made.x[j]) CHECK(value == std::floor(value));
    CHECK(std::any_of(made.x[2].begin(), made.x[2].end(), [](double v) { return v != std::floor(v); }));
}

TEST_CASE("ten distinct values are levels, eleven are continuous") {
    for (int distinct : {10, 11}) {
        Table table{{Column()}, {normals(110, 8)}};
        for (int i = 0; i < 110; ++i) table.x[0].push_back(i % distinct);
        const Table made = made_from(table, synthesize(10), 0);
        const bool whole =
            std::all_of(made.x[0].begin(), made.x[0].end(), [](double v) { return v == std::floor(v); });
        CHECK(whole == (distinct == 10));
    }
}

TEST_CASE("of a group of 0/1 columns exactly one observed pattern comes out") {
    Table table{{Column(), Column(), Column(), Column()}, {Column()}};
    const Column z = normals(600, 9);
    for (int i = 0; i < 600; ++i) {
        const int level = i % 6 < 3 ? 0 : i % 6 < 5 ? 1 : 2; // shares 1/2, 1/3, 1/6
        for (int j = 0; j < 3; ++j) table.x[j].push_back(j == level);
        table.x[3].push_back(z[i]);
        table.y[0].push_back(z[i] * z[i]);
    }
    const Table made = made_from(table, synthesize(10, Spec(Spec::List{columns({0, 1, 2})})), 0);
    for (Index i = 0; i < made.rows(); ++i) CHECK(made.x[0][i] + made.x[1][i] + made.x[2][i] == 1);
    // 4 standard errors of a share in 6000 rows.
    CHECK(std::abs(mean(made.x[0]) - 1.0 / 2) < 0.026);
    CHECK(std::abs(mean(made.x[1]) - 1.0 / 3) < 0.026);
    CHECK(std::abs(mean(made.x[2]) - 1.0 / 6) < 0.026);
}

TEST_CASE("classes keep their own margins and their shares of the rows") {
    Table table{{Column(), Column()}, {Column(), Column(), Column()}};
    const Column z = normals(700, 10);
    for (int i = 0; i < 700; ++i) {
        const int label = i < 100 ? 0 : i < 300 ? 1 : 2;
        table.x[0].push_back(z[i] + 20 * label);
        table.x[1].push_back(label == 1 ? 3 : z[699 - i]); // constant within a class
        for (int k = 0; k < 3; ++k) table.y[k].push_back(k == label);
    }
    const Table made = made_from(table, synthesize(0.5), 3);
    CHECK(made.rows() == 350);
    CHECK(std::accumulate(made.y[0].begin(), made.y[0].end(), 0.0) == 50);
    CHECK(std::accumulate(made.y[1].begin(), made.y[1].end(), 0.0) == 100);
    CHECK(std::accumulate(made.y[2].begin(), made.y[2].end(), 0.0) == 200);
    for (Index i = 0; i < made.rows(); ++i) {
        const double label = made.y[1][i] + 2 * made.y[2][i];
        CHECK(std::abs(made.x[0][i] - 20 * label) < 5);
        if (label == 1) CHECK(made.x[1][i] == 3);
    }
}

TEST_CASE("classes may come as numbers, and a column of 0s and 1s is two classes") {
    for (Index classes : {0, 2}) {
        Table table{{Column()}, {Column()}};
        for (int i = 0; i < 40; ++i) {
            table.x[0].push_back(i + (i % 4 == 0 ? 1000.0 : 0.0));
            table.y[0].push_back(i % 4 == 0);
        }
        const Table made = made_from(table, synthesize(2), classes);
        CHECK(std::accumulate(made.y[0].begin(), made.y[0].end(), 0.0) == 20);
        for (Index i = 0; i < 80; ++i) CHECK((made.x[0][i] >= 1000) == (made.y[0][i] == 1));
    }
}

TEST_CASE("rows that do not come out even go to the largest remainders") {
    Table table{{Column{1, 2, 3, 4, 5}}, {Column{0, 0, 0, 1, 2}}};
    const Table made = made_from(table, synthesize(0.8), 3); // 4 rows: shares 2.4, 0.8, 0.8
    CHECK(made.y[0] == Column{0, 0, 1, 2});
}

TEST_CASE("a class of a single row repeats it, and a constant column stays constant") {
    Table table{{Column{5, 1, 2, 3, 4}, Column(5, 7.0)}, {Column{1, 0, 0, 0, 0}}};
    const Table made = made_from(table, synthesize(3), 2);
    for (Index i = 0; i < made.rows(); ++i) {
        CHECK(made.x[1][i] == 7);
        if (made.y[0][i] == 1) CHECK(made.x[0][i] == 5);
    }
    const Table one = made_from(Table{{Column{2}, Column{3}}, {Column{4}}}, synthesize(3), 0);
    CHECK(one.x[0] == Column(3, 2.0));
    CHECK(one.x[1] == Column(3, 3.0));
    CHECK(one.y[0] == Column(3, 4.0));
}

TEST_CASE("for regression the target belongs to the copula") {
    constexpr Index n = 1000;
    const Column a = normals(n, 12);
    Table table{{a},
                {mixed(0.8, a, 0.6, normals(n, 13)), mapped(a, [](double z) { return z > 0 ? 3.0 : 1.0; })}};
    const Table made = made_from(table, synthesize(10), 0);
    CHECK(std::abs(rank_correlation(made.x[0], made.y[0]) - rank_correlation(table.x[0], table.y[0])) < 0.03);
    CHECK(levels(made.y[1]) == std::set<double>{1, 3});
    CHECK(correlation(made.x[0], made.y[1]) > 0.75);
}

TEST_CASE("columns that say the same thing twice, and more columns than rows, are no obstacle") {
    const Column a = normals(50, 14);
    Table twins{{a, a, mapped(a, [](double z) { return -z; })}, {normals(50, 15)}};
    const Table made = made_from(twins, synthesize(10), 0);
    CHECK(rank_correlation(made.x[0], made.x[1]) > 0.999);
    CHECK(rank_correlation(made.x[0], made.x[2]) < -0.999);
    Table wide{{}, {Column{1, 2, 3, 4, 5, 6}}};
    for (std::uint64_t j = 0; j < 30; ++j) {
        Column column = normals(6, 20 + j);
        if (j % 2) column = mapped(column, [](double z) { return z > 0.3 ? 1.0 : 0.0; });
        wide.x.push_back(column);
    }
    for (const Column& column : made_from(wide, synthesize(20), 0).x)
        for (double value : column) CHECK(std::isfinite(value));
}

TEST_CASE("float and double, the same seed and epoch: the same rows; another epoch: others") {
    Table table{{normals(100, 16), normals(100, 17)}, {normals(100, 18)}};
    CHECK(made_from(table, synthesize(), 0, 4).x == made_from(table, synthesize(), 0, 4).x);
    CHECK(made_from(table, synthesize(), 0, 4).x != made_from(table, synthesize(), 0, 5).x);
    const Table single = made_from<float>(table, synthesize(), 0, 4),
                twice = made_from(table, synthesize(), 0, 4);
    for (Index i = 0; i < 100; ++i) CHECK(std::abs(single.x[1][i] - twice.x[1][i]) < 1e-4); // float's digits
}

TEST_CASE("what cannot be synthesized is an error") {
    const Table table{{Column{1, 2}}, {Column{3, 4}}};
    CHECK_THROWS_WITH_AS(made_from(table, synthesize(1, columns({1})), 0),
                         "Synthesize: 'categories' names a column that X lacks", EngineError);
    CHECK_THROWS_WITH_AS(made_from(table, synthesize(1, columns({0, 0})), 0),
                         "Synthesize: 'categories' names a column twice", EngineError);
    CHECK_THROWS_AS(Synthesizer<float>(synthesize(0), {}), EngineError);
    CHECK_THROWS_AS(made_from(Table{{Column{}}, {Column{}}}, synthesize(1), 0), EngineError);
}

TEST_CASE("levels come out as often as their weights say, and columns hang together as they do in weight") {
    constexpr Index n = 400;
    Table table;
    table.x = {Column(n), normals(n, 1), normals(n, 2)};
    table.y = {normals(n, 3)};
    // Light rows: level 0, columns unrelated. Heavy ones (19 times as heavy): level 1, one column twice.
    for (Index i = 0; i < n; ++i) {
        table.x[0][i] = static_cast<double>(i % 2);
        if (i % 2) table.x[2][i] = table.x[1][i];
    }
    const Table made = made_from(table, synthesize(20), 0, 0, {}, [](Index i) { return i % 2 ? 1.9 : 0.1; });
    // A share of 0.95 of 8000: within 4 standard errors.
    CHECK(std::abs(mean(made.x[0]) - 0.95) < 4 * std::sqrt(0.95 * 0.05 / 8000));
    CHECK(rank_correlation(made.x[1], made.x[2]) > 0.9); // 0.5 if all counted the same
}

TEST_CASE("weights count as copies: the distribution of new rows is that of a table with rows repeated") {
    constexpr Index n = 300;
    Table table, copied;
    table.x = {normals(n, 1)}, table.y = {normals(n, 2)};
    copied.x = {Column()}, copied.y = {Column()};
    const auto weight = [&](Index i) { return static_cast<double>(1 + (table.x[0][i] > 0.5 ? 4 : i % 2)); };
    for (Index i = 0; i < n; ++i)
        for (int copy = 0; copy < weight(i); ++copy)
            copied.x[0].push_back(table.x[0][i]), copied.y[0].push_back(table.y[0][i]);
    const Table light = made_from(table, synthesize(40), 0, 0, {}, weight);
    const Table heavy = made_from(copied, synthesize(12000.0 / static_cast<double>(copied.rows())), 0, 1);
    REQUIRE(light.rows() == 12000);
    CHECK(distance(light.x[0], heavy.x[0]) < 1.95 * std::sqrt(2.0 / 12000) + 0.01); // a step of the table
}

TEST_CASE("a new row weighs the mean weight of its class, of all rows in a regression") {
    const Column x = {1, 2, 3, 4, 5}, labels = {0, 0, 0, 1, 1}, numbers = {1, 2, 3, 4, 6};
    const Column weights = {1, 2, 6, 10, 40};
    for (const Column& y : {labels, numbers}) {
        Synthesizer<double> synthesizer(synthesize(2), {});
        synthesizer.fit(
            5, 1, 1, [&](Index i) { return x.data() + i; }, [&](Index i) { return y.data() + i; },
            y == labels ? 2 : 0, [] {}, [&](Index i) { return weights[i]; });
        const Column found = synthesizer.weights();
        CHECK(found == (y == labels ? Column{3, 3, 3, 3, 3, 3, 25, 25, 25, 25} : Column(10, 11.8)));
    }
}

TEST_CASE("rows that weigh next to nothing do no harm") {
    constexpr Index n = 60;
    Table table;
    table.x = {normals(n, 1), normals(n, 2)}, table.y = {normals(n, 3)};
    for (double light : {1e-15, 1e-18, 1e-30}) {
        const auto weight = [&](Index i) { return table.x[0][i] > 0 || i % 7 == 0 ? light : 1.0; };
        const Table made = made_from(table, synthesize(20), 0, 0, {}, weight);
        for (const Column* column : {&made.x[0], &made.x[1], &made.y[0]})
            CHECK(std::all_of(column->begin(), column->end(), [](double v) { return std::isfinite(v); }));
        CHECK(*std::max_element(made.x[0].begin(), made.x[0].end()) < 1e-6);
        CHECK(mean(made.x[0]) < -0.3);
    }
}

TEST_CASE("a weighted column's inverse runs from row to row by way of their weighted mean") {
    Marginal<double> margin;
    margin.learn({10, 20, 20, 40}, 1, false, {0.5, 0.1, 0.1, 0.3});
    const auto at = [&](double u) {
        double value = 0;
        margin.inverse(u, &value);
        return value;
    };
    CHECK(at(0.1) == 10);
    CHECK(at(0.25) == 10);
    CHECK(at(0.375) == doctest::Approx(10 + 0.5 * 10 / 6)); // the mean is 10 + 10 · 0.05 / 0.3, at 0.5
    CHECK(at(0.5) == doctest::Approx(10 + 10.0 / 6));
    CHECK(at(0.6) == 20); // its rows stand at 0.55 and 0.65
    CHECK(at(0.7) == doctest::Approx(35));
    CHECK(at(0.775) == doctest::Approx(37.5));
    CHECK(at(0.999) == 40);
}

TEST_CASE("a column of equal weights has the inverse of one without weights") {
    const std::vector<double> values = {3, 1, 7, 7, 2, 9};
    std::vector<double> sorted = values;
    Marginal<double> plain, weighted;
    plain.learn(sorted, 1, false);
    weighted.learn(values, 1, false, std::vector<double>(6, 1.0 / 6));
    for (double u = 0.005; u < 1; u += 0.01) {
        double a = 0, b = 0;
        plain.inverse(u, &a), weighted.inverse(u, &b);
        CHECK(a == doctest::Approx(b).epsilon(1e-12));
    }
}
