// What the inputs of a layer have to do with each other: H = X X^T, X the inputs that an output pixel multiplies by the
// weights of one output channel, a column for each of some pixels of all images.
//
// One H for each group of a convolution: of a depthwise one, kernel x kernel for each channel. k counts a group's inputs
// as the weights do: channel, row, column of the kernel; zeros where the kernel leaves the image.
#pragma once

#include <cstddef>
#include <vector>

#include "engine/nn/graph.hpp"
#include "engine/quant/corrections/layerwise.hpp"

namespace nibble::gptq {

/// Output pixels of an image that are looked at, where there are more: one drawn from each of as many runs of equal
/// length.
inline constexpr std::size_t kPixels = 32;

struct Correlations {
    std::size_t groups = 1, size = 0;  ///< size: k
    std::vector<double> sums;          ///< [group][k][k], the upper triangles
};

/// What fits a layer's outputs y to its inputs x (fit.hpp).
struct Regression {
    Correlations inputs;
    std::size_t outputs = 0;       ///< of a group
    std::vector<double> products;  ///< X Y^T, [group][k][outputs]
};

/// Of a convolution or linear layer. `operand` gives what it reads of an image. Throws BadInput for values that are not
/// finite.
Correlations correlations_of(const Graph& graph, int layer, std::size_t images, const Operand& operand);

/// The same with the outputs of the float network at the same pixels. Columns lose their means if the layer has a bias; an
/// input that hardly varies then keeps 1e-9 of its mean square, for the factorization.
Regression regression_of(const Graph& graph, int layer, std::size_t images, const Operand& operand,
                         const Target& target);

}  // namespace nibble::gptq
