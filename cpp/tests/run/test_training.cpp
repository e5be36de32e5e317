// Runs and populations: no allocation after the first step, the same result however it comes about.
#include "ravine/run/population.hpp"
#include "ravine/run/training.hpp"

#include "ravine/kernels/gemm.hpp"

#include <doctest/doctest.h>

#include <atomic>

extern std::atomic<long> allocations; // counted in allocations.cpp

namespace {

using namespace ravine;
using Dict = Spec::Dict;
using List = Spec::List;

Spec activation(const char* name) { return Spec(Dict{{"kind", "Activation"}, {"name", name}}); }
Spec dense(int units, Spec f = Spec()) {
    return Spec(Dict{
        {"kind", "Dense"}, {"units", units}, {"use_bias", true}, {"activation", f}, {"penalty", "recipe"}});
}
Spec adam() {
    return Spec(Dict{{"kind", "Adam"},
                     {"learning_rate", 0.01},
                     {"beta1", 0.9},
                     {"beta2", 0.999},
                     {"epsilon", 1e-8},
                     {"epsilon_inside_root", false},
                     {"bias_correction", true},
                     {"weight_decay", 0.01}});
}

// Everything that a recipe can ask of a step, on rows of three numbers.
template <class T> struct Problem {
    static constexpr Index n = 203;
    std::vector<T> X = std::vector<T>(n * 3), y = std::vector<T>(n);

    Problem() {
        blas::load(RAVINE_BLAS);
        const Stream stream(7, Purpose::synthesize);
        for (Index i = 0; i < n * 3; ++i) X[i] = static_cast<T>(stream.normal(i));
        for (Index i = 0; i < n; ++i) y[i] = X[3 * i] - X[3 * i + 1] * X[3 * i + 2];
    }
    Job<T> job(Index epochs) const {
        Job<T> job;
        job.network = Spec(
            Dict{{"loss", Spec(Dict{{"kind", "SquaredError"}})},
                 {"layers", List{Spec(Dict{{"kind", "Normalize"}}), dense(8, activation("tanh")),
                                 Spec(Dict{{"kind", "LayerNorm"}, {"epsilon", 1e-5}}),
                                 Spec(Dict{{"kind", "Dropout"}, {"rate", 0.2}}),
                                 Spec(Dict{{"kind", "Residual"}, {"layers", List{dense(8)}}}), dense(1)}}});
        job.recipe = Spec(
            Dict{{"optimizer", adam()},
                 {"batch_size", 32},
                 {"epochs", static_cast<std::int64_t>(epochs)},
                 {"penalty",
                  Spec(Dict{{"kind", "L1"}, {"alpha", 1e-3}, {"proximal", true}, {"include_bias", false}})},
                 {"dropout", 0.1},
                 {"clip_norm", 1.0},
                 {"max_norm", 2.0},
                 {"augmentation", List{Spec(Dict{{"kind", "Noise"}, {"stddev", 0.1}, {"relative", true}}),
                                       Spec(Dict{{"kind", "Mixup"}, {"alpha", 0.2}})}},
                 {"averaging", 0.9},
                 {"shuffle", true},
                 {"seed", 3}});
        job.input_shape = {3};
        job.training.data = job.validation.data = {X.data(), y.data(), nullptr, 3, 1};
        std::vector<Index> first(150), rest(n - 150);
        std::iota(first.begin(), first.end(), Index{0});
        std::iota(rest.begin(), rest.end(), Index{150});
        job.training.index = std::make_shared<const std::vector<Index>>(first);
        job.validation.index = std::make_shared<const std::vector<Index>>(rest);
        return job;
    }
};

template <class T> Buffer<T> train(const Job<T>& job, CheckStop check_stop = [] {}) {
    Workspace<T> workspace;
    Run<T> run(job, workspace, std::move(check_stop));
    return run.train().w;
}

} // namespace

TEST_CASE_TEMPLATE("no step after the first allocates", T, float, double) {
    const Problem<T> problem;
    Job<T> job = problem.job(6);
    job.validation.index =
        std::make_shared<const std::vector<Index>>(); // scoring happens between epochs, not in steps
    std::vector<long> at_chunk;
    at_chunk.reserve(1000);
    Workspace<T> workspace;
    Run<T> run(job, workspace, [&] { at_chunk.push_back(allocations); });
    run.train();
    REQUIRE(at_chunk.size() == 30); // 5 mini-batches in each of 6 epochs, a chunk each
    CHECK(at_chunk.back() == at_chunk[1]);
}

TEST_CASE("the second epoch trains on what the first one left") {
    const Problem<double> problem;
    const Job<double> one = problem.job(1), two = problem.job(2);
    CHECK(train(one) != train(two));
}

TEST_CASE("a run that is stopped between any two chunks goes on bit for bit") {
    const Problem<double> problem;
    const Job<double> job = problem.job(3);
    const Buffer<double> whole = train(job);
    for (int stop_at = 1; stop_at < 18; stop_at += 4) {
        Job<double> rest = problem.job(3);
        {
            Workspace<double> workspace;
            int chunk = 0;
            Run<double> run(job, workspace, [&] {
                if (++chunk == stop_at) throw Interrupted{};
            });
            rest.start = run.train();
            REQUIRE(rest.start.status == Status::interrupted);
        }
        rest.start.status = Status::running;
        CHECK(train(rest) == whole);
    }
}

TEST_CASE("a run that keeps the weights of its best loss goes on bit for bit, stopped while it scores too") {
    const Problem<double> problem;
    const auto job = [&] {
        Job<double> job = problem.job(4);
        Dict recipe = job.recipe.dict();
        recipe["batch_size"] = "full";
        recipe["augmentation"] = List{};
        recipe["stopping"] = Spec(Dict{{"kind", "EarlyStopping"},
                                       {"patience", 9},
                                       {"min_delta", 0.0},
                                       {"monitor", "loss"},
                                       {"restore_best", true}});
        job.recipe = Spec(recipe);
        return job;
    };
    const auto ending = [](Run<double>& run) {
        run.train();
        Buffer<double> w, state;
        run.result(w, state);
        return w;
    };
    const Job<double> uninterrupted = job();
    Workspace<double> workspace;
    int chunks = 0;
    Run<double> whole(uninterrupted, workspace, [&] { ++chunks; });
    const Buffer<double> best = ending(whole);
    CHECK(best != whole.state().w); // those before the last step
    for (int stop_at = 1; stop_at <= chunks; ++stop_at) {
        Job<double> rest = job();
        {
            Workspace<double> other;
            int chunk = 0;
            Run<double> run(uninterrupted, other, [&] {
                if (++chunk == stop_at) throw Interrupted{};
            });
            rest.start = run.train();
            REQUIRE(rest.start.status == Status::interrupted);
        }
        rest.start.status = Status::running;
        Workspace<double> again;
        Run<double> run(rest, again, [] {});
        CHECK(ending(run) == best);
        CHECK(run.state().before.empty());
    }
}

TEST_CASE("a population gives what its members give alone, for any number of threads") {
    const Problem<float> problem;
    std::vector<Buffer<float>> alone;
    for (Index epochs = 1; epochs <= 5; ++epochs) alone.push_back(train(problem.job(epochs)));
    for (Index threads = 1; threads <= 3; ++threads) {
        std::vector<Job<float>> jobs;
        for (Index epochs = 1; epochs <= 5; ++epochs) jobs.push_back(problem.job(epochs));
        Population<float> population(std::move(jobs));
        population.start(threads);
        while (!population.wait(std::chrono::milliseconds(20))) {
        }
        population.join();
        for (std::size_t i = 0; i < alone.size(); ++i) CHECK(population.outcomes()[i].state.w == alone[i]);
    }
}

TEST_CASE("under BatchNorm a last row by itself joins the mini-batch before it") {
    const Problem<double> problem;
    const auto job = [&](Index batch_size, Index epochs = 3) {
        Job<double> job = problem.job(epochs);
        std::vector<Index> first(151);
        std::iota(first.begin(), first.end(), Index{0});
        job.training.index = std::make_shared<const std::vector<Index>>(first);
        job.network =
            Spec(Dict{{"loss", Spec(Dict{{"kind", "SquaredError"}})},
                      {"layers", List{dense(8, activation("tanh")),
                                      Spec(Dict{{"kind", "BatchNorm"}, {"momentum", 0.9}, {"epsilon", 1e-5}}),
                                      dense(8), dense(1)}}});
        Dict recipe = job.recipe.dict();
        recipe["batch_size"] = static_cast<std::int64_t>(batch_size);
        job.recipe = Spec(recipe);
        return job;
    };
    Workspace<double> workspace;
    std::vector<long> at_chunk;
    at_chunk.reserve(1000);
    Job<double> unwatched = job(50);
    unwatched.validation.index = std::make_shared<const std::vector<Index>>();
    Run<double> run(unwatched, workspace, [&] { at_chunk.push_back(allocations); });
    CHECK(run.train().counters.k == 9); // 50, 50 and 51 rows in each of 3 epochs
    const Buffer<double> whole = run.state().w;
    REQUIRE(at_chunk.size() == 9);
    CHECK(at_chunk.back() == at_chunk[3]); // from the first large mini-batch on
    CHECK(train(job(150)) == train(job(151)));

    for (int stop_at = 1; stop_at < 9; ++stop_at) {
        Job<double> rest = unwatched;
        Workspace<double> again;
        int chunk = 0;
        Run<double> stopped(rest, again, [&] {
            if (++chunk == stop_at) throw Interrupted{};
        });
        rest.start = stopped.train();
        rest.start.status = Status::running;
        CHECK(train(rest) == whole);
    }
    Population<double> population({job(50), job(75), job(2)});
    population.start(2);
    while (!population.wait(std::chrono::milliseconds(20))) {
    }
    population.join();
    const Index sizes[] = {50, 75, 2};
    for (std::size_t i = 0; i < 3; ++i) CHECK(population.outcomes()[i].state.w == train(job(sizes[i])));
    CHECK_THROWS_WITH_AS(train(job(1)), "BatchNorm cannot train on a batch of one row", EngineError);
}

TEST_CASE("stopping a population leaves every run at a step boundary or unstarted") {
    const Problem<float> problem;
    std::vector<Job<float>> jobs(8, problem.job(1000000));
    Population<float> population(std::move(jobs));
    population.start(2);
    population.wait(std::chrono::milliseconds(20));
    population.stop();
    population.join();
    for (const auto& outcome : population.outcomes()) CHECK(outcome.state.status == Status::interrupted);
}

TEST_CASE("a saved state of another run is refused") {
    const Problem<double> problem;
    Job<double> job = problem.job(2);
    job.start.slots.resize(3);
    Workspace<double> workspace;
    CHECK_THROWS_WITH_AS(Run<double>(job, workspace, [] {}),
                         "The saved state does not belong to a run like this one.", EngineError);
}

TEST_CASE("layers that do not fit are refused by name") {
    const Spec loss(Dict{{"kind", "SquaredError"}});
    const auto network = [&](List layers, Shape input) {
        return Network<double>(Spec(Dict{{"loss", loss}, {"layers", std::move(layers)}}), input);
    };
    CHECK_THROWS_WITH_AS(
        network({dense(2)}, {4, 4}),
        "A Dense layer takes rows of one dimension, but its input has 2. Put Flatten() before it.",
        EngineError);
    CHECK_THROWS_AS(network({Spec(Dict{{"kind", "Residual"}, {"layers", List{dense(2)}}})}, {4}),
                    EngineError);
    CHECK_THROWS_WITH_AS(network({Spec(Dict{{"kind", "Magic"}})}, {4}),
                         doctest::Contains("There is no layer 'Magic'."), EngineError);
}
