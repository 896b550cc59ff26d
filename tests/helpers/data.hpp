// Where tests look for data that is not part of the repository.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace nibble::test {

/// The data root that holds `folder`: NIBBLE_DATA, if it is set; else data/, where `make data` puts it, or
/// ../shared/data beside the repository. The first of these where none holds it.
inline std::filesystem::path data_root(const std::string& folder) {
    const std::filesystem::path source = NIBBLE_SOURCE_DIR;
    std::vector<std::filesystem::path> roots{source / "data", source / ".." / "shared" / "data"};
    if (const char* variable = std::getenv("NIBBLE_DATA"); variable && *variable) roots = {variable};
    for (const std::filesystem::path& root : roots)
        if (std::filesystem::is_directory(root / folder)) return root;
    return roots.front();
}

}  // namespace nibble::test
