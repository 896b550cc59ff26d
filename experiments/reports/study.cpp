#include "experiments/reports/study.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "experiments/support/statistics.hpp"

namespace nibble {

namespace {
template <class T>
void add_once(std::vector<T>& list, const T& value) {
    if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(value);
}
}  // namespace

Study::Study(const std::string& profile, const std::vector<ReportedCell>& cells) : profile_(profile) {
    if (!cells.empty()) experiment_ = cells.front().cell.experiment;
    for (const auto& [cell, result] : cells) {
        add_once(networks_, cell.model);
        add_once(methods_, cell.method);
        Place& place = places_[{cell.model, cell.method}];
        add_once(place.seeds, cell.seed);
        if (result) place.results[cell.seed] = *result;
    }
}

bool Study::in_grid(const std::string& network, const std::string& method) const {
    return places_.contains({network, method});
}

const Result* Study::find(const std::string& network, const std::string& method, std::uint64_t seed) const {
    const auto place = places_.find({network, method});
    if (place == places_.end()) return nullptr;
    const auto& [seeds, results] = place->second;
    const auto result = results.find(seeds.size() == 1 ? seeds.front() : seed);
    return result == results.end() ? nullptr : &result->second;
}

std::vector<const Result*> Study::results(const std::string& network, const std::string& method) const {
    std::vector<const Result*> list;
    const auto place = places_.find({network, method});
    if (place == places_.end()) return list;
    for (const auto& [seed, result] : place->second.results) list.push_back(&result);
    return list;
}

std::vector<double> Study::values(const std::string& network, const std::string& method,
                                  const Quantity& of) const {
    std::vector<double> list;
    for (const Result* r : results(network, method))
        if (const auto value = of(*r)) list.push_back(*value);
    return list;
}

std::optional<Estimate> Study::estimate(const Terms& terms) const {
    const std::vector<double> values = sums(terms);
    if (values.empty()) return std::nullopt;
    std::vector<ImageTerm> images;
    bool drawn = false, one_draw = false;
    for (const Term& term : terms) {
        const auto list = results(term.network, term.method);
        const bool is_drawn = !list.front()->quantized || list.front()->quantized->calibration > 0;
        drawn = drawn || is_drawn;
        one_draw = one_draw || (is_drawn && list.size() == 1);
        images.push_back({term.factor, {}});
        for (const Result* r : list) images.back().seeds.push_back(&r->correct);
    }
    Estimate estimate{summarize(values).mean, image_variance(images)};
    estimate.note = one_draw ? "one draw" : drawn ? "" : "nothing drawn";
    if (const auto draws = variance_of_mean(values)) {
        if (!estimate.variance) estimate.note = "draws alone, not test images";
        estimate.variance = estimate.variance.value_or(Variance{}) + *draws;
    }
    return estimate;
}

std::vector<double> Study::sums(const Terms& terms, const Quantity& of) const {
    // With one seed in a term, the seeds of the others count: that one stands for each of them.
    std::vector<std::uint64_t> seeds;
    for (const Term& term : terms)
        if (const auto place = places_.find({term.network, term.method});
            place != places_.end() && place->second.seeds.size() > seeds.size())
            seeds = place->second.seeds;
    std::vector<double> list;
    for (std::uint64_t seed : seeds) {
        std::optional<double> sum = 0;
        for (const Term& term : terms) {
            const Result* result = find(term.network, term.method, seed);
            const auto value = result ? of(*result) : std::nullopt;
            sum = sum && value ? std::optional(*sum + term.factor * *value) : std::nullopt;
        }
        if (sum) list.push_back(*sum);
    }
    return list;
}

std::vector<double> Study::differences(const std::string& network, const std::string& a, const std::string& b,
                                       const Quantity& of) const {
    return sums({{network, a}, {network, b, -1}}, of);
}

std::vector<std::string> Study::networks_with(const std::vector<std::string>& methods) const {
    std::vector<std::string> list;
    for (const std::string& network : networks_)
        if (std::all_of(methods.begin(), methods.end(),
                        [&](const auto& method) { return in_grid(network, method); }))
            list.push_back(network);
    return list;
}

Study::Coverage Study::coverage(const std::vector<std::string>& methods) const {
    Coverage coverage;
    for (const std::string& network : networks_) {
        std::vector<const Place*> places;
        for (const std::string& method : methods)
            if (in_grid(network, method)) places.push_back(&places_.at({network, method}));
        if (places.size() < std::min<std::size_t>(2, methods.size())) continue;  // nothing to compare there
        for (const Place* place : places) {
            coverage.cells += place->seeds.size();
            coverage.missing += place->seeds.size() - place->results.size();
        }
    }
    return coverage;
}

std::string Study::largest_with(const std::vector<std::string>& methods) const {
    std::string largest;
    std::size_t most = 0;
    for (const std::string& network : networks_with(methods)) {
        std::size_t macs = 0;
        const bool complete = std::all_of(methods.begin(), methods.end(), [&](const std::string& method) {
            const auto list = results(network, method);
            if (!list.empty()) macs = list.front()->macs;
            return !list.empty();
        });
        if (!complete || macs < most) continue;
        most = macs;
        largest = network;
    }
    return largest;
}

Claim judged_over(const Study& study, const std::vector<std::string>& methods, Claim claim,
                  const std::vector<Figure>& figures) {
    claim.command = rerun_command(study.experiment(), study.profile(), methods);
    claim = judged(std::move(claim), figures);
    const auto [cells, missing] = study.coverage(methods);
    const bool decided = claim.verdict.kind == Verdict::Kind::reproduced ||
                         claim.verdict.kind == Verdict::Kind::not_reproduced;
    if (decided && missing > 0)
        claim.verdict = {Verdict::Kind::inconclusive,
                         fmt::format("{} of {} cells are missing", missing, cells)};
    return claim;
}

Figure compared(const Study& study, const std::string& a, const std::string& b, double low, double high) {
    return mean_over(
        a + " - " + b, study.networks_with({a, b}),
        [&](const std::string& network) { return difference(network, a, b); },
        [&](const Terms& terms) { return study.estimate(terms); }, low, high);
}

std::optional<double> top1(const Result& result) {
    return result.top1;
}

Study::Quantity fact(const std::string& name) {
    return [name](const Result& result) -> std::optional<double> {
        if (!result.quantized) return std::nullopt;
        const auto found = result.quantized->facts.find(name);
        return found == result.quantized->facts.end() ? std::nullopt : std::optional(found->second);
    };
}

}  // namespace nibble
