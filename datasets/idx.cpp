#include "datasets/idx.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "datasets/memory_dataset.hpp"
#include "engine/core/error.hpp"
#include "engine/core/file.hpp"

namespace nibble {
namespace {

constexpr std::uintmax_t kLargestFile = std::uintmax_t{4} << 30;
constexpr std::uint32_t kLargestSide = 4096;

std::uint32_t big_endian(const std::string& bytes, std::size_t offset) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<std::uint8_t>(bytes[offset + i]);
    return value;
}

struct IdxFile {
    std::vector<std::uint32_t> dims;
    std::vector<std::uint8_t> values;
};

IdxFile read_idx(const std::filesystem::path& path, std::size_t rank) {
    const std::string bytes = read_file(path, kLargestFile);
    const std::size_t header = 4 + 4 * rank;
    if (bytes.size() < header)
        throw BadInput(path.string(), "size in bytes", "a header of " + std::to_string(header),
                       std::to_string(bytes.size()));
    const std::uint32_t magic = 0x0800u + static_cast<std::uint32_t>(rank);
    if (big_endian(bytes, 0) != magic)
        throw BadInput(path.string(),
                       "magic number (idx, unsigned bytes, " + std::to_string(rank) + " dimensions)",
                       std::to_string(magic),
                       std::to_string(big_endian(bytes, 0)) + "; a .gz file must be unpacked first");
    IdxFile file;
    std::uint64_t expected = 1;
    for (std::size_t d = 0; d < rank; ++d) {
        file.dims.push_back(big_endian(bytes, 4 + 4 * d));
        if (file.dims[d] == 0 || (d > 0 && file.dims[d] > kLargestSide))
            throw BadInput(path.string(), "dimension " + std::to_string(d),
                           d == 0 ? "at least 1" : "1 to " + std::to_string(kLargestSide),
                           std::to_string(file.dims[d]));
        expected *= file.dims[d];  // below 2^32 * 2^12 * 2^12: cannot overflow
    }
    if (bytes.size() - header != expected)
        throw BadInput(path.string(), "bytes after the header", std::to_string(expected),
                       std::to_string(bytes.size() - header));
    file.values.assign(bytes.begin() + static_cast<std::ptrdiff_t>(header), bytes.end());
    return file;
}

}  // namespace

std::unique_ptr<Dataset> open_idx(const std::filesystem::path& images, const std::filesystem::path& labels,
                                  DatasetTraits traits) {
    IdxFile pixels = read_idx(images, 3);
    IdxFile classes = read_idx(labels, 1);
    if (pixels.dims[0] != classes.dims[0])
        throw BadInput(labels.string(), "number of labels",
                       std::to_string(pixels.dims[0]) + " (images in " + images.string() + ")",
                       std::to_string(classes.dims[0]));
    const ImageShape shape{static_cast<int>(pixels.dims[1]), static_cast<int>(pixels.dims[2]), 1};
    if (traits.shape.height != 0 && shape != traits.shape)
        throw BadInput(images.string(), "image shape", to_string(traits.shape), to_string(shape));
    const auto wrong = std::find_if(classes.values.begin(), classes.values.end(),
                                    [&](std::uint8_t label) { return label >= traits.classes; });
    if (wrong != classes.values.end())
        throw BadInput(labels.string(), "label " + std::to_string(wrong - classes.values.begin()),
                       "0 to " + std::to_string(traits.classes - 1), std::to_string(*wrong));
    traits.shape = shape;
    return std::make_unique<MemoryDataset>(std::move(traits), std::move(pixels.values),
                                           std::move(classes.values));
}

std::unique_ptr<Dataset> open_mnist(Split split, const std::filesystem::path& data_root) {
    const std::filesystem::path folder = data_root / "MNIST" / "raw";
    const std::string prefix = split == Split::train ? "train" : "t10k";
    DatasetTraits traits{.name = "mnist",
                         .shape = {28, 28, 1},
                         .classes = 10,
                         .normalization = {{0.1307f}, {0.3081f}},
                         .augmentation = {.pad = 4, .flip = false}};
    auto dataset = open_idx(folder / (prefix + "-images-idx3-ubyte"),
                            folder / (prefix + "-labels-idx1-ubyte"), std::move(traits));
    const std::size_t expected = split == Split::train ? 60000 : 10000;
    if (dataset->size() != expected)
        throw BadInput(folder.string(), "images of the " + to_string(split) + " split",
                       std::to_string(expected), std::to_string(dataset->size()));
    return dataset;
}

}  // namespace nibble
