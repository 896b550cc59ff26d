#include "engine/quant/mmse/method.hpp"

#include <array>
#include <charconv>

#include "engine/core/error.hpp"
#include "engine/core/spelling.hpp"

namespace nibble::mmse {
namespace {

struct SolverWord {
    Solver solver;
    std::string_view word;
};
// Read in this order: a word stands behind those that begin with it.
constexpr SolverWord kSolverWords[] = {{Solver::max_abs_full, "-wmaxabsfull"},
                                       {Solver::max_abs, "-wmaxabs"},
                                       {Solver::alternating, "-walternating"},
                                       {Solver::golden_section, "-wgolden"},
                                       {Solver::grid, "-wgrid"}};

struct ClippingWord {
    Clipping clipping;
    std::string_view word;
};
constexpr ClippingWord kClippingWords[] = {{Clipping::asymmetric, "-aasym"},
                                           {Clipping::max_abs, "-amaxabs"},
                                           {Clipping::percentile, "-apercentile"},
                                           {Clipping::kl, "-akl"},
                                           {Clipping::aciq, "-aaciq"}};

/// The shortest decimal: "99.9".
std::string shortest(double value) {
    std::array<char, 32> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
    return {text.data(), end};
}

/// A number that must be there.
int number(std::string_view& text) {
    return take_number<int>(text).value_or(-1);
}

bool fits_together(const Method& m) {
    const auto bits = [](int b) { return b == 0 || (b >= 2 && b <= 8); };
    const bool anything = m.quantizes_weights() || m.quantizes_activations();
    if (!bits(m.weight_bits) || !bits(m.activation_bits) || !bits(m.residual_bits)) return false;
    const Method usual;
    // Nothing that has no effect: one way to write each method.
    if (!anything && (m.wide_ends || m.equalized || m.calibrates())) return false;
    if (m.refined && !m.quantizes_weights()) return false;
    if (m.wide_ends && (m.weight_bits == 8 || m.weight_bits == 0) &&
        (m.activation_bits == 8 || m.activation_bits == 0))
        return false;
    if (!m.quantizes_weights() && (m.per_tensor || m.solver != usual.solver || m.dual_percent > 0 ||
                                   m.unbiased || m.feedback != usual.feedback))
        return false;
    // Errors are fed back to one tensor.
    if (m.feedback != Feedback::none && m.dual_percent > 0) return false;
    // Fitted weights have no scale that is off, and their biases are corrected.
    if (m.feedback == Feedback::gptq_float && (m.unbiased || m.batch_norm || m.bias_correction)) return false;
    // Weights have to be chosen for scales by channel; refined scales belong to whole tensors.
    if (m.by_channel && (m.feedback != Feedback::gptq_float || !m.quantizes_activations() || m.refined))
        return false;
    // Batch norm estimated anew chooses the scales itself, and knows the layers as they were.
    if (m.batch_norm && (m.unbiased || m.equalized)) return false;
    if (!m.quantizes_activations() && (m.clipping != usual.clipping || m.residual_bits > 0)) return false;
    // Batch norm estimated anew has already put right what biases would be corrected for.
    if (m.batch_norm && m.bias_correction) return false;
    if (!m.calibrates() && m.images != usual.images) return false;
    // Additions of codes exist in integer execution only.
    if (m.residual_bits > 0 && !m.quantizes_weights()) return false;
    // A sum has a scale for each output channel, of at most 8 bits in all terms but one.
    if (m.dual_percent > 0 && (m.per_tensor || m.dual_percent > 100)) return false;
    if (m.clipping == Clipping::percentile && !(m.percentile > 0 && m.percentile <= 100)) return false;
    return m.images > 0;
}

}  // namespace

std::string to_string(const Method& m) {
    if (m == Method{}) return "f32";
    std::string text;
    if (m.quantizes_weights()) text += "w" + std::to_string(m.weight_bits);
    if (m.quantizes_activations()) text += "a" + std::to_string(m.activation_bits);
    if (m.wide_ends) text += "e8";
    if (m.per_tensor) text += "-pt";
    if (m.equalized) text += "-cle";
    for (const auto& [solver, word] : kSolverWords)
        if (m.solver == solver) text += word;
    if (m.dual_percent > 0) text += "-dual" + std::to_string(m.dual_percent);
    if (m.unbiased) text += "-unbiased";
    if (m.feedback != Feedback::none) text += m.feedback == Feedback::gptq ? "-gptq" : "-gptqfloat";
    for (const auto& [clipping, word] : kClippingWords)
        if (m.clipping == clipping) text += word;
    if (m.clipping == Clipping::percentile) text += shortest(m.percentile);
    if (m.by_channel) text += "-apc";
    if (m.residual_bits > 0) text += "-r" + std::to_string(m.residual_bits);
    if (m.batch_norm) text += m.batch_norm == NormTarget::float_network ? "-bnfloat" : "-bn";
    if (m.plain_images) text += "plain";
    if (m.bias_correction) text += "-bc";
    if (m.refined) text += "-refined";
    if (m.images != Method::kImages) text += "-cal" + std::to_string(m.images);
    return text;
}

Method method_from(const std::string& text, Feedback feedback) {
    Method m;
    std::string_view rest = text;
    if (text == "f32" && feedback == Feedback::none) return m;
    if (take(rest, "w")) m.weight_bits = number(rest);
    if (take(rest, "a")) m.activation_bits = number(rest);
    m.wide_ends = take(rest, "e8");
    m.per_tensor = take(rest, "-pt");
    m.equalized = take(rest, "-cle");
    for (const auto& [solver, word] : kSolverWords)
        if (m.solver == Solver::exact && take(rest, word)) m.solver = solver;
    if (take(rest, "-dual")) m.dual_percent = number(rest);
    m.unbiased = take(rest, "-unbiased");
    if (take(rest, "-gptqfloat"))
        m.feedback = Feedback::gptq_float;
    else if (take(rest, "-gptq"))
        m.feedback = Feedback::gptq;
    for (const auto& [clipping, word] : kClippingWords)
        if (m.clipping == Clipping::mmse && take(rest, word)) m.clipping = clipping;
    if (m.clipping == Clipping::percentile) m.percentile = take_number<double>(rest).value_or(0);
    m.by_channel = take(rest, "-apc");
    if (!rest.starts_with("-refined") && take(rest, "-r")) m.residual_bits = number(rest);
    if (take(rest, "-bnfloat"))
        m.batch_norm = NormTarget::float_network;
    else if (take(rest, "-bn")) {
        m.batch_norm = NormTarget::parameters;
        m.plain_images = take(rest, "plain");
    }
    m.bias_correction = take(rest, "-bc");
    m.refined = take(rest, "-refined");
    if (take(rest, "-cal")) m.images = number(rest);
    const bool well_written = rest.empty() && to_string(m) == text;
    if (m.feedback == Feedback::none) m.feedback = feedback;
    if (!well_written || !fits_together(m))
        throw BadInput("mmse", "method",
                       "f32, w4e8, a4e8, w4a4 or w4a4e8, followed by what differs: -pt, -wgrid, -dual10, "
                       "-akl, -r8, -cal64, ... (engine/quant/mmse/method.hpp)",
                       "'" + text + "'");
    return m;
}

}  // namespace nibble::mmse
