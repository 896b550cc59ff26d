// Antialiased bilinear resizing and centre cropping, as PIL and torchvision do them.
//
// cv::resize is not used: its bilinear filter always looks at 2x2 pixels, so shrinking skips pixels
// (aliasing), and published networks lose accuracy on such input; its area filter is another filter than the
// one they were trained with. Here the triangle filter is stretched with the shrinking factor, as in PIL:
//
//     scale = in / out,  radius = max(scale, 1),  centre(i) = (i + 1/2) * scale
//     weight(i, j) ~ max(0, 1 - |j + 1/2 - centre(i)| / radius),  normalised to sum 1 over the pixels j of
//     the row
//
// first along rows, then along columns, each pass rounded to bytes. Weights are integers of 22 fractional
// bits and sums are integers, so the result has the same bits on every machine, and the same as PIL's.
#pragma once

#include "datasets/dataset.hpp"

namespace nibble {

/// Any size to any size, at least 1x1.
Image resize_bilinear(const Image& image, int height, int width);

/// Height and width after torchvision's Resize(shorter): the shorter side becomes `shorter`, the longer one
/// floor(shorter * longer side / shorter side).
ImageShape resized_shape(const ImageShape& shape, int shorter);

/// torchvision's CenterCrop: offset (side - size) / 2, halves rounded to the even neighbour (Python's round).
/// Throws BadInput when the image is smaller than the crop.
Image centre_crop(const Image& image, int size);

}  // namespace nibble
