#include "engine/quant/fgq/training.hpp"

#include "engine/core/error.hpp"
#include "engine/quant/fgq/quantizer.hpp"

namespace nibble::fgq {
namespace {

class FineTuning : public TrainingMethod {
  public:
    explicit FineTuning(const Method& method) : method_(method) {}
    std::string name() const override { return to_string(method_) + std::string(kFineTuned); }
    std::string settings() const override { return to_string(method_); }
    NetworkBits bits() const override { return bits_of(method_); }
    bool quantizes_activations() const override { return method_.activation_bits > 0; }
    std::size_t calibration_images() const override { return 1000; }
    std::vector<std::string> golden() const override { return {"fgq"}; }
    std::unique_ptr<TrainingQuantizer> quantizer(const Graph& graph, const TrainingRun& run) const override {
        return std::make_unique<NetworkLayers>(graph, method_, run.activations);
    }

  private:
    Method method_;
};

}  // namespace

std::unique_ptr<TrainingMethod> training(const std::string& name) {
    if (!name.ends_with(kFineTuned)) return nullptr;
    try {
        const Method method = method_from(name.substr(0, name.size() - kFineTuned.size()));
        if (method.quantizes() && method.norms == Norms::estimated)
            return std::make_unique<FineTuning>(method);
    } catch (const BadInput&) {  // not one of ours
    }
    return nullptr;
}

}  // namespace nibble::fgq
