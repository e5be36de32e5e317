// One run: a network, a recipe and some rows become weights. The six steps are numbered below.
#pragma once

#include "../numeric/median.hpp"
#include "job.hpp"
#include "objective.hpp"
#include "scoring.hpp"

#include <chrono>

namespace ravine {

template <class T> class Run final : public RunView<T> {
public:
    // `threads` share a step that is worth it; the result does not depend on them.
    Run(const Job<T>& job, Workspace<T>& workspace, CheckStop check_stop, Index threads = 1)
        : job_(job), check_stop_(std::move(check_stop)), work_(workspace), team_(threads),
          network_(job.network, job.input_shape, job.recipe.number("dropout")),
          batches_(job.recipe, job.training, network_, job.augmentation, check_stop_),
          epochs_(job.recipe.integer("epochs")),
          seed_(static_cast<std::uint64_t>(job.recipe.integer("seed"))),
          optimizer_(
              make_optimizer<T>(job.recipe["optimizer"], {static_cast<double>(epochs_),
                                                          static_cast<double>(epochs_ * batches_.steps())})),
          cut_(network_.n_parameters(), network_.active_parameters(), batches_.batch_size(),
               network_.needs_whole_batch(), optimizer_->evaluates()),
          penalised_(penalised_slices(network_.parameters(), job.recipe["penalty"])),
          limits_(Limits::of(job.recipe)), objective_(network_, batches_, cut_, penalised_, seed_,
                                                      job.divide_by_batch, work_, team_, check_stop_),
          update_(*optimizer_, cut_, network_.parameters(), penalised_, limits_, job.update, team_),
          stopping_(job.recipe["stopping"]), state_(job.start) {
        keeps_before_ = !stopping_.is_none() && stopping_.text("monitor") == "loss" && batches_.steps() == 1;
        if (!state_.slots.empty()) check_resumed();
        for (Buffer<T>* buffer : {&work_.before, &work_.rates}) work_.grow(*buffer, network_.n_parameters());
    }

    RunState<T>& train() {
        try {
            if (state_.slots.empty()) initialise(); // 1
            has_own_rates_ = cut_.blocks() > 0 && !update_.own_rates(state_, 0).empty();
            if (out_of_patience())
                state_.status = Status::stopped_early; // a run that ended before it was saved
            while (state_.status == Status::running && state_.counters.epoch < epochs_) {
                batches_.begin_epoch(static_cast<std::uint64_t>(state_.counters.epoch));
                while (state_.status == Status::running && state_.counters.step_in_epoch < batches_.steps())
                    step(); // 2–5
                if (state_.status != Status::diverged) end_epoch();
            } // 6 iterate
            if (state_.status == Status::running) state_.status = Status::finished;
            if (state_.status != Status::diverged) check_monitored();
            if (state_.status != Status::diverged && !predicts_finitely()) state_.status = Status::diverged;
        } catch (const Interrupted&) {
            state_.status = Status::interrupted;
        }
        return state_;
    }

    // The weights that the run gives: the best epoch's when early stopping restores them or has kept them
    // from a run that diverged, else the (averaged) last.
    void result(Buffer<T>& w, Buffer<T>& state) const override {
        const bool wanted =
            state_.status == Status::diverged || (!stopping_.is_none() && stopping_.flag("restore_best"));
        const bool best = wanted && !state_.best_w.empty();
        w = best ? state_.best_w : state_.w;
        state = best ? state_.best_state : state_.state;
        if (!best && limits_.averaging > 0 && state_.counters.k > 0)
            w = state_.average, state = state_.average_state;
    }

    const RunState<T>& state() const override { return state_; }

private:
    // 1 initialise the weights, and what Normalize and the optimizer start from.
    void initialise() {
        const bool warm = !state_.w.empty();
        if (!warm) {
            state_.w.resize(network_.n_parameters());
            network_.initialise(seed_, state_.w.data());
            state_.state.resize(network_.n_state());
            network_.initial_state(state_.state.data());
            network_.fit(
                job_.training.size(), [&](Index i) { return job_.training.x(i); },
                [&](Index i) { return static_cast<double>(job_.training.weight(i)); }, state_.state.data());
        }
        update_.start(state_);
        state_.history.reserve(history_columns.size() * std::min<Index>(epochs_, 10000));
    }

    void step() {
        Counters& c = state_.counters;
        const bool last = c.step_in_epoch + 1 == batches_.steps();
        const Span<T> w(state_.w), g(work_.gradient.data(), state_.w.size());
        objective_.select(moment());

        Now<T> now;
        now.k = static_cast<long>(c.k) + 1;
        now.time = {c.epoch + c.step_in_epoch / batches_.steps(), c.k};
        const double eta = update_.rate(state_, now.time);
        now.eta = static_cast<T>(eta);
        const Evaluate<T> trial = [this](Span<const T> w, Span<T> g) {
            return objective_(w, g, state_.state.data(), {.update_state = false});
        };
        now.evaluate = &trial;
        double rate = eta; // a line search finds its own
        now.step_length = &rate;

        if (optimizer_->evaluates()) state_before_ = state_.state;
        now.value = objective_(w, g, state_.state.data()); // 2–4
        const double loss = objective_.loss(), penalty = objective_.penalty(), norm = objective_.norm();
        if (!std::isfinite(now.value)) return diverge("loss", eta);
        if (!std::isfinite(norm)) return diverge("gradient", eta);
        if (last) std::copy(w.begin(), w.end(), work_.before.begin());
        if (keeps_before_) state_.before.assign(w.begin(), w.end());
        const bool moved = update(g, norm, now); // 5
        if (last && !all_finite(w)) return diverge("weights", eta);
        if (last && !all_finite(state_.state)) return diverge("running statistics", eta);
        if (last && c.epoch + 1 == epochs_ &&
            !std::isfinite(objective_.glance(w.data(), state_.state.data())))
            return diverge("loss", eta); // at the last weights, which no further step looks at
        if (last) c.update_ratio = relative_change(w);

        count_rate(rate, now.time);
        const double weight = objective_.weight();
        c.loss_sum += loss * objective_.divisor(), c.penalty_sum += penalty * weight, c.weight_sum += weight,
            c.norm_sum += norm;
        c.k += 1, c.step_in_epoch += 1;
        if (!moved) {
            c.step_in_epoch = static_cast<double>(batches_.steps());
            state_.status = Status::converged;
        }
    }

    // A step that evaluates the objective may be interrupted half-way; then the step never began.
    bool update(Span<T> g, double norm, const Now<T>& now) {
        try {
            return update_(state_, g, norm, now);
        } catch (const Interrupted&) {
            state_.state = state_before_;
            throw;
        }
    }

    Moment moment() const {
        const Counters& c = state_.counters;
        const double done = c.epoch + c.step_in_epoch / batches_.steps();
        return {static_cast<std::uint64_t>(c.epoch), static_cast<std::uint64_t>(c.step_in_epoch), done,
                done / epochs_};
    }

    // Records the rate of a step. If a rule has its own rates, their median at the first step of an epoch
    // counts for the whole epoch.
    void count_rate(double rate, const Time& time) {
        Counters& c = state_.counters;
        if (c.step_in_epoch == 0) c.first_eta = has_own_rates_ ? median_rate() : rate;
        if (has_own_rates_) rate = c.first_eta;
        c.capacity += rate;
        c.velocity = update_.momentum(time) * c.velocity + rate;
        c.effective_capacity += c.velocity;
    }
    double median_rate() {
        const Span<T> rates(work_.rates.data(), state_.w.size());
        for (Index block = 0; block < cut_.blocks(); ++block)
            std::ranges::copy(update_.own_rates(state_, block), rates.begin() + cut_.block_start(block));
        return median<T>(rates);
    }

    // Whether the weights that the run gives predict finite numbers for its own rows. Only an exponential
    // turns finite outputs into infinite ones, so only such a loss takes this last pass.
    bool predicts_finitely() {
        if (!network_.loss().exponential()) return true;
        Buffer<T> w, state;
        result(w, state);
        const Scores scores = score(network_, w.data(), state.data(), job_.training, work_, check_stop_);
        if (std::isfinite(scores.loss) && std::isfinite(scores.rmse)) return true;
        state_.diverged_what = "prediction";
        state_.diverged_rate = update_.rate(state_, {state_.counters.epoch, state_.counters.k});
        return false;
    }

    // After the last step of an epoch: scores, schedule, stopping, a row of history.
    void end_epoch() {
        Counters& c = state_.counters;
        const double nan = std::numeric_limits<double>::quiet_NaN();
        const auto now = std::chrono::steady_clock::now();
        Scores scores{nan, nan, nan, nan};
        const Buffer<T>& w = limits_.averaging > 0 ? state_.average : state_.w;
        Buffer<T>& state = limits_.averaging > 0 ? state_.average_state : state_.state;
        if (job_.validation.size() > 0)
            scores = score(network_, w.data(), state.data(), job_.validation, work_, check_stop_);
        objective_.reserve(); // scoring laid the network out for its own chunks

        const double steps = static_cast<double>(batches_.steps());
        const double loss = c.weight_sum > 0 ? c.loss_sum / c.weight_sum : nan;
        const double penalty = c.weight_sum > 0 ? c.penalty_sum / c.weight_sum : nan;
        c.epoch += 1;
        c.seconds += std::chrono::duration<double>(now - clock_).count();
        clock_ = now;
        const bool classifies = network_.loss().classifies();
        for (double value :
             HistoryRow{c.epoch, c.k, c.first_eta, loss, penalty, scores.loss,
                        classifies ? scores.accuracy : scores.r2, classifies ? nan : scores.rmse,
                        c.norm_sum / steps, c.update_ratio, c.capacity, c.effective_capacity, c.seconds})
            state_.history.push_back(value);
        c.step_in_epoch = c.loss_sum = c.penalty_sum = c.weight_sum = c.norm_sum = 0;

        if (job_.validation.size() > 0 && std::isnan(scores.loss))
            scores.loss = std::numeric_limits<double>::infinity();
        const Observed observed{loss, scores.loss, scores.accuracy, scores.r2, scores.rmse};
        optimizer_->learning_rate.observe(observed, {c.epoch - 1, c.k - steps}, state_.schedule);
        if (!stopping_.is_none()) {
            const double value = observed.monitored(stopping_.text("monitor"));
            if (state_.before.empty())
                consider_stopping(value, w, state);
            else
                consider_stopping(value, state_.before, state_.state);
        }
        state_.before.clear();
        if (job_.on_epoch && !job_.on_epoch(*this) && state_.status == Status::running)
            state_.status = Status::stopped_early;
    }

    // `value` is the monitored one, smaller better; w and state are what it was measured with. (The training
    // loss of mini-batches has none: it is a mean over weights that moved, and w are those that they became.)
    void consider_stopping(double value, const Buffer<T>& w, const Buffer<T>& state) {
        Counters& c = state_.counters;
        const bool first = c.best_epoch == 0;
        if (std::isfinite(value) && (first || value < c.best_value - stopping_.number("min_delta"))) {
            c.best_value = value, c.best_epoch = c.epoch, c.wait = 0;
            state_.best_w = w, state_.best_state = state;
        } else {
            ++c.wait;
            if (out_of_patience() && state_.status == Status::running) state_.status = Status::stopped_early;
        }
    }
    // A run whose monitored value was no number in any of its epochs has nothing that it could give as best.
    void check_monitored() {
        const Counters& c = state_.counters;
        const char* watcher = nullptr;
        if (!stopping_.is_none() && c.epoch > 0 && c.best_epoch == 0) watcher = "EarlyStopping";
        if (Schedule::watches_in_vain(state_.schedule)) watcher = "ReduceOnPlateau";
        if (watcher) diverge(watcher, update_.rate(state_, {c.epoch, c.k}));
    }
    bool out_of_patience() const {
        return !stopping_.is_none() && state_.counters.wait >= stopping_.number("patience");
    }

    // A state to go on from may come from a file: everything about its size is checked.
    void check_resumed() const {
        const auto n = static_cast<std::size_t>(network_.n_parameters()),
                   r = static_cast<std::size_t>(network_.n_state());
        const auto slots_size = static_cast<std::size_t>(cut_.slots_size(*optimizer_));
        const Counters& c = state_.counters;
        const bool fits =
            state_.w.size() == n && state_.state.size() == r && state_.slots.size() == slots_size &&
            state_.average.size() == (limits_.averaging > 0 ? n : 0) &&
            state_.average_state.size() == (limits_.averaging > 0 ? r : 0) &&
            (state_.best_w.empty() || (state_.best_w.size() == n && state_.best_state.size() == r)) &&
            (state_.before.empty() || state_.before.size() == n) &&
            state_.schedule.size() == optimizer_->learning_rate.initial_memory().size() &&
            state_.history.size() % history_columns.size() == 0 && c.step_in_epoch >= 0 &&
            c.step_in_epoch <= static_cast<double>(batches_.steps()) && c.epoch >= 0 && c.k >= 0;
        if (!fits) throw EngineError("The saved state does not belong to a run like this one.");
    }
    // ‖w − w_before‖ / ‖w_before‖ of the last step.
    double relative_change(Span<const T> w) const {
        double change = 0, size = 0;
        const T* last = work_.before.data();
        const Index n = std::ssize(w);
#pragma omp simd reduction(+ : change, size)
        for (Index i = 0; i < n; ++i) {
            const double before = static_cast<double>(last[i]), d = static_cast<double>(w[i]) - before;
            change += d * d, size += before * before;
        }
        return size > 0 ? std::sqrt(change / size) : std::numeric_limits<double>::quiet_NaN();
    }

    static bool all_finite(Span<const T> w) {
        T sum = 0; // 0 · value is NaN where a value is not finite
        const Index n = std::ssize(w);
#pragma omp simd reduction(+ : sum)
        for (Index i = 0; i < n; ++i) sum += T(0) * w[i];
        return sum == T(0);
    }

    void diverge(const char* what, double eta) {
        state_.status = Status::diverged;
        state_.diverged_what = what;
        state_.diverged_rate = eta;
    }

    const Job<T>& job_;
    CheckStop check_stop_;
    Workspace<T>& work_; // of the calling thread
    Team team_;
    Network<T> network_;
    Batches<T> batches_;
    Index epochs_;
    std::uint64_t seed_;
    OptimizerPtr<T> optimizer_;
    Cut cut_;
    std::vector<Penalised> penalised_;
    Limits limits_;
    Objective<T> objective_;
    Update<T> update_;
    Spec stopping_;
    bool has_own_rates_ = false;
    bool keeps_before_ = false; // early stopping watches a loss that was measured before an epoch's one step
    Buffer<T> state_before_;    // the running statistics before a step that evaluates
    std::chrono::steady_clock::time_point clock_ = std::chrono::steady_clock::now();
    RunState<T> state_;
};

} // namespace ravine
