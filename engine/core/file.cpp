#include "engine/core/file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>
#include <vector>

#include "engine/core/error.hpp"

namespace nibble {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void fail(const fs::path& path, const std::string& what, int reason) {
    throw IoError(path.string() + ": " + what + " failed: " + std::strerror(reason));
}

/// An open file, closed at the end.
class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    int get() const { return fd_; }

  private:
    int fd_;
};

class RegularFile {
  public:
    explicit RegularFile(const fs::path& path)
        // NONBLOCK: else opening a pipe waits for somebody to write into it.
        : path_(path), file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
        struct stat status {};
        if (file_.get() < 0) fail(path, "opening", errno);
        if (::fstat(file_.get(), &status) != 0) fail(path, "looking at it", errno);
        if (!S_ISREG(status.st_mode)) throw IoError(path.string() + ": is no regular file");
        size_ = static_cast<std::uintmax_t>(status.st_size);
    }

    std::uintmax_t size() const { return size_; }

    std::string bytes() const {
        std::string bytes(size_, '\0');
        for (std::size_t done = 0; done < bytes.size();) {
            const ssize_t n = ::read(file_.get(), bytes.data() + done, bytes.size() - done);
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) fail(path_, "reading", errno);
            if (n == 0)
                throw IoError(path_.string() + ": ended after " + std::to_string(done) + " of " +
                              std::to_string(bytes.size()) + " bytes; check the disk and read again");
            done += static_cast<std::size_t>(n);
        }
        return bytes;
    }

  private:
    const fs::path& path_;
    Descriptor file_;
    std::uintmax_t size_ = 0;
};

constexpr std::string_view kPartial = ".partial";

/// Between "." and ".partial": digits, the process.
bool is_partial_of(const std::string& name, const std::string& whole) {
    if (!name.starts_with(whole + ".") || !name.ends_with(kPartial)) return false;
    if (name.size() <= whole.size() + 1 + kPartial.size()) return false;
    const std::string process =
        name.substr(whole.size() + 1, name.size() - whole.size() - 1 - kPartial.size());
    return process.find_first_not_of("0123456789") == std::string::npos;
}

/// A new file that this process holds locked: remove_partials_of() knows by the lock that it is being
/// written. Another process may take it for a left one between its making and its lock; then we make it
/// again.
Descriptor make_partial(const fs::path& path) {
    for (;;) {
        Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
        if (file.get() < 0) return file;
        ::flock(file.get(), LOCK_EX);  // a file system without locks has no cleaners either
        struct stat status {};
        if (::fstat(file.get(), &status) != 0 || status.st_nlink > 0) return file;
    }
}

/// The file to replace: what a link leads to, in a folder that is there.
fs::path place_of(const fs::path& named) {
    std::error_code none, folder;
    fs::path path = fs::is_symlink(named, none) ? fs::weakly_canonical(named) : named;
    if (path.has_parent_path()) fs::create_directories(path.parent_path(), folder);
    if (folder) throw IoError(path.string() + ": its folder cannot be made: " + folder.message());
    return path;
}

}  // namespace

bool is_there(const fs::path& path) {
    std::error_code unknown;
    return fs::symlink_status(path, unknown).type() != fs::file_type::not_found;
}

std::string read_file(const fs::path& path, std::uintmax_t limit) {
    const RegularFile file(path);
    if (file.size() > limit)
        throw BadInput(path.string(), "size in bytes", "at most " + std::to_string(limit),
                       std::to_string(file.size()));
    return file.bytes();
}

std::string read_exactly(const fs::path& path, std::uintmax_t bytes) {
    const RegularFile file(path);
    if (file.size() != bytes)
        throw BadInput(path.string(), "size in bytes", std::to_string(bytes),
                       std::to_string(file.size()) + " (truncated, or another file? fetch or make it again)");
    return file.bytes();
}

void require_replaceable(const fs::path& path) {
    std::error_code unknown;  // a path that cannot be looked at fails where it is written
    const fs::file_status status = fs::status(path, unknown);
    if (fs::is_directory(status)) throw IoError(path.string() + ": is a folder; name a file");
    if (fs::exists(status) && !fs::is_regular_file(status))
        throw IoError(path.string() + ": is no regular file, and would be replaced by one; name another");
}

void remove_partials_of(const fs::path& path) {
    const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
    const std::string whole = path.filename().string();
    std::error_code unreadable;
    std::vector<fs::path> found;
    for (fs::directory_iterator it(folder, unreadable), end; !unreadable && it != end;
         it.increment(unreadable))
        if (is_partial_of(it->path().filename().string(), whole)) found.push_back(it->path());
    for (const fs::path& partial : found) {
        const Descriptor file(::open(partial.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW));
        if (file.get() >= 0 && ::flock(file.get(), LOCK_EX | LOCK_NB) == 0) ::unlink(partial.c_str());
    }
}

void write_file(const fs::path& named, std::string_view bytes) {
    require_replaceable(named);
    const fs::path path = place_of(named);
    remove_partials_of(path);
    const std::string partial = path.string() + "." + std::to_string(::getpid()) + std::string(kPartial);
    const auto give_up = [&](const char* what) {
        const int reason = errno;
        ::unlink(partial.c_str());
        fail(path, what, reason);
    };
    const Descriptor file = make_partial(partial);
    if (file.get() < 0) give_up("opening for writing");
    for (std::size_t done = 0; done < bytes.size();) {
        const ssize_t n = ::write(file.get(), bytes.data() + done, bytes.size() - done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) give_up("writing");
        done += static_cast<std::size_t>(n);
    }
    // The data must reach the disk before the name does, or a crash could leave an empty file under that
    // name.
    if (::fsync(file.get()) != 0 && errno != EINVAL) give_up("flushing");
    if (::rename(partial.c_str(), path.c_str()) != 0) give_up("renaming");
}

}  // namespace nibble
