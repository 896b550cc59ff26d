#include "engine/infer/stored_codes.hpp"

#include <algorithm>

#include "engine/quant/packing.hpp"

namespace nibble {

namespace {

constexpr std::size_t kMaxCodes = std::size_t{1} << 30;
const std::vector<std::string> kRoundings{"nearest_even", "half_up", "floor"};

/// The number of codes of a layer.
std::size_t checked_count(const Shape& shape, const std::string& where) {
    if (shape.size() != 2 && shape.size() != 4)
        throw BadInput(where, "dimensions of weights", "2 or 4", std::to_string(shape.size()));
    std::size_t codes = 1;
    for (const std::size_t d : shape) {
        if (d == 0 || d > kMaxCodes / codes)
            throw BadInput(where, "shape of weights", "1 to 2^30 codes", to_string(shape));
        codes *= d;
    }
    return codes;
}

}  // namespace

StoredTensors::StoredTensors(const Safetensors& file, std::string where)
    : file_(file), where_(std::move(where)) {
    for (const auto& [name, tensor] : file.tensors) unused_.insert(name);
}

const StoredTensor& StoredTensors::find(const std::string& name, const char* dtype) {
    const auto found = file_.tensors.find(name);
    if (found == file_.tensors.end()) throw BadInput(where_ + ": tensor '" + name + "' is missing");
    if (found->second.dtype != dtype)
        throw BadInput(where_ + ": " + name, "type", dtype, found->second.dtype);
    unused_.erase(name);
    return found->second;
}

Array<float> StoredTensors::take_array(const std::string& name) {
    return find(name, "F32").to_f32();
}

void StoredTensors::finish() const {
    if (!unused_.empty()) throw BadInput(where_ + ": tensor '" + *unused_.begin() + "' belongs to nothing");
}

std::string term_prefix(const std::string& prefix, std::size_t extra) {
    return prefix + "term" + std::to_string(extra + 2) + ".";
}

void store(const QuantizedWeights& weights, const std::string& prefix, Safetensors& file) {
    file.tensors.emplace(prefix + "codes", stored("U8", pack_codes(weights.scheme, weights.codes)));
    file.tensors.emplace(prefix + "steps", stored("F32", weights.steps));
    if (!weights.multipliers.empty())
        file.tensors.emplace(prefix + "multipliers", stored("U8", weights.multipliers));
    for (std::size_t e = 0; e < weights.extra.size(); ++e) {
        const ExtraTerm& term = weights.extra[e];
        const std::string own = term_prefix(prefix, e);
        file.tensors.emplace(own + "outputs", stored("U32", term.outputs));
        file.tensors.emplace(own + "codes", stored("U8", pack_codes(weights.scheme, term.codes)));
        file.tensors.emplace(own + "steps", stored("F32", term.steps));
    }
}

void take(StoredTensors& tensors, const std::string& prefix, QuantizedWeights& weights) {
    const std::size_t codes = checked_count(weights.shape, tensors.where());
    weights.codes = unpack_codes(weights.scheme, tensors.take<std::uint8_t>(prefix + "codes", "U8"), codes);
    weights.steps = tensors.take<float>(prefix + "steps", "F32");
    if (weights.scheme.granularity == Granularity::group)
        weights.multipliers = tensors.take<std::uint8_t>(prefix + "multipliers", "U8");
    if (weights.scheme.kind != Kind::sum) return;
    for (int i = 0; i + 1 < weights.scheme.terms; ++i) {
        const std::string own = term_prefix(prefix, static_cast<std::size_t>(i));
        ExtraTerm& term = weights.extra.emplace_back();
        term.outputs = tensors.take<std::uint32_t>(own + "outputs", "U32");
        if (term.outputs.size() > weights.outputs())
            throw BadInput(tensors.where() + ": " + own + "outputs", "channels",
                           "at most " + std::to_string(weights.outputs()),
                           std::to_string(term.outputs.size()));
        term.codes = unpack_codes(weights.scheme, tensors.take<std::uint8_t>(own + "codes", "U8"),
                                  term.outputs.size() * (codes / weights.shape[0]));
        term.steps = tensors.take<float>(own + "steps", "F32");
    }
}

Json to_json(const Quantizer& q) {
    Json json{{"scheme", to_string(q.scheme)},
              {"rounding", kRoundings.at(static_cast<std::size_t>(q.rounding))}};
    if (!q.by_channel()) {
        json["multiplier"] = q.multiplier;
        json["step"] = q.step;
    }
    return json;
}

Quantizer quantizer_from(const Json& json, StoredTensors& tensors, const std::string& multipliers) {
    Fields fields(json, tensors.where() + ": quantizer");
    Quantizer q;
    q.scheme = scheme_from(fields.require<std::string>("scheme"));
    const auto rounding = fields.require<std::string>("rounding");
    const auto found = std::ranges::find(kRoundings, rounding);
    if (found == kRoundings.end()) throw BadInput(tensors.where() + ": unknown rounding '" + rounding + "'");
    q.rounding = static_cast<Rounding>(found - kRoundings.begin());
    if (q.by_channel()) {
        q.multipliers = tensors.take<float>(multipliers, "F32");
    } else {
        q.multiplier = fields.require<float>("multiplier");
        q.step = fields.require<float>("step");
    }
    fields.finish();
    return q;
}

}  // namespace nibble
