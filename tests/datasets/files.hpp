// Files for the tests of data sets: bytes and the folder of real data.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "tests/helpers/data.hpp"
#include "tests/helpers/scratch.hpp"

namespace nibble::test {

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
