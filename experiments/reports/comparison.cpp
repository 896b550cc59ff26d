#include "experiments/reports/comparison.hpp"

#include <fmt/format.h>

#include <map>
#include <utility>

namespace nibble {

namespace {

ImageTerm image_term(double factor, const std::vector<const Result*>& results) {
    ImageTerm term{factor, {}};
    for (const Result* r : results) term.seeds.push_back(&r->correct);
    return term;
}

bool is_drawn(const Result& result) {
    return !result.quantization || result.quantization->calibration;
}

std::optional<Estimate> paired_estimate(const ResultTable& table, const Terms& terms) {
    const std::vector<double> sums = table.sums(terms);
    if (sums.empty()) return std::nullopt;
    std::vector<ImageTerm> images;
    bool drawn = false, one_draw = false;
    for (const Term& term : terms) {
        const auto results = table.results(term.network, term.method);
        drawn = drawn || is_drawn(*results.front());
        one_draw = one_draw || (is_drawn(*results.front()) && results.size() == 1);
        images.push_back(image_term(term.factor, results));
    }
    Estimate estimate{summarize(sums).mean, image_variance(images)};
    estimate.note = one_draw ? "one draw" : drawn ? "" : "nothing drawn";
    if (const auto draws = variance_of_mean(sums)) {
        if (!estimate.variance) estimate.note = "draws alone, not test images";
        estimate.variance = estimate.variance.value_or(Variance{}) + *draws;
    }
    return estimate;
}

std::optional<Estimate> pooled_estimate(const ResultTable& table, const Terms& terms, const Quantity& of,
                                        bool test_images, const std::optional<Variance>& of_a_draw) {
    std::map<std::pair<std::string, std::string>, double>
        factors;  // a cell in several terms counts with their sum
    for (const Term& term : terms) factors[{term.network, term.method}] += term.factor;
    Estimate estimate;
    double share = 0;  // sum f_t^2 / n_t
    std::vector<ImageTerm> images;
    for (const auto& [cell, factor] : factors) {
        const std::vector<double> values = table.values(cell.first, cell.second, of);
        if (values.empty()) return std::nullopt;
        estimate.mean += factor * summarize(values).mean;
        share += factor * factor / static_cast<double>(values.size());
        if (values.size() == 1 && factor != 0) estimate.note = "one seed";
        images.push_back(image_term(factor, table.results(cell.first, cell.second)));
    }
    estimate.variance.reset();
    if (of_a_draw) estimate.variance = Variance{of_a_draw->value * share, of_a_draw->degrees};
    if (const auto of_images = test_images ? image_variance(images) : std::nullopt; of_images && of_a_draw)
        estimate.variance = *estimate.variance + *of_images;
    return estimate;
}

}  // namespace

EstimateOf paired(const ResultTable& table) {
    return [&table](const Terms& terms) { return paired_estimate(table, terms); };
}

EstimateOf pooled(const ResultTable& table, const Quantity& of, bool test_images) {
    std::vector<std::vector<double>> groups;
    for (const std::string& network : table.networks())
        for (const std::string& method : table.methods()) groups.push_back(table.values(network, method, of));
    return [&table, of, test_images, of_a_draw = pooled_variance(groups)](const Terms& terms) {
        return pooled_estimate(table, terms, of, test_images, of_a_draw);
    };
}

Figure mean_over(const std::string& what, const std::vector<std::string>& networks,
                 const std::function<Terms(const std::string&)>& terms_of, const EstimateOf& estimate,
                 double low, double high) {
    std::vector<Part> parts;
    for (const std::string& network : networks) parts.push_back({network, terms_of(network)});
    return mean_of(what, parts, estimate, low, high);
}

Figure mean_of(const std::string& what, const std::vector<Part>& parts, const EstimateOf& estimate,
               double low, double high) {
    Figure figure{what, {}, low, high};
    Terms all;
    for (const Part& part : parts) {
        const auto of_part = estimate(part.terms);
        if (!of_part) continue;
        figure.members.push_back({part.name, *of_part, part.open});
        all.insert(all.end(), part.terms.begin(), part.terms.end());
    }
    for (Term& term : all) term.factor /= static_cast<double>(figure.members.size());
    if (!all.empty()) figure.estimate = estimate(all);
    return figure;
}

Figure compared(const ResultTable& table, const std::string& a, const std::string& b, double low,
                double high) {
    return compared(table, paired(table), a, b, low, high);
}

Figure compared(const ResultTable& table, const EstimateOf& estimate, const std::string& a,
                const std::string& b, double low, double high) {
    return mean_over(
        a + " - " + b, table.networks(), [&](auto& network) { return difference(network, a, b); }, estimate,
        low, high);
}

Claim judged_over(const ResultTable& table, const std::vector<std::string>& methods, Claim claim,
                  const std::vector<Figure>& figures) {
    claim.command = rerun_command(table.experiment(), table.profile(), methods);
    claim = judged(std::move(claim), figures);
    const auto [cells, missing] = table.coverage(methods);
    const bool decided = claim.verdict.kind == Verdict::Kind::reproduced ||
                         claim.verdict.kind == Verdict::Kind::not_reproduced;
    if (decided && missing > 0)
        claim.verdict = {Verdict::Kind::inconclusive,
                         fmt::format("{} of {} cells are missing", missing, cells)};
    return claim;
}

}  // namespace nibble
