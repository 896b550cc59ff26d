#include "experiments/reports/site.hpp"

#include <set>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/core/json.hpp"
#include "experiments/reports/best.hpp"

namespace nibble {

namespace fs = std::filesystem;

namespace {

constexpr const char *kCells = "@CELLS@", *kProfiles = "@PROFILES@";

/// What the page shows of one result.
Json entry_of(const Cell& cell, const Result& result) {
    // Cells that quantize a trained network measure nothing on training images.
    const auto of_training = [&](double value) { return result.quantization ? Json() : Json(value); };
    return {{"cell", result.cell},
            {"profile", result.profile},
            {"experiment", cell.experiment},
            {"model", cell.model},
            {"data", cell.data},
            {"method", cell.method},
            {"seed", cell.seed},
            {"top1", result.eval.top1},
            {"loss", result.eval.loss},
            {"train_top1", of_training(result.train.top1)},
            {"gap", of_training(result.generalization_gap())},
            {"macs", result.cost.macs},
            {"linear_cost", result.cost.linear},
            {"quadratic_cost", result.cost.quadratic},
            {"weight_bytes", result.cost.weight_bytes},
            {"activation_bytes", result.cost.activation_bytes},
            {"bits_per_weight", result.quantization ? Json(result.quantization->bits_per_weight) : Json()},
            {"parent", result.quantization ? Json(result.parent->source) : Json()},
            {"executed_as", result.executed_as},
            {"key", result.parts.key()},
            {"weights_digest", result.weights_digest},
            {"predictions_digest", result.predictions_digest},
            {"config", result.config}};
}

/// In a script element "</script" and "<!--" mean something even within strings.
std::string embedded(const Json& json) {
    std::string text;
    for (char c : json.dump()) text += c == '<' ? "\\u003c" : std::string(1, c);
    return text;
}

Json entry_of(const std::string& experiment, const Claim& claim) {
    return {{"experiment", experiment},
            {"id", claim.id},
            {"statement", claim.statement},
            {"source", to_string(claim.source)},
            {"paper", claim.paper},
            {"ours", claim.ours},
            {"verdict", to_string(claim.verdict)},
            {"measure", claim.measure}};
}

Json entry_of(const Table& table) {
    Json columns = Json::array();
    for (const Column& c : table.columns) columns.push_back({{"title", c.title}, {"numeric", c.numeric}});
    return {{"columns", columns}, {"rows", table.rows}};
}

/// What the page shows of a profile beside its cells.
Json entry_of(const std::string& profile, const std::vector<Overview>& experiments) {
    Json claims = Json::array();
    for (const Overview& e : experiments)
        for (const Claim& claim : e.claims) claims.push_back(entry_of(e.experiment, claim));
    return {{"profile", profile},
            {"data", data_sentence(experiments)},
            {"verdicts", verdict_counts(experiments)},
            {"claims", claims},
            {"best", entry_of(best_table(best_of_networks(experiments)))},
            {"best_explained", kBestExplained}};
}

/// Puts the data where the page has a place for it. Throws BadInput for a page without one.
void fill(std::string& page, const std::string& place, const Json& data, const fs::path& path) {
    const std::size_t at = page.find(place);
    if (at == std::string::npos) throw BadInput(path.string() + ": has no " + place);
    page.replace(at, place.size(), embedded(data));
}

}  // namespace

std::string site_page(const Project& project, const Reports& own, Refused& refused) {
    std::set<std::string> profiles;
    for (const std::string& experiment : project.experiments())
        for (const Grid grid = project.grid(experiment); const auto& [name, cells] : grid.profiles)
            profiles.insert(name);
    Json cells = Json::array(), judged = Json::array();
    for (const std::string& profile : profiles) {
        const std::vector<Overview> experiments = read_overview(project, profile, own, refused);
        for (const Overview& experiment : experiments)
            for (const auto& [cell, result] : experiment.cells)
                if (result) cells.push_back(entry_of(cell, *result));
        if (!experiments.empty()) judged.push_back(entry_of(profile, experiments));
    }
    const fs::path path = project.root() / "experiments" / "reports" / "page.html";
    std::string page = read_file(path);
    fill(page, kCells, cells, path);
    fill(page, kProfiles, judged, path);
    return page;
}

}  // namespace nibble
