// Convolutions in groups, and those with dilation: for each group, a GEMM with a matrix that is gathered from its
// channels (as engine/nn/units/grouped_conv.hpp does with floats). Sums of all kernels of a pixel lie side by side, in the
// order in which QuantizedWeights counts kernels. Depthwise convolutions have a kernel of their own.
#include <algorithm>
#include <cstring>
#include <numeric>

#include "engine/infer/steps/gemm_base.hpp"

namespace nibble {
namespace {

class GroupedGemmStep : public GemmBase {
  public:
    GroupedGemmStep(const StepContext& context, const IntegerStep& step) : GemmBase(context, step) {
        const QuantizedWeights& w = step.weights;
        inputs_ = static_cast<int>(w.shape[1]);
        length_ = step.node.window.taps() * inputs_;
        kernels_ = static_cast<int>(w.term_channels());
        if (inputs_ == 1 && w.outputs() == static_cast<std::size_t>(step.node.groups) && w.extra.empty()) {
            prepare_depthwise();
            return;
        }
        const auto per_group =
            static_cast<std::uint32_t>(w.outputs()) / static_cast<std::uint32_t>(step.node.groups);
        for (int g = 0; g < step.node.groups; ++g) {
            add_piece(g, g * static_cast<int>(per_group), static_cast<int>(per_group));
            int first = static_cast<int>(w.outputs());
            for (const ExtraTerm& term : w.extra) {
                const auto begin =
                    std::ranges::lower_bound(term.outputs, static_cast<std::uint32_t>(g) * per_group);
                const auto end =
                    std::ranges::lower_bound(term.outputs, static_cast<std::uint32_t>(g + 1) * per_group);
                if (begin != end)
                    add_piece(g, first + static_cast<int>(begin - term.outputs.begin()),
                              static_cast<int>(end - begin));
                first += static_cast<int>(term.outputs.size());
            }
        }
        add_extra_columns();
    }

    void run(const Share& share) const override {
        clear_borders(share);
        const Dims out = layout(step_.outputs.front()).dims;
        const Items rows = share_of(out.h, share);
        const int band = std::clamp(kBandSums / (out.w * kernels_), 1, std::max(1, rows.end - rows.begin));
        for (int slot = 0; slot < share.images; ++slot)
            for (int row = rows.begin; row < rows.end; row += band)
                run_band(share, slot, row, std::min(band, rows.end - row));
    }

  private:
    /// Kernels [first, first + count), which read one group.
    struct Piece {
        int group, first, count;
        kernels::IntegerWeights weights;
    };

    void add_piece(int group, int first, int count) {
        const QuantizedWeights& w = step_.weights;
        const bool multiplied = !w.multipliers.empty();
        const int taps = length_ / inputs_;
        std::vector<std::int8_t> codes;
        std::vector<std::uint8_t> multipliers;
        for (int k = 0; k < length_; ++k)
            for (int kernel = first; kernel < first + count; ++kernel) {
                const auto at =
                    (static_cast<std::size_t>(kernel) * inputs_ + k % inputs_) * taps + k / inputs_;
                codes.push_back(multiplied ? w.codes[at] : static_cast<std::int8_t>(w.product_of(at)));
                if (multiplied) multipliers.push_back(w.multipliers[w.multiplier_index(at)]);
            }
        const kernels::CodeMatrix matrix{
            1, length_, count, codes, multipliers, std::gcd(std::min(w.scheme.group, inputs_), inputs_)};
        pieces_.push_back(
            {group, first, count, {context_.kernels, format_of(w.scheme), matrix, operand_range()}});
    }

    void prepare_depthwise() {
        const QuantizedWeights& w = step_.weights;
        const ValueLayout& in = layout(step_.inputs[0]);
        const auto& [rows, cols] = step_.node.window;
        const int offset = operand_range().offset;
        depthwise_start_.resize(w.outputs(), 0);
        for (int i = 0; i < rows.kernel; ++i)
            for (int j = 0; j < cols.kernel; ++j) {
                const std::size_t tap = depthwise_at_.size();
                depthwise_at_.push_back(i * rows.dilation * in.row_stride() +
                                        static_cast<std::ptrdiff_t>(j) * cols.dilation * in.dims.c);
                for (std::size_t c = 0; c < w.outputs(); ++c) {
                    const int code = w.product_of(c * static_cast<std::size_t>(length_) + tap);
                    depthwise_weights_.push_back(static_cast<std::int8_t>(code));
                    depthwise_start_[c] -= offset * code;
                }
            }
    }

    void multiply_depthwise(const Share& share, int slot, int row, int rows, std::int32_t* sums) const {
        const ValueLayout& in = layout(step_.inputs[0]);
        const auto& [along_rows, along_cols] = step_.node.window;
        const int cols = layout(step_.outputs.front()).dims.w;
        context_.kernels.integer_channel_sums(
            {.operand = pixel<std::uint8_t>(share, step_.inputs[0], slot, along_rows.source(row, 0),
                                            along_cols.source(0, 0)),
             .pixels = {rows, cols, in.row_stride() * along_rows.stride,
                        static_cast<std::ptrdiff_t>(in.dims.c) * along_cols.stride},
             .at = depthwise_at_.data(),
             .weights = depthwise_weights_.data(),
             .start = depthwise_start_.data(),
             .taps = length_,
             .channels = kernels_,
             .out = sums,
             .out_row_stride = static_cast<std::ptrdiff_t>(cols) * kernels_,
             .out_col_stride = kernels_});
    }

    void add_extra_columns() {
        const QuantizedWeights& w = step_.weights;
        int next = static_cast<int>(w.outputs());
        for (std::size_t e = 0; e < w.extra.size(); ++e) {
            ExtraColumns& extra = extra_.emplace_back();
            extra.column.resize(w.outputs(), -1);
            extra.scale.resize(w.outputs(), 0.0f);
            for (std::size_t j = 0; j < w.extra[e].outputs.size(); ++j) {
                extra.column[w.extra[e].outputs[j]] = next++;
                extra.scale[w.extra[e].outputs[j]] = step_.extra_scale[e][j];
            }
        }
    }

    void run_band(const Share& share, int slot, int row, int rows) const {
        const int cols = layout(step_.outputs.front()).dims.w;
        const std::size_t pixels = static_cast<std::size_t>(rows) * static_cast<std::size_t>(cols);
        auto* const sums = share.sums.reserve_as<std::int32_t>(pixels * static_cast<std::size_t>(kernels_) +
                                                               kernels::kPanel);
        if (pieces_.empty())
            multiply_depthwise(share, slot, row, rows, sums);
        else
            multiply_pieces(share, slot, row, rows, sums);
        epilogue(share, slot, row,
                 {.first = 0,
                  .channels = layout(step_.outputs.front()).dims.c,
                  .rows = rows,
                  .cols = cols,
                  .sums = {sums, static_cast<std::ptrdiff_t>(cols) * kernels_, kernels_},
                  .extra = extra_});
    }

    void multiply_pieces(const Share& share, int slot, int row, int rows, std::int32_t* sums) const {
        const int cols = layout(step_.outputs.front()).dims.w;
        const std::size_t pixels = static_cast<std::size_t>(rows) * static_cast<std::size_t>(cols);
        const std::size_t matrix_bytes = (pixels * static_cast<std::size_t>(length_) + 127) / 64 * 64;
        std::size_t unpacked_bytes = 0;
        for (const Piece& piece : pieces_)
            unpacked_bytes =
                std::max(unpacked_bytes, piece.weights.panels() * piece.weights.unpacked_panel_bytes());
        auto* const matrix = share.unpacked.reserve_as<std::uint8_t>(matrix_bytes + unpacked_bytes);
        auto* const unpacked = reinterpret_cast<std::int8_t*>(matrix + matrix_bytes);
        int gathered = -1;
        for (const Piece& piece : pieces_) {
            if (piece.group != gathered) gather(share, slot, row, rows, piece.group, matrix);
            gathered = piece.group;
            const int panels = piece.weights.panels();
            kernels::IntegerGemm q =
                piece.weights.gemm(0, panels, piece.weights.unpacked(0, panels, unpacked));
            q.channels = piece.count;
            q.operand = matrix;
            q.pixels = {rows, cols, static_cast<std::ptrdiff_t>(cols) * length_, length_};
            q.run_stride = 0;
            q.out = sums + piece.first;
            q.out_col_stride = kernels_;
            q.out_row_stride = static_cast<std::ptrdiff_t>(cols) * kernels_;
            context_.kernels.integer_gemm(q);
        }
    }

    void gather(const Share& share, int slot, int row, int rows, int group, std::uint8_t* to) const {
        const auto& [along_rows, along_cols] = step_.node.window;
        const int cols = layout(step_.outputs.front()).dims.w;
        for (int r = row; r < row + rows; ++r)
            for (int c = 0; c < cols; ++c)
                for (int i = 0; i < along_rows.kernel; ++i)
                    for (int j = 0; j < along_cols.kernel; ++j, to += inputs_)
                        std::memcpy(to,
                                    pixel<std::uint8_t>(share, step_.inputs[0], slot, along_rows.source(r, i),
                                                        along_cols.source(c, j)) +
                                        group * inputs_,
                                    static_cast<std::size_t>(inputs_));
    }

    int inputs_ = 0, length_ = 0, kernels_ = 0;   ///< channels of a group; terms of a sum; sums of a pixel
    std::vector<Piece> pieces_;                   ///< none of a depthwise convolution
    std::vector<std::ptrdiff_t> depthwise_at_;    ///< by tap
    std::vector<std::int8_t> depthwise_weights_;  ///< [tap][channel]
    std::vector<std::int32_t> depthwise_start_;
    std::vector<ExtraColumns> extra_;
};

}  // namespace

std::unique_ptr<RunnableStep> make_grouped_gemm_step(const StepContext& context, const IntegerStep& step) {
    return std::make_unique<GroupedGemmStep>(context, step);
}

}  // namespace nibble
