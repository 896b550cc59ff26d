// Whether an image file is whole, asked of its format's own library: OpenCV prints a decoder's complaint about
// damaged data and gives an image nevertheless.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace nibble {

struct ImageSize {
    std::int64_t height, width;  ///< pixels, at least 1
};

/// Reads a JPEG or PNG file (recognised by content) from its first byte to its end. Throws BadInput when it is
/// another format, has more than `most_pixels` (before anything of that size is allocated), is truncated, or
/// its pixels are damaged: the decoder's first warning counts. PNG: of the chunks that make the pixels; others
/// are passed over.
ImageSize check_image(std::string_view bytes, std::int64_t most_pixels, const std::string& where);

}  // namespace nibble
