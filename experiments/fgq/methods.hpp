// The methods of this experiment's cells, and what a result says of them.
#pragma once

#include <optional>
#include <string>

#include "experiments/reports/result_table.hpp"

namespace nibble::fgq {

inline constexpr const char* kFloat = "f32";
inline constexpr int kGroups[] = {2, 4, 8, 16, 32, 64};
inline constexpr int kActivationBits[] = {0, 8, 4};  ///< 0: float

/// "g4a8", "g4"
std::string in_groups(int group, int activation_bits);
/// "g4a8-ft": after fine-tuning.
std::string fine_tuned(const std::string& method);

/// In percent, of all multiplications.
std::optional<double> eliminated(const Result& result);
/// Over all layers, scales included.
std::optional<double> bits_per_weight(const Result& result);

}  // namespace nibble::fgq
