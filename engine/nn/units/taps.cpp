#include "engine/nn/units/taps.hpp"

#include <algorithm>

namespace nibble {
namespace {

constexpr int kFewPixels = 4;

/// Two neighbours as one that has the taps of both.
AxisSplit joined(const AxisSplit& a, const AxisSplit& b) {
    const int tap = std::min(a.tap, b.tap);
    return {a.first, a.count + b.count, tap, std::max(a.tap + a.taps, b.tap + b.taps) - tap};
}

}  // namespace

std::vector<AxisSplit> splits(const WindowAxis& window, int positions, int size) {
    std::vector<AxisSplit> all;
    for (int i = 0; i < positions; ++i) {
        const auto [begin, end] = window.taps(i, size);
        if (all.empty() || all.back().tap != begin || all.back().taps != end - begin)
            all.push_back({i, 0, begin, end - begin});
        ++all.back().count;
    }
    return all;
}

std::vector<kernels::Area> areas(const std::vector<AxisSplit>& rows, const std::vector<AxisSplit>& cols,
                                 int channels) {
    std::vector<kernels::Area> all;
    for (const AxisSplit& row : rows) {
        std::vector<AxisSplit> along;
        for (const AxisSplit& col : cols) {
            const bool few =
                !along.empty() && row.count * std::min(along.back().count, col.count) < kFewPixels;
            if (few)
                along.back() = joined(along.back(), col);
            else
                along.push_back(col);
        }
        for (const AxisSplit& col : along) {
            const bool none = row.taps == 0 || col.taps == 0;
            all.push_back({row.first, col.first, row.count, col.count, none ? 0 : row.tap,
                           none ? 0 : row.tap + row.taps, none ? 0 : col.tap * channels,
                           none ? 0 : (col.tap + col.taps) * channels});
        }
    }
    return all;
}

}  // namespace nibble
