// Progress of long work, on standard error.
//
// On a terminal: one line, redrawn. Elsewhere (a log file, CI, a batch system): a plain line now and then, so
// that a log shows life without being flooded.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace nibble {

enum class ProgressMode {
    automatic,  ///< a redrawn line on a terminal, plain lines elsewhere
    plain,
    off
};

/// "auto", "plain", "off". Throws BadInput.
ProgressMode progress_mode_from(const std::string& text);

class Progress {
  public:
    /// `total` and every `done` count the same thing, named by `unit` ("images").
    Progress(ProgressMode mode, std::string label, std::size_t total, std::string unit);
    /// Ends the redrawn line.
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    /// Work done before the start, by an earlier process say: counts for the percentage, not for the rate.
    void start_at(std::size_t done);
    /// Cheap: draws at most ten times a second on a terminal, every ten seconds elsewhere. `note` stands at
    /// the end.
    void update(std::size_t done, const std::string& note = "");
    /// A line of its own, above the redrawn one. Says nothing when the mode is off.
    void say(const std::string& line);

  private:
    using Clock = std::chrono::steady_clock;
    void draw(const std::string& note);
    void clear_line();

    ProgressMode mode_;
    bool redraw_ = false, colour_ = false, drawn_ = false;
    std::string label_, unit_;
    std::size_t total_, done_ = 0, first_ = 0;
    Clock::time_point begin_, last_;
};

/// "1h02m", "3m20s", "12s".
std::string duration_text(double seconds);

}  // namespace nibble
