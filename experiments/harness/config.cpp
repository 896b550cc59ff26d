#include "experiments/harness/config.hpp"

#include <cmath>

#include "engine/core/error.hpp"
#include "engine/core/json.hpp"

namespace nibble {

namespace {
/// Training estimates batch norm's statistics in any case.
fgq::Method trainable(const std::string& text) {
    const fgq::Method method = fgq::method_from(text);
    if (!method.quantizes() || method.norms != fgq::Norms::estimated)
        throw BadInput("no method to train with");
    return method;
}
}  // namespace

void set_method(TrainConfig& config, const std::string& method) {
    const bool is_float = method == "f32" || method == "bf16";
    config.numerics = is_float ? numerics_from(method) : Numerics::bf16;
    config.quantization.reset();
    config.fine_tuning.reset();
    if (is_float) return;
    try {
        if (method.ends_with(kFineTuned)) {
            config.fine_tuning = {trainable(method.substr(0, method.size() - kFineTuned.size())), ""};
            return;
        }
        config.quantization = aqt::method_from(method);
    } catch (const BadInput&) {
        throw BadInput("training", "method",
                       "f32, bf16, or how to quantize: w8a8, w4a4e8, w4a4-pt, w4e8, ..., or to fine-tune: "
                       "g4a8-ft, g64a8-ft, ...",
                       "'" + method + "'");
    }
}

std::string method_of(const TrainConfig& config) {
    if (config.fine_tuning) return fgq::to_string(config.fine_tuning->method) + std::string(kFineTuned);
    return config.quantization ? aqt::to_string(*config.quantization) : to_string(config.numerics);
}

Json to_json(const TrainConfig& config) {
    const Recipe& r = config.recipe;
    Json json = {{"model", config.model},
                 {"data", config.data},
                 {"numerics", to_string(config.numerics)},
                 {"seed", config.seed},
                 {"epochs", r.epochs},
                 {"batch", r.batch},
                 {"learning_rate", r.learning_rate},
                 {"momentum", r.momentum},
                 {"nesterov", r.nesterov},
                 {"weight_decay", r.weight_decay},
                 {"warmup_epochs", r.warmup_epochs},
                 {"cooldown_epochs", r.cooldown_epochs},
                 {"final_fraction", r.final_fraction},
                 {"label_smoothing", r.label_smoothing},
                 {"augment", config.augment},
                 {"eval_every", config.eval_every}};
    if (r.parts != 1) json["parts"] = r.parts;
    if (config.quantization) json["quantization"] = aqt::to_string(*config.quantization);
    if (config.fine_tuning) {
        json["quantization"] = fgq::to_string(config.fine_tuning->method);
        json["parent"] = config.fine_tuning->parent;
        json["calibration"] = FineTuning::kImages;
    }
    return json;
}

TrainConfig with_protocol(TrainConfig config, const Json& object, const std::string& where) {
    Fields f(object, where);
    Recipe& r = config.recipe;
    r.epochs = f.get("epochs", r.epochs);
    r.batch = f.get("batch", r.batch);
    r.parts = f.get("parts", r.parts);
    r.learning_rate = f.get("learning_rate", r.learning_rate);
    r.momentum = f.get("momentum", r.momentum);
    r.nesterov = f.get("nesterov", r.nesterov);
    r.weight_decay = f.get("weight_decay", r.weight_decay);
    r.warmup_epochs = f.get("warmup_epochs", r.warmup_epochs);
    r.cooldown_epochs = f.get("cooldown_epochs", r.cooldown_epochs);
    r.final_fraction = f.get("final_fraction", r.final_fraction);
    r.label_smoothing = f.get("label_smoothing", r.label_smoothing);
    config.augment = f.get("augment", config.augment);
    config.eval_every = f.get("eval_every", config.eval_every);
    f.finish();
    check(config, where);
    return config;
}

void check(const TrainConfig& config, const std::string& where) {
    check(config.recipe, where);
    if (config.eval_every < 1 || config.eval_every > 1000000)
        throw BadInput(where, "eval_every", "1 to 1000000", std::to_string(config.eval_every));
    if (const auto& q = config.quantization;
        q && q->activation_bits > 0 && (q->half_shift || q->weight_bits < 2))
        throw BadInput(where, "method",
                       "weights that are integers of 2 to 8 bits, or activations that stay float",
                       to_string(*q));
}

}  // namespace nibble
