// Augmentation: training rows that are changed a little, differently in each epoch.
//
// Rotate, Shift, Zoom and Flip move a picture; Noise and Mixup change any row. All geometry of a list is one
// affine map per picture, drawn in one pass, so that a picture is blurred once at most; it comes first, then
// Noise and Mixup in the order of the list. What geometry and noise do to a row depends on (seed, epoch,
// row) alone: not on the mini-batch that the row is in, its place there, or the number of threads.
#pragma once

#include "../layers/layer.hpp"
#include "../registry.hpp"
#include "affine.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <string>
#include <variant>
#include <vector>

namespace ravine {

// log of a Gamma(shape + 1, 1) variate (Marsaglia & Tsang 2000), from the numbers `from`, `from + 4`, … of
// the stream. `next` is the first number that it leaves untouched.
inline double log_gamma_variate(const Stream& stream, double shape, std::uint64_t from, std::uint64_t& next) {
    const double d = shape + 2.0 / 3.0, c = 1 / std::sqrt(9 * d);
    for (next = from + 4;; from = next, next += 4) {
        const double z = stream.normal(from); // made of uniform numbers `from` and `from + 1`
        const double root = 1 + c * z, u = 1 - stream.uniform(from + 2);
        if (root <= 0) continue;
        const double log_v = 3 * std::log(root);
        if (std::log(u) < 0.5 * z * z + d - d * std::exp(log_v) + d * log_v) return std::log(d) + log_v;
    }
}

// A Beta(α, α) variate: G/(G + G') of two Gamma(α) variates, each a Gamma(α + 1) times U^(1/α). In
// logarithms, because for small α both underflow.
inline double symmetric_beta(const Stream& stream, double alpha) {
    std::uint64_t next = 2;
    const double log_u = std::log(1 - stream.uniform(0)), log_u2 = std::log(1 - stream.uniform(1));
    const double log_g = log_gamma_variate(stream, alpha, 4, next);
    const double log_g2 = log_gamma_variate(stream, alpha, next, next);
    return 1 / (1 + std::exp(log_g2 - log_g + (log_u2 - log_u) / alpha));
}

template <class T> class Augmenter {
public:
    // `specs`: the recipe's list (Synthesize makes rows and is passed over here). `input`: the shape of a
    // row. `code_columns`: what embeddings read; Noise leaves them alone.
    Augmenter(const Spec::List& specs, const Shape& input, const std::vector<Index>& code_columns)
        : inputs_(size_of(input)), is_code_(static_cast<std::size_t>(inputs_), false) {
        for (Index column : code_columns) {
            if (column < 0 || column >= inputs_)
                throw EngineError("an embedding reads a column that X lacks");
            is_code_[column] = true;
        }
        for (std::size_t i = 0; i < specs.size(); ++i) add(specs[i], i, input, !code_columns.empty());
    }

    bool empty() const { return moves_.empty() && changes_.empty(); }

    // How many numbers `apply` needs to work in, for B rows.
    Index scratch_size(Index B) const { return empty() ? 0 : inputs_ + 2 * B; }

    // Learns the columns' standard deviations (over n, in double, two passes), for relative Noise. `row(i)`
    // is a pointer to training row i, `weight(i)` its weight.
    template <class Row, class Weight> void fit(Index n, Row row, Weight weight) {
        const bool needed = std::any_of(changes_.begin(), changes_.end(),
                                        [](const Change& c) { return c.kind == Kind::noise && c.relative; });
        if (!needed || n == 0) return;
        std::vector<double> mean(inputs_, 0.0), variance(inputs_, 0.0);
        double total = 0;
        for (Index i = 0; i < n; ++i) {
            const double s = weight(i);
            total += s;
            for (Index j = 0; j < inputs_; ++j) mean[j] += s * static_cast<double>(row(i)[j]);
        }
        for (double& m : mean) m /= total;
        for (Index i = 0; i < n; ++i) {
            const double s = weight(i);
            for (Index j = 0; j < inputs_; ++j) {
                const double deviation = static_cast<double>(row(i)[j]) - mean[j];
                variance[j] += s * deviation * deviation;
            }
        }
        standard_deviation_.resize(inputs_);
        for (Index j = 0; j < inputs_; ++j) standard_deviation_[j] = std::sqrt(variance[j] / total);
    }

    // Changes a whole mini-batch in place: x is B × inputs; y is B × O, one-hot for classes; y and the
    // weights s (null: all alike) are changed by Mixup only. `rows` are the rows' numbers in the training
    // data. Allocates nothing.
    void apply(Index B, Index O, T* x, T* y, T* s, const Index* rows, T* scratch, std::uint64_t seed,
               std::uint64_t epoch, std::uint64_t step) const {
        if (!moves_.empty())
            for (Index i = 0; i < B; ++i) move(x + i * inputs_, rows[i], scratch, seed, epoch);
        for (const Change& change : changes_) {
            if (change.kind == Kind::mixup)
                mix(change, B, O, x, y, s, rows, scratch, seed, epoch, step);
            else
                for (Index i = 0; i < B; ++i) add_noise(change, x + i * inputs_, rows[i], seed, epoch);
        }
    }

private:
    enum class Kind { rotate, shift, zoom, flip, noise, mixup };
    // A geometric change: `extent` is degrees or a fraction. Its random numbers are 2·position, 2·position
    // + 1.
    struct Move {
        Kind kind;
        double extent = 0;
        bool horizontal = false, vertical = false;
        std::uint64_t position = 0; // in the recipe's list
    };
    // Noise (`extent`: its standard deviation) or Mixup (`extent`: α).
    struct Change {
        Kind kind;
        double extent = 0;
        bool relative = false;
        std::uint64_t position = 0; // in the recipe's list
    };

    using Nothing = std::monostate; // Synthesize

    static std::variant<Nothing, Move, Change> read(const Spec& spec) {
        using Read = std::variant<Nothing, Move, Change>;
        static const Registry<Read(const Spec&)> registry = {
            {"Rotate", [](const Spec& of) -> Read { return Move{Kind::rotate, of.number("degrees")}; }},
            {"Shift", [](const Spec& of) -> Read { return Move{Kind::shift, of.number("fraction")}; }},
            {"Zoom", [](const Spec& of) -> Read { return Move{Kind::zoom, of.number("fraction")}; }},
            {"Flip",
             [](const Spec& of) -> Read {
                 return Move{Kind::flip, 0, of.flag("horizontal"), of.flag("vertical")};
             }},
            {"Noise",
             [](const Spec& of) -> Read {
                 return Change{Kind::noise, of.number("stddev"), of.flag("relative")};
             }},
            {"Mixup", [](const Spec& of) -> Read { return Change{Kind::mixup, of.number("alpha")}; }},
            {"Synthesize", [](const Spec&) -> Read { return Nothing{}; }},
        };
        return registry.make("augmentation", spec.kind(), spec);
    }

    void add(const Spec& spec, std::uint64_t position, const Shape& input, bool has_codes) {
        auto described = read(spec);
        if (auto* change = std::get_if<Change>(&described)) {
            if (change->kind == Kind::mixup && has_codes)
                throw EngineError("Mixup cannot mix the codes of categories that an Embedding reads");
            change->position = position;
            changes_.push_back(*change);
        } else if (auto* move = std::get_if<Move>(&described)) {
            if (input.size() != 2 && input.size() != 3)
                throw EngineError(spec.kind() +
                                  " needs images: rows of height × width or height × width × channels");
            if (has_codes)
                throw EngineError(spec.kind() +
                                  " cannot move the codes of categories that an Embedding reads");
            height_ = input[0], width_ = input[1], channels_ = input.size() == 3 ? input[2] : 1;
            move->position = position;
            moves_.push_back(*move);
        }
    }

    // What one row's random numbers make of the list's geometry:
    //   Rotate(degrees)  an angle uniform in ±degrees, about the centre
    //   Shift(fraction)  down uniform in ±fraction·height, right uniform in ±fraction·width
    //   Zoom(fraction)   enlarged by a factor uniform in 1 ± fraction, about the centre
    //   Flip             left-right and top-bottom, where asked for, each with probability ½
    Affine draw_map(const Stream& stream) const {
        Affine map;
        for (const Move& m : moves_) {
            const double u = stream.uniform(2 * m.position), u2 = stream.uniform(2 * m.position + 1);
            const double spread = m.extent * (2 * u - 1), spread2 = m.extent * (2 * u2 - 1);
            if (m.kind == Kind::rotate) map = map.then(Affine::rotation(spread * std::numbers::pi / 180));
            if (m.kind == Kind::shift)
                map = map.then(Affine::shift(spread * static_cast<double>(height_),
                                             spread2 * static_cast<double>(width_)));
            if (m.kind == Kind::zoom) map = map.then(Affine::zoom(1 + spread));
            if (m.kind == Kind::flip)
                map = map.then(Affine::flip(m.horizontal && u < 0.5, m.vertical && u2 < 0.5));
        }
        return map;
    }

    void move(T* x, Index row, T* scratch, std::uint64_t seed, std::uint64_t epoch) const {
        const Stream stream(seed, Purpose::augment_geometry, epoch, static_cast<std::uint64_t>(row));
        const Affine map = draw_map(stream);
        if (map.is_identity()) return;
        std::copy(x, x + inputs_, scratch);
        draw_through(map, height_, width_, channels_, scratch, x);
    }

    // x_j ← x_j + stddev·(s_j if relative)·z_j, z_j standard normal, s_j the column's standard deviation over
    // the training rows. Codes of categories stay as they are.
    void add_noise(const Change& noise, T* x, Index row, std::uint64_t seed, std::uint64_t epoch) const {
        const Stream stream(seed, Purpose::augment_noise, epoch, static_cast<std::uint64_t>(row),
                            noise.position);
        stream.normals(0, inputs_, [&](Index j, double z) {
            if (is_code_[j]) return;
            const double unit = noise.relative ? standard_deviation_[j] : 1.0;
            x[j] += static_cast<T>(noise.extent * unit * z);
        });
    }

    // Mixup (Zhang, Cissé, Dauphin & Lopez-Paz 2018): x_i ← λ x_i + (1−λ) x_j and y likewise, λ ~ Beta(α, α)
    // anew for each row. The partner j is the row s places further on in the (shuffled) mini-batch, the
    // last followed by the first; the shift is uniform in 1 … B−1, so that every other row is as likely. A
    // row that is alone in its mini-batch stays as it is. With weights s a mixed row weighs
    // λ s_i + (1−λ) s_j, and its target is that of the two losses' weighted sum: y_i counts λ s_i of that.
    void mix(const Change& mixup, Index B, Index O, T* x, T* y, T* s, const Index* rows, T* scratch,
             std::uint64_t seed, std::uint64_t epoch, std::uint64_t step) const {
        if (B < 2) return;
        const Stream batch(seed, Purpose::mixup, epoch, step, 2 * mixup.position + 1);
        const Index shift = 1 + batch.below(0, B - 1);
        T *const lambda = scratch + inputs_, *share = lambda;
        for (Index i = 0; i < B; ++i) {
            const Stream stream(seed, Purpose::mixup, epoch, static_cast<std::uint64_t>(rows[i]),
                                2 * mixup.position);
            lambda[i] = static_cast<T>(symmetric_beta(stream, mixup.extent));
        }
        blend(shift, B, inputs_, inputs_, x, lambda, scratch);
        if (s) {
            share = lambda + B;
            for (Index i = 0; i < B; ++i) share[i] = lambda[i] * s[i];
            blend(shift, B, 1, 1, s, lambda, scratch);
            for (Index i = 0; i < B; ++i) share[i] = s[i] > T(0) ? share[i] / s[i] : lambda[i];
        }
        for (Index k = 0; k < O; ++k) blend(shift, B, 1, O, y + k, share, scratch);
    }

    // v_i ← λ_i v_i + (1−λ_i) v_(i+shift mod B), of `width` numbers each, `stride` apart. In place, along the
    // rings i, i + shift, i + 2 shift … (mod B): only a ring's first row has to be kept aside.
    static void blend(Index shift, Index B, Index width, Index stride, T* v, const T* lambda, T* aside) {
        for (Index first = 0; first < std::gcd(shift, B); ++first) {
            std::copy(v + first * stride, v + first * stride + width, aside);
            for (Index i = first, j = -1; j != first; i = j) {
                j = (i + shift) % B;
                T* const mine = v + i * stride;
                const T* const theirs = j == first ? aside : v + j * stride;
                for (Index k = 0; k < width; ++k) mine[k] = theirs[k] + lambda[i] * (mine[k] - theirs[k]);
            }
        }
    }

    Index inputs_, height_ = 0, width_ = 0, channels_ = 1;
    std::vector<bool> is_code_;
    std::vector<Move> moves_;
    std::vector<Change> changes_;
    std::vector<double> standard_deviation_;
};

} // namespace ravine
