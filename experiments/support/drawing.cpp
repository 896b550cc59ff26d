#include "experiments/support/drawing.hpp"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"

namespace nibble {

namespace {

/// A file that is nowhere but in memory; other processes find it under its path.
class MemoryFile {
  public:
    explicit MemoryFile(const std::string& bytes) : fd_(::memfd_create("nibble", MFD_CLOEXEC)) {
        if (fd_ < 0 || ::write(fd_, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()))
            throw IoError("a script for a drawing cannot be passed on");
    }
    ~MemoryFile() { ::close(fd_); }
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;
    std::string path() const { return fmt::format("/proc/{}/fd/{}", ::getpid(), fd_); }

  private:
    int fd_;
};

}  // namespace

std::string drawn_by(const std::string& command, const std::string& package, const std::string& script,
                     std::string_view end) {
    const std::string program = command.substr(0, command.find(' '));
    const MemoryFile commands(script), complaints("");
    std::FILE* pipe =
        ::popen(fmt::format("exec {} {} 2>{}", command, commands.path(), complaints.path()).c_str(), "r");
    if (!pipe) throw Error(program + ": cannot be started: " + std::strerror(errno));
    std::string drawn;
    std::array<char, 1 << 16> part;
    while (const std::size_t n = std::fread(part.data(), 1, part.size(), pipe)) drawn.append(part.data(), n);
    const bool failed = std::ferror(pipe) != 0;
    const int status = ::pclose(pipe);
    constexpr int kNotFound = 127;  // of the shell
    if (WIFEXITED(status) && WEXITSTATUS(status) == kNotFound)
        throw Unsupported(fmt::format("{} is not installed (apt-get install {})", program, package));
    if (failed || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        throw Error(program + ": failed: " + read_file(complaints.path()));
    const std::size_t last = drawn.find_last_not_of('\n') + 1;
    if (last < end.size() || drawn.compare(last - end.size(), end.size(), end) != 0)
        throw Error(program + ": failed: its drawing has no end");
    return drawn;
}

}  // namespace nibble
