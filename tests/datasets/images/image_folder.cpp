#include "datasets/images/image_folder.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdlib>

#include "datasets/augment.hpp"
#include "datasets/images/decode.hpp"
#include "datasets/images/resample.hpp"
#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/core/json.hpp"
#include "engine/core/rng.hpp"
#include "tests/datasets/files.hpp"
#include "tests/datasets/images/encode.hpp"
#include "tests/helpers/skip.hpp"

using namespace nibble;
using namespace nibble::test;

TEST_CASE("classes and files are sorted by name; other files are ignored") {
    const Scratch scratch;
    const std::string png = encoded(gradient(10, 12), ".png"), jpg = encoded(gradient(300, 260), ".jpg");
    scratch.write("zebra/b.JPEG", jpg);
    scratch.write("zebra/a.png", png);
    scratch.write("Ant/x.Jpg", jpg);
    scratch.write("bee/1.jpeg", jpg);
    scratch.write("bee/notes.txt", "no image");
    scratch.write("bee/deeper/2.jpeg", jpg);
    scratch.write("readme.txt", "no class");
    const ImageFolder folder("folder", scratch.path());
    CHECK(folder.classes() == 3);
    CHECK(folder.traits().name == "folder");
    REQUIRE(folder.size() == 4);
    CHECK(folder.file(0) == "Ant/x.Jpg");
    CHECK(folder.file(1) == "bee/1.jpeg");
    CHECK(folder.file(2) == "zebra/a.png");
    CHECK(folder.file(3) == "zebra/b.JPEG");
    for (std::size_t i = 0; i < 4; ++i) {
        const Sample sample = folder.get(i);
        CHECK(sample.label == std::array{0, 1, 2, 2}[i]);
        CHECK(sample.image.shape() == ImageShape{224, 224, 3});
    }
    CHECK(folder.get(2).image.pixels == centre_crop(resize(gradient(10, 12), 256, 307), 224).pixels);
}

TEST_CASE("training images: a random part, half of them mirrored; the centre where no part fits") {
    const Scratch scratch;
    scratch.write("a/1.png", encoded(gradient(300, 280), ".png"));
    scratch.write("a/2.png", encoded(gradient(8, 400), ".png"));  // 50:1
    const ImageFolder images("folder", scratch.path());
    const auto augmented = [&](std::size_t i, std::uint32_t stream) {
        const Sample sample = images.get_augmented(i, Random(3, Purpose::test, 0, stream));
        CHECK(sample.label == 0);
        CHECK(sample.image.shape() == ImageShape{224, 224, 3});
        return sample.image;
    };
    const auto red = [](const Image& image, int x) { return image.pixels[static_cast<std::size_t>(x) * 3]; };
    int mirrored = 0, different = 0;
    constexpr int kDraws = 100;
    for (std::uint32_t stream = 0; stream < kDraws; ++stream) {
        const Image image = augmented(0, stream);
        CHECK(image.pixels == augmented(0, stream).pixels);
        different += image.pixels != images.get(0).image.pixels;
        mirrored += red(image, 0) > red(image, 223);  // red grows from left to right
    }
    CHECK(different == kDraws);
    CHECK(mirrored > 30);
    CHECK(mirrored < 70);

    const Image centre = images.get(1).image;
    const Image other = crop_and_mirror(centre, 0, 0, 0, true);
    int plain = 0;
    for (std::uint32_t stream = 0; stream < 20; ++stream) {
        const Image image = augmented(1, stream);
        CHECK((image.pixels == centre.pixels || image.pixels == other.pixels));
        plain += image.pixels == centre.pixels;
    }
    CHECK(plain > 0);
    CHECK(plain < 20);
}

TEST_CASE("an image folder's digest follows names and contents") {
    const Scratch scratch;
    const std::string png = encoded(gradient(10, 12), ".png");
    scratch.write("a/1.png", png);
    scratch.write("b/1.png", png);
    const std::string digest = ImageFolder("folder", scratch.path()).digest();
    CHECK(digest == ImageFolder("folder", scratch.path()).digest());
    scratch.write("a/1.png", encoded(gradient(10, 13), ".png"));
    CHECK(digest != ImageFolder("folder", scratch.path()).digest());
    scratch.write("a/1.png", png);
    CHECK(digest == ImageFolder("folder", scratch.path()).digest());
    std::filesystem::rename(scratch / "a", scratch / "c");
    CHECK(digest != ImageFolder("folder", scratch.path()).digest());
}

TEST_CASE("image folders that are not one, and damaged files in them") {
    const Scratch scratch;
    CHECK_THROWS_AS(ImageFolder("folder", scratch / "none"), IoError);
    CHECK_THROWS_AS(ImageFolder("folder", scratch.path()), BadInput);
    scratch.write("a/notes.txt", "");
    CHECK_THROWS_AS(ImageFolder("folder", scratch.path()), BadInput);
    const std::string jpg = encoded(gradient(40, 40), ".jpg");
    scratch.write("a/cut.jpg", jpg.substr(0, jpg.size() / 2));
    const ImageFolder folder("folder", scratch.path());
    CHECK_THROWS_AS(folder.get(0), BadInput);
    CHECK(contains(error_of([&] { folder.get(0); }), "a/cut.jpg"));
    scratch.write("a/cut.jpg", encoded(gradient(1, 60000), ".png"));
    CHECK(contains(error_of([&] { folder.get(0); }), "elongated"));
}

TEST_CASE("decoding, resizing and cropping agree with PIL") {
    if (std::system("/usr/bin/python3 -c 'import PIL' 2>/dev/null") != 0) {
        nibble::test::skipped(
            "PIL is not installed (apt-get install python3-pil); the pinned pictures were compared");
        return;
    }
    const Scratch scratch;
    const std::string script = R"(
import sys
from PIL import Image
for path in sys.argv[1:]:
    image = Image.open(path).convert('RGB')
    w, h = image.size
    size = (256, int(256 * h / w)) if w <= h else (int(256 * w / h), 256)
    image = image.resize(size, Image.BILINEAR)
    left, top = (int(round((side - 224) / 2.0)) for side in size)
    open(path + '.raw', 'wb').write(image.crop((left, top, left + 224, top + 224)).tobytes())
)";
    const auto program = scratch.write("oracle.py", script);
    std::string command = "/usr/bin/python3 '" + program.string() + "'";
    const std::vector<std::pair<int, int>> sizes{{375, 500}, {500, 333}, {90, 61},
                                                 {256, 256}, {257, 701}, {1000, 999}};
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        const std::string name = std::to_string(i) + (i % 2 == 0 ? ".jpg" : ".png");
        const auto [height, width] = sizes[i];
        command +=
            " '" +
            scratch.write(name, encoded(gradient(height, width), i % 2 == 0 ? ".jpg" : ".png")).string() +
            "'";
    }
    REQUIRE(std::system(command.c_str()) == 0);
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        const auto path = scratch / (std::to_string(i) + (i % 2 == 0 ? ".jpg" : ".png"));
        const Image ours = load_evaluation_image(path);
        const std::string theirs = read_file(path.string() + ".raw");
        REQUIRE(theirs.size() == ours.pixels.size());
        double difference = 0;
        for (std::size_t p = 0; p < theirs.size(); ++p)
            difference += std::abs(ours.pixels[p] - static_cast<std::uint8_t>(theirs[p]));
        CAPTURE(i);
        CHECK(difference == 0);
    }
}
