#include "datasets/images/image_files.hpp"

#include <utility>

#include "datasets/augment.hpp"
#include "datasets/images/decode.hpp"
#include "datasets/images/random_area_crop.hpp"
#include "datasets/images/resample.hpp"
#include "engine/core/digest.hpp"
#include "engine/core/error.hpp"
#include "engine/core/file.hpp"

namespace nibble {
namespace {

ImageShape shape_of(const ImageFileSet& set, const Geometry& geometry) {
    if (geometry.crop > 0) return {geometry.crop, geometry.crop, 3};
    if (geometry.resize.kind == Resize::Kind::exact)
        return {geometry.resize.height, geometry.resize.width, 3};
    return load_evaluation_image(set.root / set.files.front().name, geometry).shape();
}

DatasetTraits traits_of(const std::string& name, const ImageFileSet& set, const Geometry& geometry) {
    return {.name = name,
            .shape = shape_of(set, geometry),
            .classes = set.classes,
            .normalization = {{0.485f, 0.456f, 0.406f}, {0.229f, 0.224f, 0.225f}},
            .augmentation = {.pad = 0, .flip = true},
            .geometry = geometry};
}

}  // namespace

Image load_evaluation_image(const std::filesystem::path& path, const Geometry& geometry) {
    return apply(geometry, decode_image_file(path), path.string());
}

ImageFiles::ImageFiles(const std::string& name, ImageFileSet set, const Geometry& geometry)
    : Dataset(traits_of(name, set, geometry)), set_(std::move(set)) {}

Sample ImageFiles::get(std::size_t i) const {
    Image image = load_evaluation_image(path(i), *geometry());
    if (image.shape() != shape())
        throw BadInput(path(i).string(), "size", to_string(shape()) + " as of the first image",
                       to_string(image.shape()) + "; say how to resize or crop (--resize, --crop)");
    return {std::move(image), set_.files.at(i).label};
}

Sample ImageFiles::get_augmented(std::size_t i, Random random) const {
    const Image image = decode_image_file(path(i));
    const CropBox box = random_area_box(image.height, image.width, random);
    const Image part = box.height > 0
                           ? resize(crop(image, box), shape().height, shape().width, geometry()->filter)
                           : apply(*geometry(), image, path(i).string());
    return {crop_and_mirror(part, 0, 0, 0, random.below(2) == 1), set_.files.at(i).label};
}

std::string ImageFiles::compute_digest() const {
    Digest digest;
    digest.add("nibble image " + set_.kind + " 1: RGB, " + to_string(*geometry()) + "\n");
    for (std::size_t i = 0; i < size(); ++i) {
        const std::string label = set_.kind == "folder" ? "" : " " + std::to_string(set_.files[i].label);
        digest.add(file(i) + label + "\n" + digest_of(read_file(path(i), kLargestImageFile)) + "\n");
    }
    return digest.hex();
}

}  // namespace nibble
