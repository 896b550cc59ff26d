#include "experiments/commands/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <set>

#include "engine/core/file.hpp"
#include "engine/core/json.hpp"
#include "experiments/runs/cell.hpp"
#include "experiments/runs/run_cell.hpp"
#include "experiments/support/progress.hpp"

namespace nibble {

namespace fs = std::filesystem;

namespace {

/// Recorded here, and elsewhere where not here.
std::vector<CellTime> known_times(const Project& project) {
    std::vector<CellTime> times = read_times(project.times());
    const std::size_t here = times.size();
    if (!is_there(project.results() / "timing")) return times;
    std::vector<fs::path> machines;
    for (const auto& machine : fs::directory_iterator(project.results() / "timing"))
        machines.push_back(machine.path());
    std::ranges::sort(machines);
    for (const fs::path& machine : machines)
        for (CellTime& time : read_times(machine / "cells.csv"))
            if (std::none_of(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(here),
                             [&](const CellTime& t) { return t.cell.same_cell(time.cell); }))
                times.push_back(std::move(time));
    return times;
}

}  // namespace

std::optional<TimeEstimate> estimate_of(const CellWork& cell, const std::vector<CellTime>& known) {
    const auto of_network = [&](const CellWork& c) {
        return c.profile == cell.profile && c.model == cell.model;
    };
    const std::vector<std::pair<bool, std::function<bool(const CellWork&)>>> levels{
        {false, [&](const CellWork& c) { return of_network(c) && c.method == cell.method; }},
        {false, of_network},
        {true, [&](const CellWork& c) { return c.profile == cell.profile; }},
        {true, [](const CellWork&) { return true; }}};
    for (const auto& [rough, similar] : levels) {
        double seconds = 0, multiplications = 0;
        for (const CellTime& time : known) {
            if (time.cell.experiment != cell.experiment || !similar(time.cell)) continue;
            seconds += time.seconds;
            multiplications += time.cell.multiplications;
        }
        if (multiplications > 0) return TimeEstimate{seconds / multiplications * cell.multiplications, rough};
    }
    return std::nullopt;
}

Plan make_plan(const Project& project, const std::vector<ProfileCell>& cells) {
    const std::vector<CellTime> known = known_times(project);
    Plan plan;
    std::set<std::string> profiles;
    for (const ProfileCell& cell : cells) {
        Plan::Entry& entry = plan.cells.emplace_back(Plan::Entry{cell.profile, cell.cell.cell.name(), {}});
        if (const auto work = work_of(cell)) entry.estimate = estimate_of(*work, known);
        profiles.insert(cell.profile);
    }
    plan.timed = static_cast<std::size_t>(std::ranges::count_if(
        known, [&](const CellTime& time) { return profiles.contains(time.cell.profile); }));
    return plan;
}

std::string text_before(const Plan& plan, std::size_t of_cells, int cores) {
    std::string text = fmt::format("{} of {} cells to run", plan.cells.size(), of_cells);
    if (plan.cells.empty()) return text;
    const std::string& profile = plan.cells.front().profile;
    if (std::ranges::all_of(plan.cells, [&](const Plan::Entry& e) { return e.profile == profile; }))
        text = profile + ": " + text;
    double seconds = 0;
    std::size_t estimated = 0, rough = 0;
    const Plan::Entry* longest = nullptr;
    for (const Plan::Entry& entry : plan.cells) {
        if (!entry.estimate) continue;
        ++estimated;
        rough += entry.estimate->rough;
        seconds += entry.estimate->seconds;
        if (!longest || entry.estimate->seconds > longest->estimate->seconds) longest = &entry;
    }
    if (!longest) return text + "; no estimate: none like them was timed, or their data are not here";
    const auto time_of = [&](double s) { return duration_text(s / cores); };
    text += fmt::format(", {}about {} on {} core{} (from {}",
                        estimated < plan.cells.size() ? fmt::format("{} of them ", estimated) : "",
                        time_of(seconds), cores, cores == 1 ? "" : "s",
                        plan.timed ? fmt::format("{} timed cells of this profile", plan.timed)
                                   : "timed cells of other profiles");
    if (rough) text += fmt::format("; {} only roughly, by multiplications", rough);
    if (estimated < plan.cells.size())
        text += fmt::format("; {} without an estimate: none like them was timed, or their data are not here",
                            plan.cells.size() - estimated);
    return text + fmt::format("; longest: {}, {})", longest->cell, time_of(longest->estimate->seconds));
}

std::optional<double> seconds_left(const Plan& plan, const std::vector<bool>& done, double elapsed) {
    double estimated = 0, count = 0;
    for (const Plan::Entry& entry : plan.cells) {
        if (!entry.estimate) continue;
        estimated += entry.estimate->seconds;
        ++count;
    }
    const double otherwise = estimated > 0 ? estimated / count : 1;
    double past = 0, left = 0;
    for (std::size_t i = 0; i < plan.cells.size(); ++i) {
        const auto& estimate = plan.cells[i].estimate;
        (done[i] ? past : left) += estimate ? estimate->seconds : otherwise;
    }
    if (past <= 0) return std::nullopt;
    return elapsed / past * left;
}

std::string text_meanwhile(const Project& project, const Plan& plan) {
    std::vector<bool> done;
    for (const Plan::Entry& entry : plan.cells) {
        std::error_code none;
        const auto written = fs::last_write_time(project.result(entry.profile, cell_from(entry.cell)), none);
        done.push_back(!none && written >= plan.begun);
    }
    const auto count = std::ranges::count(done, true);
    const std::chrono::duration<double> elapsed = fs::file_time_type::clock::now() - plan.begun;
    std::string text = fmt::format("{} of {} cells done", count, plan.cells.size());
    if (const auto left = seconds_left(plan, done, elapsed.count()); left && *left > 0)
        text += ", about " + duration_text(*left) + " left";
    return text;
}

void write_plan(const fs::path& path, const Plan& plan) {
    Json cells = Json::array();
    for (const Plan::Entry& entry : plan.cells) {
        cells.push_back({{"profile", entry.profile}, {"cell", entry.cell}});
        if (entry.estimate) cells.back()["cpu_seconds"] = entry.estimate->seconds;
    }
    write_json(path, {{"cells", cells}});
}

Plan read_plan(const fs::path& path) {
    Plan plan;
    const Json json = read_json(path);
    for (const Json& cell : Fields(json, path.string()).require<Json>("cells")) {
        Fields f(cell, path.string() + ": cells");
        Plan::Entry entry{f.require<std::string>("profile"), f.require<std::string>("cell"), {}};
        cell_from(entry.cell);
        if (cell.contains("cpu_seconds"))
            entry.estimate = TimeEstimate{f.require<double>("cpu_seconds"), false};
        plan.cells.push_back(std::move(entry));
    }
    plan.begun = fs::last_write_time(path);
    return plan;
}

}  // namespace nibble
