// The command line as the subcommands see it. CLI11 stays behind this file: it is slow to compile.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace nibble {

/// One subcommand: options bound to variables, a text of examples, and what to do. Flags given on the command
/// line overwrite the variables; what they hold before is the default that --help shows.
class Command {
  public:
    struct State;
    explicit Command(std::unique_ptr<State> state);
    ~Command();
    Command(Command&&) noexcept;

    Command& option(const std::string& names, std::string& value, const std::string& help);
    Command& option(const std::string& names, int& value, const std::string& help);
    Command& option(const std::string& names, double& value, const std::string& help);
    Command& option(const std::string& names, std::uint64_t& value, const std::string& help);
    Command& flag(const std::string& names, bool& value, const std::string& help);
    /// Words without a dash in front, zero or more.
    Command& positional(const std::string& name, std::vector<std::string>& values, const std::string& help);
    /// The next call makes the last option mandatory: `option(...).required()`.
    Command& required();
    /// Lines shown under "Examples:" by --help.
    Command& examples(const std::string& text);
    /// `run` returns the exit status.
    Command& action(std::function<int()> run);

  private:
    std::unique_ptr<State> state_;
};

class CommandLine {
  public:
    /// `version` is what --version prints.
    explicit CommandLine(const std::string& version);
    ~CommandLine();
    Command command(const std::string& name, const std::string& summary);
    /// Parses, acts, and turns every error into one line on standard error.
    /// Exit status: 0 fine, 1 the command failed, 2 the command line makes no sense.
    int run(int argc, char** argv);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace nibble
