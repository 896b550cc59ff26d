#include "datasets/images/image_list.hpp"

#include <doctest/doctest.h>

#include "datasets/catalog.hpp"
#include "engine/core/error.hpp"
#include "tests/datasets/files.hpp"
#include "tests/datasets/images/encode.hpp"

using namespace nibble;
using namespace nibble::test;

namespace {

const Geometry kSmall{.resize = Resize::shorter(10), .crop = 8};

ImageList list(const Scratch& scratch, Split split = Split::test) {
    return {"list", scratch.path(), split, kSmall};
}

std::string refusal(const Scratch& scratch, Split split = Split::test) {
    return error_of([&] { list(scratch, split); });
}

}  // namespace

TEST_CASE("lists: names and labels in the order of the list, images below val/ or beside it") {
    const Scratch scratch;
    const std::string png = encoded(gradient(12, 15), ".png");
    scratch.write("val/b one.png", png);
    scratch.write("val/a.png", png);
    scratch.write("val_labels.txt", "b one.png 3\r\na.png\t0\n\n");
    const ImageList images = list(scratch);
    REQUIRE(images.size() == 2);
    CHECK(images.file(0) == "b one.png");
    CHECK(images.get(0).label == 3);
    CHECK(images.get(1).label == 0);
    CHECK(images.get(1).image.shape() == ImageShape{8, 8, 3});
    CHECK(images.classes() == 4);

    scratch.write("train.txt", "n1/x.png 6\n");  // Caffe's; its labels count, too
    scratch.write("n1/x.png", png);
    CHECK(list(scratch, Split::train).get(0).label == 6);
    CHECK(list(scratch).classes() == 7);
    scratch.write("synsets.txt", "n1 first\nn2 second\nn3\nn4\nn5\nn6\nn7\nn8\n");
    CHECK(list(scratch).classes() == 8);
    CHECK(open_dataset("image_list:" + scratch.path().string(), Split::test)->name() == "image_list");
}

TEST_CASE("lists: calibration images where there is no training list") {
    const Scratch scratch;
    scratch.write("calibration/a.png", encoded(gradient(12, 15), ".png"));
    scratch.write("calibration_labels.txt", "a.png 1\n");
    CHECK(list(scratch, Split::train).size() == 1);
    CHECK(contains(refusal(scratch), "val_labels.txt, val.txt, LOC_val_solution.csv"));
}

TEST_CASE("Kaggle's list names synsets") {
    const Scratch scratch;
    scratch.write("LOC_val_solution.csv",
                  "ImageId,PredictionString\nv1,n2 1 2 3 4 \nv2,n1 1 2 3 4 n1 5 6 7 8 \n");
    CHECK(contains(refusal(scratch), "LOC_synset_mapping.txt"));
    scratch.write("LOC_synset_mapping.txt", "n1 tench, Tinca tinca\nn2 goldfish\n");
    CHECK(contains(refusal(scratch), "v1.JPEG"));
    scratch.write("ILSVRC/Data/CLS-LOC/val/v1.JPEG", encoded(gradient(12, 15), ".jpg"));
    scratch.write("ILSVRC/Data/CLS-LOC/val/v2.JPEG", encoded(gradient(12, 15), ".jpg"));
    const ImageList images = list(scratch);
    CHECK(images.classes() == 2);
    CHECK(images.get(0).label == 1);
    CHECK(images.get(1).label == 0);
    scratch.write("LOC_val_solution.csv", "ImageId,PredictionString\nv1,n9 1 2 3 4\n");
    CHECK(contains(refusal(scratch), "line 2"));
}

TEST_CASE("lists that make no sense are refused in one line") {
    const Scratch scratch;
    CHECK(contains(refusal(scratch), "no list of test images"));
    scratch.write("data/ILSVRC2012_validation_ground_truth.txt", "490\n361\n");
    CHECK(contains(refusal(scratch), "devkit's order"));
    CHECK(contains(refusal(scratch), "LOC_val_solution.csv"));
    scratch.write("val/a.png", encoded(gradient(12, 15), ".png"));
    for (const char* line : {"a.png", "a.png x", "a.png -1", "a.png 1.5", "a.png 2147483647",
                             "a.png 99999999999", " 1", "/etc/passwd 1", "../a.png 1", "b/../../a.png 0"}) {
        CAPTURE(line);
        scratch.write("val_labels.txt", std::string("a.png 0\n") + line + "\n");
        CHECK(contains(refusal(scratch), "val_labels.txt: line 2"));
    }
    scratch.write("val_labels.txt", "\n\n");
    CHECK(contains(refusal(scratch), "lists no image"));
    scratch.write("val_labels.txt", "none.png 0\n");
    CHECK(contains(refusal(scratch), "none.png"));
    scratch.write("val_labels.txt", "a.png 2\n");
    scratch.write("synsets.txt", "n1\nn2\n");
    CHECK(contains(refusal(scratch), "label: expected below 2"));
    scratch.write("synsets.txt", "n1\nn1\n");
    CHECK(contains(refusal(scratch), "twice"));
}

TEST_CASE("a list's digest follows names, labels, contents and geometry") {
    const Scratch scratch;
    const std::string png = encoded(gradient(12, 15), ".png");
    scratch.write("val/a.png", png);
    scratch.write("val/b.png", png);
    scratch.write("val.txt", "a.png 0\nb.png 1\n");
    const std::string digest = list(scratch).digest();
    CHECK(list(scratch).digest() == digest);
    CHECK(ImageList("list", scratch.path(), Split::test).digest() != digest);
    for (const char* other : {"a.png 1\nb.png 1\n", "b.png 0\na.png 1\n", "a.png 0\n"}) {
        scratch.write("val.txt", other);
        CHECK(list(scratch).digest() != digest);
    }
    scratch.write("val.txt", "a.png 0\nb.png 1\n");
    scratch.write("val/b.png", encoded(gradient(12, 16), ".png"));
    CHECK(list(scratch).digest() != digest);
}

TEST_CASE("images of many sizes need a geometry that makes one of them") {
    const Scratch scratch;
    scratch.write("val/a.png", encoded(gradient(12, 15), ".png"));
    scratch.write("val/b.png", encoded(gradient(12, 16), ".png"));
    scratch.write("val.txt", "a.png 0\nb.png 1\n");
    const ImageList whole("list", scratch.path(), Split::test, {});
    CHECK(whole.shape() == ImageShape{12, 15, 3});
    CHECK_NOTHROW(whole.get(0));
    CHECK(contains(error_of([&] { whole.get(1); }), "b.png: size: expected 12x15x3"));
    const ImageList squashed("list", scratch.path(), Split::test, {.resize = Resize::exact(9, 7)});
    CHECK(squashed.shape() == ImageShape{9, 7, 3});
    CHECK_NOTHROW(squashed.get(1));
}

TEST_CASE("imagenet takes either layout, but no selection of its images") {
    const Scratch scratch;
    const std::string png = encoded(gradient(12, 15), ".png");
    CHECK(
        contains(error_of([&] { open_dataset("imagenet", Split::test, scratch.path()); }), "imagenet/train"));
    scratch.write("imagenet/val/a.png", png);
    scratch.write("imagenet/val_labels.txt", "a.png 0\n");
    CHECK(contains(error_of([&] { open_dataset("imagenet", Split::test, scratch.path()); }),
                   "imagenet-subset"));
    scratch.write("imagenet/calibration/a.png", png);
    scratch.write("imagenet/calibration_labels.txt", "a.png 0\n");
    CHECK(contains(error_of([&] { open_dataset("imagenet", Split::train, scratch.path()); }),
                   "imagenet-subset"));
    CHECK(open_dataset("imagenet-subset", Split::test, scratch.path())->name() == "imagenet-subset");
    CHECK(open_dataset("imagenet-subset", Split::train, scratch.path())->size() == 1);

    std::string all;
    for (int i = 0; i < 50000; ++i) all += "a.png 0\n";
    scratch.write("imagenet/val_labels.txt", all);
    CHECK(open_dataset("imagenet", Split::test, scratch.path())->size() == 50000);

    const Scratch folders;
    folders.write("imagenet/val/n1/a.png", png);
    folders.write("imagenet/train/n1/a.png", png);
    CHECK(open_dataset("imagenet", Split::test, folders.path())->size() == 1);
}
