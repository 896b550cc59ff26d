#include "datasets/preprocessing/normalization.hpp"

#include <cmath>
#include <string>

#include "engine/core/error.hpp"

namespace nibble {

std::vector<std::array<float, 256>> normalization_tables(const Normalization& normalization, int channels) {
    const auto n = static_cast<std::size_t>(channels);
    if (normalization.mean.size() != n || normalization.std.size() != n)
        throw BadInput(
            "normalization", "means and standard deviations", std::to_string(channels) + " of each",
            std::to_string(normalization.mean.size()) + " and " + std::to_string(normalization.std.size()));
    if (!std::isfinite(normalization.scale) || !(normalization.scale > 0))
        throw BadInput("normalization", "scale", "a finite number > 0", std::to_string(normalization.scale));
    std::vector<std::array<float, 256>> tables(n);
    for (std::size_t c = 0; c < n; ++c) {
        const float mean = normalization.mean[c], std = normalization.std[c];
        if (!std::isfinite(mean) || !std::isfinite(std) || !(std > 0))
            throw BadInput("normalization", "channel " + std::to_string(c), "finite mean, finite std > 0",
                           std::to_string(mean) + " and " + std::to_string(std));
        for (std::size_t byte = 0; byte < 256; ++byte)
            tables[c][byte] = (static_cast<float>(byte) / normalization.scale - mean) / std;
    }
    return tables;
}

Normalizer::Normalizer(const Normalization& normalization, int channels)
    : tables_(normalization_tables(normalization, channels)),
      reversed_(normalization.channels == ChannelOrder::bgr) {}

void Normalizer::operator()(std::span<const std::uint8_t> bytes, float* values) const {
    const std::size_t channels = tables_.size();
    for (std::size_t p = 0; p < bytes.size(); p += channels)
        for (std::size_t c = 0; c < channels; ++c)
            values[p + c] = tables_[c][bytes[p + (reversed_ ? channels - 1 - c : c)]];
}

}  // namespace nibble
