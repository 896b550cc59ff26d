// nibble verify: run cells again and compare bit for bit with their results.
#include <fmt/format.h>
#include <unistd.h>

#include "engine/core/error.hpp"
#include "engine/core/json.hpp"
#include "experiments/harness/cli.hpp"
#include "experiments/harness/interrupt.hpp"
#include "experiments/harness/run_cell.hpp"

namespace nibble {

namespace {
struct VerifyOptions {
    SharedOptions shared;
    std::string root;
    std::vector<std::string> results;
};

/// A folder that is gone at the end, whatever happens.
struct TemporaryFolder {
    explicit TemporaryFolder(std::filesystem::path where) : path(std::move(where)) {
        std::filesystem::create_directories(path);
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    std::filesystem::path path;
};

/// "/metrics/eval/top1: 91.2 became 91.3", the first few.
std::string difference(const Json& stored, const Json& now) {
    constexpr std::size_t kShown = 3;
    const Json patch = Json::diff(stored, now);
    std::string text;
    for (std::size_t i = 0; i < std::min(kShown, patch.size()); ++i) {
        const std::string where = patch[i].at("path");
        const Json::json_pointer pointer(where);
        const auto value = [&](const Json& json) {
            return json.contains(pointer) ? json.at(pointer).dump() : "nothing";
        };
        text += fmt::format("{}{}: {} became {}", i ? ", " : "", where, value(stored), value(now));
    }
    if (patch.size() > kShown) text += fmt::format(", and {} more", patch.size() - kShown);
    return text;
}

/// What differs; empty when every bit agrees.
std::string verify(const Project& project, const std::string& path, const RunControl& control) {
    const Json stored = read_json(path);
    const Result result = result_from(stored, path);
    const ProfileCell cell = find_cell(project, result.cell, result.profile);
    const Data data = open_data(cell.cell.config.data);
    const KeyParts parts = key_parts_of(project, cell.cell, data);
    if (const std::string why = result.parts.difference(parts); !why.empty())
        return "stale: " + why + " changed since";
    const TemporaryFolder folder(project.run_folder(cell.profile, cell.cell.cell) /
                                 ("verify-" + std::to_string(::getpid())));
    return difference(reproducible_part(stored),
                      reproducible_part(compute_cell(cell, data, parts, folder.path, control)));
}

int verify_command(const VerifyOptions& o) {
    o.shared.apply();
    const Project project(o.root);
    watch_for_interrupts();
    RunControl control;
    control.progress = o.shared.progress_mode();
    Json list = Json::array();
    std::size_t differing = 0;
    for (const std::string& path : o.results) {
        const std::string differs = verify(project, path, control);
        differing += !differs.empty();
        list.push_back({{"result", path}, {"verified", differs.empty()}, {"difference", differs}});
        if (!o.shared.json)
            print_text(differs.empty() ? "same bits: " + path + "\n"
                                       : "DIFFERS: " + path + ": " + differs + "\n");
    }
    if (o.shared.json) print_json({{"results", list}, {"differing", differing}});
    if (differing) fmt::print(stderr, "nibble: {} of {} results differ\n", differing, o.results.size());
    return differing ? 1 : 0;
}
}  // namespace

void add_verify(CommandLine& line) {
    auto o = std::make_shared<VerifyOptions>();
    Command command = line.command("verify", "run cells again and compare with their results bit for bit");
    command.positional("RESULT", o->results, "files below results/").required();
    command.option("--root", o->root, "the repository (default: here or above)");
    o->shared.add_machine(command);
    o->shared.add_progress(command);
    o->shared.add_json(command);
    command
        .examples(
            "  nibble verify results/quick/baseline/*.json\n"
            "Compared are the digests of weights and predictions, every metric, the history and the cost; "
            "not the\n"
            "kernels used, nor where the program was built. Exit status 1 if anything differs.")
        .action([o] { return verify_command(*o); });
}

}  // namespace nibble
