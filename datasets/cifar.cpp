#include "datasets/cifar.hpp"

#include <utility>

#include "datasets/memory_dataset.hpp"
#include "engine/core/error.hpp"
#include "engine/core/file.hpp"

namespace nibble {
namespace {

constexpr int kCifarSide = 32;
constexpr std::size_t kPlane = kCifarSide * kCifarSide;

void append_hwc(const char* planes, std::vector<std::uint8_t>& pixels) {
    for (std::size_t p = 0; p < kPlane; ++p)
        for (std::size_t c = 0; c < 3; ++c)
            pixels.push_back(static_cast<std::uint8_t>(planes[c * kPlane + p]));
}

}  // namespace

const CifarLayout& cifar10_layout() {
    static const CifarLayout layout{
        .name = "cifar10",
        .folder = "cifar-10-batches-bin",
        .files = {{"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin",
                   "data_batch_5.bin"},
                  {"test_batch.bin"}},
        .records_per_file = {10000, 10000},
        .label_ranges = {10},
        .normalization = {{0.4914f, 0.4822f, 0.4465f}, {0.2470f, 0.2435f, 0.2616f}}};
    return layout;
}

const CifarLayout& cifar100_layout() {
    static const CifarLayout layout{
        .name = "cifar100",
        .folder = "cifar-100-binary",
        .files = {{"train.bin"}, {"test.bin"}},
        .records_per_file = {50000, 10000},
        .label_ranges = {20, 100},
        .normalization = {{0.5071f, 0.4865f, 0.4409f}, {0.2673f, 0.2564f, 0.2762f}}};
    return layout;
}

void read_cifar_file(const std::filesystem::path& path, const CifarLayout& layout, std::size_t records,
                     std::vector<std::uint8_t>& pixels, std::vector<std::uint8_t>& labels) {
    const std::string bytes = read_exactly(path, records * layout.record_bytes());
    pixels.reserve(pixels.size() + records * 3 * kPlane);
    for (std::size_t offset = 0; offset < bytes.size(); offset += layout.record_bytes()) {
        int label = 0;
        for (std::size_t b = 0; b < layout.label_ranges.size(); ++b) {
            label = static_cast<std::uint8_t>(bytes[offset + b]);
            if (label >= layout.label_ranges[b])
                throw BadInput(path.string(), "label at byte " + std::to_string(offset + b),
                               "0 to " + std::to_string(layout.label_ranges[b] - 1), std::to_string(label));
        }
        labels.push_back(static_cast<std::uint8_t>(label));
        append_hwc(bytes.data() + offset + layout.label_ranges.size(), pixels);
    }
}

std::unique_ptr<Dataset> open_cifar(const CifarLayout& layout, Split split,
                                    const std::filesystem::path& data_root) {
    const auto s = static_cast<std::size_t>(split);
    std::vector<std::uint8_t> pixels, labels;
    pixels.reserve(layout.files[s].size() * layout.records_per_file[s] * 3 * kPlane);
    for (const std::string& file : layout.files[s])
        read_cifar_file(data_root / layout.folder / file, layout, layout.records_per_file[s], pixels, labels);
    DatasetTraits traits{.name = layout.name,
                         .shape = {kCifarSide, kCifarSide, 3},
                         .classes = layout.label_ranges.back(),
                         .normalization = layout.normalization,
                         .augmentation = {.pad = 4, .flip = true}};
    return std::make_unique<MemoryDataset>(std::move(traits), std::move(pixels), std::move(labels));
}

}  // namespace nibble
