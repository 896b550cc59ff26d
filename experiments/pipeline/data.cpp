#include "experiments/pipeline/data.hpp"

#include <map>
#include <tuple>

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

const Data& shared_data(const RunConfig& config) {
    const auto* post_training = std::get_if<PostTrainingConfig>(&config);
    const StatedPreprocessing stated = post_training ? post_training->preprocessing : StatedPreprocessing();
    const std::string name = std::visit([](const auto& c) { return c.data; }, config);
    static std::map<std::tuple<std::filesystem::path, std::string, std::string>, Data> opened;
    const std::tuple key{data_root(), name, to_json(stated).dump()};
    auto found = opened.find(key);
    if (found == opened.end()) found = opened.emplace(key, open_data(name, stated)).first;
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
