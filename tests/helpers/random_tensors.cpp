#include "tests/helpers/random_tensors.hpp"

#include <cmath>

#include "engine/core/math.hpp"
#include "engine/core/rng.hpp"

namespace nibble::test {
namespace {

float laplace(Random& random) {
    const double u = random.uniform() + 0x1p-25;  // never 0
    return static_cast<float>(exact_log(u < 0.5 ? 2 * u : 2 - 2 * u) / std::sqrt(2.0)) *
           (u < 0.5 ? 1.0f : -1.0f);
}

}  // namespace

std::vector<float> normal_values(std::size_t n, std::uint32_t stream) {
    Random random(11, Purpose::test, 0, stream);
    std::vector<float> values(n);
    for (float& v : values) v = random.normal();
    return values;
}

std::vector<float> laplace_values(std::size_t n, std::uint32_t stream) {
    Random random(12, Purpose::test, 0, stream);
    std::vector<float> values(n);
    for (float& v : values) v = laplace(random);
    return values;
}

std::vector<float> random_tensor(std::uint32_t stream, std::uint32_t largest) {
    Random random(13, Purpose::test, 0, stream);
    const std::uint32_t kind = stream % 12;
    std::vector<float> values(kind == 0 ? 1 : 1 + random.below(largest));
    const float equal = random.normal();
    for (float& v : values) {
        switch (kind) {
            case 1:
                v = equal;
                break;
            case 2:  // ties, and quotients that are half-integers
                v = 0.25f * static_cast<float>(static_cast<int>(random.below(33)) - 16);
                break;
            case 3:  // mostly zeros
                v = random.below(4) ? 0.0f : random.normal();
                break;
            case 4:
                v = std::abs(random.normal());
                break;
            case 5:
                v = -std::abs(laplace(random));
                break;
            case 6:
                v = laplace(random);
                break;
            case 7:  // one outlier
                v = &v == values.data() ? 30 * random.normal() : random.normal();
                break;
            case 8:  // 60 orders of magnitude
                v = std::ldexp(random.normal(), static_cast<int>(random.below(200)) - 100);
                break;
            case 9:
                v = random.normal() * 4e37f;
                break;
            case 10:
                v = random.normal() * 1e-36f;
                break;
            default:
                v = random.normal();
        }
    }
    return values;
}

}  // namespace nibble::test
