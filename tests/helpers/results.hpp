// Results as cells leave them, made up.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>

#include "experiments/runs/result.hpp"

namespace nibble::test {

/// Of 10,000 images the first ones: of two networks the worse one is right only where the better one is.
inline CorrectImages first_correct(double top1) {
    CorrectImages correct(10000);
    std::fill_n(correct.begin(), static_cast<std::ptrdiff_t>(std::lround(top1 * 100)), true);
    return correct;
}

/// Of three epochs, evaluated after the last.
inline Result result(const std::string& cell, double top1) {
    Result r;
    r.profile = "quick";
    r.cell = cell;
    r.parts = {"c", "d", "", "n", "g"};
    r.eval = {top1, 99.5, 0.25, 10000};
    r.train = {97.5, 99.5, 0.25, 10000};
    for (int epoch = 1; epoch <= 3; ++epoch) r.history.push_back({epoch, 1.0 / epoch, 30.0 * epoch, {}});
    r.history.back().eval_top1 = top1;
    r.cost.macs = 12300000;
    r.cost.linear = r.cost.quadratic = r.cost.activation_bytes = 1;
    r.cost.weight_bytes = 2048;
    r.weights_digest = "w";
    r.predictions_digest = "p";
    r.correct = first_correct(top1);
    r.executed_as = "f32-avx2";
    return r;
}

}  // namespace nibble::test
