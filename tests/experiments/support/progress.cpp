#include "experiments/support/progress.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "tests/helpers/scratch.hpp"

namespace nibble {
namespace {

/// What `work` writes to standard error, which is a file meanwhile.
template <class Work>
std::string captured(const Work& work) {
    const test::Scratch scratch("progress");
    const std::string path = (scratch / "err").string();
    std::fflush(stderr);
    const int before = ::dup(STDERR_FILENO), file = ::open(path.c_str(), O_CREAT | O_WRONLY, 0600);
    ::dup2(file, STDERR_FILENO);
    work();
    std::fflush(stderr);
    ::dup2(before, STDERR_FILENO);
    ::close(before);
    ::close(file);
    return read_file(path);
}

TEST_CASE("progress: modes by name") {
    CHECK(progress_mode_from("auto") == ProgressMode::automatic);
    CHECK(progress_mode_from("plain") == ProgressMode::plain);
    CHECK(progress_mode_from("off") == ProgressMode::off);
    CHECK_THROWS_AS(progress_mode_from("on"), BadInput);
}

TEST_CASE("progress: durations are rounded to what a reader wants to know") {
    CHECK(duration_text(0.4) == "0s");
    CHECK(duration_text(59.4) == "59s");
    CHECK(duration_text(59.6) == "1m00s");
    CHECK(duration_text(200) == "3m20s");
    CHECK(duration_text(3720) == "1h02m");
}

TEST_CASE("progress: a log gets whole lines, seldom, and nothing when it is off") {
    const std::string log = captured([] {
        Progress progress(ProgressMode::plain, "train", 10, "images");
        for (std::size_t done = 1; done <= 10; ++done) progress.update(done);  // within the first ten seconds
        progress.say("a line");
    });
    CHECK(log == "a line\n");
    CHECK(captured([] {
              Progress progress(ProgressMode::off, "train", 10, "images");
              progress.update(10);
              progress.say("a line");
          }).empty());
}

}  // namespace
}  // namespace nibble
