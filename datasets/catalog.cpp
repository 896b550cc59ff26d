#include "datasets/catalog.hpp"

#include <algorithm>
#include <cstdlib>
#include <functional>

#include "datasets/cifar.hpp"
#include "datasets/glyphs.hpp"
#include "datasets/idx.hpp"
#include "datasets/images/image_folder.hpp"
#include "datasets/images/image_list.hpp"
#include "datasets/prepared.hpp"
#include "engine/core/error.hpp"

namespace nibble {
namespace {

namespace fs = std::filesystem;

using Open = std::function<std::unique_ptr<Dataset>(Split, const fs::path& root, const Geometry&)>;

/// One entry per name. `files` are relative to the folder, and that to the data root; none means embedded.
struct Entry {
    std::string name;
    std::string folder;
    std::vector<std::string> files;
    Open open;
    std::string how = {};  ///< to get it, where datasets/fetch.sh cannot: images that may be named by lists
};

bool is_folder(const fs::path& folder) {
    std::error_code error;
    return fs::is_directory(folder, error);
}

Entry cifar_entry(const CifarLayout& layout) {
    Entry entry{
        layout.name, layout.folder, {}, [&layout](Split split, const fs::path& root, const Geometry&) {
            return open_cifar(layout, split, root);
        }};
    for (const auto& files : layout.files) entry.files.insert(entry.files.end(), files.begin(), files.end());
    return entry;
}

std::unique_ptr<Dataset> open_list(const std::string& name, const fs::path& folder, Split split,
                                   const Geometry& geometry) {
    return std::make_unique<ImageList>(name, folder, split, geometry);
}

/// Each split is a list or class folders; both number classes in the order of sorted synsets.
std::unique_ptr<Dataset> open_imagenet(Split split, const fs::path& root, const Geometry& geometry) {
    const fs::path folder = root / "imagenet";
    if (has_image_list(folder, Split::test)) {
        constexpr std::size_t kTestImages = 50000;
        const std::size_t listed = ImageList("imagenet", folder, Split::test).size();
        if (listed != kTestImages)
            throw BadInput(folder.string(), "listed test images", "ImageNet's " + std::to_string(kTestImages),
                           std::to_string(listed) + "; use imagenet-subset or image_list:FOLDER");
    }
    if (has_image_list(folder, split)) return open_list("imagenet", folder, split, geometry);
    return std::make_unique<ImageFolder>("imagenet", folder / (split == Split::train ? "train" : "val"),
                                         geometry);
}

const std::vector<Entry>& entries() {
    static const std::vector<Entry> all{
        {"glyphs",
         "",
         {},
         [](Split split, const fs::path&, const Geometry&) {
             return make_glyphs(split, split == Split::train ? kGlyphsTrain : kGlyphsTest);
         }},
        cifar_entry(cifar10_layout()),
        cifar_entry(cifar100_layout()),
        {"mnist",
         "MNIST/raw",
         {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
          "t10k-labels-idx1-ubyte"},
         [](Split split, const fs::path& root, const Geometry&) { return open_mnist(split, root); }},
        {"imagenet",
         "imagenet",
         {"train", "val"},
         open_imagenet,
         "put its images at 'imagenet/train/<class>/<image>' and 'imagenet/val/<class>/<image>' below the "
         "data root, "
         "NIBBLE_DATA, or lists of them (datasets/README.md)"},
        {"imagenet-subset",
         "imagenet",
         {"val_labels.txt", "calibration_labels.txt"},
         [](Split split, const fs::path& root, const Geometry& geometry) {
             return open_list("imagenet-subset", root / "imagenet", split, geometry);
         },
         "put some test images at 'imagenet/val/', their list at 'imagenet/val_labels.txt' below the data "
         "root, "
         "NIBBLE_DATA, and training images likewise as calibration"},
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

std::unique_ptr<Dataset> open_image_folder(const std::string& name, const fs::path& path, Split split,
                                           const Geometry& geometry) {
    if (!is_folder(path))
        throw IoError("image_folder: there is no folder '" + path.string() +
                      "'; give one that holds <class>/<image> or train/ and val/");
    const bool is_split = is_folder(path / "train") && (is_folder(path / "val") || is_folder(path / "test"));
    if (is_split && split == Split::train)
        return std::make_unique<ImageFolder>(name, path / "train", geometry);
    if (is_split)
        return std::make_unique<ImageFolder>(name, path / (is_folder(path / "val") ? "val" : "test"),
                                             geometry);
    if (split == Split::train)
        throw BadInput(
            "image_folder: '" + path.string() +
            "' has no train/ beside val/, so it is a test set only; move the classes below train/ and val/");
    return std::make_unique<ImageFolder>(name, path, geometry);
}

std::string how_to_get(const Entry& entry) {
    if (!entry.how.empty()) return entry.how;
    return "run 'datasets/fetch.sh " + entry.name + "', or set NIBBLE_DATA to the folder above '" +
           entry.folder + "'";
}

std::unique_ptr<Dataset> open_entry(std::string_view name, Split split, const fs::path& base,
                                    const Geometry& geometry) {
    const auto entry =
        std::find_if(entries().begin(), entries().end(), [&](const Entry& e) { return e.name == name; });
    if (entry == entries().end()) {
        std::string known;
        for (const Entry& e : entries()) known += e.name + ", ";
        throw BadInput("data set", "name", "one of " + known + "image_folder:PATH, image_list:FOLDER",
                       "'" + std::string(name) + "'");
    }
    const fs::path missing = missing_file(*entry, base);
    const bool listed = !entry->how.empty() && has_image_list(base / entry->folder, split);
    if (!missing.empty() && !listed)
        throw IoError(entry->name + ": not found: looked for '" + missing.string() + "'; " +
                      how_to_get(*entry));
    return entry->open(split, base, geometry);
}

}  // namespace

fs::path data_root(const fs::path& wanted) {
    if (!wanted.empty()) return wanted;
    const char* variable = std::getenv("NIBBLE_DATA");
    return variable && *variable ? fs::path(variable) : fs::path("data");
}

std::unique_ptr<Dataset> open_dataset(std::string_view name, Split split, const fs::path& root,
                                      const StatedPreprocessing& stated) {
    constexpr std::string_view kFolder = "image_folder:", kList = "image_list:";
    const Geometry geometry = stated.geometry(imagenet_geometry());
    std::unique_ptr<Dataset> images;
    if (name.starts_with(kFolder))
        images = open_image_folder("image_folder", name.substr(kFolder.size()), split, geometry);
    else if (name.starts_with(kList))
        images = open_list("image_list", name.substr(kList.size()), split, geometry);
    else
        images = open_entry(name, split, data_root(root), geometry);
    if (stated == StatedPreprocessing()) return images;
    return std::make_unique<Prepared>(std::move(images), stated);
}

std::vector<std::string> class_names_of(std::string_view dataset) {
    if (dataset == "cifar10")
        return {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"};
    if (dataset == "glyphs") return {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
    return {};
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
