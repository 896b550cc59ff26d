// What is particular to one operation. engine/nn/ops/ has a file for each, ops/list.cpp names them all.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "engine/nn/node.hpp"

namespace nibble {

/// One image's activation, [h][w][c].
struct OpInput {
    const float* values;
    Dims dims;
};

/// What an operation does with codes, where the network runs as integers.
enum class OnCodes {
    gemm,    ///< multiplies them by weights
    passes,  ///< hands them on as they are
    sum,     ///< adds what they stand for, code times step
    reals,   ///< is computed of what they stand for
    none     ///< makes no use of them
};

/// Whether a value can be negative.
enum class Sign { any, non_negative, of_operands, clamped };

inline constexpr int kAnyNumber = -1;  ///< at least one

struct Operation {
    const char* name;
    int operands;  ///< or kAnyNumber
    OnCodes on_codes;
    Sign sign;
    bool fuses;                ///< it may run as a part of the layer before it (fusion.hpp)
    bool elementwise = false;  ///< a function of one element

    /// The shape of its value. Throws BadInput, beginning with what node_name() says, for attributes that do
    /// not fit.
    Dims (*output)(const Node& node, std::span<const Dims> in);

    /// Null: it has none.
    std::vector<Parameter> (*parameters)(const Node& node, Dims in) = nullptr;

    /// The definition of its value, in f32: plain loops over one image, whose order of additions is part of
    /// the definition. Null for the input.
    void (*forward)(const Node& node, std::span<const OpInput> in, const Weights& weights,
                    float* out) = nullptr;

    /// Adds to dx[k], the gradient of operand k (null: not wanted), what follows from `dy`, that of its value.
    /// Null where a unit of its own computes it, or none can.
    void (*backward)(const Node& node, std::span<const OpInput> in, const float* dy,
                     std::span<float* const> dx) = nullptr;
};

const Operation& operation(Op op);

/// "layer conv1", or the operation where a node has no name.
std::string node_name(const Node& node);

}  // namespace nibble
