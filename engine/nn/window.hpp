// Sliding windows of convolutions and poolings: which inputs an output sees. Nobody else computes that.
//
//     along one axis, output position p and tap t of the kernel meet input position
//         p * stride + t * dilation - before
//
// Input positions outside [0, size) lie in the padding.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

namespace nibble {

/// Height, width and channels of one image's activation.
struct Dims {
    int h = 1, w = 1, c = 1;
    std::size_t size() const { return static_cast<std::size_t>(h) * w * c; }
    friend bool operator==(const Dims&, const Dims&) = default;
};

/// "32x32x3"
std::string to_string(const Dims& dims);

/// Numbers [begin, end).
struct Interval {
    int begin, end;
};

/// A window along the rows or the columns of an image.
struct WindowAxis {
    int kernel = 1, stride = 1;
    int before = 0, after = 0;  ///< padding
    int dilation = 1;
    friend bool operator==(const WindowAxis&, const WindowAxis&) = default;

    /// Inputs from the first tap to the last.
    int span() const { return (kernel - 1) * dilation + 1; }
    int source(int position, int tap) const { return position * stride + tap * dilation - before; }
    /// floor((size + padding - span) / stride) + 1
    int positions(int size) const { return (size + before + after - span()) / stride + 1; }
    /// The taps that lie in the image.
    Interval taps(int position, int size) const {
        const int start = source(position, 0);
        const auto up = [&](int distance) { return (distance + dilation - 1) / dilation; };
        const int begin = std::min(start < 0 ? up(-start) : 0, kernel);
        return {begin, std::clamp(size > start ? up(size - start) : 0, begin, kernel)};
    }
    /// Rows or columns of a buffer that holds the image behind `before` zeros and all that positions see.
    int extent(int positions, int size) const {
        return before + std::max(size, source(positions - 1, kernel - 1) + 1);
    }
};

struct Window {
    WindowAxis rows{}, cols{};

    Window() = default;
    /// The same stride and padding on all sides.
    Window(int kernel_h, int kernel_w, int stride = 1, int pad = 0)
        : rows{kernel_h, stride, pad, pad}, cols{kernel_w, stride, pad, pad} {}
    Window(WindowAxis along_rows, WindowAxis along_cols) : rows(along_rows), cols(along_cols) {}
    friend bool operator==(const Window&, const Window&) = default;

    int taps() const { return rows.kernel * cols.kernel; }
    /// More padding behind the image, where the last position would leave inputs unseen: rounds the number of
    /// positions up ("ceil mode"), but for one that would begin behind image and padding.
    Window ceiled(Dims in) const;
    /// Of those of output pixel (r, c), how many lie in the image.
    int taps_inside(Dims in, int r, int c) const {
        const Interval i = rows.taps(r, in.h), j = cols.taps(c, in.w);
        return (i.end - i.begin) * (j.end - j.begin);
    }
    int largest_pad() const { return std::max({rows.before, rows.after, cols.before, cols.after}); }
    Dims output(Dims in, int channels) const {
        return {rows.positions(in.h), cols.positions(in.w), channels};
    }
    /// Throws BadInput, beginning with `where`, unless all is at least 1 (paddings 0), below 2^24, and the
    /// window no larger than the padded input.
    void check(Dims in, const std::string& where) const;
    /// The same for poolings, whose windows must not lie in the padding alone: paddings are less than the
    /// kernel.
    void check_pooling(Dims in, const std::string& where) const;
    /// Everything that distinguishes it.
    std::vector<int> numbers() const {
        return {rows.kernel, cols.kernel, rows.stride, cols.stride,   rows.before,
                rows.after,  cols.before, cols.after,  rows.dilation, cols.dilation};
    }
};

/// Calls visit(row, col) for the pixels of an image that output pixel (r, c) sees, row by row.
template <class Visit>
void for_pixels(const Window& window, Dims in, int r, int c, Visit visit) {
    const Interval rows = window.rows.taps(r, in.h), cols = window.cols.taps(c, in.w);
    for (int i = rows.begin; i < rows.end; ++i)
        for (int j = cols.begin; j < cols.end; ++j) visit(window.rows.source(r, i), window.cols.source(c, j));
}

/// The gradient of a convolution's input is a convolution of the gradient of its output: input positions
/// first, first + stride, ... see the same taps of the kernel.
struct GradientPhase {
    int first, positions;
    std::vector<int> taps;  ///< falling, so that positions of the output's gradient rise
    WindowAxis window;      ///< over the output's gradient; `before` may be negative
};
std::vector<GradientPhase> gradient_phases(const WindowAxis& axis, int size);

}  // namespace nibble
