#include "datasets/images/resample.hpp"

#include <algorithm>
#include <cstdint>
#include <string>

#include "engine/core/error.hpp"

namespace nibble {
namespace {

constexpr int kFraction = 22;  // 8 bits of pixel and 2 of head-room are left in 32

/// The pixels [first, first + weights.size()) that make one output pixel, in fixed point.
struct Window {
    int first;
    std::vector<std::int32_t> weights;
};

double bilinear(double x) {
    return std::max(0.0, 1.0 - (x < 0 ? -x : x));
}

/// Keys (1981) with a = -0.5; each operation in PIL's order, since a weight's last bit decides its rounding.
double bicubic(double x) {
    constexpr double a = -0.5;
    if (x < 0) x = -x;
    if (x < 1) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
    if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
    return 0;
}

Window window(int i, int in, int out, Filter filter) {
    const double scale = static_cast<double>(in) / out;
    const double stretch = std::max(scale, 1.0);
    const double radius = filter == Filter::bilinear ? stretch : 2 * stretch;
    const double shrink = 1.0 / stretch;
    const double centre = (i + 0.5) * scale;
    const int first = std::max(static_cast<int>(centre - radius + 0.5), 0);
    const int last = std::min(static_cast<int>(centre + radius + 0.5), in);
    std::vector<double> weights;
    double sum = 0;
    for (int j = first; j < last; ++j) {
        const double x = (j - centre + 0.5) * shrink;
        weights.push_back(filter == Filter::bilinear ? bilinear(x) : bicubic(x));
        sum += weights.back();
    }
    Window result{first, {}};
    for (double weight : weights) {
        const double fixed = weight / sum * (1 << kFraction);
        result.weights.push_back(static_cast<std::int32_t>(fixed < 0 ? fixed - 0.5 : fixed + 0.5));
    }
    return result;
}

/// Resamples `lines` lines of `in` pixels. `step` and `line_step` are distances in bytes between pixels of a
/// line and between lines; channels are interleaved.
struct Axis {
    int in, out, lines;
    std::size_t step, line_step;
};

void resample(const std::uint8_t* source, const Axis& from, std::uint8_t* target, const Axis& to,
              std::size_t channels, Filter filter) {
    for (int i = 0; i < from.out; ++i) {
        const Window w = window(i, from.in, from.out, filter);
        for (int line = 0; line < from.lines; ++line) {
            const std::uint8_t* first = source + static_cast<std::size_t>(line) * from.line_step +
                                        static_cast<std::size_t>(w.first) * from.step;
            std::uint8_t* pixel = target + static_cast<std::size_t>(line) * to.line_step +
                                  static_cast<std::size_t>(i) * to.step;
            for (std::size_t c = 0; c < channels; ++c) {
                std::int32_t sum = 1 << (kFraction - 1);
                for (std::size_t j = 0; j < w.weights.size(); ++j)
                    sum += w.weights[j] * first[j * from.step + c];
                pixel[c] = static_cast<std::uint8_t>(std::clamp(sum >> kFraction, 0, 255));
            }
        }
    }
}

}  // namespace

Image resize(const Image& image, int height, int width, Filter filter) {
    const auto channels = static_cast<std::size_t>(image.channels);
    const std::size_t old_row = static_cast<std::size_t>(image.width) * channels;
    const std::size_t new_row = static_cast<std::size_t>(width) * channels;

    Image wide{image.height, width, image.channels, {}};
    wide.pixels.resize(wide.shape().count());
    resample(image.pixels.data(), {image.width, width, image.height, channels, old_row}, wide.pixels.data(),
             {image.width, width, image.height, channels, new_row}, channels, filter);

    Image out{height, width, image.channels, {}};
    out.pixels.resize(out.shape().count());
    const Axis columns{image.height, height, width, new_row, channels};
    resample(wide.pixels.data(), columns, out.pixels.data(), columns, channels, filter);
    return out;
}

ImageShape resized_shape(const ImageShape& shape, int shorter) {
    const auto scaled = [&](int longer_side, int shorter_side) {
        return static_cast<int>(std::int64_t{shorter} * longer_side / shorter_side);
    };
    if (shape.width <= shape.height) return {scaled(shape.height, shape.width), shorter, shape.channels};
    return {shorter, scaled(shape.width, shape.height), shape.channels};
}

Image centre_crop(const Image& image, int size, CropOffset rounding) {
    if (image.height < size || image.width < size)
        throw BadInput("centre crop", "image of at least", std::to_string(size) + "x" + std::to_string(size),
                       to_string(image.shape()));
    const auto offset = [&](int side) {
        const int half = (side - size) / 2;
        const bool exact = (side - size) % 2 == 0 || rounding == CropOffset::down;
        return exact ? half : half + half % 2;
    };
    const int top = offset(image.height), left = offset(image.width);
    Image out{size, size, image.channels, {}};
    out.pixels.reserve(out.shape().count());
    for (int y = 0; y < size; ++y) {
        const auto row = image.pixels.begin() + ((top + y) * image.width + left) * image.channels;
        out.pixels.insert(out.pixels.end(), row, row + size * image.channels);
    }
    return out;
}

}  // namespace nibble
