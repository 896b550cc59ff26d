#include "experiments/support/correct_images.hpp"

#include <doctest/doctest.h>

#include "engine/core/error.hpp"
#include "engine/core/rng.hpp"

using namespace nibble;

TEST_CASE("correct images: written by hand") {
    CHECK(to_base64({}) == "");
    CHECK(to_base64({true}) == "AQ==");                                                  // byte 1
    CHECK(to_base64({false, true, false, false, false, false, false, true}) == "gg==");  // byte 130
    CHECK(to_base64({true, false, false, false, false, false, false, false, true}) == "AQE=");
}

TEST_CASE("correct images: written and read back, whatever their number") {
    Random random(3, Purpose::test);
    for (std::size_t images : {0, 1, 7, 8, 9, 23, 24, 25, 1000, 10000}) {
        CorrectImages correct(images);
        for (std::size_t i = 0; i < images; ++i) correct[i] = random.below(2);
        CHECK(correct_images_from(to_base64(correct), images, "here") == correct);
    }
}

TEST_CASE("correct images: anything else is refused") {
    const auto refused = [](const std::string& text, std::size_t images) {
        CAPTURE(text);
        CHECK_THROWS_WITH_AS(correct_images_from(text, images, "here"), doctest::Contains("here"), BadInput);
    };
    refused("AQ==", 0);
    refused("", 1);
    refused("AQ==", 25);
    refused("AQ=", 1);
    refused("A*==", 1);
    refused("====", 1);
    refused("Ag==", 1);  // a bit behind the last image
    refused("AR==", 1);  // a bit behind the last byte
    refused(std::string("\0\0\0\0", 4), 1);
}
