#include "datasets/preprocessing/preprocessing.hpp"

#include <doctest/doctest.h>

#include "datasets/catalog.hpp"
#include "datasets/images/resample.hpp"
#include "datasets/loader.hpp"
#include "engine/core/error.hpp"
#include "tests/datasets/counting_dataset.hpp"
#include "tests/datasets/files.hpp"
#include "tests/datasets/images/encode.hpp"

using namespace nibble;
using namespace nibble::test;

namespace {

StatedPreprocessing stated(const char* text) {
    return preprocessing_from(Json::parse(text), "it");
}

}  // namespace

TEST_CASE("normalization: each convention by its formula, blue first where asked for") {
    const std::vector<std::uint8_t> pixel{10, 100, 255};
    const auto values = [&](const Normalization& normalization) {
        std::vector<float> out(3);
        Normalizer(normalization, 3)(pixel, out.data());
        return out;
    };
    CHECK(values({{0.485f, 0, 0}, {0.229f, 1, 1}})[0] == (10.0f / 255.0f - 0.485f) / 0.229f);
    CHECK(values({{104, 117, 123}, {1, 1, 1}, 1, ChannelOrder::bgr}) ==
          std::vector<float>{255 - 104, 100 - 117, 10 - 123});
    CHECK(values({{1, 1, 1}, {1, 1, 1}, 127.5f}) == std::vector<float>{10 / 127.5f - 1, 100 / 127.5f - 1, 1});
    CHECK_THROWS_AS(Normalizer({{0, 0, 0}, {1, 1, 1}, 0}, 3), BadInput);
}

TEST_CASE("all that can be stated, and back") {
    const StatedPreprocessing all = stated(R"({"resize": "227x250", "filter": "bicubic", "crop": 224,
        "crop_offset": "down", "channels": "BGR", "scale": 1, "mean": [104, 117, 123], "std": [1, 2, 0.5]})");
    CHECK(all.geometry(imagenet_geometry()) ==
          Geometry{Resize::exact(227, 250), Filter::bicubic, 224, CropOffset::down});
    CHECK(all.normalization({}) == Normalization{{104, 117, 123}, {1, 2, 0.5f}, 1, ChannelOrder::bgr});
    Json back = to_json(all.geometry({}));
    back.update(to_json(all.normalization({})));
    CHECK(preprocessing_from(back, "back") == all);
    CHECK(to_json(all) == back);
    for (const char* some : {"{}", R"({"crop":"none"})", R"({"channels":"RGB","resize":256})",
                             R"({"mean":[0.5],"scale":1,"std":[0.25]})"})
        CHECK(to_json(stated(some)) == Json::parse(some));

    CHECK(stated(R"({"resize": 256})").resize == Resize::shorter(256));
    CHECK(stated(R"({"resize": "none", "crop": "none"})").geometry(imagenet_geometry()) == Geometry{});
    CHECK(stated("{}") == StatedPreprocessing());
    CHECK(stated("{}").geometry(imagenet_geometry()) == imagenet_geometry());
    CHECK_FALSE(stated("{}").states_geometry());
    CHECK(to_json(Normalization{{0.4914f}, {0.247f}}).dump() == R"({"mean":[0.4914],"std":[0.247]})");
}

TEST_CASE("what makes no sense is refused in one line that says where") {
    for (const char* text : {"[]",
                             "7",
                             R"({"size": 3})",
                             R"({"resize": 0})",
                             R"({"resize": -1})",
                             R"({"resize": 2.5})",
                             R"({"resize": "227"})",
                             R"({"resize": "227x"})",
                             R"({"resize": "0x5"})",
                             R"({"resize": "5x5x5"})",
                             R"({"resize": null})",
                             R"({"resize": 99999999999})",
                             R"({"filter": "nearest"})",
                             R"({"filter": 1})",
                             R"({"crop": 0})",
                             R"({"crop": "224"})",
                             R"({"crop": true})",
                             R"({"crop_offset": "up"})",
                             R"({"channels": "bgr"})",
                             R"({"mean": [1]})",
                             R"({"std": [1]})",
                             R"({"scale": 1})",
                             R"({"mean": 1, "std": 1})",
                             R"({"mean": [], "std": []})",
                             R"({"mean": ["1"], "std": [1]})",
                             R"({"mean": [1], "std": [0]})",
                             R"({"mean": [1, 2], "std": [1]})",
                             R"({"mean": [1e39], "std": [1]})",
                             R"({"mean": {"a": 1}, "std": [1]})",
                             R"({"mean": [1], "std": [1], "scale": 0})",
                             R"({"mean": [1], "std": [1], "scale": "1"})"}) {
        CAPTURE(text);
        CHECK_THROWS_WITH_AS(stated(text), doctest::Contains("it: "), BadInput);
    }
}

TEST_CASE("who speaks first is heard; mean, std and scale are one statement") {
    const auto first = stated(R"({"crop": 96, "mean": [0, 0, 0], "std": [1, 1, 1]})");
    const auto second =
        stated(R"({"crop": 224, "resize": "none", "scale": 1, "mean": [9, 9, 9], "std": [3, 3, 3]})");
    const auto both = first.over(second);
    CHECK(both.crop == 96);
    CHECK(both.resize == Resize{});
    CHECK(both.scaling == first.scaling);
    CHECK(second.over(first).scaling->scale == 1);
    CHECK(stated(R"({"channels": "BGR"})").normalization({{1}, {2}}) ==
          Normalization{{1}, {2}, 255, ChannelOrder::bgr});
}

TEST_CASE("geometry: resized, then cropped") {
    const Image image = gradient(60, 90);
    CHECK(apply({}, image, "it").pixels == image.pixels);
    CHECK(apply({.resize = Resize::exact(20, 31)}, image, "it").pixels == resize(image, 20, 31).pixels);
    CHECK(apply({.resize = Resize::shorter(40), .filter = Filter::bicubic}, image, "it").pixels ==
          resize(image, 40, 60, Filter::bicubic).pixels);
    CHECK(apply({.resize = Resize::shorter(37), .crop = 32, .crop_offset = CropOffset::down}, image, "it")
              .pixels == centre_crop(resize(image, 37, 55), 32, CropOffset::down).pixels);
    CHECK_THROWS_WITH_AS(apply({.crop = 61}, image, "it"), doctest::Contains("it: "), BadInput);
    CHECK_THROWS_WITH_AS(apply({.resize = Resize::shorter(30000)}, gradient(1, 9000), "it"),
                         doctest::Contains("elongated"), BadInput);
    CHECK(to_string(imagenet_geometry()) == "shorter side 256 bilinear antialiased, centre crop 224");
    CHECK(to_string(Geometry{Resize::exact(5, 6), Filter::bicubic, 3, CropOffset::down}) ==
          "5x6 bicubic antialiased, centre crop 3 rounded down");
    CHECK(to_string(Geometry{}) == "not resized, not cropped");
}

TEST_CASE("an opened data set is prepared as stated, augmented images too") {
    const auto plain = open_dataset("glyphs", Split::test);
    const auto blue_first = open_dataset("glyphs", Split::test, {}, stated(R"({"channels": "BGR"})"));
    CHECK(blue_first->digest() == plain->digest());
    CHECK(blue_first->get(5).image.pixels == plain->get(5).image.pixels);
    Loader rgb(*plain, evaluation_options(2)), bgr(*blue_first, evaluation_options(2));
    const Batch a(rgb, 0, 0), b(bgr, 0, 0);
    for (std::size_t i = 0; i < a.images.size(); ++i) REQUIRE(a.images[i] == b.images[i / 3 * 3 + 2 - i % 3]);

    const auto small = open_dataset("glyphs", Split::test, {}, stated(R"({"resize": 20, "crop": 16})"));
    CHECK(small->shape() == ImageShape{16, 16, 3});
    CHECK(small->get(3).image.pixels == centre_crop(resize(plain->get(3).image, 20, 20), 16).pixels);
    CHECK(small->get_augmented(3, Random(1, Purpose::test)).image.shape() == small->shape());
    CHECK(small->digest() != plain->digest());
    CHECK_THROWS_AS(open_dataset("glyphs", Split::test, {}, stated(R"({"crop": 33})")), BadInput);
}
