#include "engine/nn/units/operand.hpp"

#include <doctest/doctest.h>

#include <numeric>

#include "engine/kernels/dispatch.hpp"

namespace nibble {
namespace {

TEST_CASE("operand: the image lies within zeros, and zeros follow it") {
    Weights weights, gradients;
    const Context context{kernels::active(), Numerics::f32, false, 1, weights, gradients, nullptr};
    const Dims dims{2, 3, 4};
    std::vector<float> image(dims.size());
    std::iota(image.begin(), image.end(), 1.0f);
    const Border border{.top = 1, .left = 2, .rows = 4, .cols = 6};
    Buffer buffer;
    kernels::Normalize view{};
    view.storage = kernels::Storage::f32;
    view.src = image.data();
    for (int repeat = 0; repeat < 2; ++repeat) {  // a buffer that was used before is cleared
        const auto* operand = static_cast<const float*>(input_operand(context, view, dims, border, buffer));
        std::size_t next = 0;
        for (int r = 0; r < border.rows; ++r)
            for (int c = 0; c < border.cols; ++c)
                for (int k = 0; k < dims.c; ++k) {
                    const bool inside = r >= 1 && r < 3 && c >= 2 && c < 5;
                    CHECK(*operand++ == (inside ? image[next++] : 0.0f));
                }
        for (int k = 0; k < kOperandSlack; ++k) CHECK(*operand++ == 0.0f);
    }
    // Without a border, an image of floats that nothing is done to serves as it is.
    const Border none{.rows = dims.h, .cols = dims.w};
    CHECK(input_operand(context, view, dims, none, buffer) == image.data());
}

}  // namespace
}  // namespace nibble
