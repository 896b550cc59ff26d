#include "experiments/runs/stale.hpp"

#include "datasets/catalog.hpp"
#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/core/json.hpp"
#include "experiments/pipeline/data.hpp"
#include "experiments/runs/cell.hpp"
#include "experiments/runs/parent.hpp"
#include "experiments/runs/result.hpp"

namespace nibble {

namespace {
/// The digest of describe(data) as it is here, or empty.
std::string local_data_digest(const ProfileCell& cell) {
    for (const DatasetInfo& info : list_datasets())
        if (info.name == cell.cell.cell.data && info.available)
            return digest_of(describe(shared_data(cell.cell.config)));
    return "";
}
}  // namespace

Judgement judge(const Project& project, const ProfileCell& cell) {
    Judgement judgement;
    const std::string data = local_data_digest(cell);
    judgement.data_recorded = data.empty();
    try {
        const Result result = read_result(project.result(cell.profile, cell.cell.cell));
        if (result.cell != cell.cell.cell.name() || result.profile != cell.profile) {
            judgement.why = "it is the result of " + result.profile + " " + result.cell;
            return judgement;
        }
        std::string parent;
        if (const std::string source = parent_of(cell.cell.config); !source.empty()) {
            const auto known = known_parent_digest(project, cell.profile, source);
            parent = known.value_or(result.parts.parent);
            judgement.parent_recorded = !known;
        }
        const KeyParts today{digest_of(to_json(cell.cell.config)), data.empty() ? result.parts.data : data,
                             parent, numerics_digest(project.golden(), cell.cell.config),
                             network_digest(cell.cell.config).value_or(result.parts.network)};
        judgement.why = result.parts.difference(today);
    } catch (const Error& e) {  // of the result, or of the network it starts from
        judgement.why = std::string("unreadable: ") + e.what();
    }
    return judgement;
}

std::optional<std::string> known_parent_digest(const Project& project, const std::string& profile,
                                               const std::string& source) {
    if (is_file(source)) {
        if (!is_here(source)) return std::nullopt;
        return parent_from_file(source).digest;
    }
    const ProfileCell cell = parent_cell(project, profile, source);
    if (!is_there(project.result(profile, cell.cell.cell))) return std::nullopt;
    return judge(project, cell).why.empty() ? stated_weights_digest(project, cell) : "";
}

bool has_stale_parent(const Project& project, const ProfileCell& cell) {
    const std::string source = parent_of(cell.cell.config);
    return !source.empty() && !is_file(source) &&
           known_parent_digest(project, cell.profile, source).value_or("").empty();
}

bool add_network(const Project& project, const ProfileCell& cell) {
    const auto path = project.result(cell.profile, cell.cell.cell);
    Result result = read_result(path);
    if (!result.parts.network.empty()) return false;
    const auto digest = network_digest(cell.cell.config);
    if (!digest) return false;
    result.parts.network = *digest;
    write_result(path, result);
    return true;
}

}  // namespace nibble
