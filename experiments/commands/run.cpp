// nibble run: one cell in, one result out.
#include <fmt/format.h>

#include "engine/core/error.hpp"
#include "engine/core/json.hpp"
#include "engine/core/parallel.hpp"
#include "experiments/commands/commands.hpp"
#include "experiments/commands/plan.hpp"
#include "experiments/runs/run_cell.hpp"
#include "experiments/support/interrupt.hpp"

namespace nibble {

namespace {
struct RunCommandOptions {
    SharedOptions shared;
    std::string root, profile, plan;
    std::vector<std::string> cells;
    double checkpoint_minutes = 5;
    bool force = false, keep = false;
};

/// That of several cells, written before them or made now; nothing for a single one, which has its own progress.
std::optional<Plan> plan_of(const Project& project, const std::vector<ProfileCell>& cells,
                            const RunCommandOptions& o) {
    if (!o.plan.empty()) return read_plan(o.plan);
    if (cells.size() < 2 || o.shared.progress_mode() == ProgressMode::off) return std::nullopt;
    std::vector<ProfileCell> due;
    for (const ProfileCell& cell : cells)
        if (o.force || status_of(project, cell) != "fresh") due.push_back(cell);
    Plan plan = make_plan(project, due);
    fmt::print(stderr, "{}\n", text_before(plan, cells.size(), threads()));
    return plan;
}

int run_command(const RunCommandOptions& o) {
    o.shared.apply();
    const Project project(o.root);
    std::vector<ProfileCell> cells;
    for (const std::string& name : o.cells) cells.push_back(find_cell(project, name, o.profile));
    watch_for_interrupts();
    const std::optional<Plan> plan = plan_of(project, cells, o);

    RunOptions options;
    options.force = o.force;
    options.keep = o.keep;
    options.control.checkpoint_minutes = o.checkpoint_minutes;
    options.control.progress = o.shared.progress_mode();
    Json list = Json::array();
    for (const ProfileCell& cell : cells) {
        const std::string path = project.result(cell.profile, cell.cell.cell);
        const bool fresh = run_cell(project, cell, options) == RunOutcome::fresh;
        list.push_back(
            {{"cell", cell.cell.cell.name()}, {"result", path}, {"outcome", fresh ? "fresh" : "done"}});
        if (!o.shared.json)
            print_text(fmt::format("{}: {} {}\n", cell.cell.cell.name(),
                                   fresh ? "fresh, not run again:" : "wrote",
                                   std::filesystem::relative(path).string()));
        if (plan && !fresh && o.shared.progress_mode() != ProgressMode::off)
            fmt::print(stderr, "{}\n", text_meanwhile(project, *plan));
    }
    if (o.shared.json) print_json({{"cells", list}});
    return 0;
}
}  // namespace

void add_run(CommandLine& line) {
    auto o = std::make_shared<RunCommandOptions>();
    Command command = line.command("run", "run cells whose result is missing or stale");
    command.positional("CELL", o->cells, "as `nibble cells` prints them").required();
    command.option("--profile", o->profile, "needed only if several profiles have the cell")
        .flag("--force", o->force, "run fresh cells too, from the beginning")
        .flag(
            "--keep", o->keep,
            "keep the network beside the result, as CELL.safetensors: for results worth committing that took "
            "hours")
        .option("--checkpoint-minutes", o->checkpoint_minutes,
                "time between checkpoints; 0: after every step")
        .option("--plan", o->plan,
                "of `nibble cells --plan`, if these cells are part of it: say the time left")
        .option("--root", o->root, "the repository (default: here or above)");
    o->shared.add_machine(command);
    o->shared.add_progress(command);
    o->shared.add_json(command);
    command
        .examples(
            "  nibble run baseline/resnet20-w1.0--cifar10--bf16--s0\n  nibble run $(nibble cells --profile "
            "quick)\nResults go to results/PROFILE/EXPERIMENT/, weights, predictions and checkpoints to "
            "NIBBLE_RUNS or\nbuild/runs/. A run that was stopped in any way goes on where it was, to the "
            "same bits.")
        .action([o] { return run_command(*o); });
}

}  // namespace nibble
