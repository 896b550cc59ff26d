#include "engine/quant/aqt/bounds.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace nibble::aqt {
namespace {
constexpr float kMomentum = 0.1f;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
}  // namespace

InputStatistics::InputStatistics(int channels, int bounds)
    : channels_(static_cast<std::size_t>(channels)),
      batch_(xt::zeros<double>({static_cast<int>(kRows), bounds})),
      parts_(xt::zeros<double>({bounds})),
      running_(xt::zeros<float>({4, bounds})) {}

void InputStatistics::observe(int slot, std::span<const float> values) {
    const std::size_t channels = channels_;
    double* sums = images_.data() + static_cast<std::size_t>(slot) * sums_per_image();
    std::fill_n(sums, sums_per_image(), 0.0);
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
    const std::size_t sharing = channels_ / parts_.size();  // channels that share a bound
    for (std::size_t b = 0; b < parts_.size(); ++b) {
        double part[kRows] = {-kInfinity, kInfinity, 0, 0, 0};
        for (std::size_t image = 0; image < static_cast<std::size_t>(images); ++image)
            for (std::size_t c = b * sharing; c < (b + 1) * sharing; ++c) {
                const double* sums = images_.data() + image * sums_per_image() + c;
                part[kMax] = std::max(part[kMax], sums[kMax * channels_]);
                part[kMin] = std::min(part[kMin], sums[kMin * channels_]);
                for (const Row row : {kAbs, kSquare, kCount}) part[row] += sums[row * channels_];
            }
        if (part[kCount] == 0.0) continue;
        for (std::size_t row = 0; row < kRows; ++row) batch_(row, b) += part[row];
        ++parts_(b);
    }
}

void InputStatistics::finish_batch() {
    const auto move = [this](Row row, const auto& divisor) {
        const auto batch = xt::cast<float>(xt::row(batch_, row) / divisor);
        auto m = xt::row(running_, row);
        m = xt::where(parts_ > 0.0, m + kMomentum * (batch - m), m);
    };
    for (const Row row : {kMax, kMin}) move(row, parts_);
    for (const Row row : {kAbs, kSquare}) move(row, xt::row(batch_, kCount));
    batch_.fill(0.0);
    parts_.fill(0.0);
}

Vector<float> InputStatistics::bounds(const BoundRule& rule) const {
    const auto m = [&](Row row) { return xt::row(running_, row); };
    const float r = rule.value;
    switch (rule.kind) {
        case BoundRule::Kind::mean_of_max:
            return xt::maximum(xt::abs(m(kMin)), xt::abs(m(kMax)));
        case BoundRule::Kind::mean_abs:
            return 3.0f * m(kAbs);
        case BoundRule::Kind::mix:
            return r * (3.0f * xt::sqrt(m(kSquare))) + (1.0f - r) * (3.0f * m(kAbs));
        case BoundRule::Kind::fixed:
            return xt::full_like(m(kMax), r);
    }
    return {};
}

}  // namespace nibble::aqt
