// One training run, completely: what `nibble train` is told and what a cell resolves to.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "engine/nn/numerics.hpp"
#include "engine/quant/training_method.hpp"
#include "engine/train/trainer.hpp"
#include "experiments/support/json_fwd.hpp"

namespace nibble {

struct TrainConfig {
    std::string model = "resnet20";
    std::string data = "cifar10";
    Numerics numerics = Numerics::f32;
    std::shared_ptr<const TrainingMethod> quantization;  ///< null: floats
    std::string parent;  ///< of methods that fine-tune: where the float weights come from (cell.hpp)
    std::uint64_t seed = 0;
    Recipe recipe;
    bool augment = true;  ///< the data set's customary crop and mirror
    int eval_every = 1;   ///< epochs between evaluations on the test images; the last epoch always has one

    bool is_float() const { return !quantization; }
    bool fine_tunes() const { return quantization && quantization->calibration_images() > 0; }
};

/// "f32", "bf16", or how the network is quantized while it is trained (engine/quant/training_methods.hpp), which
/// is done in bf16; the parent of fine-tuning is for the caller to set. Throws BadInput.
void set_method(TrainConfig& config, const std::string& method);
/// The inverse.
std::string method_of(const TrainConfig& config);

/// Every field, defaults filled in: the resolved configuration.
Json to_json(const TrainConfig& config);

/// The optional fields "epochs", "batch", ..., "augment", "eval_every" of `object` over `defaults`. Throws
/// BadInput that begins with `where` for unknown keys, wrong types and values out of range.
TrainConfig with_protocol(TrainConfig defaults, const Json& object, const std::string& where);

/// Throws BadInput when a field is out of range.
void check(const TrainConfig& config, const std::string& where);

}  // namespace nibble
