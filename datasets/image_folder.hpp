// Image folders in torchvision's layout, prepared as ImageNet networks are evaluated:
//
//     ROOT/<class>/<anything>.{jpg,jpeg,png}     (extension in any case)
//
// Class index = rank of the folder name, names sorted byte by byte; images are sorted by name within a class.
// Each image is decoded to RGB, resized so that its shorter side is 256 (PIL's antialiased bilinear, see
// resample.hpp), and its central 224x224 is taken. Other files and deeper folders are ignored.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "datasets/dataset.hpp"

namespace nibble {

/// Decode, resize the shorter side to 256, crop the central 224: one file as a network sees it (before
/// normalization). Throws as decode_image_file, and BadInput when the image is too elongated to be resized.
Image load_evaluation_image(const std::filesystem::path& path);

/// A random part of the image (random_area_crop.hpp) resized to 224x224, else, where none fits, what
/// evaluation takes of it; mirrored half of the time. Throws like load_evaluation_image.
Image load_training_image(const std::filesystem::path& path, Random random);

class ImageFolder : public Dataset {
  public:
    /// Lists the files; decodes none. Throws IoError when `root` is no folder, BadInput when it has no class
    /// folder or a class folder holds no image.
    /// `name` is what results say of it; a path would make them differ from one machine to the next.
    ImageFolder(const std::string& name, const std::filesystem::path& root);

    std::size_t size() const override { return files_.size(); }
    Sample get(std::size_t i) const override;
    Sample get_augmented(std::size_t i, Random random) const override;

    /// Path of image i relative to the root.
    std::string file(std::size_t i) const;

  protected:
    /// Over the preparation's name, then relative path and SHA-256 of every file: no image is decoded.
    std::string compute_digest() const override;

  private:
    struct File {
        std::string name;  // relative to the class folder
        int label;
    };
    ImageFolder(const std::string& name, const std::filesystem::path& root,
                std::vector<std::string> class_names);

    std::filesystem::path root_;
    std::vector<std::string> class_names_;
    std::vector<File> files_;
};

}  // namespace nibble
