// Shapes as ONNX's operations compute them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace nibble::onnx {

using Sizes = std::vector<std::int64_t>;

/// The product of the sizes. Throws BadInput for negative ones and more than 2^31.
std::int64_t elements(const Sizes& shape);

/// -1 is the last of `rank` axes. Throws BadInput for one that is not there.
std::size_t axis_of(std::int64_t axis, std::size_t rank);

/// What Reshape makes of `shape` when it asks for `target`: 0 copies a size, -1 is what is left.
Sizes reshaped(const Sizes& shape, Sizes target, bool zero_copies);

Sizes squeezed(const Sizes& shape, const Sizes& axes);  ///< without axes: all of size 1
Sizes unsqueezed(Sizes shape, Sizes axes);
/// Two sizes: of the axes before `axis`, and of the others.
Sizes flattened(const Sizes& shape, std::int64_t axis);

/// Positions along an axis of `size`, as Slice clamps them: begin, begin + step, ... before end.
struct Positions {
    std::int64_t begin, end, step;
    std::int64_t count() const;
};
Positions range_of(std::int64_t begin, std::int64_t end, std::int64_t step, std::int64_t size);

}  // namespace nibble::onnx
