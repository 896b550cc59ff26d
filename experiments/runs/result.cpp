#include "experiments/runs/result.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "experiments/support/json_fields.hpp"

namespace nibble {

namespace {
/// What no run can exceed.
constexpr double kMostError = 1e39, kMostBits = 64, kMostOverhead = 64;
constexpr int kMostOperandBits = 32;

/// The field "metrics" of a result.
struct AllMetrics {
    Metrics& eval;
    Metrics& train;
    bool trains;
};
}  // namespace

// The JSON names of all fields, with their ranges.

template <class Archive>
void fields(Archive& a, AllMetrics& m) {
    a.field("eval", m.eval);
    if (!m.trains) return;
    a.field("train", m.train);
    a.derived("generalization_gap", m.train.top1 - m.eval.top1, "training minus test top1");
}

template <class Archive>
void fields(Archive& a, Result::Cost::Layer& l) {
    a.field("name", l.name);
    a.field("kernel", l.operands);
    a.field("macs", l.macs, 0, kMostCount);
    a.field("weights", l.weights, 0, kMostCount);
    a.field("weight_bits", l.weight_bits, 1, kMostOperandBits);
    a.field("activation_bits", l.activation_bits, 1, kMostOperandBits);
    a.may_lack("extra_kernels", l.dual_channels, 1, kMostCount);
}

template <class Archive>
void fields(Archive& a, Result::Cost& c) {
    a.field("macs", c.macs, 0, kMostCount);
    a.field("linear_cost", c.linear, 0, kMostCount);
    a.field("quadratic_cost", c.quadratic, 0, kMostCount);
    a.field("weight_bytes", c.weight_bytes, 0, kMostCount);
    a.field("activation_bytes", c.activation_bytes, 0, kMostCount);
    a.field("layers", c.layers);
}

template <class Archive>
void fields(Archive& a, Result::Parent& p) {
    a.field("source", p.source);
    a.field("digest", p.digest);
}

template <class Archive>
void fields(Archive& a, Result::Calibration& c) {
    a.field("split", c.split);
    a.field("images", c.images, 1, kMostCount);
    a.field("ids_digest", c.ids_digest);
}

template <class Archive>
void fields(Archive& a, Result::Quantization::Layer& l) {
    a.field("name", l.name);
    a.field("weights", l.weights);
    a.field("weight_error", l.weight_error, 0, kMostError);
    a.field("bits_per_weight", l.bits_per_weight, 0, kMostBits);
    a.field("kernels", l.output_channels, 0, kMostCount);
    a.field("extra_kernels", l.dual_channels, 0, kMostCount);
    a.field("input", l.input);
    a.field("input_step", l.input_step);
    a.field("input_error", l.input_error);
}

template <class Archive>
void fields(Archive& a, Result::Quantization& q) {
    a.field("bits_per_weight", q.bits_per_weight, 0, kMostBits);
    a.field("product_overhead", q.product_overhead, 1, kMostOverhead);
    a.field("file_bytes", q.file_bytes);
    a.field("facts", q.facts);
    a.field("curves", q.curves);
    a.field("layers", q.layers);
}

template <class Archive>
void fields(Archive& a, Result& r) {
    a.derived("schema", kResultSchema, fmt::format("{}; run the cell again", kResultSchema));
    a.field("profile", r.profile);
    a.field("cell", r.cell);
    a.field("config", r.config);
    a.field("seed", r.seed);
    a.field("data", r.data);
    a.field("key_parts", r.parts);
    a.derived("key", r.parts.key(), "that of its key_parts; run the cell again");
    AllMetrics metrics{r.eval, r.train, !r.quantization};
    a.field("metrics", metrics);
    if (r.quantization) {
        a.field("parent", r.parent ? *r.parent : r.parent.emplace());
        a.field("calibration", r.quantization->calibration);
        a.field("quantization", *r.quantization);
    } else {
        a.may_lack("parent", r.parent);
        a.field("history", r.history);
    }
    a.field("cost", r.cost);
    a.may_lack("input_digest", r.input_digest);
    a.field("weights_digest", r.weights_digest);
    a.field("predictions_digest", r.predictions_digest);
    auto correct = r.correct.empty() ? std::nullopt : std::optional(to_base64(r.correct));
    a.field("correct", correct);
    if (correct) r.correct = correct_images_from(*correct, r.eval.images, a.where() + ": correct");
    a.field("executed_as", r.executed_as);
    a.field("provenance", r.provenance);
}

double Result::bits_per_weight() const {
    if (quantization) return quantization->bits_per_weight;
    std::size_t weights = 0;
    for (const Cost::Layer& layer : cost.layers) weights += layer.weights;
    return 8 * static_cast<double>(cost.weight_bytes) / static_cast<double>(weights);
}

bool Result::ran_as_integers() const {
    return executed_as.find("f32") == std::string::npos && executed_as.find("bf16") == std::string::npos;
}

Json to_json(const Result& result) {
    return JsonWriter().object(result);
}

Result result_from(const Json& json, const std::string& where) {
    Result r;
    if (json.contains("quantization")) r.quantization.emplace();
    JsonReader(json, where).read(r);
    const auto correct = static_cast<double>(std::ranges::count(r.correct, true));
    if (!r.correct.empty() &&
        std::abs(correct - r.eval.top1 / 100 * static_cast<double>(r.eval.images)) > 0.5)
        throw BadInput(where, "images in 'correct'", "as many as top1 states",
                       fmt::format("{:.0f}", correct));
    return r;
}

Result read_result(const std::filesystem::path& path, const Cell& cell) {
    Result result = read_result(path);
    if (result.cell != cell.name()) throw BadInput(path.string(), "cell", cell.name(), result.cell);
    return result;
}

Result read_result(const std::filesystem::path& path) {
    return result_from(read_json(path), path.string());
}

void write_result(const std::filesystem::path& path, const Result& result) {
    const Json json = to_json(result);
    result_from(json, result.cell);
    write_json(path, json);
}

Json reproducible_part(const Result& result) {
    Json part = to_json(result);
    for (const char* key : {"executed_as", "provenance", "key", "key_parts"}) part.erase(key);
    return part;
}

Json to_json(const Metrics& metrics) {
    return JsonWriter().object(metrics);
}

Json to_json(const std::vector<EpochRecord>& history) {
    Json list = Json::array();
    for (const EpochRecord& epoch : history) list.push_back(JsonWriter().object(epoch));
    return list;
}

Json to_json(const Result::Cost& cost) {
    return JsonWriter().object(cost);
}

Json to_json(const Result::Quantization& quantization) {
    return JsonWriter().object(quantization);
}

}  // namespace nibble
