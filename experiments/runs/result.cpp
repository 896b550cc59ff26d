#include "experiments/runs/result.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/core/error.hpp"
#include "engine/core/json.hpp"

namespace nibble {

namespace {
/// What no run can exceed: whole numbers that a double holds, the loss of the largest float, epochs as
/// training takes them.
constexpr std::size_t kMost = std::size_t{1} << 53;
constexpr double kMostLoss = 1e39;
constexpr int kMostEpochs = 1000000;
constexpr double kMostBits = 64, kMostOverhead = 64;

double percent(Fields& f, const std::string& key) {
    return f.require<double>(key, 0, 100);
}
std::size_t count(Fields& f, const std::string& key) {
    return f.require<std::size_t>(key, 0, kMost);
}

struct Metrics {
    double top1, top5, loss;
    std::size_t images;
};

Metrics metrics_from(const Json& json, const std::string& where) {
    Fields f(json, where);
    const Metrics m{percent(f, "top1"), percent(f, "top5"), f.require<double>("loss", 0, kMostLoss),
                    f.require<std::size_t>("images", 1, kMost)};
    f.finish();
    return m;
}

std::vector<Result::Point> history_from(const std::vector<Json>& list, const std::string& where) {
    std::vector<Result::Point> history;
    for (const Json& entry : list) {
        Fields f(entry, where);
        Result::Point point{f.require<int>("epoch", 1, kMostEpochs), percent(f, "train_top1"), {}};
        f.require<double>("loss", 0, kMostLoss);
        if (const Json top1 = f.require<Json>("eval_top1"); !top1.is_null())
            point.eval_top1 = percent(f, "eval_top1");
        f.finish();
        history.push_back(point);
    }
    return history;
}
template <class T>
std::optional<T> optional(Fields& f, const std::string& key) {
    return f.require<Json>(key).is_null() ? std::nullopt : std::optional(f.require<T>(key));
}

std::vector<Result::Layer> layers_from(const std::vector<Json>& list, const std::string& where) {
    std::vector<Result::Layer> layers;
    for (const Json& entry : list) {
        Fields f(entry, where);
        Result::Layer layer;
        layer.name = f.require<std::string>("name");
        layer.weights = optional<std::string>(f, "weights");
        layer.weight_error = f.require<double>("weight_error", 0, kMostLoss);
        layer.bits_per_weight = f.require<double>("bits_per_weight", 0, kMostBits);
        layer.kernels = count(f, "kernels");
        layer.extra_kernels = count(f, "extra_kernels");
        layer.input = optional<std::string>(f, "input");
        layer.input_step = optional<double>(f, "input_step");
        layer.input_error = optional<double>(f, "input_error");
        f.finish();
        layers.push_back(std::move(layer));
    }
    return layers;
}

struct Source {
    std::string source, digest;
};

Source parent_from(Fields& result, const std::string& where) {
    const Json parent = result.require<Json>("parent");
    Fields p(parent, where + ": parent");
    Source from{p.require<std::string>("source"), p.require<std::string>("digest")};
    p.finish();
    return from;
}

Result::Quantized quantized_from(Fields& result, const std::string& where) {
    Result::Quantized q;
    const Source parent = parent_from(result, where);
    q.parent = parent.source;
    q.parent_digest = parent.digest;
    if (const Json calibration = result.require<Json>("calibration"); !calibration.is_null()) {
        Fields c(calibration, where + ": calibration");
        q.calibration = c.require<std::size_t>("images", 1, kMost);
        c.require<std::string>("split");
        c.require<std::string>("ids_digest");
        c.finish();
    }
    const Json quantization = result.require<Json>("quantization");
    Fields f(quantization, where + ": quantization");
    q.bits_per_weight = f.require<double>("bits_per_weight", 0, kMostBits);
    q.product_overhead = f.require<double>("product_overhead", 1, kMostOverhead);
    q.file_bytes = optional<std::size_t>(f, "file_bytes");
    q.facts = f.require<std::map<std::string, double>>("facts");
    q.curves = f.require<std::map<std::string, std::vector<std::pair<double, double>>>>("curves");
    q.layers = layers_from(f.require<std::vector<Json>>("layers"), where + ": quantization: layers");
    f.finish();
    return q;
}
}  // namespace

Result result_from(const Json& json, const std::string& where) {
    Fields f(json, where);
    if (const int schema = f.require<int>("schema"); schema != kResultSchema)
        throw BadInput(where, "schema", std::to_string(kResultSchema),
                       std::to_string(schema) + "; run the cell again");
    Result r;
    r.profile = f.require<std::string>("profile");
    r.cell = f.require<std::string>("cell");
    r.key = f.require<std::string>("key");
    r.parts = key_parts_from(f.require<Json>("key_parts"), where + ": key_parts");
    if (r.key != r.parts.key())
        throw BadInput(where + ": its key is not that of its key_parts; run the cell again");

    const Json metrics = f.require<Json>("metrics");
    Fields m(metrics, where + ": metrics");
    const Metrics eval = metrics_from(m.require<Json>("eval"), where + ": metrics: eval");
    r.top1 = eval.top1, r.top5 = eval.top5, r.loss = eval.loss;
    if (json.contains("quantization")) {
        r.quantized = quantized_from(f, where);
    } else {
        if (json.contains("parent")) r.parent = parent_from(f, where).source;
        const Metrics train = metrics_from(m.require<Json>("train"), where + ": metrics: train");
        m.require<double>("generalization_gap", -100, 100);
        r.train_top1 = train.top1, r.train_loss = train.loss;
        r.history = history_from(f.require<std::vector<Json>>("history"), where + ": history");
    }
    m.finish();

    const Json cost = f.require<Json>("cost");
    Fields c(cost, where + ": cost");
    r.macs = count(c, "macs");
    r.weight_bytes = count(c, "weight_bytes");
    r.activation_bytes = count(c, "activation_bytes");
    r.linear_cost = count(c, "linear_cost");
    r.quadratic_cost = count(c, "quadratic_cost");
    for (const Json& layer : c.require<std::vector<Json>>("layers")) {
        Fields l(layer, where + ": cost: layers");
        r.weights += count(l, "weights");
    }
    c.finish();

    r.weights_digest = f.require<std::string>("weights_digest");
    r.predictions_digest = f.require<std::string>("predictions_digest");
    r.executed_as = f.require<std::string>("executed_as");
    if (const auto text = optional<std::string>(f, "correct")) {
        r.correct = correct_images_from(*text, eval.images, where + ": correct");
        const auto correct = static_cast<double>(std::ranges::count(r.correct, true));
        if (std::abs(correct - r.top1 / 100 * static_cast<double>(eval.images)) > 0.5)
            throw BadInput(where, "images in 'correct'", "as many as top1 states",
                           fmt::format("{:.0f}", correct));
    }
    f.require<std::uint64_t>("seed");
    for (const char* key : {"config", "data", "provenance"})
        if (!f.require<Json>(key).is_object()) throw BadInput(where + ": '" + key + "' is not an object");
    f.finish();
    return r;
}

Result result_of(const Cell& cell, const Json& json, const std::string& where) {
    Result result = result_from(json, where);
    if (result.cell != cell.name()) throw BadInput(where, "cell", cell.name(), result.cell);
    return result;
}

Result read_result(const std::filesystem::path& path) {
    return result_from(read_json(path), path.string());
}

Json reproducible_part(const Json& result) {
    Json part = result;
    for (const char* key : {"executed_as", "provenance", "key", "key_parts"}) part.erase(key);
    return part;
}

}  // namespace nibble
