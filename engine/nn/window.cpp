#include "engine/nn/window.hpp"

#include <cstdint>
#include <numeric>

#include "engine/core/error.hpp"

namespace nibble {
namespace {

constexpr int kMost = 1 << 24;  // so that no sum or product below overflows

void check_axis(const WindowAxis& axis, int size, const std::string& where, const std::string& side) {
    const auto require = [&](int value, int least, const std::string& what) {
        if (value < least || value > kMost)
            throw BadInput(where, what, std::to_string(least) + " to 2^24", std::to_string(value));
    };
    require(axis.kernel, 1, "kernel " + side);
    require(axis.stride, 1, "stride");
    require(axis.before, 0, "padding");
    require(axis.after, 0, "padding");
    require(axis.dilation, 1, "dilation");
    const auto span = (static_cast<std::int64_t>(axis.kernel) - 1) * axis.dilation + 1;
    if (span > size + axis.before + axis.after)
        throw BadInput(where, "padded input", "at least the window, " + std::to_string(span),
                       std::to_string(size + axis.before + axis.after));
}

}  // namespace

std::string to_string(const Dims& d) {
    return std::to_string(d.h) + "x" + std::to_string(d.w) + "x" + std::to_string(d.c);
}

void Window::check(Dims in, const std::string& where) const {
    check_axis(rows, in.h, where + ": window", "height");
    check_axis(cols, in.w, where + ": window", "width");
}

void Window::check_pooling(Dims in, const std::string& where) const {
    check(in, where);
    for (const WindowAxis& axis : {rows, cols})
        if (std::max(axis.before, axis.after) >= axis.kernel || axis.dilation != 1)
            throw BadInput(where, "padding", "less than the window, and no dilation",
                           std::to_string(std::max(axis.before, axis.after)));
}

Window Window::ceiled(Dims in) const {
    const auto more = [](WindowAxis axis, int size) {
        const int left = (size + axis.before + axis.after - axis.span()) % axis.stride;
        const bool begins_inside = axis.positions(size) * axis.stride < size + axis.before;
        if (left > 0 && begins_inside) axis.after += axis.stride - left;
        return axis;
    };
    return {more(rows, in.h), more(cols, in.w)};
}

std::vector<GradientPhase> gradient_phases(const WindowAxis& axis, int size) {
    std::vector<GradientPhase> phases;
    for (int first = 0; first < axis.stride; ++first) {
        GradientPhase phase{first, (size - first + axis.stride - 1) / axis.stride, {}, {}};
        const auto distance = [&](int tap) { return first + axis.before - tap * axis.dilation; };
        for (int tap = axis.kernel - 1; tap >= 0; --tap)
            if (distance(tap) % axis.stride == 0) phase.taps.push_back(tap);
        const int top = phase.taps.empty() ? 0 : distance(phase.taps.front()) / axis.stride;
        const int apart = axis.dilation / std::gcd(axis.dilation, axis.stride);
        phase.window = {.kernel = static_cast<int>(phase.taps.size()), .before = -top, .dilation = apart};
        phases.push_back(std::move(phase));
    }
    return phases;
}

}  // namespace nibble
