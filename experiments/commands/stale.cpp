// nibble stale: results that are not what today's code, configuration and data would give.
#include "experiments/runs/stale.hpp"

#include <fmt/format.h>

#include <set>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/core/json.hpp"
#include "experiments/commands/commands.hpp"

namespace nibble {

namespace {
struct StaleOptions {
    SharedOptions shared;
    std::string root, profile;
    bool add_network = false;
};

/// Result files that no grid knows: left over from a cell that was renamed or removed.
std::vector<std::string> orphans(const Project& project, const std::string& profile) {
    namespace fs = std::filesystem;
    std::set<fs::path> known;
    std::set<fs::path> folders;
    for (const std::string& experiment : project.experiments())
        for (const auto& [name, cells] : project.grid(experiment).profiles) {
            if (!profile.empty() && name != profile) continue;
            folders.insert(project.results() / name / experiment);
            for (const GridCell& cell : cells) known.insert(project.result(name, cell.cell));
        }
    std::vector<std::string> found;
    for (const fs::path& folder : folders) {
        if (!fs::is_directory(folder)) continue;
        for (const auto& entry : fs::directory_iterator(folder))
            if (entry.path().extension() == ".json" && !known.contains(entry.path()))
                found.push_back(fs::relative(entry.path(), project.root()));
    }
    std::sort(found.begin(), found.end());
    return found;
}

int stale_command(const StaleOptions& o) {
    o.shared.apply();
    const Project project(o.root);
    Json stale = Json::array();
    std::string lines;
    std::set<std::string> recorded;
    int added = 0;
    const auto add = [&](const std::string& profile, const std::string& name, const std::string& why) {
        stale.push_back({{"cell", name}, {"profile", profile}, {"why", why}});
        lines += fmt::format("{}  ({})\n", name, why);
    };
    for (const ProfileCell& cell : list_cells(project, o.profile, "")) {
        if (!is_there(project.result(cell.profile, cell.cell.cell))) continue;
        if (o.add_network) added += add_network(project, cell);
        const Judgement judgement = judge(project, cell);
        if (judgement.parent_recorded) recorded.insert(parent_of(cell.cell.config));
        if (judgement.data_recorded) recorded.insert(cell.cell.cell.data);
        if (!judgement.why.empty()) add(cell.profile, cell.cell.cell.name(), judgement.why);
    }
    for (const std::string& path : orphans(project, o.profile)) add("", path, "no cell of a grid");
    for (const std::string& data : recorded)
        fmt::print(stderr, "{}: not here: its digest was taken from the results\n", data);
    if (o.add_network) fmt::print(stderr, "{} results have the digest of their network now\n", added);
    if (o.shared.json)
        print_json({{"stale", stale}, {"data_not_here", recorded}});
    else
        print_text(lines);
    return 0;
}
}  // namespace

void add_stale(CommandLine& line) {
    auto o = std::make_shared<StaleOptions>();
    Command command = line.command("stale", "list results that no longer match code, configuration or data");
    command.option("--profile", o->profile, "quick, cifar10, ... (default: all)")
        .option("--data-root", o->shared.data_root, "folder of the data sets (else NIBBLE_DATA, else data/)")
        .flag("--add-network", o->add_network,
              "first add the network's digest to keys that lack it (results of before it counted)")
        .option("--root", o->root, "the repository (default: here or above)");
    o->shared.add_json(command);
    command
        .examples(
            "  nibble stale                                 prints nothing when all is fresh\n  nibble run "
            "$(nibble cells --profile cifar10 --due)   what is stale or missing\nCompared are digests of the "
            "resolved configuration, the data, the network, the weights a run starts from, and\nthe golden "
            "trajectories in tests/golden that pin the arithmetic; never time stamps.")
        .action([o] { return stale_command(*o); });
}

}  // namespace nibble
