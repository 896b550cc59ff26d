#include "engine/models/catalog.hpp"

#include <doctest/doctest.h>

#include "engine/core/error.hpp"
#include "engine/models/resnet.hpp"
#include "engine/models/resnet_cifar.hpp"

using namespace nibble;

namespace {

Graph make(const std::string& name) {
    return make_model(name, 10, {32, 32, 3});
}

}  // namespace

TEST_CASE("catalog: names mean what they say") {
    CHECK(make("resnet20").parameters() == resnet_cifar({.depth = 20}).parameters());
    CHECK(make("resnet20-w1.0").parameters() == make("resnet20").parameters());
    CHECK(make("resnet20-w0.5").parameters() == resnet_cifar({.depth = 20, .width = 0.5}).parameters());
    CHECK(make("resnet32-projection").parameters() ==
          resnet_cifar({.depth = 32, .shortcut = Shortcut::projection}).parameters());
    CHECK(make("resnet8-w2-projection").parameters() ==
          resnet_cifar({.depth = 8, .width = 2, .shortcut = Shortcut::projection}).parameters());
    CHECK(make("plain20").size() == resnet_cifar({.depth = 20, .shortcut = Shortcut::none}).size());
    CHECK(make("plain14-w0.25").classes() == 10);
    CHECK(make_model("resnet8", 100, {28, 28, 1}).classes() == 100);
    for (const char* torchvision : {"resnet18", "resnet34", "resnet50", "resnet101", "resnet152"})
        CHECK(make_model(torchvision).digest() ==
              make_model(std::string(torchvision) + "-imagenet").digest());
    CHECK(make_model("resnet50-w0.5").digest() == make_model("resnet50-w0.5-imagenet").digest());
    CHECK(make("resnet50-cifar").digest() == resnet_cifar({.depth = 50}).digest());
    CHECK(make("resnet20-w0.5-cifar-projection").digest() == make("resnet20-w0.5-projection").digest());
    CHECK(make_model("resnet18-imagenet", 10, {32, 32, 3}).parameters() ==
          resnet({.depth = 18, .classes = 10}).parameters());
    CHECK(make_model("resnet50-w0.5-imagenet", 10, {32, 32, 3}).parameters() ==
          resnet({.depth = 50, .width = 0.5, .classes = 10}).parameters());
    CHECK(make_model("resnet29-w1.0-imagenet").parameters() == make_model("resnet29-imagenet").parameters());
}

TEST_CASE("catalog: without classes and input, what is usual for the family") {
    const Graph cifar = make_model("resnet20-w0.5"), imagenet = make_model("resnet200-imagenet");
    CHECK(cifar.classes() == 10);
    CHECK(cifar.input_dims() == Dims{32, 32, 3});
    CHECK(imagenet.classes() == 1000);
    CHECK(imagenet.input_dims() == Dims{224, 224, 3});
    CHECK(make_model("inception_v3").input_dims() == Dims{299, 299, 3});
    CHECK(make_model("mobilenet_v2-cifar").input_dims() == Dims{32, 32, 3});
    CHECK(make_model("densenet40-cifar").classes() == 10);
    CHECK_THROWS_AS(make_model("vgg12"), BadInput);
}

TEST_CASE("catalog: every example is a model") {
    for (const std::string& name : model_examples()) CHECK_NOTHROW(make_model(name));
}

TEST_CASE("catalog: everything else is refused") {
    for (const char* name : {"",
                             "resnet",
                             "resnet20 ",
                             " resnet20",
                             "Resnet20",
                             "resnet020",
                             "resnet-20",
                             "resnet+20",
                             "resnet20-",
                             "resnet20-w",
                             "resnet20-w-1",
                             "resnet20-w1.",
                             "resnet20-w.5",
                             "resnet20-w1e0",
                             "resnet20-w01",
                             "resnet20-w1.0.0",
                             "resnet20-wnan",
                             "resnet20-w0.5-w0.5",
                             "resnet20-projection-w0.5",
                             "resnet20-projection-projection",
                             "plain20-projection",
                             "plain",
                             "resnet99999999999999999999",
                             "vgg16-cifar",
                             "VGG16",
                             "resnet18-imagenet-w0.5",
                             "resnet18-w-imagenet",
                             "resnet18-w.5-imagenet",
                             "resnet18-w0.5-w0.5-imagenet",
                             "resnet18-projection-imagenet",
                             "plain18-imagenet",
                             "resnet20x"}) {
        CAPTURE(name);
        CHECK_THROWS_WITH_AS(make(name), doctest::Contains("resnet<depth>"), BadInput);
    }
    CHECK_THROWS_WITH_AS(make("resnet21"), doctest::Contains("6n + 2"), BadInput);
    CHECK_THROWS_AS(make("resnet20-w0"), BadInput);
    CHECK_THROWS_WITH_AS(make("resnet20-imagenet"), doctest::Contains("18, 29, 34, 50"), BadInput);
    CHECK_THROWS_WITH_AS(make("resnet50-w0-imagenet"), doctest::Contains("width"), BadInput);
}
