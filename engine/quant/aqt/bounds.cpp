#include "engine/quant/aqt/bounds.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace nibble::aqt {
namespace {
constexpr float kMomentum = 0.1f;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
}  // namespace

InputStatistics::InputStatistics(int channels, int groups)
    : channels_(channels),
      groups_(groups),
      batch_(kRows * static_cast<std::size_t>(groups)),
      parts_(static_cast<std::size_t>(groups)),
      running_(Shape{4, static_cast<std::size_t>(groups)}) {
    running_.fill(0.0f);
}

void InputStatistics::observe(int slot, std::span<const float> values) {
    const auto channels = static_cast<std::size_t>(channels_);
    double* sums = images_.data() + static_cast<std::size_t>(slot) * sums_an_image();
    std::fill_n(sums, sums_an_image(), 0.0);
    std::fill_n(sums + kMax * channels, channels, -kInfinity);
    std::fill_n(sums + kMin * channels, channels, kInfinity);
    // Row by row, so that the loops over channels have no branches.
    for (std::size_t p = 0; p < values.size(); p += channels) {
        const float* x = values.data() + p;
        for (std::size_t c = 0; c < channels; ++c) {
            const double v = x[c], highest = v != 0.0 ? v : -kInfinity, lowest = v != 0.0 ? v : kInfinity;
            double& most = sums[kMax * channels + c];
            double& least = sums[kMin * channels + c];
            most = highest > most ? highest : most;
            least = lowest < least ? lowest : least;
            sums[kAbs * channels + c] += std::abs(v);
            sums[kSquare * channels + c] += v * v;
            sums[kCount * channels + c] += v != 0.0 ? 1.0 : 0.0;
        }
    }
}

void InputStatistics::finish_part(int images) {
    const auto channels = static_cast<std::size_t>(channels_), groups = static_cast<std::size_t>(groups_);
    const std::size_t channels_a_group = channels / groups;
    for (std::size_t g = 0; g < groups; ++g) {
        double part[kRows] = {-kInfinity, kInfinity, 0, 0, 0};
        for (std::size_t image = 0; image < static_cast<std::size_t>(images); ++image)
            for (std::size_t c = g * channels_a_group; c < (g + 1) * channels_a_group; ++c) {
                const double* sums = images_.data() + image * sums_an_image() + c;
                part[kMax] = std::max(part[kMax], sums[kMax * channels]);
                part[kMin] = std::min(part[kMin], sums[kMin * channels]);
                for (const Row row : {kAbs, kSquare, kCount}) part[row] += sums[row * channels];
            }
        if (part[kCount] == 0.0) continue;
        for (std::size_t row = 0; row < kRows; ++row) batch_[g * kRows + row] += part[row];
        ++parts_[g];
    }
}

void InputStatistics::finish_batch() {
    for (std::size_t g = 0; g < static_cast<std::size_t>(groups_); ++g) {
        double* batch = batch_.data() + g * kRows;
        if (parts_[g] == 0) continue;
        batch[kMax] /= parts_[g];
        batch[kMin] /= parts_[g];
        batch[kAbs] /= batch[kCount];
        batch[kSquare] /= batch[kCount];
        for (const Row row : {kMax, kMin, kAbs, kSquare}) {
            float& m = running_(static_cast<std::size_t>(row), g);
            m += kMomentum * (static_cast<float>(batch[row]) - m);
        }
        std::fill_n(batch, kRows, 0.0);
        parts_[g] = 0;
    }
}

std::vector<float> InputStatistics::bounds(const BoundRule& rule) const {
    std::vector<float> bounds;
    for (std::size_t g = 0; g < static_cast<std::size_t>(groups_); ++g) {
        const auto m = [&](Row row) { return running_(static_cast<std::size_t>(row), g); };
        switch (rule.kind) {
            case BoundRule::Kind::mean_of_max:
                bounds.push_back(std::max(std::abs(m(kMax)), std::abs(m(kMin))));
                break;
            case BoundRule::Kind::mean_abs:
                bounds.push_back(3.0f * m(kAbs));
                break;
            case BoundRule::Kind::mix:
                bounds.push_back(rule.value * (3.0f * std::sqrt(m(kSquare))) +
                                 (1.0f - rule.value) * (3.0f * m(kAbs)));
                break;
            case BoundRule::Kind::fixed:
                bounds.push_back(rule.value);
                break;
        }
    }
    return bounds;
}

}  // namespace nibble::aqt
