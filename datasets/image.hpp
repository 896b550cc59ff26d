// Images in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace nibble {

/// Most pixels an image may have (64 Mi): a small file may claim a huge image.
inline constexpr std::int64_t kLargestImage = std::int64_t{1} << 26;

/// Height and width in pixels; channels are 3 (RGB) or 1 (grey).
struct ImageShape {
    int height = 0;
    int width = 0;
    int channels = 0;
    friend bool operator==(const ImageShape&, const ImageShape&) = default;
    /// Bytes of one image.
    std::size_t count() const {
        return static_cast<std::size_t>(height) * static_cast<std::size_t>(width) *
               static_cast<std::size_t>(channels);
    }
};

/// "32x32x3"
std::string to_string(const ImageShape& shape);

/// Pixels are HWC: pixels[(y * width + x) * channels + c], colours in the order red, green, blue.
struct Image {
    int height = 0;
    int width = 0;
    int channels = 0;
    std::vector<std::uint8_t> pixels;

    ImageShape shape() const { return {height, width, channels}; }
};

}  // namespace nibble
