#include "datasets/augment.hpp"

#include <doctest/doctest.h>

#include <map>

using namespace nibble;

namespace {

Image numbered(int height, int width, int channels) {
    Image image{height, width, channels, {}};
    for (std::size_t i = 0; i < image.shape().count(); ++i)
        image.pixels.push_back(static_cast<std::uint8_t>(1 + i % 255));
    return image;
}

/// Pads into a larger picture, then copies: the definition, step by step.
Image brute_force(const Image& image, int pad, int dx, int dy, bool mirrored) {
    const int width = image.width + 2 * pad, height = image.height + 2 * pad, n = image.channels;
    std::vector<int> padded(static_cast<std::size_t>(width * height * n), 0);
    for (int y = 0; y < image.height; ++y)
        for (int x = 0; x < image.width; ++x)
            for (int c = 0; c < n; ++c)
                padded[static_cast<std::size_t>(((y + pad) * width + x + pad) * n + c)] =
                    image.pixels[static_cast<std::size_t>((y * image.width + x) * n + c)];
    Image out = image;
    for (int y = 0; y < image.height; ++y)
        for (int x = 0; x < image.width; ++x)
            for (int c = 0; c < n; ++c) {
                const int to = mirrored ? image.width - 1 - x : x;
                out.pixels[static_cast<std::size_t>((y * image.width + to) * n + c)] =
                    static_cast<std::uint8_t>(
                        padded[static_cast<std::size_t>(((y + dy) * width + x + dx) * n + c)]);
            }
    return out;
}

}  // namespace

TEST_CASE("crop and mirror against brute force, every offset") {
    for (int channels : {1, 3})
        for (int pad : {0, 1, 4, 9}) {
            const Image image = numbered(6, 7, channels);
            for (int dx = 0; dx <= 2 * pad; ++dx)
                for (int dy = 0; dy <= 2 * pad; ++dy)
                    for (bool mirrored : {false, true})
                        REQUIRE(crop_and_mirror(image, pad, dx, dy, mirrored).pixels ==
                                brute_force(image, pad, dx, dy, mirrored).pixels);
        }
}

TEST_CASE("mirroring twice and the central crop change nothing") {
    const Image image = numbered(5, 8, 3);
    CHECK(crop_and_mirror(image, 4, 4, 4, false).pixels == image.pixels);
    CHECK(crop_and_mirror(crop_and_mirror(image, 0, 0, 0, true), 0, 0, 0, true).pixels == image.pixels);
    CHECK(augment(image, {.pad = 0, .flip = false}, Random(1, Purpose::test)).pixels == image.pixels);
}

TEST_CASE(
    "the draw reaches every offset and both sides about equally often, and depends on its stream alone") {
    const Image image = numbered(3, 3, 1);
    const Augmentation augmentation{.pad = 1, .flip = true};
    std::map<std::vector<std::uint8_t>, int> seen;
    constexpr int kDraws = 9000;
    for (std::uint32_t i = 0; i < kDraws; ++i) {
        const Image drawn = augment(image, augmentation, Random(7, Purpose::augment, 3, i));
        if (i < 100)
            CHECK(drawn.pixels == augment(image, augmentation, Random(7, Purpose::augment, 3, i)).pixels);
        ++seen[drawn.pixels];
    }
    CHECK(seen.size() == 18);  // 3 x 3 offsets, mirrored or not
    for (const auto& [pixels, times] : seen) {
        CHECK(times > 380);  // 500 expected; standard deviation 22
        CHECK(times < 620);
    }
    std::map<std::vector<std::uint8_t>, int> unflipped;
    for (std::uint32_t i = 0; i < 1000; ++i)
        ++unflipped[augment(image, {.pad = 1, .flip = false}, Random(7, Purpose::augment, 3, i)).pixels];
    CHECK(unflipped.size() == 9);
}
