// Reading files from outside: their size is checked before a byte is allocated.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace nibble {

/// The whole file, which must have exactly `bytes` bytes. Throws BadInput when it has not, IoError when it
/// cannot be read.
std::string read_exactly(const std::filesystem::path& path, std::uintmax_t bytes);

/// The whole file, if it is at most `limit` bytes long; BadInput otherwise.
std::string read_at_most(const std::filesystem::path& path, std::uintmax_t limit);

}  // namespace nibble
