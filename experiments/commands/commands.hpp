// The subcommands of `nibble`, one file each: <name>.cpp.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "experiments/commands/command_line.hpp"
#include "experiments/reports/report.hpp"
#include "experiments/support/json_fwd.hpp"
#include "experiments/support/progress.hpp"
#include "experiments/support/table.hpp"

namespace nibble {

void add_info(CommandLine& line);
void add_train(CommandLine& line);
void add_eval(CommandLine& line);
void add_cells(CommandLine& line);
void add_run(CommandLine& line);
void add_stale(CommandLine& line);
void add_bless(CommandLine& line);
void add_report(CommandLine& line, Reports own);  ///< of the experiments that have code of their own
void add_verify(CommandLine& line);
void add_quantize(CommandLine& line);
void add_export(CommandLine& line);
void add_inspect(CommandLine& line);
void add_predict(CommandLine& line);
void add_cost(CommandLine& line);
void add_site(CommandLine& line, Reports own);  ///< the same

/// Options that several subcommands share. Flags win over NIBBLE_DATA, NIBBLE_ARCH and NIBBLE_THREADS.
struct SharedOptions {
    std::string data_root, arch, progress = "auto";
    int threads = 0;
    bool json = false;

    /// Adds --data-root, --arch, --threads.
    void add_machine(Command& command);
    void add_progress(Command& command);
    void add_json(Command& command);
    /// Hands them to the engine; call it before anything else. Throws BadInput.
    void apply() const;
    ProgressMode progress_mode() const { return progress_mode_from(progress); }
};

/// One JSON object and a newline on standard output. Throws IoError when it cannot be written.
void print_json(const Json& object);
/// Text on standard output. Throws IoError when it cannot be written.
void print_text(const std::string& text);

/// A number or text as it is, "227x227x3" for a list of numbers, kMissing for null.
std::string text_of_json(const Json& value);
/// A row for each object in `list`: the values under these keys, those marked true aligned as numbers.
Table table_of(const Json& list, const std::vector<std::pair<const char*, bool>>& keys);

/// Says a line on standard error for each. 1 if there are any, else 0.
int exit_status(const Refused& refused);

/// Throws IoError unless a file can be made at `path` (its folder is made): better now than after hours of
/// work.
void check_writable(const std::string& path);

}  // namespace nibble
