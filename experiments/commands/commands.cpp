#include "experiments/commands/commands.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/core/json.hpp"
#include "engine/core/parallel.hpp"

namespace nibble {

void SharedOptions::add_machine(Command& command) {
    command.option("--data-root", data_root, "folder of the data sets (else NIBBLE_DATA, else data/)");
    command.option("--arch", arch,
                   "reference, avx2, avxvnni, avx512, avx512vnni or amx (else NIBBLE_ARCH, else the best)");
    command.option("--threads", threads, "worker threads (else NIBBLE_THREADS, else all cores)");
}

void SharedOptions::add_progress(Command& command) {
    command.option("--progress", progress, "auto: a redrawn line on a terminal; plain; off");
}

void SharedOptions::add_json(Command& command) {
    command.flag("--json", json, "print exactly one JSON object on standard output");
}

void SharedOptions::apply() const {
    if (!data_root.empty()) ::setenv("NIBBLE_DATA", data_root.c_str(), 1);
    if (!arch.empty()) ::setenv("NIBBLE_ARCH", arch.c_str(), 1);
    if (threads != 0) set_threads(threads);
    progress_mode();
}

void print_text(const std::string& text) {
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
        throw IoError("standard output cannot be written");
}

void print_json(const Json& object) {
    print_text(object.dump(2) + "\n");
}

std::string text_of_json(const Json& value) {
    if (value.is_null()) return kMissing;
    if (value.is_string()) return one_line(value.get<std::string>());
    if (!value.is_array()) return one_line(value.dump());
    return fmt::format("{}", fmt::join(value.get<std::vector<std::int64_t>>(), "x"));
}

Table table_of(const Json& list, const std::vector<std::pair<const char*, bool>>& keys) {
    Table table;
    for (const auto& [key, number] : keys) table.columns.push_back({key, number});
    for (const Json& object : list) {
        auto& row = table.rows.emplace_back();
        for (const auto& [key, number] : keys) row.push_back(text_of_json(object.at(key)));
    }
    return table;
}

int exit_status(const Refused& refused) {
    for (const std::string& line : refused) fmt::print(stderr, "nibble: left out: {}\n", line);
    return refused.empty() ? 0 : 1;
}

void check_writable(const std::string& path) {
    const std::filesystem::path folder = std::filesystem::absolute(path).parent_path();
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error || ::access(folder.c_str(), W_OK) != 0)
        throw IoError(path + ": its folder cannot be written to");
    require_replaceable(path);
}

}  // namespace nibble
