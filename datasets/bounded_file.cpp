#include "datasets/bounded_file.hpp"

#include <fstream>

#include "engine/core/error.hpp"

namespace nibble {
namespace {

std::uintmax_t regular_file_size(const std::filesystem::path& path) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(path, error)) throw IoError(path.string() + ": no such file");
    const std::uintmax_t size = std::filesystem::file_size(path, error);
    if (error) throw IoError(path.string() + ": " + error.message());
    return size;
}

std::string read_bytes(const std::filesystem::path& path, std::uintmax_t bytes) {
    std::ifstream in(path, std::ios::binary);
    if (!in) throw IoError(path.string() + ": cannot be opened; check its permissions");
    std::string text(bytes, '\0');
    in.read(text.data(), static_cast<std::streamsize>(bytes));
    if (static_cast<std::uintmax_t>(in.gcount()) != bytes)
        throw IoError(path.string() + ": reading stopped after " + std::to_string(in.gcount()) + " of " +
                      std::to_string(bytes) + " bytes; check the disk and read again");
    return text;
}

}  // namespace

std::string read_exactly(const std::filesystem::path& path, std::uintmax_t bytes) {
    const std::uintmax_t found = regular_file_size(path);
    if (found != bytes)
        throw BadInput(
            path.string(), "size in bytes", std::to_string(bytes),
            std::to_string(found) + " (truncated or another file? fetch it again with datasets/fetch.sh)");
    return read_bytes(path, bytes);
}

std::string read_at_most(const std::filesystem::path& path, std::uintmax_t limit) {
    const std::uintmax_t found = regular_file_size(path);
    if (found > limit)
        throw BadInput(path.string(), "size in bytes", "at most " + std::to_string(limit),
                       std::to_string(found));
    return read_bytes(path, found);
}

}  // namespace nibble
