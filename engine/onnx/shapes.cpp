#include "engine/onnx/shapes.hpp"

#include <algorithm>
#include <limits>
#include <string>

#include "engine/core/error.hpp"

namespace nibble::onnx {

constexpr std::int64_t kLargestConstant = std::int64_t{1} << 31;  // elements

std::int64_t elements(const Sizes& shape) {
    std::int64_t n = 1;
    for (const std::int64_t d : shape) {
        if (d < 0 || (d > 0 && n > kLargestConstant / d))
            throw BadInput("constant", "size", "at most 2^31 elements", std::to_string(d));
        n *= d;
    }
    return n;
}

std::size_t axis_of(std::int64_t axis, std::size_t rank) {
    const auto n = static_cast<std::int64_t>(rank);
    if (axis < -n || axis >= n)
        throw BadInput("axis", "number", "-" + std::to_string(rank) + " to " + std::to_string(n - 1),
                       std::to_string(axis));
    return static_cast<std::size_t>(axis < 0 ? axis + n : axis);
}

Sizes reshaped(const Sizes& shape, Sizes target, bool zero_copies) {
    std::int64_t known = 1, open = -1;
    for (std::size_t d = 0; d < target.size(); ++d) {
        if (target[d] == 0 && zero_copies) {
            if (d >= shape.size()) throw BadInput("Reshape: copies a size that is not there");
            target[d] = shape[d];
        }
        if (target[d] == -1 && open < 0) {
            open = static_cast<std::int64_t>(d);
            continue;
        }
        known = elements({known, target[d]});
    }
    const std::int64_t all = elements(shape);
    if (open >= 0 && known > 0) target[static_cast<std::size_t>(open)] = all / known;
    if (elements(target) != all)
        throw BadInput("Reshape", "elements", std::to_string(all), std::to_string(elements(target)));
    return target;
}

Sizes squeezed(const Sizes& shape, const Sizes& axes) {
    std::vector<bool> drop(shape.size());
    for (std::size_t d = 0; d < shape.size(); ++d) drop[d] = axes.empty() && shape[d] == 1;
    for (const std::int64_t axis : axes) drop[axis_of(axis, shape.size())] = true;
    Sizes rest;
    for (std::size_t d = 0; d < shape.size(); ++d) {
        if (!drop[d])
            rest.push_back(shape[d]);
        else if (shape[d] != 1)
            throw BadInput("Squeeze", "size of axis " + std::to_string(d), "1", std::to_string(shape[d]));
    }
    return rest;
}

Sizes unsqueezed(Sizes shape, Sizes axes) {
    constexpr std::size_t kMaxRank = 16;
    const std::size_t rank = shape.size() + axes.size();
    if (rank > kMaxRank) throw BadInput("Unsqueeze", "axes", "at most 16", std::to_string(rank));
    for (std::int64_t& axis : axes) axis = static_cast<std::int64_t>(axis_of(axis, rank));
    std::ranges::sort(axes);
    for (const std::int64_t axis : axes)
        shape.insert(shape.begin() + std::min<std::ptrdiff_t>(axis, std::ssize(shape)), 1);
    return shape;
}

Sizes flattened(const Sizes& shape, std::int64_t axis) {
    const auto rank = static_cast<std::int64_t>(shape.size());
    const std::size_t at = axis == rank ? shape.size() : axis_of(axis, shape.size());
    const auto middle = shape.begin() + static_cast<std::ptrdiff_t>(at);
    return {elements({shape.begin(), middle}), elements({middle, shape.end()})};
}

std::int64_t Positions::count() const {
    const std::int64_t span = step > 0 ? end - begin : begin - end;
    const std::int64_t width = step > 0 ? step : -step;
    return span <= 0 ? 0 : (span - 1) / width + 1;
}

Positions range_of(std::int64_t begin, std::int64_t end, std::int64_t step, std::int64_t size) {
    if (step == 0 || step == std::numeric_limits<std::int64_t>::min())
        throw BadInput("Slice", "step", "a number other than 0", std::to_string(step));
    const auto place = [&](std::int64_t i, std::int64_t low, std::int64_t high) {
        return std::clamp(i < 0 ? i + size : i, low, high);
    };
    if (step > 0) return {place(begin, 0, size), place(end, 0, size), step};
    return {place(begin, -1, size - 1), end < -size ? -1 : place(end, -1, size - 1), step};
}

}  // namespace nibble::onnx
