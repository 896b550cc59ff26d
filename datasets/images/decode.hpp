// JPEG and PNG files to RGB images, guarded.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "datasets/dataset.hpp"

namespace nibble {

/// Largest image accepted, in pixels (64 Mi): a small file may claim a huge image.
inline constexpr std::int64_t kLargestImage = std::int64_t{1} << 26;
inline constexpr std::uintmax_t kLargestImageFile = std::uintmax_t{256} << 20;

/// Decodes a whole JPEG or PNG file (recognised by content) to 3 channels RGB; transparency is dropped, EXIF
/// rotation is not applied (both as torchvision's loader does). `where` names it in errors. Throws BadInput
/// as check_image() does, and when OpenCV decodes it otherwise.
Image decode_image(std::string_view bytes, const std::string& where);

/// The same for a file of at most 256 MiB. Throws IoError when it cannot be read.
Image decode_image_file(const std::filesystem::path& path);

}  // namespace nibble
