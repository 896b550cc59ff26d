// Data sets by name.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/dataset.hpp"
#include "datasets/preprocessing/preprocessing.hpp"

namespace nibble {

/// `wanted` if not empty, else the environment variable NIBBLE_DATA, else "data".
std::filesystem::path data_root(const std::filesystem::path& wanted = {});

/// Opens
///   glyphs              embedded, 8,000 / 2,000 images
///   cifar10, cifar100   <data root>/cifar-10-batches-bin, <data root>/cifar-100-binary
///   mnist               <data root>/MNIST/raw
///   imagenet            <data root>/imagenet: each split as class folders or as a list; the 50,000 test images
///   imagenet-subset     <data root>/imagenet: fewer of them, as a list
///   image_folder:PATH   PATH/train and PATH/val (or PATH/test) for the splits if they exist; else PATH itself, as
///                       test split only. A relative PATH is taken from the working folder.
///   image_list:FOLDER   images/image_list.hpp
/// prepared as `stated`, in all else as is customary. Throws BadInput for an unknown name; IoError when the files are
/// missing, saying which folder was looked for and how to get it; BadInput when they are malformed.
std::unique_ptr<Dataset> open_dataset(std::string_view name, Split split,
                                      const std::filesystem::path& root = {},
                                      const StatedPreprocessing& stated = {});

/// One name per class, of cifar10 and glyphs; empty for other data sets.
std::vector<std::string> class_names_of(std::string_view dataset);

struct DatasetInfo {
    std::string name;
    bool available;
    std::string where;  ///< the folder looked for, or "built in"
    std::string how;    ///< how to get it when it is not available, else empty
};

/// Every data set that open_dataset knows by a plain name. Looks whether the files exist; reads none.
std::vector<DatasetInfo> list_datasets(const std::filesystem::path& root = {});

}  // namespace nibble
