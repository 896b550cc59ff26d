// normalize, moments, mask_gradient and normalize_backward of the reference against their equations.
#include <cmath>

#include "tests/engine/kernels/contenders.hpp"

namespace nibble::kernels::test {

TEST_CASE("reference passes are close to their equations in double precision") {
    constexpr int kPixelCount = 70, kChannelCount = 3;
    constexpr std::size_t kCount = kPixelCount * kChannelCount;
    const auto src = draw(kCount, Kind::ordinary, 1), residual = draw(kCount, Kind::ordinary, 2);
    const auto a = draw(kChannelCount, Kind::ordinary, 3), b = draw(kChannelCount, Kind::ordinary, 4);
    const auto constant = draw(kChannelCount, Kind::ordinary, 5);
    const auto near = [](double x, double y) { return std::abs(x - y) <= 1e-5 * (1.0 + std::abs(y)); };
    const Kernels& kernels = reference_kernels();

    std::vector<float> out(kCount), gradient(kCount), backward(kCount);
    std::vector<double> sum(kChannelCount), square(kChannelCount), gradient_sum(kChannelCount),
        product(kChannelCount);
    kernels.normalize({Storage::f32, src.data(), residual.data(), a.data(), b.data(), kRelu, kPixelCount,
                       kChannelCount, out.data(), Target::storage});
    kernels.moments({Storage::f32, src.data(), kPixelCount, kChannelCount, sum.data(), square.data()});
    kernels.mask_gradient({Storage::f32, residual.data(), src.data(), nullptr, kRelu, nullptr, a.data(),
                           b.data(), src.data(), kPixelCount, kChannelCount, gradient.data(),
                           gradient_sum.data(), product.data()});
    kernels.normalize_backward({Storage::f32, residual.data(), src.data(), a.data(), b.data(),
                                constant.data(), kPixelCount, kChannelCount, backward.data(),
                                Target::f32_operand});

    int masked = 0;
    for (std::size_t c = 0; c < kChannelCount; ++c) {
        const double scale = a[c], shift = b[c];
        double s = 0.0, s2 = 0.0, g_sum = 0.0, g_y = 0.0;
        for (std::size_t i = c; i < kCount; i += kChannelCount) {
            const double x = src[i], r = residual[i];
            CHECK(near(out[i], std::max(0.0, scale * x + shift + r)));
            const double g = scale * x + shift > 0.0 ? r + x : 0.0;
            masked += g == 0.0;
            CHECK(near(gradient[i], g));
            CHECK(near(backward[i], scale * r + shift * x + static_cast<double>(constant[c])));
            s += x;
            s2 += x * x;
            g_sum += g;
            g_y += g * x;
        }
        CHECK(near(sum[c], s));
        CHECK(near(square[c], s2));
        CHECK(near(gradient_sum[c], g_sum));
        CHECK(near(product[c], g_y));
    }
    CHECK(masked > 20);
    CHECK(masked < 190);
}

}  // namespace nibble::kernels::test
