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
constexpr double kLeastVariance = 1e-9;

/// Copies what some output pixels of a layer see into the rows of X^T.
class Gather {
  public:
    Gather(const Node& node, Dims in) : node_(node), in_(in) {}

    std::size_t groups() const { return is_conv() ? static_cast<std::size_t>(node_.groups) : 1; }
    std::size_t size() const {
        return is_conv() ? channels() / groups() * static_cast<std::size_t>(node_.window.taps()) : in_.size();
    }
    std::size_t rows_per_image() const { return std::min(pixels(), kPixels); }

    std::size_t outputs() const { return static_cast<std::size_t>(node_.out.c) / groups(); }

    /// Columns: a group's inputs; with `y`, the layer's outputs for the image, then a one and the group's outputs.
    void operator()(const std::vector<float>& x, const std::vector<float>* y, std::size_t image,
                    std::size_t row, PackedRows& rows) const {
        Random random(0, Purpose::pixels, 0, static_cast<std::uint32_t>(image));
        const std::size_t n = rows_per_image();
        for (std::size_t i = 0; i < n; ++i) {
            const std::size_t begin = i * pixels() / n, end = (i + 1) * pixels() / n;
            const std::size_t pixel = begin + random.below(static_cast<std::uint32_t>(end - begin));
            if (is_conv())
                receptive_field(x, static_cast<int>(pixel) / node_.out.w,
                                static_cast<int>(pixel) % node_.out.w, row + i, rows);
            else
                whole_image(x, row, rows);
            if (y != nullptr) outputs_at(*y, pixel, row + i, rows);
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

    void outputs_at(const std::vector<float>& y, std::size_t pixel, std::size_t row, PackedRows& rows) const {
        const float* values = y.data() + pixel * groups() * outputs();
        for (std::size_t g = 0; g < groups(); ++g) {
            rows.at(g, row, size()) = 1;
            for (std::size_t o = 0; o < outputs(); ++o)
                rows.at(g, row, size() + 1 + o) = static_cast<double>(values[g * outputs() + o]);
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

/// Sums over all images, the first `rows` rows of `columns` for each group.
std::vector<double> sums_of(const Gather& gather, std::size_t rows, std::size_t columns, std::size_t images,
                            const Operand& operand, const Target* target) {
    std::vector<double> sums(gather.groups() * rows * columns, 0.0);
    const std::size_t per_image = gather.rows_per_image(),
                      at_once = std::max<std::size_t>(kRows / per_image, 1);
    for (std::size_t first = 0; first < images; first += at_once) {
        const std::size_t n = std::min(at_once, images - first);
        PackedRows packed(gather.groups(), n * per_image, columns);
        parallel_for(n, [&](std::size_t i) {
            const std::vector<float>* y = target != nullptr ? &(*target)(first + i) : nullptr;
            gather(operand(first + i), y, first + i, i * per_image, packed);
        });
        add_products(packed, 1, sums.data(), rows, columns);
    }
    return sums;
}

void check_finite(const Correlations& inputs, const Node& node) {
    for (std::size_t i = 0; i < inputs.groups * inputs.size; ++i)
        if (!std::isfinite(inputs.sums[i * inputs.size + i % inputs.size]))
            throw BadInput("calibration", "inputs of '" + node.name + "'", "finite numbers", "others");
}

}  // namespace

Correlations correlations_of(const Graph& graph, int layer, std::size_t images, const Operand& operand) {
    const Node& node = graph[layer];
    const Gather gather(node, graph[node.inputs[0]].out);
    const std::size_t k = gather.size();
    Correlations result{gather.groups(), k, sums_of(gather, k, k, images, operand, nullptr)};
    check_finite(result, node);
    return result;
}

Regression regression_of(const Graph& graph, int layer, std::size_t images, const Operand& operand,
                         const Target& target) {
    const Node& node = graph[layer];
    const Gather gather(node, graph[node.inputs[0]].out);
    const std::size_t groups = gather.groups(), k = gather.size(), outputs = gather.outputs(),
                      columns = k + 1 + outputs;
    const std::vector<double> sums = sums_of(gather, k + 1, columns, images, operand, &target);
    Regression result{
        {groups, k, std::vector<double>(groups * k * k)}, outputs, std::vector<double>(groups * k * outputs)};
    for (std::size_t g = 0; g < groups; ++g) {
        const double *h = sums.data() + g * (k + 1) * columns, *ones = h + k * columns;
        double *inputs = result.inputs.sums.data() + g * k * k,
               *products = result.products.data() + g * k * outputs;
        for (std::size_t i = 0; i < k; ++i) {
            const double* row = h + i * columns;
            const double mean = node.bias ? row[k] / ones[k] : 0;
            for (std::size_t j = i; j < k; ++j) inputs[i * k + j] = row[j] - mean * h[j * columns + k];
            if (node.bias) inputs[i * k + i] = std::max(inputs[i * k + i], 0.0) + kLeastVariance * row[i];
            for (std::size_t o = 0; o < outputs; ++o)
                products[i * outputs + o] = row[k + 1 + o] - mean * ones[k + 1 + o];
        }
    }
    check_finite(result.inputs, node);
    return result;
}

}  // namespace nibble::gptq
