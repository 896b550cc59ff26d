#include "experiments/pipeline/cost.hpp"

#include "engine/core/json.hpp"

namespace nibble {

Json to_json(const Cost& cost) {
    return {{"macs", cost.multiplications},
            {"linear_cost", cost.linear},
            {"quadratic_cost", cost.quadratic},
            {"weight_bytes", bytes_of(cost.weight_memory)},
            {"activation_bytes", bytes_of(cost.activation_memory)}};
}

Json ratios(const Cost& cost, const Cost& other) {
    const auto ratio = [](std::uint64_t a, std::uint64_t b) {
        return static_cast<double>(a) / static_cast<double>(b);
    };
    return {{"macs", ratio(cost.multiplications, other.multiplications)},
            {"linear_cost", ratio(cost.linear, other.linear)},
            {"quadratic_cost", ratio(cost.quadratic, other.quadratic)},
            {"weight_bytes", ratio(cost.weight_memory, other.weight_memory)},
            {"activation_bytes", ratio(cost.activation_memory, other.activation_memory)}};
}

}  // namespace nibble
