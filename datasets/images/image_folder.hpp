// Image folders in torchvision's layout:
//
//     ROOT/<class>/<anything>.{jpg,jpeg,png,webp,bmp,tif,tiff,gif}     (extension in any case)
//
// Class index = rank of the folder name, names sorted byte by byte; images are sorted by name within a class. Other
// files and deeper folders are ignored.
#pragma once

#include "datasets/images/image_files.hpp"

namespace nibble {

class ImageFolder : public ImageFiles {
  public:
    /// Throws IoError when `root` is no folder, BadInput when it has no class folder or a class folder holds no image.
    ImageFolder(const std::string& name, const std::filesystem::path& root,
                const Geometry& geometry = imagenet_geometry());
};

}  // namespace nibble
