// One run: a network, a recipe and some rows become weights. The six steps are numbered below.
#pragma once

#include "../network/penalised.hpp"
#include "../numeric/median.hpp"
#include "../optimizers/optimizer.hpp"
#include "../team.hpp"
#include "cut.hpp"
#include "job.hpp"
#include "run_state.hpp"
#include "scoring.hpp"

#include <chrono>

namespace ravine {

template <class T> class Run final : public RunView<T> {
public:
    // `threads` share a step that is worth it; the result does not depend on them.
    Run(const Job<T>& job, Workspace<T>& workspace, CheckStop check_stop, Index threads = 1)
        : job_(job), check_stop_(std::move(check_stop)), work_(workspace), team_(threads),
          network_(job.network, job.input_shape, job.recipe.number("dropout")),
          batches_(job.recipe, job.training, network_, job.own_augmentation, check_stop_),
          epochs_(job.recipe.integer("epochs")),
          seed_(static_cast<std::uint64_t>(job.recipe.integer("seed"))), state_(job.start) {
        const RunLength length{static_cast<double>(epochs_), static_cast<double>(epochs_ * batches_.steps())};
        optimizer_ = make_optimizer<T>(job.recipe["optimizer"], length);
        cut_ = Cut(network_.n_parameters(), network_.active_parameters(), batches_.batch_size(),
                   network_.needs_whole_batch(), optimizer_->evaluates());
        penalised_ = penalised_slices(network_.parameters(), job.recipe["penalty"]);
        proximal_ =
            std::any_of(penalised_.begin(), penalised_.end(), [](auto& p) { return p.penalty.proximal; });
        if (job.recipe.has("clip_norm")) clip_norm_ = job.recipe.number("clip_norm");
        if (job.recipe.has("max_norm")) max_norm_ = job.recipe.number("max_norm");
        if (job.recipe.has("averaging")) averaging_ = job.recipe.number("averaging");
        stopping_ = job.recipe["stopping"];
        keeps_before_ = !stopping_.is_none() && stopping_.text("monitor") == "loss" && batches_.steps() == 1;
        if (!state_.slots.empty()) check_resumed();
        reserve_workspace();
    }

    RunState<T>& train() {
        try {
            if (state_.slots.empty()) initialise(); // 1
            has_own_rates_ = cut_.blocks() > 0 && !own_rates(0).empty();
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
        if (!best && averaging_ > 0 && state_.counters.k > 0)
            w = state_.average, state = state_.average_state;
    }

    const RunState<T>& state() const override { return state_; }

private:
    // 1 initialise the weights, and what Normalize and the optimizer start from.
    void initialise() {
        const Index n = network_.n_parameters();
        const bool warm = !state_.w.empty();
        if (!warm) {
            state_.w.resize(n);
            network_.initialise(seed_, state_.w.data());
            state_.state.resize(network_.n_state());
            network_.initial_state(state_.state.data());
            network_.fit(
                job_.training.size(), [&](Index i) { return job_.training.x(i); },
                [&](Index i) { return static_cast<double>(job_.training.weight(i)); }, state_.state.data());
        }
        state_.slots.resize(cut_.slots_size(*optimizer_));
        for (Index block = 0; block < cut_.blocks(); ++block)
            optimizer_->init(cut_.block(Span<T>(state_.w), block).size(), slots(block));
        if (averaging_ > 0) {
            state_.average.assign(n, T(0));
            state_.average_state.assign(state_.state.size(), T(0));
        }
        state_.schedule = optimizer_->learning_rate.initial_memory();
        state_.history.reserve(history_columns.size() * std::min<Index>(epochs_, 10000));
    }

    // Steps 2 to 4 on the selected mini-batch at weights w: the objective, and its gradient in g.
    // Running statistics move unless this is a trial.
    double objective(Span<const T> w, Span<T> g, bool update_state = true) {
        update_state_ = update_state;
        const Index parts = cut_.parts(B_);
        team_.share(parts, [&](Index part, Index member) {
            Workspace<T>& work = member == 0 ? work_ : helpers_[member - 1];
            T* gradient = part == 0 ? g.data() : part_gradients_.data() + (part - 1) * std::ssize(g);
            part_sums_[part] = propagate(part, w.data(), gradient, work);
        });
        const double sum = std::accumulate(part_sums_.begin(), part_sums_.begin() + parts, 0.0);
        loss_ = divisor_ > 0 ? sum / divisor_ : 0;
        complete(parts, w, g);
        return loss_ + penalty_;
    }

    // One part of the mini-batch, chunk by chunk: Σ s_i L_i, and the part's gradient.
    double propagate(Index part, const T* w, T* gradient, Workspace<T>& work) {
        const Index O = network_.outputs(), rows = cut_.part_rows(B_), start = part * rows;
        const Index end = std::min(B_, start + rows);
        const T scale = divisor_ > 0 ? static_cast<T>(1 / divisor_) : T(0);
        double sum = 0;
        for (Index first = start; first < end; first += cut_.chunk()) {
            check_stop_();
            const Index count = std::min(cut_.chunk(), end - first);
            Pass<T> pass = make_pass(w, gradient, first, count, first == start, work);
            const auto rows = batches_.rows(first, count, work_, work);
            if (job_.training.data.s) pass.s = rows.s;
            const T* z = network_.forward(pass, rows.x); // 2 forward propagate
            sum += network_.loss().value(count, O, z, rows.y, rows.s, work.z.data(),
                                         scale);            // 3 evaluate the error
            network_.backward(pass, rows.x, work.z.data()); // 4 backpropagate
        }
        return sum;
    }

    // g becomes the sum of all parts' gradients, always in the same order, and of the penalty's; then its
    // norm.
    void complete(Index parts, Span<const T> w, Span<T> g) {
        double custom = 0;
        for (const Penalised& p : penalised_) custom += p.template add_custom<T>(w, g);
        share_blocks([&](Index block) {
            const Span<T> total = cut_.block(g, block);
            const Index start = cut_.block_start(block), size = std::ssize(total);
            for (Index part = 1; part < parts; ++part) {
                const T* more = part_gradients_.data() + (part - 1) * std::ssize(g) + start;
                for (Index i = 0; i < size; ++i) total[i] += more[i];
            }
            double penalty = 0, square = 0;
            for (const Penalised& p : penalised_)
                if (const Span<T> here = p.within(g, start, size); !here.empty())
                    penalty += p.penalty.template add<T>(p.within(w, start, size), here);
#pragma omp simd reduction(+ : square)
            for (Index i = 0; i < size; ++i)
                square += static_cast<double>(total[i]) * static_cast<double>(total[i]);
            block_penalties_[block] = penalty, block_squares_[block] = square;
        });
        penalty_ = std::accumulate(block_penalties_.begin(), block_penalties_.end(), custom);
        norm_ = std::sqrt(std::accumulate(block_squares_.begin(), block_squares_.end(), 0.0));
    }

    // Work on every block of the parameters, on all threads where the step itself is worth that.
    template <class Work> void share_blocks(const Work& work) {
        if (cut_.parts(batches_.batch_size()) == 1 && cut_.blocks() <= 8)
            for (Index block = 0; block < cut_.blocks(); ++block) work(block);
        else
            team_.share(cut_.blocks(), [&](Index block, Index) { work(block); });
    }

    void step() {
        Counters& c = state_.counters;
        B_ = batches_.select(static_cast<Index>(c.step_in_epoch), weight_, work_);
        divisor_ = job_.divide_by_batch ? weight_ : static_cast<double>(B_) * batches_.mean_weight();
        const bool last = c.step_in_epoch + 1 == batches_.steps();
        const Span<T> w(state_.w), g(work_.gradient.data(), state_.w.size());

        Now<T> now;
        now.k = static_cast<long>(c.k) + 1;
        now.time = {c.epoch + c.step_in_epoch / batches_.steps(), c.k};
        const double eta = optimizer_->learning_rate.at(now.time, state_.schedule);
        now.eta = static_cast<T>(eta);
        const Evaluate<T> evaluate = [this](Span<const T> w, Span<T> g) { return objective(w, g, false); };
        now.evaluate = &evaluate;
        double rate = eta; // a line search finds its own
        now.step_length = &rate;

        if (optimizer_->evaluates()) state_before_ = state_.state;
        now.value = objective(w, g);
        const double loss = loss_, penalty = penalty_, norm = norm_;
        if (!std::isfinite(now.value)) return diverge("loss", eta);
        if (!std::isfinite(norm)) return diverge("gradient", eta);
        if (clip_norm_ > 0 && norm > clip_norm_)
            share_blocks([&](Index block) {
                for (T& value : cut_.block(g, block)) value *= static_cast<T>(clip_norm_ / norm);
            });
        if (last) std::copy(w.begin(), w.end(), work_.before.begin());
        if (keeps_before_) state_.before.assign(w.begin(), w.end());
        const bool moved = update(w, g, now); // 5
        if (last && !all_finite(w)) return diverge("weights", eta);
        if (last && !all_finite(state_.state)) return diverge("running statistics", eta);
        if (last && c.epoch + 1 == epochs_ && !ends_well(w.data())) return diverge("loss", eta);
        if (last) c.update_ratio = relative_change(w);

        count_rate(rate, now.time);
        c.loss_sum += loss * divisor_, c.penalty_sum += penalty * weight_, c.weight_sum += weight_,
            c.norm_sum += norm;
        c.k += 1, c.step_in_epoch += 1;
        if (!moved) {
            c.step_in_epoch = static_cast<double>(batches_.steps());
            state_.status = Status::converged;
        }
    }

    // Takes in the rate of a step. Where a rule has rates of its own, their median at the first step of an
    // epoch stands for all of the epoch.
    void count_rate(double rate, const Time& time) {
        Counters& c = state_.counters;
        if (c.step_in_epoch == 0) c.first_eta = has_own_rates_ ? median_rate() : rate;
        if (has_own_rates_) rate = c.first_eta;
        const double nan = std::numeric_limits<double>::quiet_NaN();
        const double beta = job_.own_update ? nan : optimizer_->momentum(time);
        c.capacity += rate;
        c.velocity = beta * c.velocity + rate;
        c.effective_capacity += c.velocity;
    }
    Span<const T> own_rates(Index block) {
        return optimizer_->own_rates(slots(block), std::ssize(cut_.block(Span<T>(state_.w), block)));
    }
    double median_rate() {
        const Span<T> rates(work_.rates.data(), state_.w.size());
        for (Index block = 0; block < cut_.blocks(); ++block)
            std::ranges::copy(own_rates(block), rates.begin() + cut_.block_start(block));
        return median<T>(rates);
    }

    // Whether the loss is finite at the last weights, which no further step looks at.
    bool ends_well(const T* w) {
        const Index count = std::min(cut_.chunk(), B_);
        Pass<T> pass = make_pass(w, work_.gradient.data(), 0, count, true, work_);
        pass.mode = Mode::predict;
        const auto rows = batches_.rows(0, count, work_, work_);
        const T* z = network_.forward(pass, rows.x);
        return std::isfinite(
            network_.loss().value(pass.B, network_.outputs(), z, rows.y, rows.s, nullptr, T(0)));
    }

    // Whether the weights that the run gives predict finite numbers for its own rows. Only an exponential turns
    // finite outputs into infinite ones, so only such a loss takes this last pass.
    bool predicts_finitely() {
        if (!network_.loss().exponential()) return true;
        Buffer<T> w, state;
        result(w, state);
        const Scores scores = score(network_, w.data(), state.data(), job_.training, work_, check_stop_);
        if (std::isfinite(scores.loss) && std::isfinite(scores.rmse)) return true;
        state_.diverged_what = "prediction";
        state_.diverged_rate =
            optimizer_->learning_rate.at({state_.counters.epoch, state_.counters.k}, state_.schedule);
        return false;
    }

    // 5 update the weights. Returns false when the optimizer can go no further.
    bool update(Span<T> w, Span<T> g, const Now<T>& now) {
        bool moved = true;
        if (job_.own_update || optimizer_->evaluates()) {
            decay(w, 0, std::ssize(w), now.eta);
            if (job_.own_update)
                job_.own_update(w, g, now.k, now.eta);
            else
                moved = searched(w, g, now);
            for (Index block = 0; block < cut_.blocks(); ++block) threshold(w, block, now);
        } else {
            share_blocks([&](Index block) {
                const Span<T> part = cut_.block(w, block);
                decay(w, cut_.block_start(block), std::ssize(part), now.eta);
                optimizer_->update(part, cut_.block(g, block), slots(block), now);
                threshold(w, block, now);
            });
        }
        if (max_norm_ > 0)
            for (const Slice& slice : network_.parameters())
                if (slice.name.ends_with(".weight") && slice.shape.size() == 2)
                    limit_norms<T>(w.subspan(slice.offset, slice.size()), slice.shape[0], slice.shape[1],
                                   max_norm_);
        if (averaging_ > 0) {
            const T share = static_cast<T>((1 - averaging_) / (1 - std::pow(averaging_, now.k)));
            average<T>(share, w, state_.average);
            average<T>(share, state_.state, state_.average_state);
        }
        return moved;
    }

    // mean += share · (value − mean). With shares (1 − d)/(1 − dᵏ) at steps k = 1, 2 … the mean is the
    // exponential one of decay d without bias, and values that rest come out as they are.
    template <class Value> static void average(Value share, Span<const Value> values, Span<Value> mean) {
        for (std::size_t i = 0; i < values.size(); ++i) mean[i] += share * (values[i] - mean[i]);
    }

    // The decoupled weight decay of w's stretch of `size` from `start` on.
    void decay(Span<T> w, Index start, Index size, T eta) const {
        if (!(optimizer_->weight_decay > 0)) return;
        for (const Slice& slice : network_.parameters())
            if (slice.role == Role::weight)
                for (T& value : within(w, slice.offset, slice.size(), start, size))
                    value *= 1 - eta * static_cast<T>(optimizer_->weight_decay);
    }

    // The proximal step of L1 penalties, on a block.
    void threshold(Span<T> w, Index block, const Now<T>& now) {
        if (!proximal_) return;
        const Span<T> rates(work_.rates.data(), w.size()), part = cut_.block(rates, block);
        optimizer_->steady_rates(slots(block), now, part);
        const Index start = cut_.block_start(block), size = std::ssize(part);
        for (const Penalised& p : penalised_)
            p.penalty.template soft_threshold<T>(p.within(w, start, size), p.within(rates, start, size));
    }

    // A step that evaluates the objective may be interrupted half-way; then the step never began.
    bool searched(Span<T> w, Span<T> g, const Now<T>& now) {
        try {
            return optimizer_->update(w, g, slots(0),
                                      now); // leaves w and the slots as they were if it throws
        } catch (const Interrupted&) {
            state_.state = state_before_;
            throw;
        }
    }

    // After the last step of an epoch: scores, schedule, stopping, a row of history.
    void end_epoch() {
        Counters& c = state_.counters;
        const double nan = std::numeric_limits<double>::quiet_NaN();
        const auto now = std::chrono::steady_clock::now();
        Scores scores{nan, nan, nan, nan};
        const Buffer<T>& w = averaging_ > 0 ? state_.average : state_.w;
        Buffer<T>& state = averaging_ > 0 ? state_.average_state : state_.state;
        if (job_.validation.size() > 0)
            scores = score(network_, w.data(), state.data(), job_.validation, work_, check_stop_);
        reserve_workspace(); // scoring laid the network out for its own chunks

        const double steps = static_cast<double>(batches_.steps());
        const double loss = c.weight_sum > 0 ? c.loss_sum / c.weight_sum : nan;
        const double penalty = c.weight_sum > 0 ? c.penalty_sum / c.weight_sum : nan;
        c.epoch += 1;
        c.seconds += std::chrono::duration<double>(now - clock_).count();
        clock_ = now;
        const bool classifies = network_.loss().classifies();
        for (double value : {c.epoch, c.k, c.first_eta, loss, penalty, scores.loss,
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
        if (watcher) diverge(watcher, optimizer_->learning_rate.at({c.epoch, c.k}, state_.schedule));
    }
    bool out_of_patience() const {
        return !stopping_.is_none() && state_.counters.wait >= stopping_.number("patience");
    }

    Span<T> slots(Index block) { return cut_.slots(Span<T>(state_.slots), block, *optimizer_); }

    Pass<T> make_pass(const T* w, T* g, Index first, Index count, bool first_of_part, Workspace<T>& work) {
        Pass<T> pass;
        pass.B = count;
        pass.team = cut_.layerwise() ? &team_ : nullptr;
        pass.mode = Mode::train, pass.w = w, pass.gradient = g, pass.first = first_of_part;
        pass.state = state_.state.data(), pass.cache = work.cache.data();
        pass.update_state = update_state_, pass.seed = seed_, pass.row = first;
        pass.epoch = static_cast<std::uint64_t>(state_.counters.epoch);
        pass.step = static_cast<std::uint64_t>(state_.counters.step_in_epoch);
        pass.epochs_done = state_.counters.epoch + state_.counters.step_in_epoch / batches_.steps();
        pass.progress = pass.epochs_done / epochs_;
        return pass;
    }

    // A state to go on from may come from a file: everything about its size is checked.
    void check_resumed() const {
        const auto n = static_cast<std::size_t>(network_.n_parameters()),
                   r = static_cast<std::size_t>(network_.n_state());
        const auto slots_size = static_cast<std::size_t>(cut_.slots_size(*optimizer_));
        const Counters& c = state_.counters;
        const bool fits =
            state_.w.size() == n && state_.state.size() == r && state_.slots.size() == slots_size &&
            state_.average.size() == (averaging_ > 0 ? n : 0) &&
            state_.average_state.size() == (averaging_ > 0 ? r : 0) &&
            (state_.best_w.empty() || (state_.best_w.size() == n && state_.best_state.size() == r)) &&
            (state_.before.empty() || state_.before.size() == n) &&
            state_.schedule.size() == optimizer_->learning_rate.initial_memory().size() &&
            state_.history.size() % history_columns.size() == 0 && c.step_in_epoch >= 0 &&
            c.step_in_epoch <= static_cast<double>(batches_.steps()) && c.epoch >= 0 && c.k >= 0;
        if (!fits) throw EngineError("The saved state does not belong to a run like this one.");
    }
    // Everything that a step writes to, laid out once.
    void reserve_workspace() {
        const Index n = network_.n_parameters(), cache = network_.plan(cut_.chunk());
        const Index parts = cut_.most_parts();
        helpers_.resize(team_.size() - 1);
        const auto reserve = [&](Workspace<T>& work) {
            work.grow(work.cache, cache);
            work.grow(work.z, cut_.chunk() * network_.outputs());
        };
        reserve(work_);
        for (Workspace<T>& helper : helpers_) reserve(helper);
        for (Buffer<T>* buffer : {&work_.gradient, &work_.before, &work_.rates}) work_.grow(*buffer, n);
        part_gradients_.resize((parts - 1) * n);
        part_sums_.resize(parts);
        block_penalties_.resize(cut_.blocks());
        block_squares_.resize(cut_.blocks());
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
    Workspace<T>& work_;                // of the calling thread
    std::vector<Workspace<T>> helpers_; // of the other members of the team
    Team team_;
    Network<T> network_;
    Batches<T> batches_;
    OptimizerPtr<T> optimizer_;
    std::vector<Penalised> penalised_;
    Spec stopping_;
    Cut cut_;
    Buffer<T> part_gradients_; // of all parts but the first
    std::vector<double> part_sums_, block_penalties_, block_squares_;
    Index epochs_, B_ = 0;
    std::uint64_t seed_;
    double clip_norm_ = 0, max_norm_ = 0, averaging_ = 0;
    bool proximal_ = false, update_state_ = true;
    bool has_own_rates_ = false;
    bool keeps_before_ = false; // early stopping watches a loss that was measured before an epoch's one step
    Buffer<T> state_before_;    // the running statistics before a step that evaluates
    // Of the mini-batch at hand: Σ s_i, what Σ s_i L_i is divided by, and so on.
    double weight_ = 0, divisor_ = 0, loss_ = 0, penalty_ = 0, norm_ = 0;
    std::chrono::steady_clock::time_point clock_ = std::chrono::steady_clock::now();
    RunState<T> state_;
};

} // namespace ravine
