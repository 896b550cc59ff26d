// Quantized networks that nobody would design, but a file may hold: odd windows, paddings and strides, values
// nobody reads or many do, any scheme anywhere, extreme scales.
#pragma once

#include <cstdint>
#include <functional>

#include "engine/infer/integer_graph.hpp"

namespace nibble::test {

/// Uniform in [0, n).
using Below = std::function<std::uint32_t(std::uint32_t n)>;

/// Changes one thing and makes shapes and sizes of what follows fit again, so that most results pass
/// IntegerGraph::check().
void mutate(IntegerGraph& graph, const Below& below);

}  // namespace nibble::test
