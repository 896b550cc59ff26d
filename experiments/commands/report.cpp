// nibble report: tables and plots from the results.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/core/json.hpp"
#include "experiments/commands/commands.hpp"
#include "experiments/reports/best.hpp"
#include "experiments/reports/speed_report.hpp"

namespace nibble {

namespace {
struct ReportOptions {
    SharedOptions shared;
    std::string root, profile, readme_profile = "cifar10";
    Reports own;
};

/// "`aqt` 30, `baseline` 50": of experiments that train from the start.
std::string epochs_of(const std::vector<std::pair<Grid, std::vector<ReportedCell>>>& experiments,
                      const std::string& profile) {
    std::string text;
    for (const auto& [grid, reported] : experiments)
        for (const GridCell& cell : grid.cells(profile)) {
            const auto* training = std::get_if<TrainConfig>(&cell.config);
            if (!training || training->fine_tunes()) continue;
            text +=
                fmt::format("{}`{}` {}", text.empty() ? "" : ", ", grid.experiment, training->recipe.epochs);
            break;
        }
    return text;
}

/// The README shows the results that are committed, not what a quick look made.
bool update_readme(const Project& project, const ReportOptions& o, Refused& refused) {
    const std::string& profile = o.readme_profile;
    const std::filesystem::path path = project.root() / "README.md";
    if (!is_there(path)) return false;
    const std::string text = read_file(path);
    if (text.find(kResultsBegin) == std::string::npos) return false;
    std::vector<std::pair<Grid, std::vector<ReportedCell>>> experiments;
    for (const std::string& experiment : project.experiments()) {
        Grid grid = project.grid(experiment);
        if (!grid.profiles.contains(profile)) continue;
        std::vector<ReportedCell> cells = read_cells(project, profile, grid, refused);
        experiments.emplace_back(std::move(grid), std::move(cells));
    }
    const Table table = headline_table(experiments);
    if (table.rows.empty()) return false;
    const std::string tables =
        table.markdown() +
        fmt::format(
            "\nProfile `{}`; of each experiment, among the networks with most of these methods, the largest. "
            "Means over seeds or calibration draws, ± half the width of the 95 % interval. Epochs of "
            "training: {}; bits per weight include the scales in `mmse` and `fgq`. Names of methods: "
            "[GLOSSARY.md](GLOSSARY.md). Every claim of the papers with our figures and a verdict: "
            "[results/REPORT.md](results/REPORT.md).\n",
            profile, epochs_of(experiments, profile));
    const std::string updated = with_results(text, tables, path.string());
    if (updated != text) write_file(path, updated);
    return true;
}

/// What the committed results say together. Returns the paths.
std::vector<std::filesystem::path> write_overview(const Project& project, const std::string& profile,
                                                  const std::string& name, const ReportOptions& o,
                                                  Refused& refused, std::string& no_plot) {
    const std::vector<Overview> experiments = read_overview(project, profile, o.own, refused);
    if (experiments.empty()) return {};
    std::string figures = "% Made by `nibble report` from the results of this profile.\n";
    for (const Overview& experiment : experiments) figures += latex_results(experiment.cells);
    Report report;
    report.files["figures.tex"] = figures + latex_verdicts(experiments);
    if (const std::vector<Best> best = best_of_networks(experiments); !best.empty()) {
        report.files["best-paper.tex"] = latex_file(best_for_print(best));
        report.plots["best"] = best_plot(profile, best);
    }
    std::vector<std::filesystem::path> written =
        write_files(report, project.results() / profile / "", no_plot);
    written.insert(written.begin(), project.results() / name);
    write_file(written.front(), overview_markdown(profile, experiments));
    return written;
}

/// Profiles and the files that judge them: the README's, and each that a grid sets apart.
std::map<std::string, std::string> overviews(const Project& project, const std::string& readme_profile) {
    std::map<std::string, std::string> files{{readme_profile, "REPORT.md"}};
    for (const std::string& experiment : project.experiments())
        for (const auto& [profile, note] : project.grid(experiment).measured_on)
            files.emplace(profile, "REPORT-" + profile + ".md");
    return files;
}

int report_command(const ReportOptions& o) {
    const Project project(o.root);
    list_cells(project, o.profile, "");  // complains about an unknown profile
    Json written = Json::array();
    std::string lines, no_plot;
    Refused refused;
    const auto report = [&](const std::vector<std::filesystem::path>& paths) {
        for (const auto& path : paths) {
            const std::string shown = std::filesystem::relative(path, project.root());
            written.push_back(shown);
            lines += "wrote " + shown + "\n";
        }
    };
    for (const std::string& experiment : project.experiments()) {
        const Grid grid = project.grid(experiment);
        for (const auto& [profile, cells] : grid.profiles) {
            if (!o.profile.empty() && profile != o.profile) continue;
            const auto paths =
                write_report(project, profile, grid, read_cells(project, profile, grid, refused),
                             report_of(o.own, experiment), no_plot);
            if (paths.empty())
                fmt::print(stderr, "{}, profile {}: no result yet, no report\n", experiment, profile);
            report(paths);
        }
    }
    if (o.profile.empty()) report(write_speed_reports(project, no_plot));
    for (const auto& [profile, name] : overviews(project, o.readme_profile))
        if (o.profile.empty() || o.profile == profile)
            report(write_overview(project, profile, name, o, refused, no_plot));
    const bool fills_readme = o.profile.empty() || o.profile == o.readme_profile;
    if (fills_readme && update_readme(project, o, refused)) {
        written.push_back("README.md");
        lines += "filled the results of README.md\n";
    }
    if (!no_plot.empty()) fmt::print(stderr, "nibble: {}\n", no_plot);
    if (o.shared.json)
        print_json({{"written", written}, {"no_plot", no_plot}});
    else
        print_text(lines);
    return exit_status(refused);
}
}  // namespace

void add_report(CommandLine& line, Reports own) {
    auto o = std::make_shared<ReportOptions>();
    o->own = std::move(own);
    Command command = line.command("report", "make tables and plots from the results");
    command.option("--profile", o->profile, "quick, cifar10, ... (default: all)")
        .option("--readme-profile", o->readme_profile, "the profile whose tables README.md shows")
        .option("--root", o->root, "the repository (default: here or above)");
    o->shared.add_json(command);
    command
        .examples(
            "  nibble report\n  nibble report --profile quick\nWrites "
            "results/PROFILE/EXPERIMENT.{md,csv,tex}, EXPERIMENT-curves.{svg,pdf} and whatever else the "
            "experiment has\n(claims, plots) from results/PROFILE/EXPERIMENT/ and nothing else; a cell "
            "without result is a dash. Without\n--profile also the tables and rooflines of "
            "results/timing/MACHINE/kernel_speed.json. Without gnuplot there\nare tables but no plots.")
        .action([o] { return report_command(*o); });
}

}  // namespace nibble
