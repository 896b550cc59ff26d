#include "experiments/harness/run_config.hpp"

#include "engine/core/json.hpp"

namespace nibble {

Json to_json(const RunConfig& config) {
    return std::visit([](const auto& c) { return to_json(c); }, config);
}

}  // namespace nibble
