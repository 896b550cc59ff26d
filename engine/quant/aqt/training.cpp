#include "engine/quant/aqt/training.hpp"

#include "engine/core/error.hpp"
#include "engine/quant/aqt/quantizer.hpp"

namespace nibble::aqt {
namespace {

class Training : public TrainingMethod {
  public:
    explicit Training(const Method& method) : method_(method) {}
    std::string name() const override { return to_string(method_); }
    std::string settings() const override { return to_string(method_); }
    NetworkBits bits() const override { return bits_of(method_); }
    bool quantizes_activations() const override { return method_.activation_bits > 0; }
    bool is_simulation() const override { return method_.unfolded; }
    std::vector<std::string> golden() const override {
        std::vector<std::string> names{"aqt"};
        if (method_.rule.kind == BoundRule::Kind::fixed) names.emplace_back("aqt fixed bounds");
        if (method_.unfolded) names.emplace_back("aqt unfolded");
        return names;
    }
    std::unique_ptr<TrainingQuantizer> quantizer(const Graph& graph, const TrainingRun& run) const override {
        return std::make_unique<NetworkLayers>(graph, method_, run.slots, run.steps);
    }

  private:
    Method method_;
};

}  // namespace

std::unique_ptr<TrainingMethod> training(const std::string& name) {
    Method method;
    try {
        method = method_from(name);
    } catch (const BadInput&) {  // not one of ours
        return nullptr;
    }
    if (method.activation_bits > 0 && (method.half_shift || method.weight_bits < 2))
        throw BadInput("training", "method",
                       "weights that are integers of 2 to 8 bits, or activations that stay float",
                       "'" + name + "'");
    return std::make_unique<Training>(method);
}

}  // namespace nibble::aqt
