#include "experiments/support/cell_times.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <optional>
#include <sstream>

#include "engine/core/file.hpp"
#include "experiments/support/lock.hpp"

namespace nibble {

namespace fs = std::filesystem;

namespace {
constexpr const char* kHeader = "profile,experiment,model,data,method,seed,cpu_seconds,multiplications\n";

template <class Number>
bool parse(const std::string& text, Number& number) {
    const char* end = text.data() + text.size();
    return std::from_chars(text.data(), end, number).ptr == end && !text.empty();
}

std::optional<CellTime> time_from(const std::string& line) {
    std::vector<std::string> fields;
    std::istringstream in(line);
    for (std::string field; std::getline(in, field, ',');) fields.push_back(field);
    if (fields.size() != 8) return std::nullopt;
    CellTime time{{fields[0], fields[1], fields[2], fields[3], fields[4]}};
    const bool numbers = parse(fields[5], time.cell.seed) && parse(fields[6], time.seconds) &&
                         parse(fields[7], time.cell.multiplications);
    const auto possible = [](double value) { return std::isfinite(value) && value > 0; };
    if (!numbers || !possible(time.seconds) || !possible(time.cell.multiplications)) return std::nullopt;
    return time;
}
}  // namespace

bool CellWork::same_cell(const CellWork& other) const {
    return profile == other.profile && experiment == other.experiment && model == other.model &&
           data == other.data && method == other.method && seed == other.seed;
}

std::vector<CellTime> read_times(const fs::path& path) {
    std::vector<CellTime> times;
    if (!is_there(path)) return times;
    std::istringstream in(read_file(path));
    for (std::string line; std::getline(in, line);)
        if (auto time = time_from(line)) times.push_back(std::move(*time));
    return times;
}

void add_time(const fs::path& path, const CellTime& added) {
    const FileLock lock(path.string() + ".lock");
    std::vector<CellTime> times = read_times(path);
    std::erase_if(times, [&](const CellTime& t) { return t.cell.same_cell(added.cell); });
    times.push_back(added);
    std::string text = kHeader;
    for (const auto& [c, seconds] : times)
        text += fmt::format("{},{},{},{},{},{},{:.2f},{:.0f}\n", c.profile, c.experiment, c.model, c.data,
                            c.method, c.seed, seconds, c.multiplications);
    write_file(path, text);
}

}  // namespace nibble
