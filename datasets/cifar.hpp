// CIFAR-10 and CIFAR-100 in their official binary layout (https://www.cs.toronto.edu/~kriz/cifar.html).
//
// A file is a sequence of records without header: label bytes, then 32x32 pixels channel by channel (1024
// red, 1024 green, 1024 blue), rows from the top. CIFAR-10 has one label byte (0-9); CIFAR-100 has two,
// coarse (0-19) then fine (0-99), and the fine label is the class. Folder names are those of torchvision's
// downloads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "datasets/dataset.hpp"

namespace nibble {

/// How one edition is stored.
struct CifarLayout {
    std::string name;
    std::string folder;                 ///< below the data root
    std::vector<std::string> files[2];  ///< by Split
    std::size_t records_per_file[2];    ///< by Split
    std::vector<int> label_ranges;      ///< one per label byte: values are below it; the last is the class
    Normalization normalization;

    std::size_t record_bytes() const { return label_ranges.size() + 3 * 32 * 32; }
};

const CifarLayout& cifar10_layout();
const CifarLayout& cifar100_layout();

/// Appends the records of one file: pixels as HWC. Throws IoError when it is missing, BadInput when it does
/// not have exactly `records` records or a label is out of range (naming the record and its offset).
void read_cifar_file(const std::filesystem::path& path, const CifarLayout& layout, std::size_t records,
                     std::vector<std::uint8_t>& pixels, std::vector<std::uint8_t>& labels);

/// All files of a split below data_root / layout.folder, in official order: 50,000 or 10,000 images of
/// 32x32x3.
std::unique_ptr<Dataset> open_cifar(const CifarLayout& layout, Split split,
                                    const std::filesystem::path& data_root);

}  // namespace nibble
