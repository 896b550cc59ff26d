#include "datasets/idx.hpp"

#include <doctest/doctest.h>

#include "datasets/catalog.hpp"
#include "engine/core/error.hpp"
#include "tests/datasets/files.hpp"

using namespace nibble;
using namespace nibble::test;

namespace {

std::string word(std::uint32_t value) {
    std::string bytes;
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 255);
    return bytes;
}

/// 6 images of 3x5 whose bytes count up, and labels 0..5.
struct Files {
    std::string images = word(0x803) + word(6) + word(3) + word(5);
    std::string labels = word(0x801) + word(6);
    Files() {
        for (int i = 0; i < 6 * 15; ++i) images += static_cast<char>(2 * i);
        for (int i = 0; i < 6; ++i) labels += static_cast<char>(i);
    }
};

DatasetTraits traits(int classes) {
    return {.name = "test",
            .shape = {},
            .classes = classes,
            .normalization = {{0.5f}, {0.5f}},
            .augmentation = {}};
}

std::unique_ptr<Dataset> open(const Scratch& scratch, const Files& files, int classes = 6) {
    return open_idx(scratch.write("images", files.images), scratch.write("labels", files.labels),
                    traits(classes));
}

}  // namespace

TEST_CASE("idx files: grey images keep one channel") {
    const Scratch scratch;
    const auto dataset = open(scratch, {});
    REQUIRE(dataset->size() == 6);
    CHECK(dataset->shape() == ImageShape{3, 5, 1});
    for (std::size_t i = 0; i < 6; ++i) {
        const Sample sample = dataset->get(i);
        CHECK(sample.label == static_cast<int>(i));
        REQUIRE(sample.image.pixels.size() == 15);
        for (std::size_t p = 0; p < 15; ++p) CHECK(sample.image.pixels[p] == 2 * (i * 15 + p));
    }
    CHECK_THROWS(dataset->get(6));
}

TEST_CASE("hostile idx files are refused") {
    const Scratch scratch;
    const auto refused = [&](const std::string& part, auto spoil, int classes = 6) {
        Files files;
        spoil(files);
        CHECK_THROWS_AS(open(scratch, files, classes), BadInput);
        CHECK(contains(error_of([&] { open(scratch, files, classes); }), part));
    };
    const auto set = [](std::string& bytes, std::size_t at, std::uint32_t value) {
        bytes.replace(at, 4, word(value));
    };
    refused("header", [](Files& f) { f.images.resize(15); });
    refused("header", [](Files& f) { f.labels.clear(); });
    refused("magic", [&](Files& f) { set(f.images, 0, 0x801); });
    refused("magic", [&](Files& f) { set(f.labels, 0, 0x1f8b0808); });  // gzip
    refused("after the header", [](Files& f) { f.images.pop_back(); });
    refused("after the header", [](Files& f) { f.images += 'x'; });
    refused("after the header", [](Files& f) { f.labels += 'x'; });
    refused("after the header", [&](Files& f) { set(f.images, 4, 0xffffffff); });
    refused("dimension 0", [&](Files& f) { set(f.images, 4, 0); });
    refused("dimension 1", [&](Files& f) { set(f.images, 8, 0); });
    refused("dimension 2", [&](Files& f) { set(f.images, 12, 0xffffffff); });
    refused("number of labels", [&](Files& f) {
        set(f.labels, 4, 5);
        f.labels.pop_back();
    });
    refused(
        "label 5", [](Files&) {}, 5);
}

TEST_CASE("MNIST must have its shape and its number of images") {
    const Scratch scratch;
    const Files files;
    for (const char* prefix : {"train", "t10k"}) {
        scratch.write(std::string("MNIST/raw/") + prefix + "-images-idx3-ubyte", files.images);
        scratch.write(std::string("MNIST/raw/") + prefix + "-labels-idx1-ubyte", files.labels);
    }
    CHECK_THROWS_AS(open_dataset("mnist", Split::test, scratch.path()), BadInput);
    CHECK(contains(error_of([&] { open_dataset("mnist", Split::test, scratch.path()); }), "28x28x1"));

    std::string images = word(0x803) + word(10000) + word(28) + word(28) + std::string(7840000, '\x11');
    std::string labels = word(0x801) + word(10000) + std::string(10000, '\x09');
    scratch.write("MNIST/raw/t10k-images-idx3-ubyte", images);
    scratch.write("MNIST/raw/t10k-labels-idx1-ubyte", labels);
    const auto mnist = open_dataset("mnist", Split::test, scratch.path());
    CHECK(mnist->size() == 10000);
    CHECK(mnist->get(9999).label == 9);
    CHECK(mnist->get(9999).image.pixels[783] == 0x11);
    CHECK_FALSE(mnist->augmentation().flip);

    scratch.write("MNIST/raw/train-images-idx3-ubyte", images);
    scratch.write("MNIST/raw/train-labels-idx1-ubyte", labels);
    CHECK(contains(error_of([&] { open_dataset("mnist", Split::train, scratch.path()); }), "60000"));
}
