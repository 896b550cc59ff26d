#include "datasets/image_folder.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "datasets/augment.hpp"
#include "datasets/images/decode.hpp"
#include "datasets/images/random_area_crop.hpp"
#include "datasets/images/resample.hpp"
#include "engine/core/digest.hpp"
#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/core/json.hpp"

namespace nibble {
namespace {

namespace fs = std::filesystem;

constexpr int kShorterSide = 256;
constexpr int kCrop = 224;

bool has_image_extension(const fs::path& path) {
    std::string extension = path.extension().string();
    for (char& c : extension)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return extension == ".jpg" || extension == ".jpeg" || extension == ".png";
}

/// Sorted names of the entries of `folder` for which keep(entry) holds.
template <class Keep>
std::vector<std::string> sorted_names(const fs::path& folder, Keep keep) {
    std::error_code error;
    std::set<std::string> names;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
        if (keep(*it)) names.insert(it->path().filename().string());
    if (error)
        throw IoError(folder.string() + ": " + error.message() + "; expected a folder ROOT/<class>/<image>");
    return {names.begin(), names.end()};
}

std::vector<std::string> class_folders(const fs::path& root) {
    auto names = sorted_names(root, [](const fs::directory_entry& entry) {
        std::error_code error;
        return entry.is_directory(error);
    });
    if (names.empty())
        throw BadInput(root.string() + ": has no class folders; expected ROOT/<class>/<image>");
    return names;
}

Image evaluation_crop(const Image& image, const fs::path& path) {
    const ImageShape shape = resized_shape(image.shape(), kShorterSide);
    if (std::int64_t{shape.height} * shape.width > kLargestImage ||
        std::int64_t{image.height} * shape.width > kLargestImage)
        throw BadInput(path.string(), "image that can be resized to shorter side 256", "a less elongated one",
                       to_string(image.shape()));
    return centre_crop(resize_bilinear(image, shape.height, shape.width), kCrop);
}

}  // namespace

Image load_evaluation_image(const fs::path& path) {
    return evaluation_crop(decode_image_file(path), path);
}

Image load_training_image(const fs::path& path, Random random) {
    const Image image = decode_image_file(path);
    const CropBox box = random_area_box(image.height, image.width, random);
    const Image part =
        box.height > 0 ? resize_bilinear(crop(image, box), kCrop, kCrop) : evaluation_crop(image, path);
    return crop_and_mirror(part, 0, 0, 0, random.below(2) == 1);
}

ImageFolder::ImageFolder(const std::string& name, const fs::path& root)
    : ImageFolder(name, root, class_folders(root)) {}

ImageFolder::ImageFolder(const std::string& name, const fs::path& root, std::vector<std::string> class_names)
    : Dataset({.name = name,
               .shape = {kCrop, kCrop, 3},
               .classes = static_cast<int>(class_names.size()),
               .normalization = {{0.485f, 0.456f, 0.406f}, {0.229f, 0.224f, 0.225f}},
               .augmentation = {.pad = 0, .flip = true}}),
      root_(root),
      class_names_(std::move(class_names)) {
    for (std::size_t label = 0; label < class_names_.size(); ++label) {
        const fs::path folder = root_ / class_names_[label];
        const auto names = sorted_names(folder, [](const fs::directory_entry& entry) {
            std::error_code error;
            return entry.is_regular_file(error) && has_image_extension(entry.path());
        });
        if (names.empty())
            throw BadInput(folder.string() + ": holds no .jpg, .jpeg or .png file; remove the folder");
        for (const std::string& image : names) files_.push_back({image, static_cast<int>(label)});
    }
}

std::string ImageFolder::file(std::size_t i) const {
    const File& file = files_.at(i);
    return class_names_[static_cast<std::size_t>(file.label)] + "/" + file.name;
}

Sample ImageFolder::get(std::size_t i) const {
    return {load_evaluation_image(root_ / file(i)), files_.at(i).label};
}

Sample ImageFolder::get_augmented(std::size_t i, Random random) const {
    return {load_training_image(root_ / file(i), random), files_.at(i).label};
}

std::string ImageFolder::compute_digest() const {
    Digest digest;
    digest.add("nibble image folder 1: RGB, shorter side 256 bilinear antialiased, centre crop 224\n");
    for (std::size_t i = 0; i < files_.size(); ++i)
        digest.add(file(i) + "\n" + digest_of(read_file(root_ / file(i), kLargestImageFile)) + "\n");
    return digest.hex();
}

}  // namespace nibble
