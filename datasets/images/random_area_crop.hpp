// The customary augmentation of ImageNet training: a random part of the image, resized, mirrored half of the
// time.
//
//   up to 10 times: area = u1 height width, u1 uniform in [0.08, 1);  aspect = width/height uniform in [3/4,
//   4/3); crop = round(sqrt(area / aspect)) x round(sqrt(area aspect)); taken, at a uniform place, if it fits
//
// as in the input pipelines of TensorFlow's image models; torchvision draws the logarithm of the aspect
// instead.
#pragma once

#include "datasets/dataset.hpp"
#include "engine/core/rng.hpp"

namespace nibble {

/// Where a crop lies.
struct CropBox {
    int top = 0, left = 0, height = 0, width = 0;
};

/// The box for an image of this size; of height 0 if none of the ten fits.
CropBox random_area_box(int height, int width, Random& random);

/// The part of the image in the box, which must lie inside it.
Image crop(const Image& image, const CropBox& box);

}  // namespace nibble
