// A loss that a user wrote: a value for each row, and its slope.
#pragma once

#include "loss.hpp"

#include <algorithm>

namespace ravine {

template <class T> class CustomLoss final : public Loss<T> {
public:
    // Fields: part, classifies, link.
    explicit CustomLoss(const Spec& spec)
        : part_(spec["part"].part()), classifies_(spec.flag("classifies")), link_(spec.text("link")) {}

    double value(Index B, Index O, const T* z, const T* y, const T* s, T* dz, T scale,
                 std::uint64_t* = nullptr) const override {
        const Given<T> given[] = {{z, {B, O}}, {y, {B, O}}};
        std::vector<T> values(B);
        const Wanted<T> losses[] = {{values.data(), B}};
        part_->call("value", given, losses);
        double total = 0;
        for (Index i = 0; i < B; ++i)
            total += (s ? static_cast<double>(s[i]) : 1.0) * static_cast<double>(values[i]);
        if (!dz) return total;
        const Wanted<T> slopes[] = {{dz, B * O}};
        part_->call("slope", given, slopes);
        for (Index i = 0; i < B; ++i)
            for (Index o = 0; o < O; ++o) dz[i * O + o] *= s ? scale * s[i] : scale;
        return total;
    }

    void respond(Index B, Index O, const T* z, T* out) const override {
        if (link_ != "identity") {
            const Given<T> given[] = {{z, {B, O}}};
            const Wanted<T> response[] = {{out, B * O}};
            part_->call("respond", given, response);
        } else if (out != z)
            std::copy_n(z, B * O, out);
    }

    bool classifies() const override { return classifies_; }
    bool exponential() const override { return link_ == "log"; }

private:
    std::shared_ptr<const CustomPart> part_;
    bool classifies_;
    std::string link_;
};

} // namespace ravine
