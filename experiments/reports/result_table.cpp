#include "experiments/reports/result_table.hpp"

#include <algorithm>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"

namespace nibble {

namespace {
template <class T>
void add_once(std::vector<T>& list, const T& value) {
    if (std::ranges::find(list, value) == list.end()) list.push_back(value);
}
}  // namespace

std::vector<ReportedCell> read_cells(const Project& project, const std::string& profile, const Grid& grid,
                                     Refused& refused) {
    std::vector<ReportedCell> cells;
    for (const GridCell& entry : grid.cells(profile)) {
        ReportedCell reported{entry.cell, {}};
        const std::filesystem::path path = project.result(profile, entry.cell);
        try {
            if (is_there(path)) reported.result = read_result(path, entry.cell);
        } catch (const Error& e) {
            refused.insert(e.what());
        }
        cells.push_back(std::move(reported));
    }
    return cells;
}

std::optional<double> top1(const Result& result) {
    return result.eval.top1;
}

Quantity fact(const std::string& name) {
    return [name](const Result& result) -> std::optional<double> {
        if (!result.quantization) return std::nullopt;
        const auto found = result.quantization->facts.find(name);
        return found == result.quantization->facts.end() ? std::nullopt : std::optional(found->second);
    };
}

Terms difference(const std::string& network, const std::string& a, const std::string& b) {
    return {{network, a}, {network, b, -1}};
}

ResultTable::ResultTable(const std::string& profile, const std::vector<ReportedCell>& cells)
    : profile_(profile) {
    for (const auto& [cell, result] : cells) {
        if (experiment_.empty()) experiment_ = cell.experiment, data_ = cell.data;
        if (cell.data != data_)
            throw BadInput("experiment " + experiment_ + ", profile " + profile, "data of its cells",
                           "one data set", data_ + " and " + cell.data);
        add_once(networks_, cell.model);
        add_once(methods_, cell.method);
        Place& place = places_[{cell.model, cell.method}];
        add_once(place.seeds, cell.seed);
        if (result) place.results[cell.seed] = *result;
    }
}

const ResultTable::Place* ResultTable::place(const std::string& network, const std::string& method) const {
    const auto found = places_.find({network, method});
    return found == places_.end() ? nullptr : &found->second;
}

bool ResultTable::in_grid(const std::string& network, const std::string& method) const {
    return place(network, method) != nullptr;
}

std::vector<const Result*> ResultTable::results(const std::string& network, const std::string& method) const {
    std::vector<const Result*> list;
    if (const Place* at = place(network, method))
        for (const auto& [seed, result] : at->results) list.push_back(&result);
    return list;
}

std::vector<double> ResultTable::values(const std::string& network, const std::string& method,
                                        const Quantity& of) const {
    std::vector<double> list;
    for (const Result* r : results(network, method))
        if (const auto value = of(*r)) list.push_back(*value);
    return list;
}

const Result* ResultTable::find(const Term& term, std::uint64_t seed, Pairing pairing) const {
    const Place* at = place(term.network, term.method);
    if (!at) return nullptr;
    const bool single = pairing == Pairing::single_for_all && at->seeds.size() == 1;
    const auto result = at->results.find(single ? at->seeds.front() : seed);
    return result == at->results.end() ? nullptr : &result->second;
}

std::vector<double> ResultTable::sums(const Terms& terms, const Quantity& of, Pairing pairing) const {
    // The seeds of the term with the most are all that can be in every term.
    std::vector<std::uint64_t> seeds;
    for (const Term& term : terms)
        if (const Place* at = place(term.network, term.method); at && at->seeds.size() > seeds.size())
            seeds = at->seeds;
    std::vector<double> list;
    for (std::uint64_t seed : seeds) {
        std::optional<double> sum = 0;
        for (const Term& term : terms) {
            const Result* result = find(term, seed, pairing);
            const auto value = result ? of(*result) : std::nullopt;
            sum = sum && value ? std::optional(*sum + term.factor * *value) : std::nullopt;
        }
        if (sum) list.push_back(*sum);
    }
    return list;
}

std::vector<double> ResultTable::differences(const std::string& network, const std::string& a,
                                             const std::string& b, const Quantity& of,
                                             Pairing pairing) const {
    return sums(difference(network, a, b), of, pairing);
}

std::vector<std::string> ResultTable::networks_in_grid(const std::vector<std::string>& methods) const {
    std::vector<std::string> list;
    for (const std::string& network : networks_)
        if (std::ranges::all_of(methods, [&](auto& method) { return in_grid(network, method); }))
            list.push_back(network);
    return list;
}

std::vector<std::string> ResultTable::networks_with_results(const std::vector<std::string>& methods) const {
    std::vector<std::string> list;
    for (const std::string& network : networks_)
        if (std::ranges::all_of(methods, [&](auto& method) { return !results(network, method).empty(); }))
            list.push_back(network);
    return list;
}

std::string ResultTable::largest_with(const std::vector<std::string>& methods) const {
    std::string largest;
    std::size_t most = 0;
    for (const std::string& network : networks_with_results(methods)) {
        const std::size_t macs = results(network, methods.back()).front()->cost.macs;
        if (macs < most) continue;
        most = macs;
        largest = network;
    }
    return largest;
}

ResultTable::Coverage ResultTable::coverage(const std::vector<std::string>& methods) const {
    Coverage coverage;
    for (const std::string& network : networks_) {
        std::vector<const Place*> places;
        for (const std::string& method : methods)
            if (const Place* at = place(network, method)) places.push_back(at);
        if (places.size() < std::min<std::size_t>(2, methods.size())) continue;  // nothing to compare there
        for (const Place* at : places) {
            coverage.cells += at->seeds.size();
            coverage.missing += at->seeds.size() - at->results.size();
        }
    }
    return coverage;
}

}  // namespace nibble
