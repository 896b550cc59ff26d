// Which test images a network classified correctly, as a result states it: what comparisons of two networks on
// the same images need (statistics.hpp).
//
// In JSON a string: base64 of a bit an image, image i the bit i % 8 (from the lowest) of byte i / 8; bits behind
// the last image are 0. 10,000 images take 1,668 characters.
#pragma once

#include <string>
#include <vector>

namespace nibble {

using CorrectImages = std::vector<bool>;

std::string to_base64(const CorrectImages& correct);
/// The inverse. Throws BadInput that begins with `where` for anything that to_base64() would not write for so
/// many images.
CorrectImages correct_images_from(const std::string& text, std::size_t images, const std::string& where);

}  // namespace nibble
