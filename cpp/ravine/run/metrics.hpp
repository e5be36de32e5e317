// How good predictions are, gathered over chunks of rows: accuracy for classifiers, R² and root mean squared
// error for regressions. In double, with sample weights, as scikit-learn defines them.
#pragma once

#include "../spec.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace ravine {

// The share of rows that are classified right: by the largest response where the classes are columns
// (`exclusive`), else by responses above one half, all outputs of a row together.
class Accuracy {
public:
    Accuracy(Index outputs, bool exclusive) : outputs_(outputs), exclusive_(exclusive) {}

    // B rows of responses and targets; s null means ones.
    template <class T> void add(Index B, const T* response, const T* y, const T* s) {
        for (Index i = 0; i < B; ++i, response += outputs_, y += outputs_) {
            const double weight = s ? static_cast<double>(s[i]) : 1.0;
            right_ += weight * row(response, y);
            weights_ += weight;
        }
    }
    double value() const { return right_ / weights_; }

private:
    template <class T> bool row(const T* response, const T* y) const {
        if (exclusive_)
            return std::max_element(response, response + outputs_) - response ==
                   std::max_element(y, y + outputs_) - y;
        for (Index o = 0; o < outputs_; ++o)
            if ((response[o] > T(0.5)) != (y[o] > T(0.5))) return false;
        return true;
    }

    Index outputs_;
    bool exclusive_;
    double right_ = 0, weights_ = 0;
};

// R² and root mean squared error, each the mean over outputs of its value per output. A constant target has
// R² 1 if it is met exactly, else 0; fewer than two rows have none (NaN).
class RegressionScore {
public:
    explicit RegressionScore(Index outputs) : mean_(outputs), spread_(outputs), error_(outputs) {}

    // B rows of responses and targets; s null means ones. The targets' mean and spread move along with the
    // rows (West 1979), so that no digits are lost to cancellation.
    template <class T> void add(Index B, const T* response, const T* y, const T* s) {
        const Index O = static_cast<Index>(mean_.size());
        for (Index i = 0; i < B; ++i, response += O, y += O) {
            const double weight = s ? static_cast<double>(s[i]) : 1.0;
            if (weight == 0) continue;
            ++rows_;
            weights_ += weight;
            for (Index o = 0; o < O; ++o) {
                const double target = static_cast<double>(y[o]),
                             off = static_cast<double>(response[o]) - target;
                const double before = target - mean_[o];
                mean_[o] += before * (weight / weights_);
                spread_[o] += weight * before * (target - mean_[o]);
                error_[o] += weight * off * off;
            }
        }
    }

    double r2() const {
        if (rows_ < 2) return std::numeric_limits<double>::quiet_NaN();
        double total = 0;
        for (std::size_t o = 0; o < mean_.size(); ++o)
            total += spread_[o] > 0 ? 1 - error_[o] / spread_[o] : error_[o] == 0 ? 1.0 : error_[o] * 0;
        return total / static_cast<double>(mean_.size());
    }

    double rmse() const {
        double total = 0;
        for (double error : error_) total += std::sqrt(error / weights_);
        return total / static_cast<double>(mean_.size());
    }

private:
    std::vector<double> mean_, spread_, error_;
    double weights_ = 0;
    Index rows_ = 0;
};

} // namespace ravine
