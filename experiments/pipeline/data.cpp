#include "experiments/pipeline/data.hpp"

#include <fmt/format.h>

#include <map>

#include "datasets/catalog.hpp"
#include "engine/core/json.hpp"

namespace nibble {

namespace {
/// 0.4914 rather than 0.49140000343322754.
Json shortest(const std::vector<float>& values) {
    Json list = Json::array();
    for (float value : values) list.push_back(std::stod(fmt::format("{}", value)));
    return list;
}

Json describe(const Dataset& split) {
    return {{"images", split.size()}, {"digest", split.digest()}};
}
}  // namespace

Data open_data(const std::string& name) {
    return {open_dataset(name, Split::train), open_dataset(name, Split::test)};
}

const Data& shared_data(const std::string& name) {
    static std::map<std::pair<std::filesystem::path, std::string>, Data> opened;
    const std::pair key{data_root(), name};
    auto found = opened.find(key);
    if (found == opened.end()) found = opened.emplace(key, open_data(name)).first;
    return found->second;
}

Json to_json(const Normalization& normalization) {
    return {{"mean", shortest(normalization.mean)}, {"std", shortest(normalization.std)}};
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
