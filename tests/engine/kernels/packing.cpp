// Packed weights: where each element of a matrix ends up, rounding, and padding, for every layout.
#include "engine/kernels/packing.hpp"

#include "tests/engine/kernels/contenders.hpp"
#include "tests/engine/kernels/emulated_tiles.hpp"

namespace nibble::kernels::test {
namespace {

struct Shape {
    int runs, run_length, channels;
};
constexpr Shape kShapes[] = {{1, 1, 1},   {3, 9, 10},  {2, 31, 16}, {3, 32, 17},
                             {1, 33, 32}, {3, 48, 33}, {2, 96, 100}};

int blocks_of(int run_length) {
    return (run_length + kBlock - 1) / kBlock;
}

/// Element (panel, run, k, n) of weights packed for bf16: halves of even and odd k, or pairs of k.
float packed_bf16(const Kernels& kernels, const PackedWeights& packed, const Shape& s, int panel, int run,
                  int k, int n) {
    const std::ptrdiff_t block =
        panel * packed.panel_stride() + (run * blocks_of(s.run_length) + k / kBlock) * kBlock * kPanel;
    const int in_block = k % kBlock;
    if (kernels.bf16_operand_bytes == 2)
        return to_float(
            static_cast<const Bf16*>(packed.from_run(0))[block + in_block / 2 * 32 + 2 * n + in_block % 2]);
    return static_cast<const float*>(
        packed.from_run(0))[block + (in_block % 2 * (kBlock / 2) + in_block / 2) * kPanel + n];
}

bool same(float a, float b) {
    return std::memcmp(&a, &b, sizeof(a)) == 0;
}

std::vector<float> matrix_of(const Shape& s, std::uint32_t stream) {
    return draw(static_cast<std::size_t>(s.runs) * s.run_length * s.channels, Kind::ordinary, stream);
}

}  // namespace

TEST_CASE("f32 weights: panels of 16 channels, zeros beyond the channels") {
    for (const Shape& s : kShapes) {
        std::vector<float> matrix = matrix_of(s, 1);
        const std::vector<float> original = matrix;
        PackedWeights packed(reference_kernels(), false, s.runs, s.run_length, s.channels);
        packed.pack(matrix);
        const int rows = s.runs * s.run_length;
        CHECK(packed.panel_stride() == rows * kPanel);
        int wrong = 0;
        for (int panel = 0; panel * kPanel < s.channels; ++panel)
            for (int k = 0; k < rows; ++k)
                for (int n = 0; n < kPanel; ++n) {
                    const int channel = panel * kPanel + n;
                    const float expected = channel < s.channels
                                               ? original[static_cast<std::size_t>(k) * s.channels + channel]
                                               : 0.0f;
                    const auto* all = static_cast<const float*>(packed.from_run(0));
                    wrong += !same(all[panel * packed.panel_stride() + k * kPanel + n], expected);
                }
        CHECK(wrong == 0);
        CHECK(static_cast<const float*>(packed.from_run(s.runs - 1)) -
                  static_cast<const float*>(packed.from_run(0)) ==
              (s.runs - 1) * s.run_length * kPanel);
    }
}

TEST_CASE("bf16 weights: rounded, in blocks of 32 k, zeros beyond run and channels") {
    std::vector<const Kernels*> tables = contenders();
    tables.push_back(&reference_kernels());
    tables.push_back(&emulated_amx());
    for (const Kernels* kernels : tables)
        for (const Shape& s : kShapes) {
            std::vector<float> matrix = matrix_of(s, 2);
            const std::vector<float> original = matrix;
            PackedWeights packed(*kernels, true, s.runs, s.run_length, s.channels);
            packed.pack(matrix);
            const int padded = blocks_of(s.run_length) * kBlock;
            CHECK(packed.panel_stride() == s.runs * padded * kPanel);
            int wrong = 0;
            for (int panel = 0; panel * kPanel < s.channels; ++panel)
                for (int r = 0; r < s.runs; ++r)
                    for (int k = 0; k < padded; ++k)
                        for (int n = 0; n < kPanel; ++n) {
                            const int channel = panel * kPanel + n;
                            const bool real = k < s.run_length && channel < s.channels;
                            const std::size_t at =
                                static_cast<std::size_t>(r * s.run_length + k) * s.channels + channel;
                            const float expected = real ? to_float(to_bf16(original[at])) : 0.0f;
                            wrong += !same(packed_bf16(*kernels, packed, s, panel, r, k, n), expected);
                        }
            CHECK_MESSAGE(wrong == 0,
                          kernels->name << ", run " << s.run_length << ", channels " << s.channels);
        }
}

}  // namespace nibble::kernels::test
