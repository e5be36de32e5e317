// How long a run may be left alone that ends when its loss stalls.
#pragma once

#include "run_state.hpp"

#include <algorithm>
#include <cmath>

namespace ravine {

// Whoever ends a run that has not improved on the best loss by `tol` for `epochs` epochs in a row need not
// look at it before so many epochs have passed since the last that did. The loss is of_loss · loss +
// of_penalty · penalty + constant. An epoch that improves within rounding does not count as one that does:
// the run is then looked at too early, never too late.
struct Patience {
    double tol = 0, of_loss = 1, of_penalty = 0, constant = 0;
    double best = std::numeric_limits<double>::infinity();
    Index epochs = 1;

    // Takes in an epoch's row of the history; says whether it improved.
    bool improves(const double* row) {
        const double value = of_loss * row[3] + of_penalty * row[4] + constant;
        const double rounding = 1e-12 * (std::abs(value) + std::abs(best) + std::abs(constant));
        const bool clearly = value < best - tol - rounding;
        best = std::min(best, value);
        return clearly;
    }
};

} // namespace ravine
