// Image files for tests, made in memory.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <opencv2/imgcodecs.hpp>
#include <string>
#include <vector>

#include "datasets/image.hpp"

namespace nibble::test {

/// A smooth colour picture, which JPEG keeps well.
inline Image gradient(int height, int width) {
    Image image{height, width, 3, {}};
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
            for (int value : {x * 255 / width, y * 255 / height, 128 + (x + y) % 64})
                image.pixels.push_back(static_cast<std::uint8_t>(value));
    return image;
}

/// As OpenCV writes it. `parameters` as in cv::imencode.
inline std::string encoded(const Image& image, const std::string& extension,
                           const std::vector<int>& parameters = {}) {
    cv::Mat bgr(image.height, image.width, CV_8UC3);
    for (int y = 0; y < image.height; ++y)
        for (int x = 0; x < image.width; ++x) {
            const auto* pixel = &image.pixels[static_cast<std::size_t>((y * image.width + x) * 3)];
            bgr.at<cv::Vec3b>(y, x) = {pixel[2], pixel[1], pixel[0]};
        }
    std::vector<std::uint8_t> bytes;
    if (!cv::imencode(extension, bgr, bytes, parameters)) std::abort();
    return {bytes.begin(), bytes.end()};
}

/// What a GIF says of itself beside its pixels.
struct GifOptions {
    bool interlaced = false, local_palette = false, animated = false;
    int left = 0;  ///< of the frame in the picture, which is that much wider
};

/// Pixel (x, y) has palette index (7 x + 13 y) mod 256, whose colour is (index, 255 - index, 3 index mod 256).
inline std::uint8_t gif_index(int x, int y) {
    return static_cast<std::uint8_t>(7 * x + 13 * y);
}

inline Image gif_picture(int height, int width) {
    Image image{height, width, 3, {}};
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
            for (const int value : {+gif_index(x, y), 255 - gif_index(x, y), 3 * gif_index(x, y)})
                image.pixels.push_back(static_cast<std::uint8_t>(value));
    return image;
}

/// gif_picture() as a GIF: codes of 9 bits, the table cleared before it would need ten.
inline std::string gif(int height, int width, const GifOptions& options = {}) {
    const auto word = [](int value) {
        return std::string{static_cast<char>(value), static_cast<char>(value >> 8)};
    };
    std::string palette;
    for (int i = 0; i < 256; ++i)
        for (const int value : {i, 255 - i, 3 * i}) palette += static_cast<char>(value);
    std::vector<int> rows;
    const std::vector<std::pair<int, int>> passes =
        options.interlaced ? std::vector<std::pair<int, int>>{{0, 8}, {4, 8}, {2, 4}, {1, 2}}
                           : std::vector<std::pair<int, int>>{{0, 1}};
    for (const auto& [first, step] : passes)
        for (int y = first; y < height; y += step) rows.push_back(y);
    constexpr int kClear = 256, kEnd = 257, kBits = 9;
    std::string packed;
    std::uint32_t held = 0;
    int bits = 0, since_clear = 0;
    const auto put = [&](int code) {
        held |= static_cast<std::uint32_t>(code) << bits;
        for (bits += kBits; bits >= 8; bits -= 8, held >>= 8) packed += static_cast<char>(held);
    };
    put(kClear);
    for (const int y : rows)
        for (int x = 0; x < width; ++x) {
            if (++since_clear == 250) {
                put(kClear);
                since_clear = 1;
            }
            put(gif_index(x, y));
        }
    put(kEnd);
    if (bits > 0) packed += static_cast<char>(held);
    std::string frame = "," + word(options.left) + word(0) + word(width) + word(height);
    frame += static_cast<char>((options.local_palette ? 0x87 : 0) | (options.interlaced ? 0x40 : 0));
    if (options.local_palette) frame += palette;
    frame += '\x08';
    for (std::size_t at = 0; at < packed.size(); at += 255) {
        const std::string block = packed.substr(at, 255);
        frame += static_cast<char>(block.size());
        frame += block;
    }
    frame += '\0';
    std::string file = "GIF89a" + word(width + options.left) + word(height);
    file += static_cast<char>(options.local_palette ? 0x70 : 0xf7);
    file += std::string(2, '\0');
    if (!options.local_palette) file += palette;
    file += std::string("!\xf9\x04\x01\x00\x00\x07\x00", 8);  // index 7 is transparent
    file += frame;
    if (options.animated) file += frame;
    return file + ";";
}

}  // namespace nibble::test
