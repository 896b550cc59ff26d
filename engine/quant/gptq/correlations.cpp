#include "engine/quant/gptq/correlations.hpp"

#include <algorithm>
#include <cmath>

#include "engine/core/error.hpp"
#include "engine/core/parallel.hpp"
#include "engine/core/rng.hpp"
#include "engine/quant/gptq/products.hpp"

namespace nibble::gptq {
namespace {

constexpr std::size_t kRows = 256;  ///< of X^T at a time, at least one image's

/// Copies what some output pixels of a layer see into the rows of X^T.
class Gather {
  public:
    Gather(const Node& node, Dims in) : node_(node), in_(in) {}

    std::size_t groups() const { return is_conv() ? static_cast<std::size_t>(node_.groups) : 1; }
    std::size_t size() const {
        return is_conv() ? channels() / groups() * static_cast<std::size_t>(node_.window.taps()) : in_.size();
    }
    std::size_t rows_per_image() const { return std::min(pixels(), kPixels); }

    void operator()(const std::vector<float>& x, std::size_t image, std::size_t row, PackedRows& rows) const {
        if (!is_conv()) return whole_image(x, row, rows);
        Random random(0, Purpose::pixels, 0, static_cast<std::uint32_t>(image));
        const std::size_t n = rows_per_image();
        for (std::size_t i = 0; i < n; ++i) {
            const std::size_t begin = i * pixels() / n, end = (i + 1) * pixels() / n;
            const auto pixel =
                static_cast<int>(begin + random.below(static_cast<std::uint32_t>(end - begin)));
            receptive_field(x, pixel / node_.out.w, pixel % node_.out.w, row + i, rows);
        }
    }

  private:
    bool is_conv() const { return node_.op == Op::conv; }
    std::size_t channels() const { return static_cast<std::size_t>(in_.c); }
    std::size_t pixels() const { return static_cast<std::size_t>(node_.out.h) * node_.out.w; }

    void receptive_field(const std::vector<float>& x, int r, int c, std::size_t row, PackedRows& rows) const {
        const auto& [along_rows, along_cols] = node_.window;
        const std::size_t inputs = channels() / groups(),
                          taps = static_cast<std::size_t>(node_.window.taps());
        std::size_t tap = 0;
        for (int i = 0; i < along_rows.kernel; ++i)
            for (int j = 0; j < along_cols.kernel; ++j, ++tap) {
                const int h = along_rows.source(r, i), w = along_cols.source(c, j);
                if (h < 0 || h >= in_.h || w < 0 || w >= in_.w) continue;
                const float* pixel = x.data() + (static_cast<std::size_t>(h) * in_.w + w) * channels();
                for (std::size_t k = 0; k < channels(); ++k)
                    rows.at(k / inputs, row, k % inputs * taps + tap) = static_cast<double>(pixel[k]);
            }
    }

    void whole_image(const std::vector<float>& x, std::size_t row, PackedRows& rows) const {
        const std::size_t pixels_in = x.size() / channels();
        for (std::size_t i = 0; i < x.size(); ++i)
            rows.at(0, row, i % channels() * pixels_in + i / channels()) = static_cast<double>(x[i]);
    }

    const Node& node_;
    Dims in_;
};

}  // namespace

Correlations correlations_of(const Graph& graph, int layer, std::size_t images, const Operand& operand) {
    const Node& node = graph[layer];
    const Gather gather(node, graph[node.inputs[0]].out);
    Correlations result{gather.groups(), gather.size(), {}};
    result.sums.resize(result.groups * result.size * result.size, 0.0);
    const std::size_t per_image = gather.rows_per_image(),
                      at_once = std::max<std::size_t>(kRows / per_image, 1);
    for (std::size_t first = 0; first < images; first += at_once) {
        const std::size_t n = std::min(at_once, images - first);
        PackedRows rows(result.groups, n * per_image, result.size);
        parallel_for(n, [&](std::size_t i) { gather(operand(first + i), first + i, i * per_image, rows); });
        add_products(rows, 1, result.sums.data(), result.size);
    }
    for (std::size_t i = 0; i < result.groups * result.size; ++i)
        if (!std::isfinite(result.sums[i * result.size + i % result.size]))
            throw BadInput("calibration", "inputs of '" + node.name + "'", "finite numbers", "others");
    return result;
}

}  // namespace nibble::gptq
