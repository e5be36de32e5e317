// Affine maps of an image, and the one pass that draws an image through such a map.
//
// A map says where each pixel of the new image comes from: offsets (down, right) from the image's centre go
// to offsets in the old image. So it is the inverse of what is done to the picture: a picture that moves
// right by 2 is read 2 further left. Coordinates are in pixels; the centre of an h × w image lies at
// ((h − 1)/2, (w − 1)/2).
#pragma once

#include "../spec.hpp"

#include <algorithm>
#include <cmath>

namespace ravine {

struct Affine {
    double down_by_down = 1, down_by_right = 0, down = 0;
    double right_by_down = 0, right_by_right = 1, right = 0;

    // Turns the picture by `angle` (radians), counter-clockwise as it is looked at (rows run downwards).
    static Affine rotation(double angle) {
        const double c = std::cos(angle), s = std::sin(angle);
        return {c, s, 0, -s, c, 0};
    }
    // Moves the picture down and to the right (pixels).
    static Affine shift(double down, double right) { return {1, 0, -down, 0, 1, -right}; }
    // Enlarges the picture by `scale` (below 1: makes it smaller).
    static Affine zoom(double scale) { return {1 / scale, 0, 0, 0, 1 / scale, 0}; }
    // Mirrors the picture: left becomes right, or top becomes bottom.
    static Affine flip(bool horizontal, bool vertical) {
        return {vertical ? -1.0 : 1.0, 0, 0, 0, horizontal ? -1.0 : 1.0, 0};
    }

    // This picture, changed further by `next`. The last change is undone first on the way back.
    Affine then(const Affine& next) const {
        return {down_by_down * next.down_by_down + down_by_right * next.right_by_down,
                down_by_down * next.down_by_right + down_by_right * next.right_by_right,
                down_by_down * next.down + down_by_right * next.right + down,
                right_by_down * next.down_by_down + right_by_right * next.right_by_down,
                right_by_down * next.down_by_right + right_by_right * next.right_by_right,
                right_by_down * next.down + right_by_right * next.right + right};
    }
    bool is_identity() const {
        return down_by_down == 1 && down_by_right == 0 && down == 0 && right_by_down == 0 &&
               right_by_right == 1 && right == 0;
    }
};

// to = from, seen through `map`: bilinear between the four pixels around the point that a pixel comes from,
// zero outside. Both images are h × w × c, channels last, and do not overlap.
template <class T> void draw_through(const Affine& map, Index h, Index w, Index c, const T* from, T* to) {
    const double middle_row = 0.5 * static_cast<double>(h - 1),
                 middle_column = 0.5 * static_cast<double>(w - 1);
    for (Index i = 0; i < h; ++i)
        for (Index j = 0; j < w; ++j, to += c) {
            const double down = static_cast<double>(i) - middle_row;
            const double right = static_cast<double>(j) - middle_column;
            const double y = map.down_by_down * down + map.down_by_right * right + map.down + middle_row;
            const double x =
                map.right_by_down * down + map.right_by_right * right + map.right + middle_column;
            std::fill(to, to + c, T(0));
            if (!(y > -1 && y < static_cast<double>(h) && x > -1 && x < static_cast<double>(w))) continue;
            const Index top = static_cast<Index>(std::floor(y)), left = static_cast<Index>(std::floor(x));
            const double below = y - static_cast<double>(top), beyond = x - static_cast<double>(left);
            const double share[4] = {(1 - below) * (1 - beyond), (1 - below) * beyond, below * (1 - beyond),
                                     below * beyond};
            for (Index corner = 0; corner < 4; ++corner) {
                const Index row = top + corner / 2, column = left + corner % 2;
                if (share[corner] == 0 || row < 0 || row >= h || column < 0 || column >= w) continue;
                const T* pixel = from + (row * w + column) * c;
                for (Index k = 0; k < c; ++k) to[k] += static_cast<T>(share[corner]) * pixel[k];
            }
        }
}

} // namespace ravine
