// nibble bless: results that come out otherwise are replaced on purpose, and what changed is shown.
#include <fmt/format.h>

#include "engine/core/file.hpp"
#include "engine/core/json.hpp"
#include "experiments/commands/commands.hpp"
#include "experiments/runs/reproduction.hpp"
#include "experiments/runs/run_cell.hpp"
#include "experiments/support/interrupt.hpp"
#include "experiments/support/table.hpp"

namespace nibble {

namespace {
struct BlessOptions {
    SharedOptions shared;
    std::string root, profile = "quick";
};

const char* changed(const std::string& before, const std::string& after) {
    return before == after ? "same" : "changed";
}

std::vector<std::string> row_of(const Result& before, const Result& after) {
    return {after.cell,
            fmt::format("{:.2f}", before.eval.top1),
            fmt::format("{:.2f}", after.eval.top1),
            fmt::format("{:+.2f}", after.eval.top1 - before.eval.top1),
            changed(before.weights_digest, after.weights_digest),
            changed(before.predictions_digest, after.predictions_digest)};
}

int bless_command(const BlessOptions& o) {
    o.shared.apply();
    watch_for_interrupts();
    const Project project(o.root);
    RunOptions options{.force = true, .keep = false, .control = {}};
    options.control.progress = o.shared.progress_mode();
    Table table{{{"Cell", false},
                 {"Top-1 before (%)"},
                 {"after"},
                 {"Difference (points)"},
                 {"Weights", false},
                 {"Predictions", false}},
                {}};
    std::size_t results = 0;
    for (const ProfileCell& cell : list_cells(project, o.profile, "")) {
        const std::string path = project.result(cell.profile, cell.cell.cell);
        if (!is_there(path)) continue;
        ++results;
        if (difference_of_run(project, path, options.control).empty()) continue;
        const Result before = read_result(path);
        run_cell(project, cell, options);
        table.rows.push_back(row_of(before, read_result(path)));
    }
    Json rows = Json::array();
    for (const auto& row : table.rows) rows.push_back(row);
    if (o.shared.json)
        print_json({{"results", results}, {"replaced", rows}});
    else
        print_text(fmt::format("{} of {} results of profile {} came out otherwise and were replaced\n",
                               table.rows.size(), results, o.profile) +
                   (table.rows.empty() ? "" : "\n" + table.markdown()));
    return 0;
}
}  // namespace

void add_bless(CommandLine& line) {
    auto o = std::make_shared<BlessOptions>();
    Command command = line.command("bless", "replace results that no longer come out, and show what changed");
    command.option("--profile", o->profile, "whose results")
        .option("--root", o->root, "the repository (default: here or above)");
    o->shared.add_machine(command);
    o->shared.add_progress(command);
    o->shared.add_json(command);
    command
        .examples(
            "  nibble bless\n  make bless                                   the golden trajectories too\nFor "
            "changes of arithmetic or protocol that are meant. Results that come out as they are stay "
            "untouched.")
        .action([o] { return bless_command(*o); });
}

}  // namespace nibble
