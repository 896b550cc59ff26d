#include "datasets/glyphs.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <string>
#include <utility>

#include "datasets/memory_dataset.hpp"
#include "engine/core/error.hpp"
#include "engine/core/math.hpp"
#include "engine/core/parallel.hpp"
#include "engine/core/rng.hpp"

namespace nibble {
namespace {

constexpr int kClasses = 10;
constexpr int kSide = 32;
constexpr int kZoom = 3;  // drawn at 96x96, then averaged 3x3: soft edges
constexpr int kCanvas = kSide * kZoom;
constexpr int kStencil = 128;  // side of the mask a character is drawn into
constexpr int kStencilHeight = 80;

using Colour = std::array<int, 3>;

int between(Random& random, int low, int high) {
    return low + static_cast<int>(random.below(static_cast<std::uint32_t>(high - low + 1)));
}

Colour random_colour(int low, int high, Random& random) {
    Colour colour{};
    for (int& c : colour) c = between(random, low, high);
    return colour;
}

cv::Scalar scalar(const Colour& colour) {
    return {double(colour[0]), double(colour[1]), double(colour[2])};
}

cv::Point random_point(Random& random) {
    const int x = between(random, -8, kCanvas + 8);
    return {x, between(random, -8, kCanvas + 8)};
}

/// Bilinear between four corner colours near `base`.
void fill_background(cv::Mat& canvas, const Colour& base, Random& random) {
    std::array<Colour, 4> corner{};
    for (Colour& colour : corner)
        for (int c = 0; c < 3; ++c) colour[c] = std::clamp(base[c] + between(random, -35, 35), 0, 255);
    constexpr int n = kCanvas - 1;
    for (int y = 0; y <= n; ++y) {
        std::array<int, 3> left{}, right{};  // n times the colours where this row ends
        for (int c = 0; c < 3; ++c) {
            left[c] = corner[0][c] * (n - y) + corner[2][c] * y;
            right[c] = corner[1][c] * (n - y) + corner[3][c] * y;
        }
        auto* row = canvas.ptr<std::uint8_t>(y);
        for (int x = 0; x <= n; ++x)
            for (int c = 0; c < 3; ++c)
                row[3 * x + c] = static_cast<std::uint8_t>((left[c] * (n - x) + right[c] * x) / (n * n));
    }
}

void draw_stroke(cv::Mat& canvas, const Colour& colour, Random& random) {
    const cv::Point from = random_point(random), to = random_point(random);
    cv::line(canvas, from, to, scalar(colour), between(random, 2, 7));
}

void draw_clutter(cv::Mat& canvas, const Colour& colour, Random& random) {
    switch (random.below(3)) {
        case 0:
            draw_stroke(canvas, colour, random);
            break;
        case 1: {
            const cv::Point centre = random_point(random);
            const int width = between(random, 6, 40), height = between(random, 6, 40);
            const int turn = between(random, 0, 179), from = between(random, 0, 359);
            const int arc = between(random, 60, 360);
            cv::ellipse(canvas, centre, {width, height}, turn, from, from + arc, scalar(colour),
                        between(random, 2, 7));
            break;
        }
        default: {
            std::array<cv::Point, 3> corners;
            corners[0] = random_point(random);
            for (int i = 1; i < 3; ++i) {
                const int dx = between(random, -30, 30);
                corners[i] = corners[0] + cv::Point(dx, between(random, -30, 30));
            }
            cv::fillConvexPoly(canvas, corners.data(), 3, scalar(colour));
        }
    }
}

/// A digit in a random font, white on black, centred in a kStencil square.
cv::Mat draw_stencil(int digit, Random& random) {
    static constexpr std::array<int, 5> fonts{cv::FONT_HERSHEY_SIMPLEX, cv::FONT_HERSHEY_PLAIN,
                                              cv::FONT_HERSHEY_DUPLEX, cv::FONT_HERSHEY_COMPLEX,
                                              cv::FONT_HERSHEY_TRIPLEX};
    const int font = fonts[random.below(fonts.size())] + (random.below(3) == 0 ? cv::FONT_ITALIC : 0);
    const int thickness = between(random, 4, 13);
    const std::string text(1, static_cast<char>('0' + digit));
    int baseline = 0;
    const cv::Size unit = cv::getTextSize(text, font, 1.0, 1, &baseline);
    const double scale = double(kStencilHeight) / unit.height;
    const cv::Size size = cv::getTextSize(text, font, scale, 1, &baseline);
    cv::Mat stencil(kStencil, kStencil, CV_8U, cv::Scalar(0));
    cv::putText(stencil, text, {(kStencil - size.width) / 2, (kStencil + size.height) / 2}, font, scale,
                cv::Scalar(255), thickness);
    return stencil;
}

/// Where a digit goes: canvas point (cx, cy) shows the stencil's centre, and each canvas step moves by the
/// columns of `m` (in 1/65536 pixel) on the stencil.
struct Placement {
    int cx, cy;
    std::array<int, 4> m;
};

/// m = rotation(angle) * shear * stretch: `height` is the digit's height on the canvas in pixels.
Placement random_placement(int cx, int cy, int min_height, int max_height, Random& random) {
    const double step = double(kStencilHeight) / between(random, min_height, max_height);
    const double turn = between(random, -25, 25) / 180.0;
    const double shear = between(random, -25, 25) / 100.0;
    const double stretch = between(random, 80, 135) / 100.0;
    const double cos = exact_cos_pi(turn), sin = exact_cos_pi(turn - 0.5);
    const auto fixed = [](double x) { return static_cast<int>(std::floor(x * 65536.0 + 0.5)); };
    return {cx,
            cy,
            {fixed(step * stretch * (cos + shear * sin)), fixed(step * stretch * (shear * cos - sin)),
             fixed(step * sin), fixed(step * cos)}};
}

void paint(cv::Mat& canvas, const cv::Mat& stencil, const Placement& placement, const Colour& colour) {
    const cv::Vec3b ink(static_cast<std::uint8_t>(colour[0]), static_cast<std::uint8_t>(colour[1]),
                        static_cast<std::uint8_t>(colour[2]));
    const auto& m = placement.m;
    for (int y = 0; y < kCanvas; ++y) {
        auto* row = canvas.ptr<cv::Vec3b>(y);
        const int dy = y - placement.cy;
        int u = m[1] * dy - m[0] * placement.cx, v = m[3] * dy - m[2] * placement.cx;
        for (int x = 0; x < kCanvas; ++x, u += m[0], v += m[2]) {
            const auto column = static_cast<unsigned>(kStencil / 2 + (u >> 16)),
                       line = static_cast<unsigned>(kStencil / 2 + (v >> 16));
            if (column < kStencil && line < kStencil && stencil.data[line * kStencil + column] != 0)
                row[x] = ink;
        }
    }
}

/// `base` made lighter by `contrast` in every channel, with a tint.
Colour lighter(const Colour& base, int contrast, Random& random) {
    Colour colour{};
    for (std::size_t c = 0; c < 3; ++c)
        colour[c] = std::clamp(base[c] + contrast + between(random, -25, 25), 0, 255);
    return colour;
}

void draw_neighbour(cv::Mat& canvas, const Colour& colour, Random& random) {
    const cv::Mat stencil = draw_stencil(between(random, 0, kClasses - 1), random);
    const int side =
        random.below(2) == 0 ? between(random, -12, 2) : between(random, kCanvas - 2, kCanvas + 12);
    const int along = between(random, 20, kCanvas - 20);
    const bool beside = random.below(4) != 0;
    paint(canvas, stencil, random_placement(beside ? side : along, beside ? along : side, 45, 75, random),
          colour);
}

void draw_scene(cv::Mat& canvas, int digit, Random& random) {
    const Colour base = random_colour(10, 150, random);
    fill_background(canvas, base, random);
    for (int i = between(random, 0, 4); i > 0; --i) {
        const Colour any = random_colour(0, 200, random);
        draw_clutter(canvas, random.below(2) == 0 ? lighter(base, 25, random) : any, random);
    }
    const Colour ink = lighter(base, between(random, 30, 110), random);
    if (random.below(3) != 0) draw_neighbour(canvas, ink, random);
    const int cx = kCanvas / 2 + between(random, -9, 9);
    const int cy = kCanvas / 2 + between(random, -9, 9);
    const cv::Mat stencil = draw_stencil(digit, random);
    paint(canvas, stencil, random_placement(cx, cy, 45, 80, random), ink);
    for (int i = between(random, 0, 2); i > 0; --i)
        draw_stroke(canvas, random_colour(0, 255, random), random);
}

/// Mean of every kZoom x kZoom block.
std::vector<int> shrink(const cv::Mat& canvas) {
    std::vector<int> out;
    out.reserve(kSide * kSide * 3);
    std::array<int, kCanvas * 3> columns{};  // sums of kZoom rows
    for (int y = 0; y < kCanvas; y += kZoom) {
        columns.fill(0);
        for (int row = y; row < y + kZoom; ++row) {
            const auto* from = canvas.ptr<std::uint8_t>(row);
            for (std::size_t i = 0; i < columns.size(); ++i) columns[i] += from[i];
        }
        static_assert(kZoom == 3);
        for (std::size_t x = 0; x < columns.size(); x += kZoom * 3)
            for (std::size_t c = x; c < x + 3; ++c) {
                const int sum = columns[c] + columns[c + 3] + columns[c + 6];
                out.push_back((sum + kZoom * kZoom / 2) / (kZoom * kZoom));
            }
    }
    return out;
}

/// Sums with the weights 1 2 1 of elements `step` apart, along lines of kSide; the border repeats. `other`: from
/// one line to the next.
std::vector<int> sum_121(const std::vector<int>& image, std::size_t step, std::size_t other) {
    std::vector<int> out(image.size());
    for (std::size_t line = 0; line < kSide; ++line)
        for (std::size_t i = 0; i < kSide; ++i)
            for (std::size_t c = 0; c < 3; ++c) {
                const std::size_t at = line * other + i * step + c;
                const std::size_t before = i > 0 ? at - step : at, after = i + 1 < kSide ? at + step : at;
                out[at] = image[before] + 2 * image[at] + image[after];
            }
    return out;
}

/// Convolution with (1 2 1)/4 along rows and columns; the border repeats.
std::vector<int> blur(const std::vector<int>& image) {
    constexpr std::size_t kPixel = 3, kRow = kSide * kPixel;
    std::vector<int> sums = sum_121(sum_121(image, kPixel, kRow), kRow, kPixel);
    for (int& sum : sums) sum = (sum + 8) / 16;
    return sums;
}

/// Nearly normal: the sum of the four bytes of a word has mean 510 and standard deviation 148.
int noise(int sigma, Random& random) {
    const std::uint32_t word = random.bits();
    const auto sum = static_cast<int>((word & 255) + (word >> 8 & 255) + (word >> 16 & 255) + (word >> 24));
    return (sum - 510) * sigma / 148;
}

}  // namespace

Sample draw_glyph(std::uint64_t seed, Split split, std::uint32_t index) {
    Random random(seed, Purpose::glyphs, static_cast<std::uint32_t>(split), index);
    const int digit = static_cast<int>(index % kClasses);
    cv::Mat canvas(kCanvas, kCanvas, CV_8UC3);
    draw_scene(canvas, digit, random);
    std::vector<int> image = shrink(canvas);
    if (random.below(3) == 0) image = blur(image);
    const int sigma = between(random, 2, 18);
    Sample sample{{kSide, kSide, 3, {}}, digit};
    sample.image.pixels.resize(image.size());
    for (std::size_t i = 0; i < image.size(); ++i)
        sample.image.pixels[i] =
            static_cast<std::uint8_t>(std::clamp(image[i] + noise(sigma, random), 0, 255));
    return sample;
}

std::unique_ptr<Dataset> make_glyphs(Split split, std::size_t size, std::uint64_t seed) {
    if (size < 1 || size > 1000000)
        throw BadInput("glyphs", "number of images", "1 to 1000000", std::to_string(size));
    constexpr std::size_t kBytes = kSide * kSide * 3;
    std::vector<std::uint8_t> pixels(size * kBytes), labels(size);
    parallel_for(size, [&](std::size_t i) {
        const Sample sample = draw_glyph(seed, split, static_cast<std::uint32_t>(i));
        std::copy(sample.image.pixels.begin(), sample.image.pixels.end(), pixels.data() + i * kBytes);
        labels[i] = static_cast<std::uint8_t>(sample.label);
    });
    DatasetTraits traits{.name = "glyphs",
                         .shape = {kSide, kSide, 3},
                         .classes = kClasses,
                         .normalization = {{0.5f, 0.5f, 0.5f}, {0.25f, 0.25f, 0.25f}},
                         .augmentation = {.pad = 4, .flip = false}};
    return std::make_unique<MemoryDataset>(std::move(traits), std::move(pixels), std::move(labels));
}

}  // namespace nibble
