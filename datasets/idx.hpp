// MNIST-style idx files: big-endian header, then unsigned bytes.
//
//     images: 00 00 08 03, count, rows, columns (u32 each), then count * rows * columns grey levels
//     labels: 00 00 08 01, count (u32), then count classes
//
// Format: http://yann.lecun.com/exdb/mnist/. Grey images keep their one channel.
#pragma once

#include <filesystem>
#include <memory>

#include "datasets/dataset.hpp"

namespace nibble {

/// A pair of idx files. traits.shape is taken from the image file and may be left empty; when its height is
/// not zero, the file must agree. Throws IoError when a file is missing, BadInput when a magic number,
/// dimension, size, count or label is wrong.
std::unique_ptr<Dataset> open_idx(const std::filesystem::path& images, const std::filesystem::path& labels,
                                  DatasetTraits traits);

/// MNIST below data_root/MNIST/raw (torchvision's layout, uncompressed): 60,000 or 10,000 images of 28x28x1.
std::unique_ptr<Dataset> open_mnist(Split split, const std::filesystem::path& data_root);

}  // namespace nibble
