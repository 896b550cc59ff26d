#include "engine/nn/window.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "engine/core/error.hpp"

using namespace nibble;

namespace {

/// Small axes of every kind that fit an input of `size`.
template <class Visit>
void for_axes(int size, Visit visit) {
    for (int kernel : {1, 2, 3, 5})
        for (int stride : {1, 2, 3})
            for (int before : {0, 1, 2})
                for (int after : {0, 1, 3})
                    for (int dilation : {1, 2, 3, 4})
                        if ((kernel - 1) * dilation < size + before + after)
                            visit(WindowAxis{kernel, stride, before, after, dilation});
}

}  // namespace

TEST_CASE("windows: as many positions as fit, each with the taps that lie in the image") {
    for (int size : {1, 2, 4, 7})
        for_axes(size, [&](const WindowAxis& axis) {
            int fitting = 0;
            while (fitting * axis.stride + axis.span() <= axis.before + size + axis.after) ++fitting;
            const int positions = axis.positions(size);
            REQUIRE(positions == fitting);
            for (int p = 0; p < positions; ++p) {
                const Interval taps = axis.taps(p, size);
                for (int t = 0; t < axis.kernel; ++t) {
                    const int at = p * axis.stride - axis.before + t * axis.dilation;
                    CHECK((t >= taps.begin && t < taps.end) == (at >= 0 && at < size));
                    CHECK((at < axis.extent(positions, size) - axis.before));
                }
            }
        });
}

TEST_CASE("windows: phases of the gradient hold every meeting of an input with a tap, once") {
    for (int size : {1, 3, 6})
        for_axes(size, [&](const WindowAxis& axis) {
            const int positions = axis.positions(size);
            int meetings = 0, inputs = 0;
            for (const GradientPhase& phase : gradient_phases(axis, size)) {
                inputs += phase.positions;
                for (int i = 0; i < phase.positions; ++i)
                    for (int t = 0; t < phase.window.kernel; ++t) {
                        const int output = phase.window.source(i, t);
                        if (output < 0 || output >= positions) continue;
                        ++meetings;
                        CHECK(axis.source(output, phase.taps[static_cast<std::size_t>(t)]) ==
                              phase.first + i * axis.stride);
                    }
            }
            CHECK(inputs == size);
            int expected = 0;
            for (int p = 0; p < positions; ++p) expected += axis.taps(p, size).end - axis.taps(p, size).begin;
            CHECK(meetings == expected);
        });
}

TEST_CASE("windows: ceil mode adds the position that would see the rest, unless it begins behind the image") {
    const auto positions = [](int kernel, int stride, int pad, int size) {
        return Window(kernel, kernel, stride, pad).ceiled({size, size, 1}).rows.positions(size);
    };
    CHECK(positions(3, 2, 0, 224) == 112);  // PyTorch's MaxPool2d(3, 2, ceil_mode=True)
    CHECK(positions(3, 2, 0, 225) == 112);
    CHECK(positions(2, 2, 0, 7) == 4);
    CHECK(positions(2, 3, 1, 5) == 2);  // a third would begin at 5, behind the image
    CHECK(positions(1, 2, 0, 4) == 2);
}

TEST_CASE("windows: pixels row by row, output shapes, and what is refused") {
    const Window window({2, 1, 1, 0}, {3, 2, 1, 1});
    CHECK(window.output({3, 4, 5}, 7) == Dims{3, 2, 7});
    std::string seen;
    for_pixels(window, {3, 4, 1}, 0, 1,
               [&](int row, int col) { seen += std::to_string(row) + std::to_string(col) + " "; });
    CHECK(seen == "01 02 03 ");
    constexpr int kMost = std::numeric_limits<int>::max();
    const auto refused = [](int WindowAxis::*field, int value) {
        for (auto axis : {&Window::rows, &Window::cols}) {
            Window bad(3, 3, 1, 1);
            bad.*axis.*field = value;
            CHECK_THROWS_AS(bad.check({8, 8, 1}, "here"), BadInput);
        }
    };
    for (int bad : {0, -1, 11, kMost}) refused(&WindowAxis::kernel, bad);
    for (int bad : {0, -1, kMost}) refused(&WindowAxis::stride, bad);
    for (int bad : {0, -1, 5, kMost}) refused(&WindowAxis::dilation, bad);
    for (int bad : {-1, kMost}) refused(&WindowAxis::before, bad), refused(&WindowAxis::after, bad);
    CHECK_NOTHROW(Window(2, 2, 2, 1).check_pooling({8, 8, 1}, "here"));
    CHECK_THROWS_AS(Window({2, 2, 0, 2}, {2, 2, 0, 0}).check_pooling({8, 8, 1}, "here"), BadInput);
}
