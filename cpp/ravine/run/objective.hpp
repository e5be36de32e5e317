// Steps 2 to 4: what a mini-batch says of weights. Training goes down it, and check_gradients differentiates
// it.
#pragma once

#include "../network/penalised.hpp"
#include "batches.hpp"
#include "cut.hpp"

#include <cmath>
#include <numeric>

namespace ravine {

// When in a run a mini-batch is seen. It names the random streams of the step.
struct Moment {
    std::uint64_t epoch = 0, step = 0;
    double epochs_done = 0; // with the part of the running one that is over
    double progress = 0;    // which part of the run's epochs is over, in [0, 1)
};

// What an evaluation is for.
struct Asked {
    bool update_state = true; // running statistics move; not in a trial
    bool gradient = true;     // else only the value counts
    std::uint64_t* kinks =
        nullptr; // where not null, the side of every kink is hashed into it; takes a team of one
};

template <class T> class Objective {
public:
    // `divide_by_batch`: each mini-batch is divided by its own weights, as scikit-learn's MLPs do.
    Objective(Network<T>& network, Batches<T>& batches, const Cut& cut, std::vector<Penalised> penalised,
              std::uint64_t seed, bool divide_by_batch, Workspace<T>& workspace, Team& team,
              const CheckStop& check_stop)
        : network_(network), batches_(batches), cut_(cut), penalised_(std::move(penalised)), seed_(seed),
          divide_by_batch_(divide_by_batch), work_(workspace), team_(team), check_stop_(check_stop) {
        reserve();
    }

    // Makes the mini-batch of the moment the one at hand.
    void select(const Moment& moment) {
        moment_ = moment;
        B_ = batches_.select(static_cast<Index>(moment.step), weight_, work_);
        divisor_ = divide_by_batch_ ? weight_ : static_cast<double>(B_) * batches_.mean_weight();
    }

    // The value at w, and its gradient in g. `state` holds the running statistics.
    double operator()(Span<const T> w, Span<T> g, T* state, const Asked& asked = {}) {
        asked_ = asked, state_ = state;
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

    // Of the last evaluation: the loss, the penalty, and the norm of the gradient.
    double loss() const { return loss_; }
    double penalty() const { return penalty_; }
    double norm() const { return norm_; }

    // Of the mini-batch at hand: Σ s_i, and what Σ s_i L_i is divided by.
    double weight() const { return weight_; }
    double divisor() const { return divisor_; }

    // The loss of the first chunk of the mini-batch at hand, without its weights, in prediction mode.
    double glance(const T* w, T* state) {
        asked_ = {}, state_ = state;
        const Index count = std::min(cut_.chunk(), B_);
        Pass<T> pass = make_pass(w, work_.gradient.data(), 0, count, true, work_);
        pass.mode = Mode::predict;
        const auto rows = batches_.rows(0, count, work_, work_);
        const T* z = network_.forward(pass, rows.x);
        return network_.loss().value(pass.B, network_.outputs(), z, rows.y, rows.s, nullptr, T(0));
    }

    // Lays out everything that an evaluation writes to; again after others used the network or the workspace.
    void reserve() {
        const Index n = network_.n_parameters(), cache = network_.plan(cut_.chunk());
        const auto lay_out = [&](Workspace<T>& work) {
            work.grow(work.cache, cache);
            work.grow(work.z, cut_.chunk() * network_.outputs());
        };
        helpers_.resize(team_.size() - 1);
        lay_out(work_);
        for (Workspace<T>& helper : helpers_) lay_out(helper);
        work_.grow(work_.gradient, n);
        part_gradients_.resize((cut_.most_parts() - 1) * n);
        part_sums_.resize(cut_.most_parts());
        block_penalties_.resize(cut_.blocks());
        block_squares_.resize(cut_.blocks());
    }

private:
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
            if (batches_.weighted()) pass.s = rows.s;
            const T* z = network_.forward(pass, rows.x); // 2 forward propagate
            sum += network_.loss().value(count, O, z, rows.y, rows.s, work.z.data(), scale,
                                         asked_.kinks);                          // 3 evaluate the error
            if (asked_.gradient) network_.backward(pass, rows.x, work.z.data()); // 4 backpropagate
        }
        return sum;
    }

    // g becomes the sum of all parts' gradients, always in the same order, and of the penalty's; then its
    // norm.
    void complete(Index parts, Span<const T> w, Span<T> g) {
        double custom = 0;
        for (const Penalised& p : penalised_) custom += p.template add_custom<T>(w, g);
        cut_.share_blocks(team_, [&](Index block) {
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
        if (asked_.kinks) mark_kinks(w);
    }

    // |w| has a kink at 0.
    void mark_kinks(Span<const T> w) const {
        Pass<T> pass;
        pass.kinks = asked_.kinks;
        for (const Penalised& p : penalised_)
            if (p.penalty.l1 > 0)
                for (T value : w.subspan(p.offset, p.size)) pass.mark_kink(value > 0);
    }

    Pass<T> make_pass(const T* w, T* g, Index first, Index count, bool first_of_part, Workspace<T>& work) {
        Pass<T> pass;
        pass.B = count;
        pass.team = cut_.layerwise() ? &team_ : nullptr;
        pass.mode = Mode::train, pass.w = w, pass.gradient = g, pass.first = first_of_part;
        pass.state = state_, pass.cache = work.cache.data();
        pass.update_state = asked_.update_state, pass.kinks = asked_.kinks;
        pass.seed = seed_, pass.row = first;
        pass.epoch = moment_.epoch, pass.step = moment_.step;
        pass.epochs_done = moment_.epochs_done, pass.progress = moment_.progress;
        return pass;
    }

    Network<T>& network_;
    Batches<T>& batches_;
    const Cut& cut_;
    std::vector<Penalised> penalised_;
    std::uint64_t seed_;
    bool divide_by_batch_;
    Workspace<T>& work_;                // of the calling thread
    std::vector<Workspace<T>> helpers_; // of the other members of the team
    Team& team_;
    const CheckStop& check_stop_;
    Buffer<T> part_gradients_; // of all parts but the first
    std::vector<double> part_sums_, block_penalties_, block_squares_;
    Moment moment_;
    Asked asked_;
    T* state_ = nullptr;
    Index B_ = 0;
    double weight_ = 0, divisor_ = 0, loss_ = 0, penalty_ = 0, norm_ = 0;
};

} // namespace ravine
