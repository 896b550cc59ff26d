#include "experiments/commands/command_line.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>

#include "engine/core/error.hpp"
#include "experiments/support/interrupt.hpp"

namespace nibble {

struct Command::State {
    CLI::App* app;
    CLI::Option* last = nullptr;
    std::function<int()>* action;
};

struct CommandLine::State {
    CLI::App app{"Nibble: a reproducible benchmark suite for low-bit convolutional networks"};
    std::map<CLI::App*, std::function<int()>> actions;
};

Command::Command(std::unique_ptr<State> state) : state_(std::move(state)) {}
Command::~Command() = default;
Command::Command(Command&&) noexcept = default;

namespace {
template <class T>
CLI::Option* add(CLI::App* app, const std::string& names, T& value, const std::string& help) {
    return app->add_option(names, value, help)->capture_default_str();
}
}  // namespace

Command& Command::option(const std::string& names, std::string& value, const std::string& help) {
    state_->last = add(state_->app, names, value, help);
    return *this;
}
Command& Command::option(const std::string& names, int& value, const std::string& help) {
    state_->last = add(state_->app, names, value, help);
    return *this;
}
Command& Command::option(const std::string& names, double& value, const std::string& help) {
    state_->last = add(state_->app, names, value, help);
    return *this;
}
Command& Command::option(const std::string& names, std::uint64_t& value, const std::string& help) {
    state_->last = add(state_->app, names, value, help);
    return *this;
}
Command& Command::flag(const std::string& names, bool& value, const std::string& help) {
    state_->last = state_->app->add_flag(names, value, help);
    return *this;
}
Command& Command::positional(const std::string& name, std::vector<std::string>& values,
                             const std::string& help) {
    state_->last = state_->app->add_option(name, values, help);
    return *this;
}
Command& Command::required() {
    state_->last->required();
    return *this;
}
Command& Command::examples(const std::string& text) {
    state_->app->footer("Examples:\n" + text);
    return *this;
}
Command& Command::action(std::function<int()> run) {
    *state_->action = std::move(run);
    return *this;
}

CommandLine::CommandLine(const std::string& version) : state_(std::make_unique<State>()) {
    state_->app.set_version_flag("--version", version);
    state_->app.require_subcommand(1);
    state_->app.footer("'nibble COMMAND --help' shows a command's options and examples.");
    state_->app.get_formatter()->column_width(34);
}
CommandLine::~CommandLine() = default;

Command CommandLine::command(const std::string& name, const std::string& summary) {
    CLI::App* app = state_->app.add_subcommand(name, summary);
    auto state = std::make_unique<Command::State>();
    state->app = app;
    state->action = &state_->actions[app];
    return Command(std::move(state));
}

namespace {
int failed(const std::string& what, int status) {
    std::fprintf(stderr, "nibble: %s\n", one_line(what).c_str());
    return status;
}
}  // namespace

int CommandLine::run(int argc, char** argv) {
    try {
        state_->app.parse(argc, argv);
    } catch (const CLI::Success& asked) {  // --help, --version
        const int status = state_->app.exit(asked);
        std::cout.flush();
        return std::cout ? status : failed("standard output cannot be written", 1);
    } catch (const CLI::ParseError& e) {
        const auto chosen = state_->app.get_subcommands();
        if (chosen.empty() && argc > 1 && argv[1][0] != '-')
            return failed("there is no command '" + std::string(argv[1]) + "' (see 'nibble --help')", 2);
        const std::string command = chosen.empty() ? "nibble" : "nibble " + chosen.front()->get_name();
        return failed(one_line(e.what()) + " (see '" + command + " --help')", 2);
    }
    try {
        return state_->actions.at(state_->app.get_subcommands().front())();
    } catch (const Interrupted& e) {
        return failed(e.what(), 128 + e.signal());
    } catch (const std::bad_alloc&) {
        return failed("out of memory", 1);
    } catch (const std::exception& e) {
        return failed(e.what(), 1);
    }
}

}  // namespace nibble
