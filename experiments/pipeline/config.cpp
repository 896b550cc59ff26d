#include "experiments/pipeline/config.hpp"

#include "engine/core/error.hpp"
#include "engine/core/json.hpp"
#include "engine/quant/training_methods.hpp"

namespace nibble {

void set_method(TrainConfig& config, const std::string& method) {
    const bool is_float = method == "f32" || method == "bf16";
    config.numerics = is_float ? numerics_from(method) : Numerics::bf16;
    config.quantization = is_float ? nullptr : training_method(method);
    config.parent.clear();
}

std::string method_of(const TrainConfig& config) {
    return config.quantization ? config.quantization->name() : to_string(config.numerics);
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
    if (config.quantization) json["quantization"] = config.quantization->settings();
    if (config.fine_tunes()) {
        json["parent"] = config.parent;
        json["calibration"] = config.quantization->calibration_images();
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
}

}  // namespace nibble
