#include "datasets/images/image_list.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <optional>
#include <string_view>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"

namespace nibble {
namespace {

namespace fs = std::filesystem;

/// A file that lists images, and where these may lie.
struct ListLayout {
    Split split;
    const char* list;
    std::vector<const char*> folders;
};

const std::vector<ListLayout>& layouts() {
    static const std::vector<ListLayout> all{
        {Split::test, "val_labels.txt", {"val", "."}},
        {Split::test, "val.txt", {"val", "ILSVRC/Data/CLS-LOC/val", "."}},
        {Split::test, "LOC_val_solution.csv", {"val", "ILSVRC/Data/CLS-LOC/val", "."}},
        {Split::train, "train_labels.txt", {"train", "."}},
        {Split::train, "train.txt", {"train", "ILSVRC/Data/CLS-LOC/train", "."}},
        {Split::train, "calibration_labels.txt", {"calibration", "."}},
    };
    return all;
}

const ListLayout* find_layout(const fs::path& folder, Split split) {
    for (const ListLayout& layout : layouts())
        if (layout.split == split && is_there(folder / layout.list)) return &layout;
    return nullptr;
}

std::vector<std::string> lines_of(const fs::path& path) {
    const std::string text = read_file(path);
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        std::string line = text.substr(at, end - at);
        while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
        lines.push_back(std::move(line));
        at = end + 1;
    }
    return lines;
}

/// Class of each synset; empty when no file names them.
std::map<std::string, int> read_synsets(const fs::path& folder) {
    for (const char* name : {"synsets.txt", "LOC_synset_mapping.txt"}) {
        if (!is_there(folder / name)) continue;
        std::map<std::string, int> classes;
        for (const std::string& line : lines_of(folder / name))
            if (!line.empty() && !classes.emplace(line.substr(0, line.find(' ')), classes.size()).second)
                throw BadInput((folder / name).string() + ": names " + line +
                               " twice; every line is another class");
        return classes;
    }
    return {};
}

/// Of one line "name label"; a name may hold spaces.
std::optional<ImageFile> labelled(std::string_view line) {
    const std::size_t space = line.find_last_of(" \t");
    if (space == line.npos) return std::nullopt;
    const std::string_view number = line.substr(space + 1);
    const std::size_t name_end = line.find_last_not_of(" \t", space);
    ImageFile file;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), file.label);
    if (name_end == line.npos || error != std::errc() || end != number.data() + number.size() ||
        file.label < 0 || file.label == std::numeric_limits<int>::max())
        return std::nullopt;
    file.name = line.substr(0, name_end + 1);
    return file;
}

/// Of one line "ILSVRC2012_val_00048981,n03995372 85 131 499 499".
std::optional<ImageFile> of_solution(std::string_view line, const std::map<std::string, int>& synsets) {
    const std::size_t comma = line.find(',');
    if (comma == 0 || comma == line.npos) return std::nullopt;
    const std::string_view boxes = line.substr(comma + 1);
    const auto found = synsets.find(std::string(boxes.substr(0, boxes.find(' '))));
    if (found == synsets.end()) return std::nullopt;
    return ImageFile{std::string(line.substr(0, comma)) + ".JPEG", found->second};
}

bool leads_out(const fs::path& name) {
    return name.is_absolute() || std::find(name.begin(), name.end(), "..") != name.end();
}

std::vector<ImageFile> read_list(const fs::path& path, const std::map<std::string, int>& synsets) {
    const bool solution = path.extension() == ".csv";
    if (solution && synsets.empty())
        throw IoError(path.string() + ": names synsets; put LOC_synset_mapping.txt or synsets.txt beside it");
    std::vector<ImageFile> files;
    std::size_t number = 0;
    for (const std::string& line : lines_of(path)) {
        ++number;
        if (line.empty() || (solution && number == 1)) continue;
        const auto file = solution ? of_solution(line, synsets) : labelled(line);
        const std::string where = path.string() + ": line " + std::to_string(number);
        if (!file || leads_out(file->name))
            throw BadInput(where, "image and class",
                           solution ? "an image, and a synset that is listed" : "'name label'",
                           "'" + line + "'");
        if (!synsets.empty() && file->label >= static_cast<int>(synsets.size()))
            throw BadInput(where, "label", "below " + std::to_string(synsets.size()),
                           std::to_string(file->label));
        files.push_back(*file);
    }
    if (files.empty()) throw BadInput(path.string() + ": lists no image");
    return files;
}

/// The first folder that holds the first image.
fs::path find_root(const fs::path& folder, const ListLayout& layout, const ImageFile& first) {
    for (const char* below : layout.folders)
        if (is_there(folder / below / first.name)) return (folder / below).lexically_normal();
    throw IoError((folder / layout.list).string() + ": its first image, " + first.name + ", is not in '" +
                  (folder / layout.folders.front()).string() + "', nor beside the list");
}

[[noreturn]] void refuse_folder(const fs::path& folder, Split split) {
    std::string names;
    for (const ListLayout& layout : layouts())
        if (layout.split == split) names += (names.empty() ? "" : ", ") + std::string(layout.list);
    const char* devkit = "ILSVRC2012_validation_ground_truth.txt";
    for (const char* below : {"", "data", "ILSVRC2012_devkit_t12/data"})
        if (split == Split::test && is_there(folder / below / devkit))
            throw Unsupported(
                (folder / below / devkit).string() +
                ": numbers classes in the devkit's order, which only its meta.mat translates; use "
                "Kaggle's LOC_val_solution.csv and LOC_synset_mapping.txt, or write val_labels.txt");
    throw IoError("image_list: '" + folder.string() + "' has no list of " +
                  (split == Split::test ? "test" : "training") + " images; looked for " + names);
}

ImageFileSet listed_files(const fs::path& folder, Split split) {
    const ListLayout* layout = find_layout(folder, split);
    if (!layout) refuse_folder(folder, split);
    const auto synsets = read_synsets(folder);
    ImageFileSet set{"list", {}, read_list(folder / layout->list, synsets), static_cast<int>(synsets.size())};
    set.root = find_root(folder, *layout, set.files.front());
    if (!synsets.empty()) return set;
    const auto largest = [](const std::vector<ImageFile>& files) {
        return std::max_element(files.begin(), files.end(),
                                [](auto& a, auto& b) { return a.label < b.label; })
            ->label;
    };
    set.classes = largest(set.files) + 1;
    if (const ListLayout* other = find_layout(folder, split == Split::test ? Split::train : Split::test))
        set.classes = std::max(set.classes, largest(read_list(folder / other->list, synsets)) + 1);
    return set;
}

}  // namespace

bool has_image_list(const fs::path& folder, Split split) {
    return find_layout(folder, split) != nullptr;
}

ImageList::ImageList(const std::string& name, const fs::path& folder, Split split, const Geometry& geometry)
    : ImageFiles(name, listed_files(folder, split), geometry) {}

}  // namespace nibble
