#include "experiments/pipeline/data.hpp"

#include <map>

#include "datasets/catalog.hpp"
#include "engine/core/json.hpp"

namespace nibble {

namespace {
Json describe(const Dataset& split) {
    return {{"images", split.size()}, {"digest", split.digest()}};
}
}  // namespace

Data open_data(const std::string& name, const StatedPreprocessing& stated) {
    return {open_dataset(name, Split::train, {}, stated), open_dataset(name, Split::test, {}, stated)};
}

const Data& shared_data(const std::string& name) {
    static std::map<std::pair<std::filesystem::path, std::string>, Data> opened;
    const std::pair key{data_root(), name};
    auto found = opened.find(key);
    if (found == opened.end()) found = opened.emplace(key, open_data(name)).first;
    return found->second;
}

Json describe(const Data& data) {
    const DatasetTraits& traits = data.train->traits();
    return {{"name", traits.name},
            {"train", describe(*data.train)},
            {"test", describe(*data.test)},
            {"shape", to_string(traits.shape)},
            {"classes", traits.classes},
            {"normalization", to_json(traits.normalization)},
            {"augmentation", {{"pad", traits.augmentation.pad}, {"flip", traits.augmentation.flip}}}};
}

}  // namespace nibble
