#include "datasets/images/decode.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdlib>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/core/rng.hpp"
#include "tests/datasets/files.hpp"
#include "tests/datasets/images/encode.hpp"
#include "tests/helpers/skip.hpp"

using namespace nibble;
using namespace nibble::test;

namespace {

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

/// All formats, each of a picture that it keeps exactly or, JPEG, nearly.
std::vector<std::string> one_of_each(const Image& image) {
    return {encoded(image, ".png"),  encoded(image, ".jpg"),
            encoded(image, ".bmp"),  encoded(image, ".webp", {cv::IMWRITE_WEBP_QUALITY, 101}),
            encoded(image, ".tiff"), gif(image.height, image.width)};
}

/// Little-endian.
std::string word(int value) {
    return {static_cast<char>(value), static_cast<char>(value >> 8)};
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
    for (const std::string& good : one_of_each(gradient(30, 20))) {
        for (std::size_t n = 0; n < good.size(); ++n) {
            if (n > 200 && n % 13 != 0 && n + 20 < good.size()) continue;
            CAPTURE(n);
            CHECK_THROWS_AS(decode_image(good.substr(0, n), "cut"), BadInput);
        }
    }
    for (const char* bytes :
         {"GIF89a, say", "BM, say", "II*", "RIFF", "RIFF....WEBP", "RIFF....WEBPVP8 ", "nothing"})
        CHECK_THROWS_AS(decode_image(bytes, "it"), BadInput);
    CHECK(contains(error_of([] { decode_image("nothing", "it"); }),
                   "none of JPEG, PNG, WebP, BMP, TIFF and GIF"));
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
    for (const std::string& good : one_of_each(gradient(24, 24))) {
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
    std::string bmp = encoded(gradient(8, 8), ".bmp");
    bmp.replace(18, 8, std::string("\xdc\xff\0\0\xdc\xff\0\0", 8));
    CHECK(contains(error_of([&] { decode_image(bmp, "it"); }), "65500x65500"));
    bmp.replace(18, 8, std::string("\0\0\0\x80\0\0\0\x80", 8));
    CHECK(contains(error_of([&] { decode_image(bmp, "it"); }), "size in pixels"));
    std::string animation = gif(8, 8);
    animation.replace(6, 4, "\xdc\xff\xdc\xff");
    constexpr std::size_t kFrame = 13 + 3 * 256 + 8;  // behind header, palette and what is transparent
    animation.replace(kFrame + 5, 4, "\xdc\xff\xdc\xff");
    CHECK(contains(error_of([&] { decode_image(animation, "it"); }), "65500x65500"));
    std::string webp = encoded(gradient(8, 8), ".webp", {cv::IMWRITE_WEBP_QUALITY, 101});
    webp.replace(21, 4, std::string("\xff\xff\xff\x0f", 4));  // 14 bits of width - 1, 14 of height - 1
    CHECK(contains(error_of([&] { decode_image(webp, "it"); }), "16384x16384"));
}

TEST_CASE("lossless formats keep every byte; JPEG and lossy WebP nearly") {
    const Image image = gradient(40, 61);
    for (const char* extension : {".bmp", ".tiff"}) {
        CAPTURE(extension);
        CHECK(decode_image(encoded(image, extension), "it").pixels == image.pixels);
    }
    CHECK(decode_image(encoded(image, ".webp", {cv::IMWRITE_WEBP_QUALITY, 101}), "it").pixels ==
          image.pixels);
    for (const int compression : {1, 5, 8, 32773})  // none, LZW, deflate, PackBits
        CHECK(
            decode_image(encoded(image, ".tiff", {cv::IMWRITE_TIFF_COMPRESSION, compression}), "it").pixels ==
            image.pixels);
    const Image lossy = decode_image(encoded(image, ".webp", {cv::IMWRITE_WEBP_QUALITY, 90}), "it");
    REQUIRE(lossy.shape() == image.shape());
    double difference = 0;
    for (std::size_t i = 0; i < lossy.pixels.size(); ++i)
        difference += std::abs(lossy.pixels[i] - image.pixels[i]);
    CHECK(difference / static_cast<double>(lossy.pixels.size()) < 8);
}

TEST_CASE("GIF: the first frame, interlaced or not, with either palette; transparency is ignored") {
    for (const auto& [height, width] : {std::pair{9, 7}, std::pair{1, 1}, std::pair{40, 33}})
        for (const bool interlaced : {false, true})
            for (const bool local : {false, true})
                for (const bool animated : {false, true}) {
                    CAPTURE(height);
                    CAPTURE(interlaced);
                    const std::string bytes =
                        gif(height, width,
                            {.interlaced = interlaced, .local_palette = local, .animated = animated});
                    const Image image = decode_image(bytes, "it");
                    CHECK(image.shape() == ImageShape{height, width, 3});
                    CHECK(image.pixels == gif_picture(height, width).pixels);
                }
    CHECK(contains(error_of([] { decode_image(gif(9, 7, {.left = 2}), "it"); }), "does not fill"));
}

TEST_CASE("BMP: palettes, rows from the top, four bytes a pixel; other kinds are refused") {
    const Image image = gradient(5, 3);
    std::string header = "BM" + std::string(8, '\0') + std::string("\x36\0\0\0\x28\0\0\0", 8) + word(3) +
                         word(0) + word(-5) + word(-1) + word(1) + word(32) + std::string(24, '\0');
    std::string pixels;
    for (std::size_t p = 0; p < image.pixels.size(); p += 3)
        for (const int value : {+image.pixels[p + 2], +image.pixels[p + 1], +image.pixels[p], 99})
            pixels += static_cast<char>(value);
    CHECK(decode_image(header + pixels, "it").pixels == image.pixels);

    std::string palette_header = header;
    palette_header.replace(10, 4, std::string("\x3e\0\0\0", 4))
        .replace(28, 2, word(8))
        .replace(46, 2, word(2));
    const std::string palette("\1\2\3\0\4\5\6\0", 8), rows("\0\1\0\0\1\1\1\0\0\0\0\0\1\0\1\0\0\0\1\0", 20);
    const Image two = decode_image(palette_header + palette + rows, "it");
    CHECK(std::vector(two.pixels.begin(), two.pixels.begin() + 9) ==
          std::vector<std::uint8_t>{3, 2, 1, 6, 5, 4, 3, 2, 1});
    CHECK(contains(error_of([&] { decode_image(palette_header + palette + std::string(20, '\2'), "it"); }),
                   "palette lacks"));
    for (const auto& [at, value] : {std::pair{28, 16}, std::pair{28, 4}, std::pair{30, 1}}) {
        std::string other = header;
        CHECK(contains(error_of([&] { decode_image(other.replace(at, 2, word(value)) + pixels, "it"); }),
                       "another kind"));
    }
}

TEST_CASE("what PIL and others read in different ways is refused") {
    const auto encode = [](const cv::Mat& image, const char* extension) {
        std::vector<std::uint8_t> bytes;
        REQUIRE(cv::imencode(extension, image, bytes));
        return std::string(bytes.begin(), bytes.end());
    };
    CHECK(contains(error_of([&] { decode_image(encode(cv::Mat(4, 5, CV_16U, 700), ".png"), "it"); }),
                   "grey PNG of 16 bits"));
    CHECK(decode_image(encode(cv::Mat(4, 5, CV_16UC3, cv::Scalar(0x1234, 0x56ff, 0xff00)), ".png"), "it")
              .pixels[2] == 0x12);
    CHECK(decode_image(encode(cv::Mat(4, 5, CV_8U, 70), ".tiff"), "it").pixels ==
          std::vector<std::uint8_t>(60, 70));
    for (const cv::Mat& image : {cv::Mat(4, 5, CV_16UC3, cv::Scalar(1, 2, 3)),
                                 cv::Mat(4, 5, CV_8UC4, cv::Scalar(1, 2, 3, 4)), cv::Mat(4, 5, CV_32F, 0.5)})
        CHECK(contains(error_of([&] { decode_image(encode(image, ".tiff"), "it"); }), "convert it"));
}

TEST_CASE("every format decodes to PIL's bytes") {
    if (std::system("/usr/bin/python3 -c 'import PIL' 2>/dev/null") != 0) {
        nibble::test::skipped("PIL is not installed (apt-get install python3-pil)");
        return;
    }
    const Scratch scratch;
    const auto program = scratch.write("pictures.py", R"(
import sys
from PIL import Image
folder = sys.argv[1]
size = (37, 29)
colours = Image.frombytes('RGB', size, bytes((31 * i + i // 7 * 5) % 256 for i in range(3 * 37 * 29)))
alpha = colours.copy()
alpha.putalpha(Image.frombytes('L', size, bytes(i % 256 for i in range(37 * 29))))
grey = colours.convert('L')
pictures = {'a.jpg': colours, 'b.png': alpha, 'c.png': colours.quantize(200), 'd.png': grey, 'e.png': grey.convert('1'),
            'f.bmp': colours, 'g.bmp': grey, 'h.bmp': colours.quantize(50), 'i.webp': colours, 'j.webp': alpha,
            'k.tif': colours, 'l.tif': grey, 'm.gif': colours.quantize(100), 'n.gif': grey, 'o.jpg': grey,
            'p.png': grey.convert('LA')}
for name, image in pictures.items():
    image.save(folder + '/' + name)
colours.save(folder + '/q.jpg', exif=b'Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0')
colours.save(folder + '/r.webp', lossless=True)
colours.save(folder + '/s.tif', compression='tiff_lzw')
colours.save(folder + '/t.png', interlace=1)
open(folder + '/u.png', 'wb').write(open(folder + '/wide.png', 'rb').read())
for name in list(pictures) + ['q.jpg', 'r.webp', 's.tif', 't.png', 'u.png']:
    open(folder + '/' + name + '.raw', 'wb').write(Image.open(folder + '/' + name).convert('RGB').tobytes())
)");
    cv::Mat wide(20, 30, CV_16UC3);
    for (int i = 0; i < 600; ++i)
        wide.at<cv::Vec3w>(i / 30, i % 30) = cv::Vec3w(109 * i, 65535 - 77 * i, 257 * i);
    REQUIRE(cv::imwrite((scratch / "wide.png").string(), wide));
    REQUIRE(std::system(
                ("/usr/bin/python3 '" + program.string() + "' '" + scratch.path().string() + "'").c_str()) ==
            0);
    int compared = 0;
    for (const auto& entry : std::filesystem::directory_iterator(scratch.path())) {
        if (entry.path().extension() != ".raw") continue;
        const std::filesystem::path path = entry.path().string().substr(0, entry.path().string().size() - 4);
        CAPTURE(path.filename().string());
        const Image image = decode_image_file(path);
        const std::string expected = read_file(entry.path());
        CHECK(std::string(image.pixels.begin(), image.pixels.end()) == expected);
        ++compared;
    }
    CHECK(compared == 21);
}
