// The settings of post-training quantization by minimal mean squared error, and how they are written.
//
//     f32                nothing quantized: the network as it came
//     w4e8               weights in 4 bits, 8 in the first and last layer; activations stay float
//     a4e8               activations (what layers read) in 4 bits; weights stay float
//     w4a4               both, 4 bits everywhere
//
// followed by, in this order, what differs from one scale for each output channel, found by the exact
// solver, and activation scales of minimal squared error over 512 images:
//
//     -pt                one scale for each weight tensor
//     -cle               weights equalized across layers before anything else (engine/quant/equalization)
//     -wmaxabs           solver of the weights' scales; -wmaxabsfull, -walternating, -wgolden, -wgrid (which with
//                        -pt keeps the error over the scale, a curve for some layers)
//     -dual10            the worst 10 % of all output channels as sums of two tensors
//     -unbiased          each scale times ||W||^2 / <W, W^> (engine/quant/corrections/unbiased.hpp)
//     -gptq              codes chosen on the images, each making up for the errors of those before it
//                        (engine/quant/gptq/error_feedback.hpp), instead of the nearest ones
//     -gptqfloat         the same towards the outputs of the float network, with weights fitted to them before and biases
//                        corrected (engine/quant/gptq/fit.hpp)
//     -amaxabs           rule for activations; -akl, -aaciq, -apercentile99.9; -aasym: least squared error
//                        with a zero point where values are negative
//     -apc               with -gptqfloat: a scale for each channel of what a layer reads, the first layer apart
//     -r8                what is added (residuals) in 8 bits instead of floats
//     -bn                batch norm re-estimated on the images, augmented as in training; -bnplain: as they are;
//                        -bnfloat: to the float network's statistics on them
//     -bc                biases corrected on the images
//     -refined           scales of the weights tuned on the images ("+opt")
//     -cal64             so many calibration images
#pragma once

#include <optional>
#include <string>

#include "engine/quant/corrections/batch_norm.hpp"
#include "engine/quant/mmse/solvers/solver.hpp"

namespace nibble::mmse {

/// Where activations are clipped.
enum class Clipping {
    mmse,        ///< activations.hpp
    asymmetric,  ///< activations.hpp, with a zero point
    max_abs,     ///< nowhere
    percentile,  ///< engine/quant/calibration/percentile.hpp
    kl,          ///< engine/quant/calibration/kl.hpp
    aciq         ///< engine/quant/calibration/aciq.hpp, for a Laplace density
};

/// What codes are chosen by, besides the weights.
enum class Feedback { none, gptq, gptq_float };

struct Method {
    static constexpr int kImages = 512;

    int weight_bits = 0;      ///< 2 to 8; 0: weights stay float
    int activation_bits = 0;  ///< 2 to 8; 0: activations stay float
    bool wide_ends = false;   ///< 8 bits in the first and last layer, for whatever is quantized
    bool per_tensor = false;  ///< one weight scale per tensor instead of one per output channel
    bool equalized = false;   ///< across layers, before anything is quantized
    Solver solver = Solver::exact;
    int dual_percent =
        0;  ///< of all output channels that have weight_bits: those of the largest relative error
    bool unbiased = false;
    Feedback feedback = Feedback::none;
    Clipping clipping = Clipping::mmse;
    double percentile = 0;                   ///< with Clipping::percentile
    bool by_channel = false;                 ///< a scale for each channel of what layers read
    int residual_bits = 0;                   ///< 0: residuals stay float
    std::optional<NormTarget> batch_norm{};  ///< passes, in this order
    bool plain_images = false;               ///< for batch norm towards its parameters: not augmented
    bool bias_correction = false, refined = false;
    int images = kImages;  ///< for calibration; without anything to calibrate it is kImages

    bool quantizes_weights() const { return weight_bits > 0; }
    bool quantizes_activations() const { return activation_bits > 0; }
    /// True if images have a say in the result.
    bool calibrates() const {
        return quantizes_activations() || feedback != Feedback::none || batch_norm || bias_correction ||
               refined;
    }
    /// True if batch norm is re-estimated on augmented images.
    bool augments() const { return batch_norm == NormTarget::parameters && !plain_images; }
    friend bool operator==(const Method&, const Method&) = default;
};

std::string to_string(const Method& method);
/// The inverse. Throws BadInput for anything that to_string() would not write, and for settings that have no
/// effect or do not go together. `feedback`: of the method where the text has no word for it.
Method method_from(const std::string& text, Feedback feedback = Feedback::none);

}  // namespace nibble::mmse
