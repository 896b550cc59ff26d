#include "datasets/images/resample.hpp"

#include <doctest/doctest.h>

#include <cstdlib>

#include "engine/core/digest.hpp"
#include "engine/core/error.hpp"
#include "engine/core/json.hpp"
#include "tests/datasets/files.hpp"

using namespace nibble;
using namespace nibble::test;

namespace {

/// The picture of make_pil_resample.py.
Image picture(int height, int width) {
    Image image{height, width, 3, {}};
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
            for (int c = 0; c < 3; ++c)
                image.pixels.push_back(static_cast<std::uint8_t>(
                    (37 * x + 101 * y + 59 * c + x * y % 211 + 13 * ((x >> 2) ^ (y >> 1))) % 256));
    return image;
}

std::string hex(const std::vector<std::uint8_t>& bytes) {
    std::string text;
    for (std::uint8_t byte : bytes) {
        text += "0123456789abcdef"[byte >> 4];
        text += "0123456789abcdef"[byte & 15];
    }
    return text;
}

Image resized(const std::vector<int>& size, Filter filter = Filter::bilinear) {
    return resize(picture(size.at(0), size.at(1)), size.at(2), size.at(3), filter);
}

}  // namespace

TEST_CASE("resizing gives PIL's bytes") {
    const Json golden =
        read_json(std::filesystem::path(NIBBLE_SOURCE_DIR) / "tests" / "datasets" / "pil_resample.json");
    REQUIRE(golden.at("small").size() == 6);
    REQUIRE(golden.at("large").size() == 4);
    for (const Json& entry : golden.at("small")) {
        CAPTURE(entry.at("size").dump());
        CHECK(hex(resized(entry.at("size")).pixels) == entry.at("pixels").get<std::string>());
    }
    for (const Json& entry : golden.at("large")) {
        CAPTURE(entry.at("size").dump());
        const Image image = resized(entry.at("size"));
        CHECK(Digest().add(std::span(std::as_const(image.pixels))).hex() ==
              entry.at("sha256").get<std::string>());
    }
    REQUIRE(golden.at("bicubic").size() == 10);
    for (const Json& entry : golden.at("bicubic")) {
        CAPTURE(entry.at("size").dump());
        const Image image = resized(entry.at("size"), Filter::bicubic);
        CHECK(Digest().add(std::span(std::as_const(image.pixels))).hex() ==
              entry.at("sha256").get<std::string>());
    }
}

TEST_CASE("resizing to the same size changes nothing; a constant picture stays constant") {
    const Image image = picture(23, 31);
    for (const Filter filter : {Filter::bilinear, Filter::bicubic})
        CHECK(resize(image, 23, 31, filter).pixels == image.pixels);
    for (int value : {0, 1, 128, 255}) {
        const Image flat{50, 70, 3, std::vector<std::uint8_t>(50 * 70 * 3, static_cast<std::uint8_t>(value))};
        for (std::uint8_t pixel : resize(flat, 13, 91).pixels) REQUIRE(pixel == value);
    }
}

TEST_CASE("sizes are rounded as torchvision rounds them") {
    CHECK(resized_shape({375, 500, 3}, 256) == ImageShape{256, 341, 3});  // 341.33
    CHECK(resized_shape({500, 375, 3}, 256) == ImageShape{341, 256, 3});
    CHECK(resized_shape({300, 299, 3}, 256) == ImageShape{256, 256, 3});
    CHECK(resized_shape({256, 256, 3}, 256) == ImageShape{256, 256, 3});
    CHECK(resized_shape({2, 3, 3}, 256) == ImageShape{256, 384, 3});

    // Offsets 0.5, 1.5, 2.5, 3.5 round to 0, 2, 2, 4.
    for (const auto& [side, offset] : {std::pair{5, 0}, std::pair{7, 2}, std::pair{9, 2}, std::pair{11, 4},
                                       std::pair{4, 0}, std::pair{6, 1}, std::pair{10, 3}}) {
        const Image image = picture(side, side + 20);
        const Image crop = centre_crop(image, 4);
        REQUIRE(crop.pixels.size() == 48);
        const int left = side % 2 == 0 ? offset + 10 : (side + 20 - 4) / 2 + (side + 20 - 4) / 2 % 2;
        for (int y = 0; y < 4; ++y)
            for (int i = 0; i < 12; ++i)
                REQUIRE(crop.pixels[static_cast<std::size_t>(y * 12 + i)] ==
                        image.pixels[static_cast<std::size_t>(((offset + y) * (side + 20) + left) * 3 + i)]);
    }
    CHECK_THROWS_AS(centre_crop(picture(3, 9), 4), BadInput);
    const Image odd = picture(227, 227);
    CHECK(centre_crop(odd, 224, CropOffset::down).pixels[0] == odd.pixels[(227 + 1) * 3]);
    CHECK(centre_crop(odd, 224).pixels[0] == odd.pixels[(2 * 227 + 2) * 3]);
}
