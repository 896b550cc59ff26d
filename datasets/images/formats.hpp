// Readers of single formats, each from the bytes of a whole file to RGB; decode.hpp chooses among them.
//
// All throw BadInput, which begins with `where`, for truncated and damaged data and for more than kLargestImage pixels.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "datasets/image.hpp"

namespace nibble {

/// Uncompressed, 8 bits with a palette, 24 or 32 bits (the fourth byte is dropped); other BMPs are refused.
Image decode_bmp(std::string_view bytes, const std::string& where);

/// The first frame, which must fill the picture; transparent pixels have the colour that the palette gives them.
Image decode_gif(std::string_view bytes, const std::string& where);

/// The first page. Refused: more than 8 bits a channel, transparency, CMYK and other colours, rotation.
Image decode_tiff(std::string_view bytes, const std::string& where);

/// Transparency is dropped; animations are refused.
Image decode_webp(std::string_view bytes, const std::string& where);

/// A black image of this size. Throws BadInput unless it has 1 to kLargestImage pixels.
Image new_rgb_image(std::int64_t height, std::int64_t width, const std::string& where);

}  // namespace nibble
