// Data sets whose images are files below a folder: decoded when asked for, resized and cropped as a Geometry says.
// Class folders and lists (image_folder.hpp, image_list.hpp) differ in how they find files and labels.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "datasets/dataset.hpp"

namespace nibble {

/// What evaluation sees of one file, before normalization. Throws as decode_image_file() and apply().
Image load_evaluation_image(const std::filesystem::path& path,
                            const Geometry& geometry = imagenet_geometry());

struct ImageFile {
    std::string name;  ///< path relative to the root
    int label = 0;
};

/// What distinguishes one such data set from another.
struct ImageFileSet {
    std::string kind;  ///< begins the digest; "folder" has its labels in the names of files
    std::filesystem::path root;
    std::vector<ImageFile> files;  ///< not empty
    int classes = 0;
};

/// Images are normalised as is customary for ImageNet; training sees a random part (random_area_crop.hpp) resized to
/// the size that evaluation sees, else, where none fits, what evaluation takes; mirrored half of the time.
class ImageFiles : public Dataset {
  public:
    /// `name` is what results say of it; a path would make them differ from one machine to the next. Decodes the first
    /// image if the geometry leaves the size of images open: it must be that of all.
    ImageFiles(const std::string& name, ImageFileSet set, const Geometry& geometry);

    std::size_t size() const override { return set_.files.size(); }
    Sample get(std::size_t i) const override;
    Sample get_augmented(std::size_t i, Random random) const override;

    /// Path of image i relative to the root.
    const std::string& file(std::size_t i) const { return set_.files.at(i).name; }

  protected:
    /// Over the geometry, then relative path, label and SHA-256 of every file: no image is decoded.
    std::string compute_digest() const override;

  private:
    std::filesystem::path path(std::size_t i) const { return set_.root / file(i); }
    ImageFileSet set_;
};

}  // namespace nibble
