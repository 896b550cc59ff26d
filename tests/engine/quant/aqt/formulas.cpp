// The formulas of the aqt paper, computed again from their text, against the code: bit for bit.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/core/error.hpp"
#include "engine/core/rng.hpp"
#include "engine/quant/aqt/bounds.hpp"
#include "engine/quant/aqt/method.hpp"
#include "engine/quant/aqt/quantizer.hpp"

namespace nibble::aqt {
namespace {

Array<float> random_weights(Shape shape, std::uint32_t stream) {
    Random random(5, Purpose::test, 0, stream);
    Array<float> w(shape);
    const float scale = std::exp(2.0f * random.normal());
    for (float& x : w) x = scale * random.normal();
    return w;
}

/// max |W| of each row, then everything else with it: the way the formulas are written down.
std::vector<float> row_bounds(const Array<float>& w) {
    std::vector<float> bounds(w.shape()[0], 0.0f);
    const std::size_t row = w.size() / bounds.size();
    for (std::size_t i = 0; i < w.size(); ++i)
        bounds[i / row] = std::max(bounds[i / row], std::fabs(w.data()[i]));
    return bounds;
}

Layer::Options plain(int bits, int channels) {
    Layer::Options options;
    options.weights = {bits, false};
    options.input_bits = 0;
    options.channels = channels;
    return options;
}

}  // namespace

TEST_CASE("aqt weights: round(W Q / (max |W| + eps)), halves up, per output channel") {
    for (std::uint32_t stream = 0; stream < 40; ++stream)
        for (int bits = 2; bits <= 8; ++bits) {
            Array<float> w = random_weights({5, 3, 2, 2}, stream);
            if (stream == 0) w.fill(0.0f);
            if (stream == 1)  // ties: with the largest at Q everything lies on halves
                for (std::size_t i = 0; i < w.size(); ++i)
                    w.data()[i] =
                        i % 12 == 0 ? std::exp2(bits - 1.0f) - 1.0f : static_cast<float>(i % 5) - 2.5f;
            const Layer layer(plain(bits, 3));
            WeightCodes codes;
            layer.encode(w, codes);
            const std::vector<float> bounds = row_bounds(w);
            const float q = std::exp2(static_cast<float>(bits) - 1.0f) - 1.0f;
            const float eps = std::exp2(-23.0f);
            for (std::size_t i = 0; i < w.size(); ++i) {
                const float s = q / (bounds[i / 12] + eps);
                float t = w.data()[i] * s;
                t = t > q ? q : t < -q ? -q : t;
                CHECK(codes.codes[i] == std::floor(t + 0.5f));
                CHECK(codes.values[i] == codes.codes[i] * (1.0f / s));
                CHECK(codes.units[i / 12] == static_cast<double>(1.0f / s));
            }
            if (stream > 1)  // every channel uses its largest code
                for (std::size_t o = 0; o < 5; ++o)
                    CHECK(std::any_of(codes.codes.begin() + 12 * o, codes.codes.begin() + 12 * (o + 1),
                                      [&](float c) { return std::fabs(c) == q; }));
        }
}

TEST_CASE("aqt weights: half shift uses 2^p levels without zero; 1 bit without it is all zeros") {
    for (int bits = 1; bits <= 8; ++bits) {
        const Array<float> w = random_weights({4, 2, 3, 3}, static_cast<std::uint32_t>(bits));
        Layer::Options options = plain(bits, 2);
        options.weights.half_shift = true;
        WeightCodes codes;
        const Layer layer(options);
        layer.encode(w, codes);
        const std::vector<float> bounds = row_bounds(w);
        const float q = std::exp2(static_cast<float>(bits) - 1.0f), clip = q - 0.0078125f;
        std::vector<float> gradient(w.size(), 1.0f);
        layer.pass_weight_gradient(w, gradient);
        for (std::size_t i = 0; i < w.size(); ++i) {
            const float t = w.data()[i] * (q / (bounds[i / 18] + std::exp2(-23.0f)));
            CHECK(codes.codes[i] == std::floor(std::min(std::max(t, -clip), clip)) + 0.5f);
            CHECK(std::fabs(codes.codes[i]) <= q - 0.5f);
            CHECK(gradient[i] == (t > clip || t < -clip ? 0.0f : 1.0f));
        }
        CHECK(std::count(gradient.begin(), gradient.end(), 0.0f) >= 4);  // each channel's largest
    }
    WeightCodes codes;
    Layer(plain(1, 2)).encode(random_weights({4, 2, 3, 3}, 9), codes);
    CHECK(std::all_of(codes.codes.begin(), codes.codes.end(), [](float c) { return c == 0.0f; }));
}

TEST_CASE("aqt bounds per channel: folded into the weights before these are quantized, or left outside") {
    const Array<float> w = random_weights({5, 3, 2, 2}, 3);
    const Vector<float> bounds{0.5f, 4.0f, 0.25f};
    for (const bool unfolded : {false, true}) {
        Layer::Options options = plain(4, 3);
        options.input_bits = 4;
        options.unfolded = unfolded;
        Layer layer(options);
        layer.set_bounds(bounds);
        WeightCodes codes;
        layer.encode(w, codes);
        const auto& in = *layer.input();
        for (std::size_t o = 0; o < 5; ++o) {
            float largest = 0;
            for (std::size_t i = 0; i < 12; ++i)
                largest =
                    std::max(largest, std::fabs(w.data()[12 * o + i]) * (unfolded ? 1 : in.steps[i / 4]));
            const float s = 7.0f / (largest + std::exp2(-23.0f));
            CHECK(codes.units[o] == static_cast<double>(1.0f / s));
            for (std::size_t i = 0; i < 12; ++i) {
                const float weight = w.data()[12 * o + i], step = in.steps[i / 4];
                const float code = std::floor((unfolded ? weight : weight * step) * s + 0.5f);
                // What the sum multiplies an input code with is the weight's value times that code's step.
                CHECK(codes.codes[12 * o + i] == (unfolded ? code * step : code));
                CHECK(codes.values[12 * o + i] ==
                      (unfolded ? code * (1.0f / s) : code * (1.0f / s) * in.multipliers[i / 4]));
            }
        }
    }
}

TEST_CASE("aqt activations: floor below 2^p for what is never negative, half up in +-Q elsewhere") {
    Random random(6, Purpose::test, 0, 0);
    for (int turn = 0; turn < 200; ++turn) {
        const int bits = 2 + turn % 7;
        const bool positive = turn % 2, per_channel = turn % 3;
        Layer::Options options;
        options.input_bits = bits;
        options.non_negative = positive;
        options.channels = 3;
        options.bounds = per_channel ? Granularity::channel : Granularity::tensor;
        Layer layer(options);
        Vector<float> bounds(std::array<std::size_t, 1>{per_channel ? 3u : 1u});
        for (float& b : bounds) b = turn % 5 ? std::exp(2 * random.normal()) : 0.0f;
        layer.set_bounds(bounds);
        const Quantizer quantizer = layer.quantizer();
        check(quantizer, 3);
        for (std::size_t c = 0; c < 3; ++c) {
            const float b = bounds[per_channel ? c : 0], eps = std::exp2(-23.0f);
            const float levels = positive ? std::exp2(static_cast<float>(bits))
                                          : std::exp2(static_cast<float>(bits) - 1.0f) - 1.0f;
            const float s = levels / (b + eps);
            CHECK(layer.input()->multipliers[c] == s);
            for (const float factor : {0.0f, 0.1f, 0.5f, 0.99f, 1.0f, 1.7f, -0.3f, -1.0f, -2.0f}) {
                const float x = factor * b;
                const float top = levels - 1.0f;
                const float t = x * s;
                const float code = positive ? std::min(std::max(std::floor(t), 0.0f), top)
                                            : std::floor(std::min(std::max(t, -levels), levels) + 0.5f);
                CHECK(code_of(quantizer, x, c) == static_cast<int>(code));
            }
        }
    }
}

TEST_CASE(
    "aqt bounds: running statistics over non-zeros, skipping silent batches; extremes averaged over parts") {
    constexpr int kChannels = 4, kPixels = 6, kImages = 5;
    for (const int groups : {kChannels, 1}) {
        InputStatistics statistics(kChannels, groups);
        statistics.set_slots(kImages);
        std::vector<std::vector<float>> m(4, std::vector<float>(groups, 0.0f));  // max, min, |x|, x^2
        for (std::uint32_t batch = 0; batch < 8; ++batch) {
            Random random(8, Purpose::test, batch, static_cast<std::uint32_t>(groups));
            std::vector<std::vector<float>> images(kImages, std::vector<float>(kPixels * kChannels));
            for (auto& image : images)
                for (std::size_t i = 0; i < image.size(); ++i) {
                    const bool silent =
                        i % kChannels == 1 && batch % 2;  // a channel that sometimes is all zeros
                    image[i] = silent || random.below(3) == 0 ? 0.0f : random.normal();
                }
            // Every other batch comes in two parts.
            const int cut = batch % 2 ? 2 : kImages;
            for (int i = 0; i < cut; ++i) statistics.observe(i, images[i]);
            statistics.finish_part(cut);
            for (int i = cut; i < kImages; ++i) statistics.observe(i - cut, images[i]);
            if (cut < kImages) statistics.finish_part(kImages - cut);
            statistics.finish_batch();
            for (int g = 0; g < groups; ++g) {
                double highest = 0, lowest = 0, sum = 0, square = 0;
                int count = 0, parts = 0;
                for (const auto& [begin, end] : {std::pair(0, cut), std::pair(cut, kImages)}) {
                    double part_highest = -1e30, part_lowest = 1e30, part_sum = 0, part_square = 0;
                    int part_count = 0;
                    // in the order in which sums are formed: per image and channel, then over them
                    for (int image = begin; image < end; ++image)
                        for (int c = 0; c < kChannels; ++c) {
                            if (groups != 1 && c != g) continue;
                            double image_sum = 0, image_square = 0;
                            for (int p = 0; p < kPixels; ++p) {
                                const double x = images[image][p * kChannels + c];
                                if (x == 0) continue;
                                part_highest = std::max(part_highest, x);
                                part_lowest = std::min(part_lowest, x);
                                image_sum += std::fabs(x);
                                image_square += x * x;
                                ++part_count;
                            }
                            part_sum += image_sum;
                            part_square += image_square;
                        }
                    if (part_count == 0) continue;
                    ++parts;
                    highest += part_highest;
                    lowest += part_lowest;
                    sum += part_sum;
                    square += part_square;
                    count += part_count;
                }
                if (count == 0) continue;
                const double now[] = {highest / parts, lowest / parts, sum / count, square / count};
                for (int k = 0; k < 4; ++k) m[k][g] += 0.1f * (static_cast<float>(now[k]) - m[k][g]);
            }
        }
        using Kind = BoundRule::Kind;
        for (int g = 0; g < groups; ++g) {
            for (int k = 0; k < 4; ++k) CHECK(statistics.running()(k, g) == m[k][g]);
            CHECK(statistics.bounds({Kind::mean_of_max, 0})[g] ==
                  std::max(std::fabs(m[0][g]), std::fabs(m[1][g])));
            CHECK(statistics.bounds({Kind::mean_abs, 0})[g] == 3.0f * m[2][g]);
            CHECK(statistics.bounds({Kind::mix, 0.25f})[g] ==
                  0.25f * (3.0f * std::sqrt(m[3][g])) + 0.75f * (3.0f * m[2][g]));
            CHECK(statistics.bounds({Kind::fixed, 6})[g] == 6.0f);
        }
    }
}

TEST_CASE("aqt methods are written in one way only") {
    for (const char* text : {"w8a8", "w4a4e8", "w4a4f8", "w4a4", "w1e8-hs", "w4", "w2e8", "w4a4e8-pt",
                             "w4a4e8-pt-abs", "w4a4e8-mix50", "w4a4e8-fixed6", "w4a4e8-abs-start50",
                             "w4a2-start0", "w4a4e8-unfolded", "w4a4-fixed6-start19", "w4a4-unfolded-abs"})
        CHECK(to_string(method_from(text)) == text);
    CHECK(method_from("w4a4e8").ends == Method::Ends::both_8);
    CHECK(method_from("w4").activation_bits == 0);
    CHECK(method_from("w4a4e8").start_percent == 19);
    CHECK(method_from("w4a4e8-fixed6").start_percent == 0);
    for (const char* text : {"",
                             "w",
                             "w4a",
                             "w9a4",
                             "w0",
                             "w4a1",
                             "w4a9",
                             "w04a4",
                             "w4a4e4",
                             "w4a4-",
                             "w4a4-x",
                             "w4a4-hs-hs",
                             "w4a4-start19",
                             "w4a4-abs-pt",
                             "w4a4-mix101",
                             "w4a4-fixed0",
                             "w4a4-fixed",
                             "w4a4-start101",
                             "w4a4 ",
                             "W4A4",
                             "w4a4e8f8",
                             "w4a4-fixed6-start0",
                             "w4a4-pt-unfolded",
                             "w4-unfolded",
                             "w1000a4",
                             "a4"})
        CHECK_THROWS_AS(method_from(text), BadInput);
}

}  // namespace nibble::aqt
