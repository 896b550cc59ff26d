// Convolutions and linear layers on codes, and what follows them up to the next codes.
//
// Work goes by groups of panels, whose weights are unpacked once, and within them by bands of output rows,
// whose sums stay in the first-level cache between the gemm and the epilogue.
#include <algorithm>
#include <numeric>

#include "engine/infer/steps/gemm_base.hpp"
#include "engine/kernels/integer_packing.hpp"
#include "engine/nn/units/taps.hpp"

namespace nibble {
namespace {

constexpr int kGroupPanels = 4;

/// Runs of channels with one multiplier that begin anew with every tap. A linear layer's groups count its
/// elements by channels, then taps.
int common_group(const QuantizedWeights& w, int taps) {
    const bool linear = w.shape.size() == 2;
    const int channels = static_cast<int>(w.shape[1]) / (linear ? taps : 1), group = w.scheme.group;
    const int length = !linear             ? std::min(group, channels)
                       : group % taps == 0 ? std::min(group / taps, channels)
                                           : 1;
    return std::gcd(length, channels);
}

class GemmStep : public GemmBase {
  public:
    GemmStep(const StepContext& context, const IntegerStep& step) : GemmBase(context, step) {
        const kernels::OperandRange range = operand_range();
        const Dims dims = layout(step.inputs[0]).dims;
        GemmColumns columns = gemm_columns(step, kGroupPanels);
        const int group = common_group(step.weights, step.node.window.taps());
        weights_ = {context.kernels, format_of(step.weights.scheme),
                    kernels::CodeMatrix{step.node.window.rows.kernel, step.node.window.cols.kernel * dims.c,
                                        columns.columns, columns.codes, columns.multipliers, group},
                    range};
        groups_ = std::move(columns.groups);
        extra_ = std::move(columns.extra);

        // Rows of zeros above and below the image need not be multiplied; a zero stored as another code must.
        const WindowAxis& along_rows = step.node.window.rows;
        const int rows = layout(step.outputs.front()).dims.h;
        if (range.offset == 0 && weights_.runs_are_separate())
            splits_ = splits(along_rows, rows, dims.h);
        else
            splits_ = {{0, rows, 0, along_rows.kernel}};
    }

    void run(const Share& share) const override {
        clear_borders(share);
        const int groups = static_cast<int>(groups_.size());
        const int rows = layout(step_.outputs.front()).dims.h;
        // Sharing by channels unpacks every weight once; sharing by rows keeps all channels of a pixel
        // together.
        const bool by_groups = share.parts > 1 && (groups >= 2 * share.parts || rows < share.parts);
        const Items mine = by_groups ? share_of(groups, share) : Items{0, groups};
        const Items my_rows = by_groups ? Items{0, rows} : share_of(rows, share);
        if (my_rows.begin == my_rows.end) return;
        auto* buffer = share.unpacked.reserve_as<std::int8_t>(kGroupPanels * weights_.unpacked_panel_bytes());
        for (int g = mine.begin; g < mine.end; ++g) {
            const ColumnGroup& group = groups_[g];
            const std::int8_t* unpacked = weights_.multiplied_packed()
                                              ? buffer
                                              : weights_.unpacked(group.first_panel, group.panels, buffer);
            kernels::IntegerGemm gemm = weights_.gemm(group.first_panel, group.panels, unpacked);
            gemm.channels = group.columns;
            for (int slot = 0; slot < share.images; ++slot)
                run_bands(share, slot, gemm, group, my_rows, buffer);
        }
    }

  private:
    void run_bands(const Share& share, int slot, kernels::IntegerGemm q, const ColumnGroup& group, Items rows,
                   std::int8_t* buffer) const {
        const ValueLayout& in = layout(step_.inputs[0]);
        const Window& w = step_.node.window;
        const int cols = layout(step_.outputs.front()).dims.w;
        const int band = std::clamp(kBandSums / (cols * q.channels), 1, rows.end - rows.begin);
        q.out = share.sums.reserve_as<std::int32_t>(static_cast<std::size_t>(band) * cols * q.channels +
                                                    kernels::kPanel);
        q.out_col_stride = q.channels;
        q.out_row_stride = static_cast<std::ptrdiff_t>(cols) * q.channels;
        q.run_stride = in.row_stride();
        for (int row = rows.begin; row < rows.end; row += band) {
            q.pixels = {std::min(band, rows.end - row), cols, in.row_stride() * w.rows.stride,
                        static_cast<std::ptrdiff_t>(in.dims.c) * w.cols.stride};
            q.operand = first_seen(share, slot, row, 0);
            const bool first = slot == 0 && row == rows.begin;
            const bool last = slot + 1 == share.images && row + band >= rows.end;
            if (first && weights_.multiplied_packed())
                context_.kernels.packed_gemm({q, weights_.packed(), group.first_panel, buffer, !last});
            else
                multiply(share, slot, q, row);
            epilogue(share, slot, row,
                     {.first = group.first_channel,
                      .channels = group.channels,
                      .rows = q.pixels.rows,
                      .cols = cols,
                      .sums = {q.out, q.out_row_stride, q.out_col_stride},
                      .extra = extra_});
        }
    }

    /// The gemm of a band that begins at `row`, by runs of rows that meet the same rows of the
    /// window.
    void multiply(const Share& share, int slot, const kernels::IntegerGemm& band, int row) const {
        for (const AxisSplit& s : splits_) {
            const int begin = std::max(s.first, row),
                      end = std::min(s.first + s.count, row + band.pixels.rows);
            if (begin >= end) continue;
            kernels::IntegerGemm q = band;
            q.pixels.rows = end - begin;
            q.operand = first_seen(share, slot, begin, s.tap);
            q.runs = s.taps;
            q.weights += s.tap * weights_.unpacked_run_bytes();
            q.out += (begin - row) * q.out_row_stride;
            context_.kernels.integer_gemm(q);
        }
    }

    /// What the window of output pixel (row, 0) sees first in row `tap` of its kernel.
    const std::uint8_t* first_seen(const Share& share, int slot, int row, int tap) const {
        const auto& [rows, cols] = step_.node.window;
        return pixel<std::uint8_t>(share, step_.inputs[0], slot, rows.source(row, tap), cols.source(0, 0));
    }

    kernels::IntegerWeights weights_;
    std::vector<ColumnGroup> groups_;
    std::vector<ExtraColumns> extra_;
    std::vector<AxisSplit> splits_;
};

}  // namespace

std::unique_ptr<RunnableStep> make_gemm_step(const StepContext& context, const IntegerStep& step) {
    return std::make_unique<GemmStep>(context, step);
}

}  // namespace nibble
