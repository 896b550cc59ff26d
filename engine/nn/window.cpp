#include "engine/nn/window.hpp"

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
    require(size + axis.before + axis.after, axis.kernel, "padded input");
}

}  // namespace

std::string to_string(const Dims& d) {
    return std::to_string(d.h) + "x" + std::to_string(d.w) + "x" + std::to_string(d.c);
}

void Window::check(Dims in, const std::string& where) const {
    check_axis(rows, in.h, where, "height");
    check_axis(cols, in.w, where, "width");
}

void Window::check_pooling(Dims in, const std::string& where) const {
    check(in, where);
    for (const WindowAxis& axis : {rows, cols})
        if (std::max(axis.before, axis.after) >= axis.kernel)
            throw BadInput(where, "padding", "less than the window",
                           std::to_string(std::max(axis.before, axis.after)));
}

std::vector<GradientPhase> gradient_phases(const WindowAxis& axis, int size) {
    std::vector<GradientPhase> phases;
    for (int first = 0; first < axis.stride; ++first) {
        GradientPhase phase{first, (size - first + axis.stride - 1) / axis.stride, {}, {}};
        for (int tap = axis.kernel - 1; tap >= 0; --tap)
            if ((first + axis.before - tap) % axis.stride == 0) phase.taps.push_back(tap);
        const int top = phase.taps.empty() ? 0 : (first + axis.before - phase.taps.front()) / axis.stride;
        phase.window = {.kernel = static_cast<int>(phase.taps.size()), .before = -top};
        phases.push_back(std::move(phase));
    }
    return phases;
}

}  // namespace nibble
