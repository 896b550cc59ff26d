// The files of a speed report: which tables go where, and the words around them.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "experiments/reports/report.hpp"
#include "experiments/reports/speed_report.hpp"

namespace nibble {

namespace fs = std::filesystem;

namespace {

const char* kTimingExplanation =
    "Ratios say how many times faster than what they are compared with (medians over the rounds; means over "
    "layers are geometric). Gop/s count two operations a multiplication; the peak is what a loop of such "
    "multiplications without memory reaches under the same cap. int8 has 8-bit weights, s4 4-bit, t ternary "
    "ones with a scale per channel, t-gN with one per N input channels; activations have 8 bits. f32 shares "
    "the images of a batch among threads: at batch 1 it gains nothing from a second one, integers do.";

std::vector<std::string> caps_of(const Json& document) {
    std::vector<std::string> caps;
    for (const Json& cap : document.at("caps")) caps.push_back(cap.at("nibble_arch"));
    return caps;
}

/// What oneDNN's int8 costs in correctness under the lowest cap; the example is the one furthest off.
std::string saturation_text(const Json& document) {
    std::size_t wrong = 0, all = 0;
    long worst = 0;
    std::string example;
    for (const Json& row : document.at("saturation")) {
        wrong += row.at("wrong_outputs").get<std::size_t>();
        all += row.at("of").get<std::size_t>();
        if (row.at("example").is_null()) continue;
        const long expected = row.at("example").at("expected"), got = row.at("example").at("got");
        if (std::abs(expected - got) <= worst) continue;
        worst = std::abs(expected - got);
        example = fmt::format(" ({}, {} values: {} instead of {})", row.at("name").get<std::string>(),
                              row.at("values").get<std::string>(), got, expected);
    }
    if (all == 0) return "";
    return fmt::format(
        "\n## Exactness\n\noneDNN's int8 under its AVX2 cap adds pairs of products in 16 bits, which "
        "saturate: {} of {} sums of these layers differ from the definition{}. Ours are exact under every "
        "cap.\n",
        wrong, all, example);
}

std::string peaks_text(const Json& document) {
    Table table{{{"Instructions", false}, {"Threads"}, {"f32 Gop/s"}, {"u8 x s8 Gop/s"}}, {}};
    for (const char* level : {"L1", "L2", "L3", "DRAM"})
        table.columns.push_back({std::string(level) + " GB/s"});
    for (const Json& peaks : document.at("peaks")) {
        const auto text = [&](const char* group, const char* key) {
            return fmt::format("{:.0f}", peaks.at(group).at(key).get<double>());
        };
        table.rows.push_back({peaks.at("cap"), peaks.at("threads").dump(), text("gops", "f32"),
                              text("gops", "u8s8"), text("read_gbs", "L1"), text("read_gbs", "L2"),
                              text("read_gbs", "L3"), text("read_gbs", "DRAM")});
    }
    return "\n## What the machine can do\n\n" + table.markdown();
}

std::string markdown(const std::vector<SpeedRow>& rows, const Json& document, const fs::path& stem) {
    const std::string name = stem.filename().string();
    std::string text = fmt::format("# Kernel speed on `{}`\n\n{}\n\n## Goals\n\n{}",
                                   document.at("machine").get<std::string>(), kTimingExplanation,
                                   goal_table(document).markdown());
    text += "\n## Whole networks\n\n" + network_table(rows).markdown();
    text += "\n## Means over the layers\n\n" + mean_table(document).markdown();
    if (const Table table = activation_table(rows); !table.rows.empty())
        text += "\n## 4-bit activations, two a byte\n\n" + table.markdown();
    for (const std::string& cap : caps_of(document)) {
        for (int threads : {1, 2}) {
            const Table table = layer_table(rows, cap, threads);
            if (table.rows.empty()) continue;
            text += fmt::format("\n## Layers, {}, {} thread{}\n\n{}", cap, threads, threads == 1 ? "" : "s",
                                table.markdown());
        }
        text += fmt::format("\n![Roofline, {}]({}-roofline-{}.svg)\n", cap, name, cap);
    }
    text += peaks_text(document) + saturation_text(document);
    const auto& warnings = document.at("warnings");
    text += "\n## Disturbances\n\n" +
            (warnings.empty()
                 ? std::string("None.\n")
                 : fmt::format("{} warnings, listed in [{}.json]({}.json).\n", warnings.size(), name, name));
    return text + fmt::format("\nEvery figure: [{}.csv]({}.csv).\n", name, name);
}

/// The report of one file. Returns the paths.
std::vector<fs::path> write_one(const fs::path& file, std::string& no_plot) {
    const Json document = read_json(file);
    const std::vector<SpeedRow> rows = read_speed_rows(document, file.string());
    const fs::path stem = file.parent_path() / file.stem();
    Report report;
    for (const std::string& cap : caps_of(document))
        report.plots["-roofline-" + cap] = roofline(rows, document, cap);
    report.files = {{".md", markdown(rows, document, stem)},
                    {".csv", measurement_table(rows, document).csv()},
                    {".tex", "% Made by `nibble report` from kernel_speed.json beside it.\n" +
                                 mean_table(document).latex() + "\n" + network_table(rows).latex()}};
    return write_files(report, stem, no_plot);
}

}  // namespace

std::vector<fs::path> write_speed_reports(const Project& project, std::string& no_plot) {
    std::vector<fs::path> files, written;
    const fs::path folder = project.results() / "timing";
    if (!is_there(folder)) return {};
    for (const auto& machine : fs::directory_iterator(folder)) {
        const fs::path file = machine.path() / "kernel_speed.json";
        if (is_there(file)) files.push_back(file);
    }
    std::sort(files.begin(), files.end());
    for (const fs::path& file : files) {
        try {
            std::ranges::move(write_one(file, no_plot), std::back_inserter(written));
        } catch (const Json::exception& e) {
            throw BadInput(file.string() + ": " + e.what());
        }
    }
    return written;
}

}  // namespace nibble
