// Files for the tests of data sets: scratch folders, bytes, and the folder of real data.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>

#include "tests/helpers/data.hpp"

namespace nibble::test {

/// A folder of its own below the system's temporary one, removed at the end.
class Scratch {
  public:
    Scratch() {
        std::string name = (std::filesystem::temp_directory_path() / "nibble-XXXXXX").string();
        if (!mkdtemp(name.data())) throw std::runtime_error("cannot make a scratch folder " + name);
        path_ = name;
    }
    ~Scratch() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
    const std::filesystem::path& path() const { return path_; }

    /// Writes a file, making its folders.
    std::filesystem::path write(const std::string& name, const std::string& bytes) const {
        const std::filesystem::path path = path_ / name;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << bytes;
        return path;
    }

  private:
    std::filesystem::path path_;
};

/// The data root that holds `folder`, if one does.
inline std::optional<std::filesystem::path> real_data(const std::string& folder) {
    const std::filesystem::path root = data_root(folder);
    return std::filesystem::is_directory(root / folder) ? std::optional(root) : std::nullopt;
}

/// The message of the exception that `call` throws; empty if none.
template <class Call>
std::string error_of(Call call) {
    try {
        call();
    } catch (const std::exception& error) {
        return error.what();
    }
    return {};
}

inline bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != text.npos;
}

}  // namespace nibble::test
