#include "experiments/reports/site.hpp"

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/core/json.hpp"

namespace nibble {

namespace fs = std::filesystem;

namespace {

constexpr const char *kCells = "@CELLS@", *kClaims = "@CLAIMS@";

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

/// Puts the data where the page has a place for it. Throws BadInput for a page without one.
void fill(std::string& page, const std::string& place, const Json& data, const fs::path& path) {
    const std::size_t at = page.find(place);
    if (at == std::string::npos) throw BadInput(path.string() + ": has no " + place);
    page.replace(at, place.size(), embedded(data));
}

}  // namespace

std::string site_page(const Project& project, const std::string& profile, const Reports& own,
                      Refused& refused) {
    Json entries = Json::array();
    for (const std::string& experiment : project.experiments())
        for (const Grid grid = project.grid(experiment); const auto& [name, cells] : grid.profiles)
            for (const auto& [cell, result] : read_cells(project, name, grid, refused))
                if (result) entries.push_back(entry_of(cell, *result));
    Json claims = Json::array();
    for (const Overview& experiment : read_overview(project, profile, own, refused))
        for (const Claim& claim : experiment.claims) claims.push_back(entry_of(experiment.experiment, claim));
    const fs::path path = project.root() / "experiments" / "reports" / "page.html";
    std::string page = read_file(path);
    fill(page, kCells, entries, path);
    fill(page, kClaims, claims, path);
    return page;
}

}  // namespace nibble
