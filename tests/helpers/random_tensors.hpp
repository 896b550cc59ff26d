// Small tensors of many shapes for tests of scale solvers: heavy and light tails, ties, zeros, one element,
// equal elements, values on a grid, one sign only, huge and tiny.
#pragma once

#include <cstdint>
#include <vector>

namespace nibble::test {

/// Normally distributed.
std::vector<float> normal_values(std::size_t n, std::uint32_t stream);
/// Laplace distributed with variance 1.
std::vector<float> laplace_values(std::size_t n, std::uint32_t stream);

/// Any of the above; the same for the same stream. At most `largest` values.
std::vector<float> random_tensor(std::uint32_t stream, std::uint32_t largest = 24);

}  // namespace nibble::test
