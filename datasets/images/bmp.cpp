#include <cstdlib>
#include <cstring>

#include "datasets/images/formats.hpp"
#include "engine/core/error.hpp"

namespace nibble {

Image new_rgb_image(std::int64_t height, std::int64_t width, const std::string& where) {
    if (height < 1 || width < 1 || height > kLargestImage / width)
        throw BadInput(where, "size in pixels", "1 to " + std::to_string(kLargestImage),
                       std::to_string(height) + "x" + std::to_string(width));
    Image image{static_cast<int>(height), static_cast<int>(width), 3, {}};
    image.pixels.resize(image.shape().count());
    return image;
}

namespace {

/// Little-endian, as the machine.
template <class T>
T number_at(std::string_view bytes, std::size_t at) {
    T value = 0;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

/// What the two headers say: 14 bytes of the file, then 40 or more of the picture.
struct BmpHeader {
    std::uint32_t data, size;
    std::int64_t width, height;
    std::uint16_t bits;
    std::uint32_t compression, colours;
};

constexpr std::size_t kFileHeader = 14, kSmallestHeader = 40;

BmpHeader read_header(std::string_view bytes, const std::string& where) {
    if (bytes.size() < kFileHeader + kSmallestHeader)
        throw BadInput(where + ": is damaged (no whole header); replace or remove the file");
    const BmpHeader header{number_at<std::uint32_t>(bytes, 10), number_at<std::uint32_t>(bytes, 14),
                           number_at<std::int32_t>(bytes, 18),  number_at<std::int32_t>(bytes, 22),
                           number_at<std::uint16_t>(bytes, 28), number_at<std::uint32_t>(bytes, 30),
                           number_at<std::uint32_t>(bytes, 46)};
    const bool known_bits = header.bits == 8 || header.bits == 24 || header.bits == 32;
    if (header.size < kSmallestHeader || header.compression != 0 || !known_bits)
        throw BadInput(where + ": is a BMP of another kind than uncompressed 8, 24 or 32 bits; convert it");
    return header;
}

}  // namespace

Image decode_bmp(std::string_view bytes, const std::string& where) {
    const BmpHeader header = read_header(bytes, where);
    Image image = new_rgb_image(std::abs(header.height), header.width, where);
    const std::size_t pixel = header.bits / 8;
    const std::size_t row = (static_cast<std::size_t>(image.width) * pixel + 3) / 4 * 4;
    const std::size_t palette = kFileHeader + header.size;
    const std::size_t colours = header.bits > 8 ? 0 : header.colours ? header.colours : 256;
    if (colours > 256 || palette + 4 * colours > bytes.size() || header.data > bytes.size() ||
        bytes.size() - header.data < row * static_cast<std::size_t>(image.height))
        throw BadInput(where + ": is damaged (it ends too early); replace or remove the file");
    std::uint8_t* out = image.pixels.data();
    for (int y = 0; y < image.height; ++y) {
        const int stored = header.height < 0 ? y : image.height - 1 - y;
        const char* in = bytes.data() + header.data + static_cast<std::size_t>(stored) * row;
        for (int x = 0; x < image.width; ++x, in += pixel, out += 3) {
            const char* bgr = in;
            if (colours) {
                const auto index = static_cast<std::uint8_t>(*in);
                if (index >= colours)
                    throw BadInput(
                        where + ": is damaged (a colour that the palette lacks); replace or remove the file");
                bgr = bytes.data() + palette + 4 * std::size_t{index};
            }
            for (int c = 0; c < 3; ++c) out[c] = static_cast<std::uint8_t>(bgr[2 - c]);
        }
    }
    return image;
}

}  // namespace nibble
