// Files, read and written whole.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace nibble {

/// More than any text has that we read: results, grids, pages.
inline constexpr std::uintmax_t kLargestText = std::uintmax_t{64} << 20;

/// Whether something has this name, be it a link that leads nowhere: reading it says what is wrong.
bool is_there(const std::filesystem::path& path);

/// The bytes of a regular file, or of one that a link leads to. Throws IoError for anything else (a folder, a
/// pipe, a device), when it cannot be opened, and when it ends before its size; BadInput, before a byte is
/// allocated, when it has more than `limit` bytes.
std::string read_file(const std::filesystem::path& path, std::uintmax_t limit = kLargestText);

/// The same for a file that must have exactly `bytes` bytes: BadInput when it has not.
std::string read_exactly(const std::filesystem::path& path, std::uintmax_t bytes);

/// Throws IoError if `path` is there and a rename must not replace it: a folder, a device (/dev/null), a pipe.
void require_replaceable(const std::filesystem::path& path);

/// Writes through PATH.<process>.partial and a rename: readers see the old file or the new one, never a part,
/// whatever happens to the program or the machine. Makes the folder. Of a symbolic link, the file it leads to
/// is replaced. Throws IoError (disk full, no permission) and leaves nothing behind.
void write_file(const std::filesystem::path& path, std::string_view bytes);

/// Removes the partial files of `path` that killed processes left. write_file() does it, too.
void remove_partials_of(const std::filesystem::path& path);

}  // namespace nibble
