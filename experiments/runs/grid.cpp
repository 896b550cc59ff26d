#include "experiments/runs/grid.hpp"

#include <algorithm>
#include <set>

#include "engine/core/error.hpp"
#include "engine/core/json.hpp"

namespace nibble {

namespace {
/// A few lines can ask for billions.
constexpr std::size_t kMostCells = 100000;

template <class T>
std::vector<T> axis(Fields& fields, const std::string& name, const std::string& where) {
    const auto values = fields.require<std::vector<T>>(name);
    if (values.empty()) throw BadInput(where + ": axis '" + name + "' is empty; name at least one value");
    if (std::set<T>(values.begin(), values.end()).size() != values.size())
        throw BadInput(where + ": axis '" + name + "' holds a value twice");
    return values;
}

std::vector<Cell> product_of_axes(const Json& axes, const std::string& experiment, const std::string& where) {
    Fields f(axes, where);
    const auto models = axis<std::string>(f, "model", where);
    const auto data = axis<std::string>(f, "data", where);
    const auto methods = axis<std::string>(f, "method", where);
    const auto seeds = axis<Json>(f, "seed", where);
    for (const Json& seed : seeds)  // the library would wrap -1 around and cut 0.5 to 0
        if (!seed.is_number_unsigned()) throw BadInput(where, "seed", "a whole number from 0", seed.dump());
    f.finish();
    if (const std::size_t count = models.size() * data.size() * methods.size() * seeds.size();
        std::max({models.size(), data.size(), methods.size(), seeds.size()}) > kMostCells ||
        count > kMostCells)
        throw BadInput(where, "cells", "at most " + std::to_string(kMostCells), std::to_string(count));
    std::vector<Cell> cells;
    for (const auto& model : models)
        for (const auto& set : data)
            for (const auto& method : methods)
                for (const Json& seed : seeds)
                    cells.push_back({experiment, model, set, method, seed.get<std::uint64_t>()});
    // A name that does not survive the round trip could not be given to `nibble run`.
    for (const Cell& cell : cells) cell_from(cell.name());
    return cells;
}

/// One product of axes, or the union of several; a cell in two of them counts once.
std::vector<Cell> all_cells(const Json& axes, const std::string& experiment, const std::string& where) {
    if (!axes.is_array()) return product_of_axes(axes, experiment, where);
    std::vector<Cell> cells;
    std::set<std::string> names;
    for (std::size_t i = 0; i < axes.size(); ++i)
        for (const Cell& cell : product_of_axes(axes[i], experiment, where + "[" + std::to_string(i) + "]"))
            if (names.insert(cell.name()).second) cells.push_back(cell);
    if (cells.empty()) throw BadInput(where + ": the list is empty");
    return cells;
}

void skip(std::vector<Cell>& cells, const Json& pattern, const std::string& where) {
    Fields f(pattern, where);
    const bool by_seed = pattern.contains("seed");
    const auto model = f.get<std::string>("model", ""), data = f.get<std::string>("data", ""),
               method = f.get<std::string>("method", "");
    const auto seed = f.get<std::uint64_t>("seed", 0);
    if (f.require<std::string>("reason").empty()) throw BadInput(where + ": the reason is empty; say why");
    f.finish();
    const auto matches = [&](const Cell& c) {
        return (model.empty() || c.model == model) && (data.empty() || c.data == data) &&
               (method.empty() || c.method == method) && (!by_seed || c.seed == seed);
    };
    if (std::erase_if(cells, matches) == 0) throw BadInput(where + ": matches no cell; correct or remove it");
}

GridCell resolve_training(const Cell& cell, TrainConfig protocol, const std::string& where) {
    protocol.model = cell.model;
    protocol.data = cell.data;
    protocol.seed = cell.seed;
    try {
        set_method(protocol, cell.method);
    } catch (const BadInput& e) {
        throw BadInput(where + ": method: " + e.what());
    }
    return {cell, protocol};
}

using Parents = std::map<std::string, std::string>;  ///< by model

const std::string& parent_in(const Parents& parents, const std::string& model, const std::string& where) {
    const auto parent = parents.find(model);
    if (parent == parents.end())
        throw BadInput(where + ": parents: says not where the weights of " + model + " come from");
    try {
        check_source(parent->second);
    } catch (const BadInput& e) {
        throw BadInput(where + ": " + e.what());
    }
    return parent->second;
}

/// What a profile says of all its post-training cells.
struct PostTrainingProfile {
    std::string family;
    Parents parents;
    std::map<std::string, StatedPreprocessing> preprocessing;  ///< by model
    std::size_t calibration = 0;
};

GridCell resolve_post_training(const Cell& cell, const PostTrainingProfile& profile,
                               const std::string& where) {
    PostTrainingConfig config{profile.family,
                              cell.model,
                              cell.data,
                              cell.method,
                              parent_in(profile.parents, cell.model, where),
                              cell.seed,
                              profile.calibration};
    if (const auto stated = profile.preprocessing.find(cell.model); stated != profile.preprocessing.end())
        config.preprocessing = stated->second;
    try {
        check(config);
    } catch (const BadInput& e) {
        throw BadInput(where + ": " + e.what());
    }
    return {cell, config};
}

GridCell resolve_fine_tuning(const Cell& cell, const TrainConfig& protocol, const Parents& parents,
                             const std::string& where) {
    GridCell resolved = resolve_training(cell, protocol, where);
    std::get<TrainConfig>(resolved.config).parent = parent_in(parents, cell.model, where);
    return resolved;
}

/// The cells that the axes give and no skip takes away.
std::vector<Cell> cells_of(Fields& profile, const std::string& experiment, const std::string& where) {
    std::vector<Cell> cells = all_cells(profile.require<Json>("axes"), experiment, where + ": axes");
    const Json skips = profile.get("skip", Json::array());
    if (!skips.is_array()) throw BadInput(where + ": skip: expected an array of objects");
    for (std::size_t i = 0; i < skips.size(); ++i)
        skip(cells, skips[i], where + ": skip[" + std::to_string(i) + "]");
    return cells;
}

/// What profiles have in common.
struct Common {
    std::string experiment;
    TrainConfig protocol;
    std::string family;            ///< of post-training methods; empty: the cells train
    std::filesystem::path folder;  ///< of the grid's file
};

PostTrainingProfile post_training_profile(Fields& f, const Common& common, const std::string& where) {
    PostTrainingProfile profile{common.family, f.require<Parents>("parents"), {}, 0};
    profile.calibration = f.get<std::size_t>("calibration", 0);
    for (const auto& [model, name] : f.get("preprocessing", std::map<std::string, std::string>{})) {
        if (!profile.parents.contains(model))
            throw BadInput(where, "preprocessing", "for models that have parents", "'" + model + "'");
        const std::filesystem::path file = common.folder / name;
        profile.preprocessing[model] = preprocessing_from(read_json(file), file.string());
    }
    return profile;
}

void read_profile(const Json& profile, const Common& common, const std::string& name,
                  const std::string& where, Grid& grid) {
    Fields f(profile, where);
    if (profile.contains("measured_on")) grid.measured_on[name] = f.require<std::string>("measured_on");
    const std::vector<Cell> cells = cells_of(f, common.experiment, where);
    std::vector<GridCell>& resolved = grid.profiles[name];
    if (!common.family.empty()) {
        const PostTrainingProfile of_profile = post_training_profile(f, common, where);
        const bool trains = std::any_of(cells.begin(), cells.end(),
                                        [](const Cell& c) { return c.method.ends_with(kFineTuned); });
        const TrainConfig protocol =
            trains ? with_protocol({}, f.require<Json>("fine_tuning"), where + ": fine_tuning")
                   : TrainConfig{};
        for (const Cell& cell : cells)
            resolved.push_back(cell.method.ends_with(kFineTuned)
                                   ? resolve_fine_tuning(cell, protocol, of_profile.parents, where)
                                   : resolve_post_training(cell, of_profile, where));
    } else {
        const TrainConfig protocol =
            with_protocol(common.protocol, f.get("protocol", Json::object()), where + ": protocol");
        for (const Cell& cell : cells) {
            if (cell.method.ends_with(kFineTuned))
                throw BadInput(where + ": method '" + cell.method +
                               "' fine-tunes; that needs a grid of a post-training family, with parents");
            resolved.push_back(resolve_training(cell, protocol, where));
        }
    }
    f.finish();
}
}  // namespace

const std::vector<GridCell>& Grid::cells(const std::string& profile) const {
    const auto found = profiles.find(profile);
    if (found != profiles.end()) return found->second;
    std::string known;
    for (const auto& [name, cells] : profiles) known += (known.empty() ? "" : ", ") + name;
    throw BadInput("experiment " + experiment + " has no profile '" + profile + "' (it has: " + known + ")");
}

Grid read_grid(const std::filesystem::path& path, const std::string& experiment) {
    const std::string where = path.string();
    const Json json = read_json(path);
    Fields f(json, where);
    if (const int schema = f.require<int>("schema"); schema != 1)
        throw BadInput(where, "schema", "1", std::to_string(schema));
    Grid grid;
    grid.experiment = experiment;
    grid.title = f.require<std::string>("title");
    grid.headline = f.get("headline", std::vector<std::string>{});
    Common common{experiment, {}, f.get<std::string>("post_training", ""), path.parent_path()};
    if (common.family.empty())
        common.protocol = with_protocol({}, f.get("protocol", Json::object()), where + ": protocol");
    const auto profiles = f.require<std::map<std::string, Json>>("profiles");
    f.finish();
    if (profiles.empty()) throw BadInput(where + ": there is no profile");
    for (const auto& [name, profile] : profiles)
        read_profile(profile, common, name, where + ": profile " + name, grid);
    return grid;
}

}  // namespace nibble
