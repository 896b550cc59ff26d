// One training run, completely: what `nibble train` is told and what a cell resolves to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/nn/numerics.hpp"
#include "engine/quant/aqt/method.hpp"
#include "engine/quant/fgq/method.hpp"
#include "engine/train/trainer.hpp"
#include "experiments/harness/json_fwd.hpp"

namespace nibble {

/// A network that is trained goes on training with ternary weights.
struct FineTuning {
    static constexpr int kImages = 1000;  ///< training images that give the ranges of activations

    fgq::Method method;
    std::string parent;  ///< where its float weights come from (parent.hpp)
};

struct TrainConfig {
    std::string model = "resnet20";
    std::string data = "cifar10";
    Numerics numerics = Numerics::f32;
    std::optional<aqt::Method> quantization;  ///< trained with quantized weights and activations
    std::optional<FineTuning> fine_tuning;    ///< one of the two at most
    std::uint64_t seed = 0;
    Recipe recipe;
    bool augment = true;  ///< the data set's customary crop and mirror
    int eval_every = 1;   ///< epochs between evaluations on the test images; the last epoch always has one

    bool is_float() const { return !quantization && !fine_tuning; }
};

/// How names of methods end that train on from a trained network.
inline constexpr std::string_view kFineTuned = "-ft";

/// "f32", "bf16", or how the network is quantized while it is trained (engine/quant/aqt/method.hpp), which is
/// done in bf16. "g64a8-ft": fine-tuned, in bf16, too; its parent is for the caller to set. Throws BadInput.
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
