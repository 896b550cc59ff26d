// Reading files from outside: their size is checked before a byte is allocated.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace nibble {

/// Size in bytes of a regular file. Throws IoError when there is none; the message ends with `hint`.
std::uintmax_t regular_file_size(const std::filesystem::path& path, const std::string& hint = "");

/// The whole file, which must have exactly `bytes` bytes. Throws BadInput when it has not, IoError when it
/// cannot be read.
std::string read_exactly(const std::filesystem::path& path, std::uintmax_t bytes);

/// The whole file, if it is at most `limit` bytes long; BadInput otherwise.
std::string read_at_most(const std::filesystem::path& path, std::uintmax_t limit);

}  // namespace nibble
