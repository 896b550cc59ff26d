#include "engine/quant/post_training_methods.hpp"

#include "engine/core/error.hpp"
#include "engine/quant/fgq/post_training.hpp"
#include "engine/quant/mmse/post_training.hpp"

namespace nibble {
namespace {

struct Family {
    const char* name;
    std::unique_ptr<PostTrainingMethod> (*make)(const std::string& settings);
};

constexpr Family kFamilies[] = {{"mmse", mmse::post_training},
                                {"cle", mmse::equalized_post_training},
                                {"gptq", mmse::gptq_post_training},
                                {"gptqfloat", mmse::gptq_float_post_training},
                                {"fgq", fgq::post_training}};

}  // namespace

std::vector<std::string> post_training_families() {
    std::vector<std::string> names;
    for (const Family& family : kFamilies) names.emplace_back(family.name);
    return names;
}

std::unique_ptr<PostTrainingMethod> post_training_method(const std::string& family,
                                                         const std::string& settings) {
    std::string known;
    for (const auto& [name, make] : kFamilies) {
        if (family == name) return make(settings);
        known += (known.empty() ? "" : ", ") + std::string(name);
    }
    throw BadInput("post-training quantization", "method", known, "'" + family + "'");
}

}  // namespace nibble
