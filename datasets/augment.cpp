#include "datasets/augment.hpp"

#include <algorithm>

namespace nibble {

Image crop_and_mirror(const Image& image, int pad, int dx, int dy, bool mirrored) {
    const int width = image.width, height = image.height, channels = image.channels;
    Image out{height, width, channels, std::vector<std::uint8_t>(image.pixels.size(), 0)};
    for (int y = 0; y < height; ++y) {
        const int from_y = y + dy - pad;
        if (from_y < 0 || from_y >= height) continue;
        for (int x = 0; x < width; ++x) {
            const int from_x = (mirrored ? width - 1 - x : x) + dx - pad;
            if (from_x < 0 || from_x >= width) continue;
            std::copy_n(&image.pixels[static_cast<std::size_t>((from_y * width + from_x) * channels)],
                        channels, &out.pixels[static_cast<std::size_t>((y * width + x) * channels)]);
        }
    }
    return out;
}

Image augment(const Image& image, const Augmentation& augmentation, Random random) {
    int dx = 0, dy = 0;
    if (augmentation.pad > 0) {
        const auto offsets = static_cast<std::uint32_t>(2 * augmentation.pad + 1);
        dx = static_cast<int>(random.below(offsets));
        dy = static_cast<int>(random.below(offsets));
    }
    const bool mirrored = augmentation.flip && random.below(2) == 1;
    return crop_and_mirror(image, augmentation.pad, dx, dy, mirrored);
}

}  // namespace nibble
