// Which pixels of an image a network sees: the image is resized, then cropped.
//
//     resize   none | shorter side N: the longer one becomes floor(N longer / shorter) | exactly H x W (squashed)
//     crop     none | the central N x N, from row (height - N) / 2 and column (width - N) / 2, halves rounded to
//              the even neighbour (torchvision) or down (TensorFlow, Caffe, darknet)
#pragma once

#include <string>

#include "datasets/images/resample.hpp"

namespace nibble {

struct Resize {
    enum class Kind { none, shorter, exact };
    Kind kind = Kind::none;
    int height = 0, width = 0;  ///< pixels; of `shorter` both are the length of the shorter side
    friend bool operator==(const Resize&, const Resize&) = default;

    static Resize shorter(int side) { return {Kind::shorter, side, side}; }
    static Resize exact(int height, int width) { return {Kind::exact, height, width}; }
};

struct Geometry {
    Resize resize = {};
    Filter filter = Filter::bilinear;
    int crop = 0;  ///< side in pixels; 0: none
    CropOffset crop_offset = CropOffset::half_even;
    friend bool operator==(const Geometry&, const Geometry&) = default;
};

/// What is customary for ImageNet: shorter side 256, bilinear, the central 224 x 224, as in torchvision.
Geometry imagenet_geometry();

/// Throws BadInput, which begins with `where`, for an image that is smaller than the crop or too elongated to be
/// resized.
Image apply(const Geometry& geometry, const Image& image, const std::string& where);

/// "shorter side 256 bilinear antialiased, centre crop 224": part of digests, so it never changes.
std::string to_string(const Geometry& geometry);

}  // namespace nibble
