#include "engine/quant/maxabs/post_training.hpp"

namespace nibble {
namespace {

class MaxAbsMethod : public PostTrainingMethod {
  public:
    explicit MaxAbsMethod(const MaxAbs& options) : options_(options) {}
    std::string text() const override { return "maxabs"; }
    std::size_t calibration_images() const override { return 512; }
    bool observes_activations() const override { return true; }
    std::vector<std::string> golden() const override { return {}; }
    PostTrained quantize(const FloatNetwork& network, const Calibration& calibration) const override {
        std::vector<ValueRange> ranges;
        for (const Histogram& h : calibration.activations) ranges.push_back({h.lowest(), h.highest()});
        return {network.folded, maxabs(network.folded, ranges, options_)};
    }

  private:
    MaxAbs options_;
};

}  // namespace

std::unique_ptr<PostTrainingMethod> maxabs_post_training(const MaxAbs& options) {
    return std::make_unique<MaxAbsMethod>(options);
}

}  // namespace nibble
