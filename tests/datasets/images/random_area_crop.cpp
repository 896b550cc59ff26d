#include "datasets/images/random_area_crop.hpp"

#include <doctest/doctest.h>

using namespace nibble;

TEST_CASE("boxes lie inside, cover 8 to 100 % and are nearly square; long images find none") {
    double smallest = 1, largest = 0;
    int wide = 0, tall = 0;
    for (std::uint32_t i = 0; i < 2000; ++i) {
        Random random(1, Purpose::test, 0, i);
        const CropBox box = random_area_box(300, 400, random);
        REQUIRE(box.height > 0);
        CHECK(box.top >= 0);
        CHECK(box.left >= 0);
        CHECK(box.top + box.height <= 300);
        CHECK(box.left + box.width <= 400);
        const double area = box.height * box.width / (300.0 * 400.0), aspect = double(box.width) / box.height;
        CHECK(aspect > 0.73);
        CHECK(aspect < 1.36);
        smallest = std::min(smallest, area);
        largest = std::max(largest, area);
        wide += aspect > 1.1;
        tall += aspect < 0.9;
    }
    CHECK(smallest < 0.1);
    CHECK(smallest > 0.078);
    CHECK(largest > 0.85);
    CHECK(wide > 300);
    CHECK(tall > 300);
    for (std::uint32_t i = 0; i < 50; ++i) {
        Random random(1, Purpose::test, 1, i);
        CHECK(random_area_box(4, 400, random).height == 0);
    }
    Random one(1, Purpose::test, 0, 7), same(1, Purpose::test, 0, 7);
    CHECK(random_area_box(300, 400, one).left == random_area_box(300, 400, same).left);
}

TEST_CASE("a crop is the pixels of its box") {
    Image image{4, 5, 2, {}};
    for (int i = 0; i < 40; ++i) image.pixels.push_back(static_cast<std::uint8_t>(i));
    const Image part = crop(image, {1, 2, 2, 3});
    CHECK(part.shape() == ImageShape{2, 3, 2});
    CHECK(part.pixels == std::vector<std::uint8_t>{14, 15, 16, 17, 18, 19, 24, 25, 26, 27, 28, 29});
}
