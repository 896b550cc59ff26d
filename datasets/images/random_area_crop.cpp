#include "datasets/images/random_area_crop.hpp"

#include <cmath>

namespace nibble {

CropBox random_area_box(int height, int width, Random& random) {
    constexpr int kAttempts = 10;
    constexpr double kSmallestArea = 0.08, kFlattest = 3.0 / 4.0, kSteepest = 4.0 / 3.0;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        const double u1 = static_cast<double>(random.uniform()), u2 = static_cast<double>(random.uniform());
        const double area = (kSmallestArea + u1 * (1.0 - kSmallestArea)) * height * width;
        const double aspect = kFlattest + u2 * (kSteepest - kFlattest);
        CropBox box;
        box.height = static_cast<int>(std::floor(std::sqrt(area / aspect) + 0.5));
        box.width = static_cast<int>(std::floor(std::sqrt(area * aspect) + 0.5));
        if (box.height < 1 || box.width < 1 || box.height > height || box.width > width) continue;
        box.top = static_cast<int>(random.below(static_cast<std::uint32_t>(height - box.height + 1)));
        box.left = static_cast<int>(random.below(static_cast<std::uint32_t>(width - box.width + 1)));
        return box;
    }
    return {};
}

Image crop(const Image& image, const CropBox& box) {
    Image out{box.height, box.width, image.channels, {}};
    const auto row = static_cast<std::size_t>(image.width) * image.channels;
    const auto part = static_cast<std::size_t>(box.width) * image.channels;
    out.pixels.reserve(box.height * part);
    for (int y = box.top; y < box.top + box.height; ++y) {
        const auto from =
            image.pixels.begin() +
            static_cast<std::ptrdiff_t>(y * row + static_cast<std::size_t>(box.left) * image.channels);
        out.pixels.insert(out.pixels.end(), from, from + static_cast<std::ptrdiff_t>(part));
    }
    return out;
}

}  // namespace nibble
