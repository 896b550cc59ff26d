// Antialiased resizing and centre cropping, as PIL and torchvision do them.
//
// cv::resize is not used: its bilinear filter always looks at 2x2 pixels, so shrinking skips pixels
// (aliasing), and published networks lose accuracy on such input; its area filter is another filter than the
// one they were trained with. Here the filter is stretched with the shrinking factor, as in PIL:
//
//     scale = in / out,  stretch = max(scale, 1),  centre(i) = (i + 1/2) * scale
//     weight(i, j) ~ f((j + 1/2 - centre(i)) / stretch),  normalised to sum 1 over the pixels j of the row
//     bilinear: f(x) = max(0, 1 - |x|)
//     bicubic:  f(x) = 1.5 |x|^3 - 2.5 |x|^2 + 1 for |x| < 1, -0.5 (|x|^3 - 5 |x|^2 + 8 |x| - 4) for |x| < 2, else 0
//
// first along rows, then along columns, each pass rounded to bytes. Weights are integers of 22 fractional
// bits and sums are integers, so the result has the same bits on every machine, and the same as PIL's.
#pragma once

#include "datasets/image.hpp"

namespace nibble {

enum class Filter { bilinear, bicubic };
/// What becomes of half a pixel: the even neighbour (torchvision) or none (TensorFlow, Caffe, darknet).
enum class CropOffset { half_even, down };

/// Any size to any size, at least 1x1.
Image resize(const Image& image, int height, int width, Filter filter = Filter::bilinear);

/// Height and width after torchvision's Resize(shorter): the shorter side becomes `shorter`, the longer one
/// floor(shorter * longer side / shorter side).
ImageShape resized_shape(const ImageShape& shape, int shorter);

/// The central size x size pixels. half_even is torchvision's CenterCrop (Python's round). Throws BadInput when the
/// image is smaller than the crop.
Image centre_crop(const Image& image, int size, CropOffset rounding = CropOffset::half_even);

}  // namespace nibble
