#include "experiments/support/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "engine/core/error.hpp"

namespace nibble {

namespace {
constexpr std::chrono::milliseconds kRedraw{100};
constexpr std::chrono::seconds kPlain{10};

bool set(const char* variable) {
    const char* value = std::getenv(variable);
    return value && *value;
}
}  // namespace

ProgressMode progress_mode_from(const std::string& text) {
    if (text == "auto") return ProgressMode::automatic;
    if (text == "plain") return ProgressMode::plain;
    if (text == "off") return ProgressMode::off;
    throw BadInput("--progress", "unknown mode", "auto, plain or off", "'" + text + "'");
}

std::string duration_text(double seconds) {
    const auto s = static_cast<long long>(seconds + 0.5);
    if (s >= 3600) return fmt::format("{}h{:02}m", s / 3600, s % 3600 / 60);
    if (s >= 60) return fmt::format("{}m{:02}s", s / 60, s % 60);
    return fmt::format("{}s", s);
}

Progress::Progress(ProgressMode mode, std::string label, std::size_t total, std::string unit)
    : mode_(mode),
      label_(std::move(label)),
      unit_(std::move(unit)),
      total_(total),
      begin_(Clock::now()),
      last_(begin_) {
    const char* terminal = std::getenv("TERM");
    const bool dumb = terminal && std::string(terminal) == "dumb";
    redraw_ = mode == ProgressMode::automatic && ::isatty(STDERR_FILENO) && !dumb;
    colour_ = redraw_ && !set("NO_COLOR");
}

Progress::~Progress() {
    if (drawn_) std::fputc('\n', stderr);
}

void Progress::start_at(std::size_t done) {
    first_ = done_ = done;
}

void Progress::update(std::size_t done, const std::string& note) {
    done_ = done;
    if (mode_ == ProgressMode::off) return;
    const auto now = Clock::now();
    const bool finished = done >= total_;
    if (now - last_ < (redraw_ ? Clock::duration(kRedraw) : Clock::duration(kPlain)) &&
        !(finished && redraw_))
        return;
    last_ = now;
    draw(note);
}

void Progress::draw(const std::string& note) {
    const double elapsed = std::chrono::duration<double>(last_ - begin_).count();
    const double rate = elapsed > 0 ? static_cast<double>(done_ - first_) / elapsed : 0;
    const double percent = total_ ? 100.0 * static_cast<double>(done_) / static_cast<double>(total_) : 100.0;
    std::string line = fmt::format("{} {:3.0f}%", label_, percent);
    if (rate > 0) {
        const double left = static_cast<double>(total_ - done_) / rate;
        line += fmt::format("  {:.0f} {}/s  {} left", rate, unit_, duration_text(left));
    }
    if (!note.empty()) line += "  " + note;
    if (!redraw_) {
        std::fprintf(stderr, "%s\n", line.c_str());
        return;
    }
    const char* bold = colour_ ? "\033[1m" : "";
    const char* plain = colour_ ? "\033[0m" : "";
    std::fprintf(stderr, "\r\033[K%s%s%s%s", bold, line.substr(0, label_.size()).c_str(), plain,
                 line.substr(label_.size()).c_str());
    std::fflush(stderr);
    drawn_ = true;
}

void Progress::clear_line() {
    if (drawn_) std::fputs("\r\033[K", stderr);
    drawn_ = false;
}

void Progress::say(const std::string& line) {
    if (mode_ == ProgressMode::off) return;
    clear_line();
    std::fprintf(stderr, "%s\n", line.c_str());
}

}  // namespace nibble
