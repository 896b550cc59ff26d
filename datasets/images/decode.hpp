// Image files to RGB images, guarded: JPEG, PNG, WebP, BMP, TIFF and GIF, recognised by content.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "datasets/image.hpp"

namespace nibble {

inline constexpr std::uintmax_t kLargestImageFile = std::uintmax_t{256} << 20;

/// Decodes a whole file to 3 channels RGB, as PIL's convert("RGB"): transparency is dropped, EXIF rotation is not
/// applied, of PNG colours of 16 bits the upper 8 remain. Of a GIF, the first frame. `where` names the file in errors.
/// Throws BadInput for another format, more than kLargestImage pixels (before anything of that size is allocated),
/// truncated or damaged data, and what formats.hpp refuses.
Image decode_image(std::string_view bytes, const std::string& where);

/// The same for a file of at most 256 MiB. Throws IoError when it cannot be read.
Image decode_image_file(const std::filesystem::path& path);

/// Whether the name ends like one of an image that decode_image() reads, in any case: .jpg, .jpeg, .png, .webp, .bmp,
/// .tif, .tiff, .gif.
bool has_image_extension(const std::filesystem::path& path);

}  // namespace nibble
