#include <webp/decode.h>

#include "datasets/images/formats.hpp"
#include "engine/core/error.hpp"

namespace nibble {

Image decode_webp(std::string_view bytes, const std::string& where) {
    const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
    const std::string damaged = where + ": is damaged (WebP); replace or remove the file";
    WebPBitstreamFeatures features;
    if (WebPGetFeatures(data, bytes.size(), &features) != VP8_STATUS_OK) throw BadInput(damaged);
    if (features.has_animation) throw BadInput(where + ": is an animation; extract one picture of it");
    Image image = new_rgb_image(features.height, features.width, where);
    if (!WebPDecodeRGBInto(data, bytes.size(), image.pixels.data(), image.pixels.size(), 3 * image.width))
        throw BadInput(damaged);
    return image;
}

}  // namespace nibble
