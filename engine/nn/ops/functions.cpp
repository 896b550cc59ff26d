// Functions of one element.
//
//   leaky ReLU    y = x < 0 ? slope x : x
//   hard sigmoid  y = clamp(x + 3, 0, 6) / 6
//   hard swish    y = x clamp(x + 3, 0, 6) / 6
//   sigmoid       y = 1 / (1 + e^-x), in double, rounded once
//   SiLU          y = x / (1 + e^-x), likewise
#include "engine/core/math.hpp"
#include "engine/nn/ops/list.hpp"

namespace nibble {
namespace {

double logistic(float x) {
    return 1.0 / (1.0 + exact_exp(-static_cast<double>(x)));
}
float sixths(float x) {
    return Clamp{0, 6}(x + 3.0f);
}
bool bends(float x) {
    return x > -3.0f && x < 3.0f;
}

struct LeakyRelu {
    static float value(const Node& node, float x) { return x < 0 ? node.slope * x : x; }
    static float slope(const Node& node, float x) { return x < 0 ? node.slope : 1.0f; }
};
struct HardSigmoid {
    static float value(const Node&, float x) { return sixths(x) / 6.0f; }
    static float slope(const Node&, float x) { return bends(x) ? 1.0f / 6.0f : 0.0f; }
};
struct HardSwish {
    static float value(const Node&, float x) { return x * sixths(x) / 6.0f; }
    static float slope(const Node&, float x) {
        return bends(x) ? (2.0f * x + 3.0f) / 6.0f : x < 0 ? 0.0f : 1.0f;
    }
};
struct Sigmoid {
    static float value(const Node&, float x) { return static_cast<float>(logistic(x)); }
    static float slope(const Node&, float x) {
        const double y = logistic(x);
        return static_cast<float>(y * (1.0 - y));
    }
};
struct Silu {
    static float value(const Node&, float x) {
        return static_cast<float>(static_cast<double>(x) * logistic(x));
    }
    static float slope(const Node&, float x) {
        const double y = logistic(x);
        return static_cast<float>(y + static_cast<double>(x) * y * (1.0 - y));
    }
};

template <class F>
void forward(const Node& node, std::span<const OpInput> in, const Weights&, float* out) {
    for (std::size_t i = 0; i < node.out.size(); ++i) out[i] = F::value(node, in[0].values[i]);
}

template <class F>
void backward(const Node& node, std::span<const OpInput> in, const float* dy, std::span<float* const> dx) {
    for (std::size_t i = 0; i < node.out.size(); ++i) dx[0][i] += dy[i] * F::slope(node, in[0].values[i]);
}

template <class F>
constexpr Operation elementwise(const char* name, Sign sign) {
    return {.name = name,
            .operands = 1,
            .on_codes = OnCodes::reals,
            .sign = sign,
            .fuses = false,
            .elementwise = true,
            .output = [](const Node&, std::span<const Dims> in) { return in[0]; },
            .forward = forward<F>,
            .backward = backward<F>};
}

}  // namespace

const Operation kLeakyRelu = elementwise<LeakyRelu>("leaky_relu", Sign::of_operands);
const Operation kHardSigmoid = elementwise<HardSigmoid>("hard_sigmoid", Sign::non_negative);
const Operation kHardSwish = elementwise<HardSwish>("hard_swish", Sign::of_operands);
const Operation kSigmoid = elementwise<Sigmoid>("sigmoid", Sign::non_negative);
const Operation kSilu = elementwise<Silu>("silu", Sign::of_operands);

}  // namespace nibble
