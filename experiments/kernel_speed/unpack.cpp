// What two 4-bit activations a byte would cost or win: a product on bytes as they are stored, and one after a
// pass that unpacks its operand. Layers of one pixel a window, because they use each activation least often.
#include <chrono>
#include <memory>
#include <vector>

#include "engine/core/parallel.hpp"
#include "engine/kernels/dispatch.hpp"
#include "engine/kernels/integer_packing.hpp"
#include "experiments/kernel_speed/benchmarks.hpp"

namespace nibble {
namespace {

struct Shape {
    const char* name;
    int size, inputs, outputs;
};
constexpr Shape kShapes[] = {{"r50-1x1-64-256", 56, 64, 256}, {"r50-1x1-2048-512", 7, 2048, 512}};

/// A 1x1 convolution of u4 activations by unpacked weights.
class Layer {
  public:
    explicit Layer(const Shape& shape)
        : shape_(shape),
          codes_(static_cast<std::size_t>(shape.inputs) * shape.outputs, 3),
          weights_(kernels::active(), kernels::WeightFormat::s8, {1, shape.inputs, shape.outputs, codes_},
                   {15, 0}),
          bytes_(pixels() * shape.inputs + 64, 5),
          packed_(bytes_.size() / 2 + 64, 0x55),
          sums_(pixels() * shape.outputs) {}

    std::size_t operand_bytes() const { return pixels() * shape_.inputs; }
    double macs() const { return static_cast<double>(operand_bytes()) * shape_.outputs; }
    double weight_bytes() const { return static_cast<double>(weights_.bytes()); }

    /// The pass that packed storage would need. Unpacking 4-bit weights is the same work on the same bytes.
    void unpack() {
        const int k4s = static_cast<int>(operand_bytes() / 64);
        kernels::active().unpack({{kernels::WeightFormat::s4, packed_.data(), 0, k4s, nullptr, 0},
                                  0,
                                  reinterpret_cast<std::int8_t*>(bytes_.data())});
    }
    void multiply() {
        kernels::IntegerGemm q =
            weights_.gemm(0, weights_.panels(), weights_.unpacked(0, weights_.panels(), nullptr));
        q.operand = bytes_.data();
        q.pixels = {shape_.size, shape_.size, static_cast<std::ptrdiff_t>(shape_.size) * shape_.inputs,
                    shape_.inputs};
        q.out = sums_.data();
        q.out_col_stride = shape_.outputs;
        q.out_row_stride = static_cast<std::ptrdiff_t>(shape_.size) * shape_.outputs;
        kernels::active().integer_gemm(q);
        benchmark::DoNotOptimize(sums_.data());
    }

  private:
    std::size_t pixels() const { return static_cast<std::size_t>(shape_.size) * shape_.size; }

    Shape shape_;
    std::vector<std::int8_t> codes_;
    kernels::IntegerWeights weights_;
    std::vector<std::uint8_t> bytes_, packed_;
    std::vector<std::int32_t> sums_;
};

void time_unpack(benchmark::State& state, const std::string& name, const Shape& shape, bool packed,
                 bool cold) {
    Layer& layer = prepared<Layer>(name, [&] { return std::make_unique<Layer>(shape); });
    const auto run = [&] {
        if (packed) layer.unpack();
        layer.multiply();
    };
    run();
    for (auto _ : state) {
        if (cold) evict_caches();
        const auto start = std::chrono::steady_clock::now();
        run();
        state.SetIterationTime(
            std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    count(state, {layer.macs(), layer.weight_bytes(),
                  static_cast<double>(layer.operand_bytes()) / (packed ? 2 : 1)});
}

}  // namespace

void register_activations() {
    for (const Shape& shape : kShapes)
        for (bool cold : {false, true})
            for (bool packed : {false, true}) {
                const std::string name = std::string("activations/") + shape.name + "/" +
                                         (packed ? "packed" : "bytes") + (cold ? "-cold" : "") + "/b1";
                auto* benchmark = benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) {
                    time_unpack(state, name, shape, packed, cold);
                });
                benchmark->UseManualTime()->Unit(benchmark::kMillisecond);
                if (cold) benchmark->Iterations(15);
            }
}

}  // namespace nibble
