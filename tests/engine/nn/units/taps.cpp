// Areas of pixels that lack taps: what they leave out lies in the border, and every pixel is in one of them.
#include "engine/nn/units/taps.hpp"

#include <doctest/doctest.h>

namespace nibble {
namespace {

constexpr int kChannels = 2;

void check(int size, int kernel, int stride, int pad) {
    CAPTURE(size);
    CAPTURE(kernel);
    CAPTURE(stride);
    CAPTURE(pad);
    const int out = (size + 2 * pad - kernel) / stride + 1;
    const std::vector<AxisSplit> sides = splits({kernel, stride, pad, pad}, out, size);
    const auto outside = [&](int position, int tap) {
        const int at = position * stride - pad + tap;
        return at < 0 || at >= size;
    };
    std::vector<int> seen(static_cast<std::size_t>(out) * out);
    for (const kernels::Area& area : areas(sides, sides, kChannels))
        for (int row = area.row; row < area.row + area.rows; ++row)
            for (int col = area.col; col < area.col + area.cols; ++col) {
                ++seen.at(static_cast<std::size_t>(row) * out + col);
                for (int tap = 0; tap < kernel; ++tap) {
                    const bool row_left_out = tap < area.first_run || tap >= area.end_run;
                    const bool col_left_out = tap * kChannels < area.first_k || tap * kChannels >= area.end_k;
                    CHECK((!row_left_out || outside(row, tap)));
                    CHECK((!col_left_out || outside(col, tap)));
                    CHECK((row_left_out || !outside(row, tap)));
                }
            }
    for (int times : seen) CHECK(times == 1);
}

TEST_CASE("areas: every pixel once, and only the border's taps are left out") {
    for (int size : {1, 2, 3, 7, 8, 14})
        for (int kernel : {1, 3, 7})
            for (int stride : {1, 2}) check(size, kernel, stride, kernel / 2);
}

TEST_CASE("areas: pixels without any tap have no terms") {
    const std::vector<kernels::Area> all = areas({{0, 3, 0, 0}}, {{0, 5, 0, 1}}, kChannels);
    REQUIRE(all.size() == 1);
    CHECK(all[0].end_run == 0);
    CHECK(all[0].end_k == 0);
}

}  // namespace
}  // namespace nibble
