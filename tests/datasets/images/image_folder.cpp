#include "datasets/images/image_folder.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdlib>
#include <opencv2/imgcodecs.hpp>

#include "datasets/augment.hpp"
#include "datasets/images/decode.hpp"
#include "datasets/images/resample.hpp"
#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/core/json.hpp"
#include "engine/core/rng.hpp"
#include "tests/datasets/files.hpp"
#include "tests/helpers/skip.hpp"

using namespace nibble;
using namespace nibble::test;

namespace {

/// A smooth colour picture, which JPEG keeps well.
Image gradient(int height, int width) {
    Image image{height, width, 3, {}};
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
            for (int value : {x * 255 / width, y * 255 / height, 128 + (x + y) % 64})
                image.pixels.push_back(static_cast<std::uint8_t>(value));
    return image;
}

std::string encoded(const Image& image, const std::string& extension) {
    cv::Mat bgr(image.height, image.width, CV_8UC3);
    for (int y = 0; y < image.height; ++y)
        for (int x = 0; x < image.width; ++x) {
            const auto* pixel = &image.pixels[static_cast<std::size_t>((y * image.width + x) * 3)];
            bgr.at<cv::Vec3b>(y, x) = {pixel[2], pixel[1], pixel[0]};
        }
    std::vector<std::uint8_t> bytes;
    REQUIRE(cv::imencode(extension, bgr, bytes));
    return {bytes.begin(), bytes.end()};
}

/// CRC-32 of a PNG chunk's type and data, big-endian (PNG specification, annex D).
std::string checksum(const std::string& bytes) {
    std::uint32_t crc = 0xffffffff;
    for (const char c : bytes) {
        crc ^= static_cast<unsigned char>(c);
        for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
    }
    crc = ~crc;
    std::string text;
    for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(crc >> shift);
    return text;
}

}  // namespace

TEST_CASE("PNG and JPEG decode to RGB") {
    const Image image = gradient(40, 60);
    CHECK(decode_image(encoded(image, ".png"), "it").pixels == image.pixels);
    const Image jpeg = decode_image(encoded(image, ".jpg"), "it");
    REQUIRE(jpeg.shape() == image.shape());
    double difference = 0;
    for (std::size_t i = 0; i < jpeg.pixels.size(); ++i)
        difference += std::abs(jpeg.pixels[i] - image.pixels[i]);
    CHECK(difference / static_cast<double>(jpeg.pixels.size()) < 8);  // swapped channels differ by 60
}

TEST_CASE("damaged images are refused, every truncation of them too") {
    for (const char* extension : {".png", ".jpg"}) {
        const std::string good = encoded(gradient(30, 20), extension);
        for (std::size_t n = 0; n < good.size(); ++n) {
            if (n > 200 && n % 13 != 0 && n + 20 < good.size()) continue;
            CAPTURE(n);
            CHECK_THROWS_AS(decode_image(good.substr(0, n), "cut"), BadInput);
        }
    }
    CHECK_THROWS_AS(decode_image("GIF89a, say", "it"), BadInput);
    CHECK_THROWS_AS(decode_image("\xff\xd8\xff\xd9", "it"), BadInput);
}

TEST_CASE("a JPEG cut anywhere in its picture is refused though its end marker is there") {
    const std::string good = encoded(gradient(90, 120), ".jpg");
    const std::size_t scan = good.find("\xff\xda");
    REQUIRE(scan != good.npos);
    for (std::size_t n = scan + 14; n + 2 < good.size(); n += 1 + n % 7) {
        CAPTURE(n);
        CHECK(contains(error_of([&] { decode_image(good.substr(0, n) + "\xff\xd9", "cut"); }),
                       "cut: is damaged ("));
    }
}

TEST_CASE("a changed bit in the pixels of a PNG is refused; what else it holds is passed over") {
    const Image image = gradient(30, 20);
    const std::string good = encoded(image, ".png");
    const std::size_t data = good.find("IDAT");
    for (std::size_t at = data; at + 12 < good.size(); at += 7) {
        std::string bad = good;
        bad[at] = static_cast<char>(bad[at] ^ 4);
        CAPTURE(at);
        CHECK(contains(error_of([&] { decode_image(bad, "it"); }), "it: is damaged ("));
    }
    std::string with_text = good;
    with_text.insert(data - 4, std::string("\0\0\0\5tEXtwrong\0\0\0\0", 17));  // with a wrong checksum
    CHECK(decode_image(with_text, "it").pixels == image.pixels);
}

TEST_CASE("bytes changed at random are decoded or refused, never fatal") {
    for (const char* extension : {".png", ".jpg"}) {
        const std::string good = encoded(gradient(24, 24), extension);
        Random random(5, Purpose::test);
        int refused = 0;
        for (int i = 0; i < 300; ++i) {
            std::string bad = good;
            for (int k = 0; k < 3; ++k)
                bad[random.below(static_cast<std::uint32_t>(bad.size()))] =
                    static_cast<char>(random.below(256));
            Image image;
            try {
                image = decode_image(bad, "it");
            } catch (const BadInput&) {
                ++refused;
                continue;
            }
            CHECK(image.pixels.size() == image.shape().count());
            CHECK(image.channels == 3);
        }
        CHECK(refused > 0);
    }
}

TEST_CASE("a small file that claims a huge image is refused before decoding") {
    std::string png = encoded(gradient(8, 8), ".png");
    const auto claim = [&](const std::string& size) {
        png.replace(16, 8, size);
        png.replace(29, 4, checksum(png.substr(12, 17)));
        return error_of([&] { decode_image(png, "it"); });
    };
    CHECK(contains(claim(std::string("\x00\x00\xff\xdc\x00\x00\xff\xdc", 8)), "65500x65500"));
    CHECK(contains(claim(std::string("\x00\x00\x00\x00\x00\x00\x00\x08", 8)), "damaged"));
    CHECK(contains(claim(std::string(8, '\xff')), "damaged"));
    std::string jpeg = encoded(gradient(8, 8), ".jpg");
    const std::size_t sof = jpeg.find("\xff\xc0");
    REQUIRE(sof != jpeg.npos);
    jpeg.replace(sof + 5, 4, "\xff\xdc\xff\xdc");
    CHECK(contains(error_of([&] { decode_image(jpeg, "it"); }), "65500x65500"));
}

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
