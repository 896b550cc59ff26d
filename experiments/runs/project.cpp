#include "experiments/runs/project.hpp"

#include <algorithm>
#include <cstdlib>
#include <set>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "experiments/pipeline/run_config.hpp"

namespace nibble {

namespace fs = std::filesystem;

Project::Project(fs::path root) {
    if (!root.empty()) {
        if (!fs::is_directory(root / "experiments"))
            throw BadInput(root.string() +
                           ": no folder experiments/ in it; --root names Nibble's repository");
        root_ = fs::absolute(root).lexically_normal();
        return;
    }
    for (fs::path here = fs::current_path();; here = here.parent_path()) {
        if (fs::is_directory(here / "experiments")) {
            root_ = here;
            return;
        }
        if (here == here.parent_path())
            throw BadInput(
                "no folder experiments/ here or above; run this in Nibble's repository or give --root");
    }
}

std::vector<std::string> Project::experiments() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(root_ / "experiments"))
        if (is_there(entry.path() / "grid.json")) names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
}

Grid Project::grid(const std::string& experiment) const {
    const fs::path path = root_ / "experiments" / experiment / "grid.json";
    if (experiment.empty() || experiment.find('/') != std::string::npos || !is_there(path)) {
        std::string known;
        for (const std::string& name : experiments()) known += (known.empty() ? "" : ", ") + name;
        throw BadInput("there is no experiment '" + experiment + "' (there are: " + known + ")");
    }
    return read_grid(path, experiment);
}

fs::path Project::result(const std::string& profile, const Cell& cell) const {
    return results() / profile / cell.experiment / (cell.leaf() + ".json");
}

fs::path Project::runs() const {
    const char* variable = std::getenv("NIBBLE_RUNS");
    return variable && *variable ? fs::path(variable) : root_ / "build" / "runs";
}

fs::path Project::run_folder(const std::string& profile, const Cell& cell) const {
    return runs() / profile / cell.experiment / cell.leaf();
}

ProfileCell find_cell(const Project& project, const std::string& name, const std::string& profile) {
    const Cell wanted = cell_from(name);
    const Grid grid = project.grid(wanted.experiment);
    if (!profile.empty()) grid.cells(profile);  // complains about an unknown profile
    std::vector<ProfileCell> found;
    for (const auto& [candidate, cells] : grid.profiles)
        for (const GridCell& cell : cells)
            if (cell.cell == wanted && (profile.empty() || profile == candidate))
                found.push_back({candidate, cell});
    if (found.empty())
        throw BadInput("experiment " + wanted.experiment + " has no cell " + name + " (see 'nibble cells " +
                       wanted.experiment + "')");
    if (found.size() > 1)
        throw BadInput("cell " + name + " is in profiles " + found[0].profile + " and " + found[1].profile +
                       "; choose with --profile");
    return found.front();
}

std::vector<ProfileCell> list_cells(const Project& project, const std::string& profile,
                                    const std::string& experiment) {
    std::vector<ProfileCell> cells;
    const std::vector<std::string> experiments =
        experiment.empty() ? project.experiments() : std::vector{experiment};
    bool known = profile.empty();
    for (const std::string& name : experiments) {
        for (const auto& [candidate, list] : project.grid(name).profiles) {
            if (!profile.empty() && profile != candidate) continue;
            known = true;
            for (const GridCell& cell : list) cells.push_back({candidate, cell});
        }
    }
    if (!known) throw BadInput("no experiment has a profile '" + profile + "'");
    std::set<std::string> parents;
    for (const ProfileCell& cell : cells) parents.insert(parent_of(cell.cell.config));
    std::stable_partition(cells.begin(), cells.end(),
                          [&](const ProfileCell& cell) { return parents.contains(cell.cell.cell.name()); });
    return cells;
}

}  // namespace nibble
