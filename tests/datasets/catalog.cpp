#include "datasets/catalog.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <opencv2/imgcodecs.hpp>

#include "datasets/glyphs.hpp"
#include "engine/core/error.hpp"
#include "tests/datasets/files.hpp"

using namespace nibble;
using namespace nibble::test;

TEST_CASE("a missing data set says where it was looked for and how to get it") {
    const Scratch scratch;
    for (const auto& [name, folder] :
         {std::pair{"cifar10", "cifar-10-batches-bin"}, std::pair{"cifar100", "cifar-100-binary"},
          std::pair{"mnist", "MNIST/raw"}}) {
        CHECK_THROWS_AS(open_dataset(name, Split::test, scratch.path()), IoError);
        const std::string message = error_of([&, n = name] { open_dataset(n, Split::test, scratch.path()); });
        CHECK(contains(message, (scratch.path() / folder).string()));
        CHECK(contains(message, "datasets/fetch.sh"));
        CHECK(contains(message, "NIBBLE_DATA"));
        CHECK_FALSE(contains(message, "\n"));
    }
    CHECK_THROWS_AS(open_dataset("cifar11", Split::test, scratch.path()), BadInput);
    CHECK(contains(error_of([&] { open_dataset("cifar11", Split::test); }), "cifar100"));
}

TEST_CASE("the list tells what is there") {
    const Scratch scratch;
    const auto find = [&](const std::string& name) {
        const auto list = list_datasets(scratch.path());
        const auto info =
            std::find_if(list.begin(), list.end(), [&](const auto& i) { return i.name == name; });
        REQUIRE(info != list.end());
        return *info;
    };
    CHECK(find("glyphs").available);
    CHECK(find("glyphs").where == "built in");
    CHECK_FALSE(find("cifar100").available);
    CHECK(contains(find("cifar100").how, "datasets/fetch.sh"));
    scratch.write("cifar-100-binary/train.bin", "x");
    CHECK_FALSE(find("cifar100").available);
    scratch.write("cifar-100-binary/test.bin", "x");
    CHECK(find("cifar100").available);
    CHECK(find("cifar100").where == (scratch.path() / "cifar-100-binary").string());
    CHECK_THROWS_AS(open_dataset("cifar100", Split::test, scratch.path()), BadInput);  // one byte long
}

TEST_CASE("glyphs come in their published sizes") {
    CHECK(open_dataset("glyphs", Split::test)->size() == kGlyphsTest);
}

TEST_CASE("image_folder:PATH takes train/ and val/, or is a test set") {
    const Scratch scratch;
    const cv::Mat grey(8, 8, CV_8UC3, cv::Scalar(9, 9, 9));
    for (const char* name :
         {"split/train/a/1.png", "split/train/a/2.png", "split/val/a/3.png", "flat/b/4.png"}) {
        scratch.write(name, "");
        REQUIRE(cv::imwrite((scratch / name).string(), grey));
    }
    const std::string split = "image_folder:" + (scratch / "split").string();
    const std::string flat = "image_folder:" + (scratch / "flat").string();
    CHECK(open_dataset(split, Split::train)->size() == 2);
    CHECK(open_dataset(split, Split::test)->size() == 1);
    CHECK(open_dataset(flat, Split::test)->size() == 1);
    CHECK_THROWS_AS(open_dataset(flat, Split::train), BadInput);
    CHECK_THROWS_AS(open_dataset("image_folder:" + (scratch / "none").string(), Split::test), IoError);
    CHECK_THROWS_AS(open_dataset("image_folder:", Split::test), IoError);
}
