// How many epochs may pass before a watcher could want to stop a run.
#pragma once

#include "run_state.hpp"

#include <algorithm>
#include <cmath>

namespace ravine {

// A watcher that stops a run whose loss has not improved on the best by `tol` for `epochs` epochs in a row
// need not see it sooner than `epochs` epochs after the last improvement. The loss is of_loss · loss +
// of_penalty · penalty + constant. An improvement within rounding does not count: the watcher then sees the
// run too early, never too late.
struct Patience {
    double tol = 0, of_loss = 1, of_penalty = 0, constant = 0;
    double best = std::numeric_limits<double>::infinity();
    Index epochs = 1;

    // Takes in an epoch's row of the history; says whether it improved.
    bool improves(const double* row) {
        const double value =
            of_loss * row[history_column("loss")] + of_penalty * row[history_column("penalty")] + constant;
        const double rounding = 1e-12 * (std::abs(value) + std::abs(best) + std::abs(constant));
        const bool clearly = value < best - tol - rounding;
        best = std::min(best, value);
        return clearly;
    }
};

} // namespace ravine
