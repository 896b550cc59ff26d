#include "experiments/mmse/methods.hpp"

#include <fmt/format.h>

namespace nibble::mmse {

namespace {

std::string clipping_text(const Method& m) {
    switch (m.clipping) {
        case Clipping::mmse:
            return "MMSE";
        case Clipping::asymmetric:
            return "MMSE with a zero point";
        case Clipping::max_abs:
            return "max-abs";
        case Clipping::percentile:
            return fmt::format("percentile {}", m.percentile);
        case Clipping::kl:
            return "KL";
        case Clipping::aciq:
            return "ACIQ";
    }
    return {};
}

}  // namespace

double mean_weight_error(const Result& result) {
    const Cell cell = cell_from(result.cell);
    const bool wide_ends = method_from(cell.method).wide_ends;
    const auto& layers = result.quantization->layers;
    double sum = 0;
    std::size_t count = 0;
    for (std::size_t i = 0; i < layers.size(); ++i) {
        const bool end = i == 0 || i + 1 == layers.size();
        if (!layers[i].weights || (wide_ends && end)) continue;
        sum += layers[i].weight_error;
        ++count;
    }
    return count > 0 ? sum / static_cast<double>(count) : 0;
}

std::string describe(const Method& m) {
    if (m == Method{}) return "float";
    std::vector<std::string> parts;
    if (m.quantizes_weights()) {
        std::string text = m.per_tensor ? "weights per tensor, " : "weights per kernel, ";
        text += m.solver == Solver::exact ? "MMSE" : to_string(m.solver);
        if (m.dual_percent > 0) text += fmt::format(", {} % dual", m.dual_percent);
        if (m.equalized) text += ", equalized";
        if (m.unbiased) text += ", unbiased";
        if (m.feedback == Feedback::gptq) text += ", GPTQ";
        if (m.feedback == Feedback::gptq_float) text += ", GPTQ towards float outputs";
        parts.push_back(text);
    }
    if (m.quantizes_activations())
        parts.push_back("activations " + clipping_text(m) + (m.by_channel ? " by channel" : ""));
    if (m.batch_norm) parts.emplace_back("batch norm re-estimated");
    if (m.batch_norm == NormTarget::float_network) parts.back() += " to float statistics";
    if (m.plain_images) parts.back() += " on plain images";
    if (m.bias_correction) parts.emplace_back("biases corrected");
    if (m.refined) parts.emplace_back("scales refined");
    if (m.residual_bits > 0) parts.push_back(fmt::format("residuals in {} bits", m.residual_bits));
    if (m.images != Method::kImages) parts.push_back(fmt::format("{} images", m.images));
    return fmt::format("{}", fmt::join(parts, "; "));
}

}  // namespace nibble::mmse
