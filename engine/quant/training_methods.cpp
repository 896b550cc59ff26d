#include "engine/quant/training_methods.hpp"

#include "engine/core/error.hpp"
#include "engine/quant/aqt/training.hpp"
#include "engine/quant/fgq/training.hpp"

namespace nibble {

std::unique_ptr<TrainingMethod> training_method(const std::string& name) {
    for (const auto make : {aqt::training, fgq::training})
        if (auto method = make(name)) return method;
    throw BadInput("training", "method",
                   "f32, bf16, or how to quantize: w8a8, w4a4e8, w4a4-pt, w4e8, ..., or to fine-tune: "
                   "g4a8-ft, g64a8-ft, ...",
                   "'" + name + "'");
}

}  // namespace nibble
