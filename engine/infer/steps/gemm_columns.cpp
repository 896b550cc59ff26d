#include "engine/infer/steps/gemm_columns.hpp"

#include <algorithm>

#include "engine/kernels/geometry.hpp"

namespace nibble {
namespace {

constexpr int kNone = -1;

/// By extra term and output channel: the number of the kernel as product_of() counts them, or kNone.
std::vector<std::vector<int>> extra_kernels(const QuantizedWeights& w) {
    std::vector<std::vector<int>> numbers;
    int next = static_cast<int>(w.outputs());
    for (const ExtraTerm& term : w.extra) {
        std::vector<int>& of_channel = numbers.emplace_back(w.outputs(), kNone);
        for (std::uint32_t output : term.outputs) of_channel[output] = next++;
    }
    return numbers;
}

class Columns {
  public:
    Columns(const IntegerStep& step, int most_panels) : step_(step), extra_(extra_kernels(step.weights)) {
        const int channels = static_cast<int>(step.weights.outputs());
        for (const std::vector<float>& scales : step.extra_scale) {
            ExtraColumns& extra = made_.extra.emplace_back();
            extra.column.resize(step.weights.outputs(), -1);
            extra.scale.resize(step.weights.outputs(), 0.0f);
            const auto& outputs = step.weights.extra[made_.extra.size() - 1].outputs;
            for (std::size_t j = 0; j < outputs.size(); ++j) extra.scale[outputs[j]] = scales[j];
        }
        int first = 0, columns = 0;
        for (int c = 0; c < channels; ++c) {
            if (columns + columns_of(c) > most_panels * kernels::kPanel) {
                add_group(first, c);
                first = c, columns = 0;
            }
            columns += columns_of(c);
        }
        add_group(first, channels);
    }

    GemmColumns make() {
        const QuantizedWeights& w = step_.weights;
        const std::size_t taps = static_cast<std::size_t>(step_.node.window.taps());
        const std::size_t size = w.codes.size() / w.outputs(), inputs = size / taps;
        const bool grouped = !w.multipliers.empty();
        made_.columns = static_cast<int>(kernels_.size());
        made_.codes.resize(size * kernels_.size());
        if (grouped) made_.multipliers.resize(made_.codes.size(), 1);
        for (std::size_t column = 0; column < kernels_.size(); ++column) {
            if (kernels_[column] == kNone) continue;
            for (std::size_t i = 0; i < size; ++i) {
                const std::size_t from = static_cast<std::size_t>(kernels_[column]) * size + i;
                const std::size_t to = (i % taps * inputs + i / taps) * kernels_.size() + column;
                made_.codes[to] = grouped ? w.codes[from] : static_cast<std::int8_t>(w.product_of(from));
                if (grouped) made_.multipliers[to] = w.multipliers[w.multiplier_index(from)];
            }
        }
        return std::move(made_);
    }

  private:
    int columns_of(int channel) const {
        return 1 + static_cast<int>(std::ranges::count_if(
                       extra_, [&](const auto& of_channel) { return of_channel[channel] != kNone; }));
    }

    void add_group(int first, int end) {
        const int before = static_cast<int>(kernels_.size());
        for (int c = first; c < end; ++c) kernels_.push_back(c);
        for (std::size_t e = 0; e < extra_.size(); ++e)
            for (int c = first; c < end; ++c) {
                if (extra_[e][c] == kNone) continue;
                made_.extra[e].column[c] = static_cast<int>(kernels_.size()) - before;
                kernels_.push_back(extra_[e][c]);
            }
        const int columns = static_cast<int>(kernels_.size()) - before;
        const int panels = (columns + kernels::kPanel - 1) / kernels::kPanel;
        made_.groups.push_back({before / kernels::kPanel, panels, first, end - first, columns});
        kernels_.resize(static_cast<std::size_t>(before + panels * kernels::kPanel), kNone);
    }

    const IntegerStep& step_;
    std::vector<std::vector<int>> extra_;
    std::vector<int> kernels_;  ///< by column
    GemmColumns made_;
};

}  // namespace

GemmColumns gemm_columns(const IntegerStep& step, int most_panels) {
    return Columns(step, most_panels).make();
}

}  // namespace nibble
