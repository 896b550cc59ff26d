// nibble cells: the cells of the grids, one a line.
#include <fmt/format.h>

#include "engine/core/error.hpp"
#include "engine/core/json.hpp"
#include "engine/core/parallel.hpp"
#include "experiments/commands/commands.hpp"
#include "experiments/commands/plan.hpp"
#include "experiments/runs/run_cell.hpp"

namespace nibble {

namespace {
struct CellsOptions {
    SharedOptions shared;
    std::string root, profile, plan;
    std::vector<std::string> experiments;
    bool status = false, fresh = false, due = false, time = false;
};

std::vector<ProfileCell> chosen(const Project& project, const CellsOptions& o) {
    if (o.experiments.empty()) return list_cells(project, o.profile, "");
    std::vector<ProfileCell> cells;
    for (const std::string& experiment : o.experiments)
        for (ProfileCell& cell : list_cells(project, o.profile, experiment)) cells.push_back(std::move(cell));
    return cells;
}

int cells_command(const CellsOptions& o) {
    o.shared.apply();
    if (o.fresh && o.due) throw BadInput("--fresh and --due: choose one");
    const Project project(o.root);
    const std::vector<ProfileCell> all = chosen(project, o);
    std::vector<ProfileCell> cells;
    std::vector<std::string> statuses;
    for (const ProfileCell& cell : all) {
        const std::string status = o.status || o.fresh || o.due ? status_of(project, cell) : "";
        if ((o.fresh && status != "fresh") || (o.due && status == "fresh")) continue;
        cells.push_back(cell);
        statuses.push_back(status);
    }
    const bool planned = o.time || !o.plan.empty();
    const Plan plan = planned ? make_plan(project, cells) : Plan{};
    if (planned) fmt::print(stderr, "{}\n", text_before(plan, all.size(), threads()));
    if (!o.plan.empty()) write_plan(o.plan, plan);

    Json list = Json::array();
    std::string lines;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        const auto& [profile, cell] = cells[i];
        const std::string name = cell.cell.name();
        Json entry = {{"cell", name}, {"profile", profile}, {"config", to_json(cell.config)}};
        if (o.status) {
            entry["status"] = statuses[i];
            lines += fmt::format("{:12} {:8} ", statuses[i], profile);
        }
        if (o.time) {
            const auto& estimate = plan.cells[i].estimate;
            entry["cpu_seconds"] = estimate ? Json(estimate->seconds) : Json();
            lines += fmt::format("{:>7} ", estimate ? duration_text(estimate->seconds) : kMissing);
        }
        lines += name + "\n";
        list.push_back(std::move(entry));
    }
    if (o.shared.json)
        print_json({{"cells", list}});
    else
        print_text(lines);
    return 0;
}
}  // namespace

void add_cells(CommandLine& line) {
    auto o = std::make_shared<CellsOptions>();
    Command command = line.command("cells", "list the cells of the experiments");
    command.positional("EXPERIMENT", o->experiments, "experiments (default: all)")
        .option("--profile", o->profile, "quick, cifar10, ... (default: all)")
        .flag("--status", o->status,
              "say of each: fresh, stale, missing, running, interrupted, failed, crashed")
        .flag("--fresh", o->fresh, "only cells whose result is that of this code and data")
        .flag("--due", o->due, "only the others: those that are to be run")
        .flag("--time", o->time,
              "say of each how much CPU time it will take, and on standard error how long all will")
        .option("--plan", o->plan, "write this for `nibble run --plan`, which then tells the time left")
        .option("--root", o->root, "the repository (default: here or above)");
    o->shared.add_json(command);
    command
        .examples(
            "  nibble cells --profile quick\n  nibble cells baseline --profile cifar10 --status\n  nibble "
            "run $(nibble cells --profile quick --due)\n  nibble cells --profile imagenet-subset --due "
            "--time     "
            "before a long run\n  nibble cells baseline --json                 with "
            "the resolved configuration of each")
        .action([o] { return cells_command(*o); });
}

}  // namespace nibble
