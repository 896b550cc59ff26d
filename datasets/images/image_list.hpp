// Image files named by a list, as ImageNet's validation images usually lie about:
//
//     test       FOLDER/val_labels.txt, val.txt ("name label" lines) or LOC_val_solution.csv (Kaggle's)
//     training   FOLDER/train_labels.txt, train.txt, or calibration_labels.txt (images to calibrate with)
//     images     FOLDER/val/, FOLDER/train/ or FOLDER/calibration/, Kaggle's ILSVRC/Data/CLS-LOC/..., or FOLDER itself
//     classes    FOLDER/synsets.txt or LOC_synset_mapping.txt, one a line, its first word the synset; else the largest
//                label of all lists + 1
//
// The first list that is there counts. Labels count from 0. The devkit's ILSVRC2012_validation_ground_truth.txt is
// refused: it numbers classes in an order of its own.
#pragma once

#include "datasets/images/image_files.hpp"

namespace nibble {

/// Whether there is a list for this split.
bool has_image_list(const std::filesystem::path& folder, Split split);

class ImageList : public ImageFiles {
  public:
    /// Throws IoError when no list or none of its images is there, BadInput for lines that make no sense, labels that
    /// are no class and names that lead out of the folder.
    ImageList(const std::string& name, const std::filesystem::path& folder, Split split,
              const Geometry& geometry = imagenet_geometry());
};

}  // namespace nibble
