#include "datasets/images/image_folder.hpp"

#include <set>

#include "datasets/images/decode.hpp"
#include "engine/core/error.hpp"

namespace nibble {
namespace {

namespace fs = std::filesystem;

/// Sorted names of the entries of `folder` for which keep(entry) holds.
template <class Keep>
std::vector<std::string> sorted_names(const fs::path& folder, Keep keep) {
    std::error_code error;
    std::set<std::string> names;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
        if (keep(*it)) names.insert(it->path().filename().string());
    if (error)
        throw IoError(folder.string() + ": " + error.message() + "; expected a folder ROOT/<class>/<image>");
    return {names.begin(), names.end()};
}

std::vector<std::string> class_folders(const fs::path& root) {
    auto names = sorted_names(root, [](const fs::directory_entry& entry) {
        std::error_code error;
        return entry.is_directory(error);
    });
    if (names.empty())
        throw BadInput(root.string() + ": has no class folders; expected ROOT/<class>/<image>");
    return names;
}

ImageFileSet files_of(const fs::path& root) {
    const std::vector<std::string> class_names = class_folders(root);
    ImageFileSet set{"folder", root, {}, static_cast<int>(class_names.size())};
    for (std::size_t label = 0; label < class_names.size(); ++label) {
        const fs::path folder = root / class_names[label];
        const auto names = sorted_names(folder, [](const fs::directory_entry& entry) {
            std::error_code error;
            return entry.is_regular_file(error) && has_image_extension(entry.path());
        });
        if (names.empty())
            throw BadInput(folder.string() + ": holds no image (.jpg, .png, ...); remove the folder");
        for (const std::string& image : names)
            set.files.push_back({class_names[label] + "/" + image, static_cast<int>(label)});
    }
    return set;
}

}  // namespace

ImageFolder::ImageFolder(const std::string& name, const fs::path& root, const Geometry& geometry)
    : ImageFiles(name, files_of(root), geometry) {}

}  // namespace nibble
