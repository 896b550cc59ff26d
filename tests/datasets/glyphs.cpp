#include "datasets/glyphs.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <set>

#include "engine/core/error.hpp"
#include "engine/core/parallel.hpp"
#include "tests/datasets/files.hpp"

using namespace nibble;
using namespace nibble::test;

// The pictures are part of every published result on glyphs: these change only together with those.
TEST_CASE("glyphs: the pinned pictures") {
    CHECK(make_glyphs(Split::train, 500)->digest() ==
          "b86f8a2da6041fb04192538cece094c56220f8e811e9686b6e8ee437be911182");
    CHECK(make_glyphs(Split::test, 500)->digest() ==
          "3f37571413ad9ee50fc48eb7c06f3b2448445c80b71580769523275610ac50bd");
}

TEST_CASE("glyphs: an OpenCV that may not use this CPU's vector instructions draws the same") {
    const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
    const std::string command = "OPENCV_CPU_DISABLE=POPCNT,SSSE3,SSE4.1,SSE4.2,AVX,FP16,AVX2,FMA3 '" + self +
                                "' -tc='glyphs: the pinned pictures' >/dev/null 2>&1";
    CHECK(std::system(command.c_str()) == 0);
}

TEST_CASE("glyphs: an image is a function of seed, split and index") {
    const int before = threads();
    set_threads(1);
    const auto one = make_glyphs(Split::train, 40);
    set_threads(3);
    const auto three = make_glyphs(Split::train, 60);
    set_threads(before);
    std::set<std::vector<std::uint8_t>> distinct;
    for (std::uint32_t i = 0; i < 40; ++i) {
        const Sample sample = draw_glyph(kGlyphsSeed, Split::train, i);
        CHECK(sample.label == static_cast<int>(i % 10));
        CHECK(sample.image.shape() == ImageShape{32, 32, 3});
        CHECK(one->get(i).label == sample.label);
        CHECK(one->get(i).image.pixels == sample.image.pixels);
        CHECK(three->get(i).image.pixels == sample.image.pixels);
        distinct.insert(sample.image.pixels);
        distinct.insert(draw_glyph(kGlyphsSeed, Split::test, i).image.pixels);
        distinct.insert(draw_glyph(kGlyphsSeed + 1, Split::train, i).image.pixels);
    }
    CHECK(distinct.size() == 120);
}

TEST_CASE("glyphs: the traits and the sizes") {
    const auto dataset = make_glyphs(Split::test, 20);
    CHECK(dataset->size() == 20);
    CHECK(dataset->classes() == 10);
    CHECK_FALSE(dataset->augmentation().flip);
    CHECK_THROWS_AS(make_glyphs(Split::test, 0), BadInput);
    CHECK_THROWS_AS(make_glyphs(Split::test, 1000001), BadInput);
}
