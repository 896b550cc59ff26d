#include "datasets/catalog.hpp"

#include <algorithm>
#include <cstdlib>
#include <functional>

#include "datasets/cifar.hpp"
#include "datasets/glyphs.hpp"
#include "datasets/idx.hpp"
#include "datasets/image_folder.hpp"
#include "engine/core/error.hpp"

namespace nibble {
namespace {

namespace fs = std::filesystem;

/// One entry per name. `files` are relative to the data root; none means embedded.
struct Entry {
    std::string name;
    std::string folder;
    std::vector<std::string> files;
    std::function<std::unique_ptr<Dataset>(Split, const fs::path& root)> open;
    bool downloadable = true;
};

Entry cifar_entry(const CifarLayout& layout) {
    Entry entry{layout.name, layout.folder, {}, [&layout](Split split, const fs::path& root) {
                    return open_cifar(layout, split, root);
                }};
    for (const auto& files : layout.files) entry.files.insert(entry.files.end(), files.begin(), files.end());
    return entry;
}

std::unique_ptr<Dataset> open_image_folder(const std::string& name, const fs::path& path, Split split);

const std::vector<Entry>& entries() {
    static const std::vector<Entry> all{
        {"glyphs",
         "",
         {},
         [](Split split, const fs::path&) {
             return make_glyphs(split, split == Split::train ? kGlyphsTrain : kGlyphsTest);
         }},
        cifar_entry(cifar10_layout()),
        cifar_entry(cifar100_layout()),
        {"mnist",
         "MNIST/raw",
         {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
          "t10k-labels-idx1-ubyte"},
         open_mnist},
        {"imagenet",
         "imagenet",
         {"train", "val"},
         [](Split split, const fs::path& root) {
             return open_image_folder("imagenet", root / "imagenet", split);
         },
         false},
    };
    return all;
}

/// The first missing file or folder, or an empty path.
fs::path missing_file(const Entry& entry, const fs::path& root) {
    for (const std::string& file : entry.files) {
        std::error_code error;
        const fs::path path = root / entry.folder / file;
        if (!fs::exists(path, error)) return path;
    }
    return {};
}

std::unique_ptr<Dataset> open_image_folder(const std::string& name, const fs::path& path, Split split) {
    const auto is_folder = [](const fs::path& folder) {
        std::error_code error;
        return fs::is_directory(folder, error);
    };
    if (!is_folder(path))
        throw IoError("image_folder: there is no folder '" + path.string() +
                      "'; give one that holds <class>/<image> or train/ and val/");
    const bool is_split = is_folder(path / "train") && (is_folder(path / "val") || is_folder(path / "test"));
    if (is_split && split == Split::train) return std::make_unique<ImageFolder>(name, path / "train");
    if (is_split)
        return std::make_unique<ImageFolder>(name, path / (is_folder(path / "val") ? "val" : "test"));
    if (split == Split::train)
        throw BadInput(
            "image_folder: '" + path.string() +
            "' has no train/ beside val/, so it is a test set only; move the classes below train/ and val/");
    return std::make_unique<ImageFolder>(name, path);
}

std::string how_to_get(const Entry& entry) {
    if (!entry.downloadable)
        return "put its images at '" + entry.folder + "/train/<class>/<image>' and '" + entry.folder +
               "/val/<class>/<image>' below the data root, NIBBLE_DATA";
    return "run 'datasets/fetch.sh " + entry.name + "', or set NIBBLE_DATA to the folder above '" +
           entry.folder + "'";
}

}  // namespace

fs::path data_root(const fs::path& wanted) {
    if (!wanted.empty()) return wanted;
    const char* variable = std::getenv("NIBBLE_DATA");
    return variable && *variable ? fs::path(variable) : fs::path("data");
}

std::unique_ptr<Dataset> open_dataset(std::string_view name, Split split, const fs::path& root) {
    constexpr std::string_view kFolderPrefix = "image_folder:";
    if (name.starts_with(kFolderPrefix))
        return open_image_folder("image_folder", name.substr(kFolderPrefix.size()), split);
    const auto entry =
        std::find_if(entries().begin(), entries().end(), [&](const Entry& e) { return e.name == name; });
    if (entry == entries().end()) {
        std::string known;
        for (const Entry& e : entries()) known += e.name + ", ";
        throw BadInput("data set", "name", "one of " + known + "image_folder:PATH",
                       "'" + std::string(name) + "'");
    }
    const fs::path base = data_root(root);
    if (const fs::path missing = missing_file(*entry, base); !missing.empty())
        throw IoError(entry->name + ": not found: looked for '" + missing.string() + "'; " +
                      how_to_get(*entry));
    return entry->open(split, base);
}

std::vector<DatasetInfo> list_datasets(const fs::path& root) {
    const fs::path base = data_root(root);
    std::vector<DatasetInfo> list;
    for (const Entry& entry : entries()) {
        const bool available = missing_file(entry, base).empty();
        list.push_back({entry.name, available,
                        entry.files.empty() ? "built in" : (base / entry.folder).string(),
                        available ? "" : how_to_get(entry)});
    }
    return list;
}

}  // namespace nibble
