#include "experiments/reports/report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "experiments/reports/generic_tables.hpp"

namespace nibble {

namespace fs = std::filesystem;

namespace {

const char* kExplanation =
    "Mean over the seeds, ± half the width of its 95 % confidence interval (Student's t) where there are two "
    "seeds or more; – stands for a cell without result. Training top-1 is measured on the training images "
    "without augmentation. MACs are multiplications of convolutions and linear layers for one image; weights "
    "are counted in the width they are multiplied in.";

std::string markdown_report(const std::string& profile, const Grid& grid, const Table& table) {
    std::string text = fmt::format("# {}, profile `{}`\n\n{}\n", grid.title, profile, table.markdown());
    text += fmt::format("{}\n\nEvery figure, one row a cell: [{}.csv]({}.csv).\n", kExplanation,
                        grid.experiment, grid.experiment);
    return text + fmt::format("\n![Learning curves]({}-curves.svg)\n", grid.experiment);
}
}  // namespace

Report generic_report(const std::string& profile, const Grid& grid, const std::vector<ReportedCell>& cells) {
    Report report;
    report.summary = summary_table(cells);
    report.files[".md"] = markdown_report(profile, grid, report.summary);
    report.files[".csv"] = cell_table(cells).csv();
    report.files[".tex"] = latex_file(report.summary);
    report.plots["-curves"] = learning_curves(grid.title + ", profile " + profile, cells);
    return report;
}

void add_claims(Report& report, const std::string& profile, const Grid& grid,
                const std::vector<Claim>& claims) {
    report.claims = claims;
    report.files["-claims.md"] =
        fmt::format("# {}: claims, profile `{}`\n\n{}", grid.title, profile, claims_markdown(claims));
    report.files["-claims.csv"] = claims_table(claims).csv();
    report.files["-claims.tex"] = latex_file(claims_summary(claims));
    report.files["-paper-claims.tex"] = latex_file(claims_verdicts(claims));
}

std::string latex_file(const Table& table) {
    return "% Made by `nibble report` from the results beside it.\n" + table.latex();
}

MakeReport report_of(const Reports& own, const std::string& experiment) {
    const auto found = own.find(experiment);
    return found == own.end() ? MakeReport(generic_report) : found->second;
}

std::vector<fs::path> write_files(const Report& report, const fs::path& stem, std::string& no_plot) {
    std::vector<fs::path> written;
    try {
        for (const auto& [end, plot] : report.plots) {
            if (plot.curves.empty()) continue;
            draw(plot, stem.string() + end);
            for (const char* suffix : {".svg", ".pdf"}) written.emplace_back(stem.string() + end + suffix);
        }
    } catch (const Unsupported& e) {
        no_plot = e.what();
    }
    for (const auto& [end, bytes] : report.files) {
        written.emplace_back(stem.string() + end);
        write_file(written.back(), bytes);
    }
    return written;
}

std::vector<fs::path> write_report(const Project& project, const std::string& profile, const Grid& grid,
                                   const std::vector<ReportedCell>& cells, const MakeReport& make,
                                   std::string& no_plot) {
    if (std::none_of(cells.begin(), cells.end(), [](const auto& c) { return c.result.has_value(); }))
        return {};
    return write_files(make(profile, grid, cells), project.results() / profile / grid.experiment, no_plot);
}

std::string with_results(const std::string& text, const std::string& results, const std::string& where) {
    const std::size_t begin = text.find(kResultsBegin), end = text.find(kResultsEnd);
    const bool paired = begin != std::string::npos && end != std::string::npos && begin < end;
    if (!paired || text.find(kResultsBegin, begin + 1) != std::string::npos ||
        text.find(kResultsEnd, end + 1) != std::string::npos)
        throw BadInput(where + ": expected exactly one '" + kResultsBegin + "' with one '" + kResultsEnd +
                       "' after it");
    return text.substr(0, begin) + kResultsBegin + "\n" + results + text.substr(end);
}

}  // namespace nibble
