// One process at a time: an advisory lock on a file, released by the system when the process ends, however it
// ends.
#pragma once

#include <filesystem>
#include <functional>

namespace nibble {

class FileLock {
  public:
    /// Waits until no other process holds the lock; `waiting` is called once if that takes time.
    /// Throws IoError when the file cannot be made, Interrupted when a signal ends the wait.
    explicit FileLock(const std::filesystem::path& path, const std::function<void()>& waiting = {});
    ~FileLock();
    FileLock(const FileLock&) = delete;
    FileLock& operator=(const FileLock&) = delete;

    /// True if some process, this one included, holds the lock now. Makes no file.
    static bool held(const std::filesystem::path& path);

  private:
    int fd_;
};

}  // namespace nibble
