// The image.
#include "engine/nn/ops/list.hpp"

namespace nibble {

const Operation kInput{.name = "input",
                       .operands = 0,
                       .on_codes = OnCodes::none,
                       .sign = Sign::any,
                       .fuses = false,
                       .output = [](const Node& node, std::span<const Dims>) { return node.out; }};

}  // namespace nibble
