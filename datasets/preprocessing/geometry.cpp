#include "datasets/preprocessing/geometry.hpp"

#include "engine/core/error.hpp"

namespace nibble {
namespace {

Image resized(const Geometry& geometry, const Image& image, const std::string& where) {
    if (geometry.resize.kind == Resize::Kind::none) return image;
    ImageShape shape{geometry.resize.height, geometry.resize.width, image.channels};
    if (geometry.resize.kind == Resize::Kind::shorter)
        shape = resized_shape(image.shape(), geometry.resize.height);
    if (std::int64_t{shape.height} * shape.width > kLargestImage ||
        std::int64_t{image.height} * shape.width > kLargestImage)
        throw BadInput(where, "image that can be resized", "a less elongated one", to_string(image.shape()));
    return resize(image, shape.height, shape.width, geometry.filter);
}

}  // namespace

Geometry imagenet_geometry() {
    return {.resize = Resize::shorter(256), .crop = 224};
}

Image apply(const Geometry& geometry, const Image& image, const std::string& where) {
    Image out = resized(geometry, image, where);
    if (geometry.crop == 0) return out;
    if (out.height < geometry.crop || out.width < geometry.crop)
        throw BadInput(where, "image to take the central " + std::to_string(geometry.crop) + " pixels of",
                       "one that is not smaller", to_string(out.shape()));
    return centre_crop(out, geometry.crop, geometry.crop_offset);
}

std::string to_string(const Geometry& geometry) {
    std::string text;
    switch (geometry.resize.kind) {
        case Resize::Kind::none:
            text = "not resized";
            break;
        case Resize::Kind::shorter:
            text = "shorter side " + std::to_string(geometry.resize.height);
            break;
        case Resize::Kind::exact:
            text = std::to_string(geometry.resize.height) + "x" + std::to_string(geometry.resize.width);
            break;
    }
    if (geometry.resize.kind != Resize::Kind::none)
        text += geometry.filter == Filter::bilinear ? " bilinear antialiased" : " bicubic antialiased";
    if (geometry.crop == 0) return text + ", not cropped";
    text += ", centre crop " + std::to_string(geometry.crop);
    return geometry.crop_offset == CropOffset::half_even ? text : text + " rounded down";
}

}  // namespace nibble
