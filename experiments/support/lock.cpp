#include "experiments/support/lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "engine/core/error.hpp"
#include "experiments/support/interrupt.hpp"

namespace nibble {

FileLock::FileLock(const std::filesystem::path& path, const std::function<void()>& waiting) {
    std::error_code folder;
    if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), folder);
    if (folder) throw IoError(path.string() + ": its folder cannot be made: " + folder.message());
    fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd_ < 0) throw IoError(path.string() + ": cannot be locked: " + std::strerror(errno));
    if (::flock(fd_, LOCK_EX | LOCK_NB) == 0) return;
    if (errno == EWOULDBLOCK && waiting) waiting();
    while (::flock(fd_, LOCK_EX) != 0) {
        const int reason = errno;
        if (reason == EINTR && interrupt_signal() == 0) continue;
        ::close(fd_);
        if (reason == EINTR)
            throw Interrupted(path.string() + ": interrupted while waiting", interrupt_signal());
        throw IoError(path.string() + ": cannot be locked: " + std::strerror(reason));
    }
}

FileLock::~FileLock() {
    ::close(fd_);
}

bool FileLock::held(const std::filesystem::path& path) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (fd < 0) return false;
    const bool free = ::flock(fd, LOCK_SH | LOCK_NB) == 0;  // others may ask at the same time
    ::close(fd);
    return !free;
}

}  // namespace nibble
