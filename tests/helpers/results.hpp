// Results as cells leave them, made up.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>

#include "engine/core/json.hpp"
#include "experiments/runs/key.hpp"
#include "experiments/support/correct_images.hpp"

namespace nibble::test {

inline Json metrics(double top1) {
    return {{"top1", top1}, {"top5", 99.5}, {"loss", 0.25}, {"images", 10000}};
}

/// Of 10,000 images the first ones: of two networks the worse one is right only where the better one is.
inline CorrectImages first_correct(double top1) {
    CorrectImages correct(10000);
    std::fill_n(correct.begin(), static_cast<std::ptrdiff_t>(std::lround(top1 * 100)), true);
    return correct;
}

/// Of three epochs, evaluated after the last.
inline Json result(const std::string& cell, double top1) {
    const KeyParts parts{"c", "d", "", "n", "g"};
    Json history = Json::array();
    for (int epoch = 1; epoch <= 3; ++epoch)
        history.push_back(
            {{"epoch", epoch}, {"loss", 1.0 / epoch}, {"train_top1", 30.0 * epoch}, {"eval_top1", nullptr}});
    history[2]["eval_top1"] = top1;
    return {
        {"schema", 2},
        {"profile", "quick"},
        {"cell", cell},
        {"config", Json::object()},
        {"seed", 0},
        {"data", Json::object()},
        {"key", parts.key()},
        {"key_parts", to_json(parts)},
        {"metrics", {{"eval", metrics(top1)}, {"train", metrics(97.5)}, {"generalization_gap", 97.5 - top1}}},
        {"history", history},
        {"weights_digest", "w"},
        {"predictions_digest", "p"},
        {"correct", to_base64(first_correct(top1))},
        {"cost",
         {{"macs", 12300000},
          {"linear_cost", 1},
          {"quadratic_cost", 1},
          {"weight_bytes", 2048},
          {"activation_bytes", 1},
          {"layers", Json::array()}}},
        {"executed_as", "f32-avx2"},
        {"provenance", Json::object()}};
}

}  // namespace nibble::test
