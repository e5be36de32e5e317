// A line search for the strong Wolfe conditions (Nocedal & Wright 2006, algorithms 3.5 and 3.6).
#pragma once

#include "../spec.hpp"

#include <algorithm>
#include <cmath>

namespace ravine {

// A point on the line: φ(α), φ'(α) and the square of the whole gradient's norm there.
struct Trial {
    double alpha = 0, value = 0, slope = 0, square_norm = 0;
};

// Where the cubic through both ends has its minimum (Nocedal & Wright 3.59); NaN where it has none.
inline double cubic_minimum(const Trial& a, const Trial& b) {
    const double d1 = a.slope + b.slope - 3 * (a.value - b.value) / (a.alpha - b.alpha);
    const double d2 = std::copysign(std::sqrt(d1 * d1 - a.slope * b.slope), b.alpha - a.alpha);
    return b.alpha - (b.alpha - a.alpha) * (b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2);
}

struct WolfeSearch {
    double c1, c2;         // sufficient decrease; curvature
    Index max_evaluations; // of φ
    double precision;      // relative, of a value of φ

    // phi(α) evaluates a trial; keep() is called right after it when that trial is the best so far. Returns
    // the one kept last: a strong Wolfe point or, when the evaluations run out, the lowest that decreased
    // sufficiently; `start` when there was none.
    template <class Phi, class Keep>
    Trial run(const Trial& start, double first, const Phi& phi, const Keep& keep) const {
        Trial low = start, high;
        bool bracketed =
            false; // a minimum lies between low and high (algorithm 3.6); before, 3.5 goes outwards
        double alpha = first;
        for (Index i = 0; i < max_evaluations; ++i) {
            const Trial trial = phi(alpha);
            const bool flat = std::abs(trial.slope) <= -c2 * start.slope;
            const bool decreased =
                trial.value <= start.value + c1 * alpha * start.slope && trial.value < low.value;
            if (flat && (decreased || progress_within_rounding(start, trial))) {
                keep();
                return trial;
            }
            if (decreased) {
                const Trial before = low;
                const double outwards = bracketed ? high.alpha - low.alpha : 1;
                if (trial.slope * outwards >= 0) {
                    high = low;
                    bracketed = true;
                }
                low = trial;
                keep();
                if (!bracketed) {
                    alpha = extrapolate(before, low);
                    continue;
                }
            } else {
                high = trial;
                bracketed = true;
            }
            alpha = interpolate(low, high);
            if (alpha == low.alpha || alpha == high.alpha) break;
        }
        return low;
    }

private:
    // Where values differ by rounding only, they cannot tell a decrease; a smaller gradient does (in the
    // spirit of the approximate conditions of Hager & Zhang 2005).
    bool progress_within_rounding(const Trial& start, const Trial& trial) const {
        return std::abs(trial.value - start.value) <= precision * std::abs(start.value) &&
               trial.square_norm < start.square_norm;
    }
    // Between a tenth and nine tenths of the way from one end to the other.
    static double interpolate(const Trial& low, const Trial& high) {
        const double width = high.alpha - low.alpha,
                     fraction = (cubic_minimum(low, high) - low.alpha) / width;
        if (!std::isfinite(fraction)) return low.alpha + width / 2;
        return low.alpha + width * std::clamp(fraction, 0.1, 0.9);
    }
    // Beyond `to`, at most ten times as far out.
    static double extrapolate(const Trial& from, const Trial& to) {
        const double minimum = cubic_minimum(from, to), farthest = 10 * to.alpha;
        if (!std::isfinite(minimum) || minimum <= to.alpha) return farthest;
        return std::clamp(minimum, to.alpha + (to.alpha - from.alpha) / 10, farthest);
    }
};

} // namespace ravine
