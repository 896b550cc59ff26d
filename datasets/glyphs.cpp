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
    for (int y = 0; y <= n; ++y)
        for (int x = 0; x <= n; ++x)
            for (int c = 0; c < 3; ++c) {
                const int top = corner[0][c] * (n - x) + corner[1][c] * x;
                const int bottom = corner[2][c] * (n - x) + corner[3][c] * x;
                canvas.at<cv::Vec3b>(y, x)[c] =
                    static_cast<std::uint8_t>((top * (n - y) + bottom * y) / (n * n));
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
    const auto& m = placement.m;
    for (int y = 0; y < kCanvas; ++y)
        for (int x = 0; x < kCanvas; ++x) {
            const int dx = x - placement.cx, dy = y - placement.cy;
            const int u = kStencil / 2 + ((m[0] * dx + m[1] * dy) >> 16);
            const int v = kStencil / 2 + ((m[2] * dx + m[3] * dy) >> 16);
            if (u < 0 || v < 0 || u >= kStencil || v >= kStencil || stencil.at<std::uint8_t>(v, u) == 0)
                continue;
            for (int c = 0; c < 3; ++c) canvas.at<cv::Vec3b>(y, x)[c] = static_cast<std::uint8_t>(colour[c]);
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
    std::vector<int> out(kSide * kSide * 3, 0);
    for (int y = 0; y < kCanvas; ++y)
        for (int x = 0; x < kCanvas; ++x)
            for (int c = 0; c < 3; ++c)
                out[static_cast<std::size_t>((y / kZoom * kSide + x / kZoom) * 3 + c)] +=
                    canvas.at<cv::Vec3b>(y, x)[c];
    for (int& value : out) value = (value + kZoom * kZoom / 2) / (kZoom * kZoom);
    return out;
}

/// Convolution with (1 2 1)/4 along rows and columns; the border repeats.
std::vector<int> blur(const std::vector<int>& image) {
    std::vector<int> out(image.size());
    for (int y = 0; y < kSide; ++y)
        for (int x = 0; x < kSide; ++x)
            for (int c = 0; c < 3; ++c) {
                int sum = 8;
                for (int dy = -1; dy <= 1; ++dy)
                    for (int dx = -1; dx <= 1; ++dx) {
                        const int row = std::clamp(y + dy, 0, kSide - 1),
                                  column = std::clamp(x + dx, 0, kSide - 1);
                        sum += (2 - std::abs(dy)) * (2 - std::abs(dx)) *
                               image[static_cast<std::size_t>((row * kSide + column) * 3 + c)];
                    }
                out[static_cast<std::size_t>((y * kSide + x) * 3 + c)] = sum / 16;
            }
    return out;
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
    sample.image.pixels.reserve(image.size());
    for (int value : image)
        sample.image.pixels.push_back(
            static_cast<std::uint8_t>(std::clamp(value + noise(sigma, random), 0, 255)));
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
