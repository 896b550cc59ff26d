#include "experiments/mmse/cells.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace nibble::mmse {

namespace {

template <class T>
void add_once(std::vector<T>& list, const T& value) {
    if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(value);
}

std::string clipping_text(const Method& m) {
    switch (m.clipping) {
        case Clipping::mmse:
            return "MMSE";
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

Cells::Cells(const std::string& profile, const std::vector<ReportedCell>& cells) : profile_(profile) {
    for (const auto& [cell, result] : cells) {
        add_once(networks_, cell.model);
        add_once(methods_, cell.method);
        auto& by_seed = results_[{cell.model, cell.method}];
        if (result) by_seed[cell.seed] = *result;
    }
}

bool Cells::in_grid(const std::string& network, const std::string& method) const {
    return results_.contains({network, method});
}

const Result* Cells::find(const std::string& network, const std::string& method, std::uint64_t seed) const {
    const auto place = results_.find({network, method});
    if (place == results_.end()) return nullptr;
    const auto& by_seed = place->second;
    const auto result = by_seed.find(method_from(method).calibrates() ? seed : 0);
    return result == by_seed.end() ? nullptr : &result->second;
}

std::vector<const Result*> Cells::results(const std::string& network, const std::string& method) const {
    std::vector<const Result*> list;
    const auto place = results_.find({network, method});
    if (place == results_.end()) return list;
    for (const auto& [seed, result] : place->second) list.push_back(&result);
    return list;
}

std::vector<double> Cells::top1(const std::string& network, const std::string& method) const {
    std::vector<double> values;
    for (const Result* r : results(network, method)) values.push_back(r->top1);
    return values;
}

std::vector<double> Cells::differences(const std::string& network, const std::string& a,
                                       const std::string& b) const {
    std::vector<std::uint64_t> seeds;
    for (const std::string& method : {a, b})
        if (const auto place = results_.find({network, method}); place != results_.end())
            for (const auto& [seed, result] : place->second) add_once(seeds, seed);
    std::sort(seeds.begin(), seeds.end());
    std::vector<double> list;
    for (std::uint64_t seed : seeds) {
        const Result *first = find(network, a, seed), *second = find(network, b, seed);
        if (first && second) list.push_back(first->top1 - second->top1);
    }
    return list;
}

std::string Cells::largest_with(const std::vector<std::string>& methods) const {
    std::string largest;
    for (const std::string& network : networks_)
        if (std::all_of(methods.begin(), methods.end(),
                        [&](const auto& m) { return !results(network, m).empty(); }))
            largest = network;
    return largest;
}

double mean_weight_error(const Result& result) {
    const Cell cell = cell_from(result.cell);
    const bool wide_ends = method_from(cell.method).wide_ends;
    const auto& layers = result.quantized->layers;
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
        parts.push_back(text);
    }
    if (m.quantizes_activations()) parts.push_back("activations " + clipping_text(m));
    if (m.batch_norm) parts.emplace_back("batch norm re-estimated");
    if (m.batch_norm == NormTarget::float_network) parts.back() += " to float statistics";
    if (m.bias_correction) parts.emplace_back("biases corrected");
    if (m.refined) parts.emplace_back("scales refined");
    if (m.residual_bits > 0) parts.push_back(fmt::format("residuals in {} bits", m.residual_bits));
    if (m.images != Method::kImages) parts.push_back(fmt::format("{} images", m.images));
    return fmt::format("{}", fmt::join(parts, "; "));
}

}  // namespace nibble::mmse
