#include "engine/infer/step.hpp"

#include <cstring>

namespace nibble {

kernels::Codes RunnableStep::codes(const Share& share, int value, int slot, int row, int channel) const {
    const ValueLayout& at = layout(value);
    const Quantizer& q = *context_.graph.values[value].quantizer;
    return {.to = pixel<std::uint8_t>(share, value, slot, row, 0) + channel,
            .row_stride = at.row_stride(),
            .col_stride = at.dims.c,
            .multipliers = context_.multipliers[value].data() + channel,
            .lowest = static_cast<float>(q.scheme.lowest()),
            .highest = static_cast<float>(q.scheme.highest()),
            .offset = q.offset(),
            .rounding = q.rounding};
}

void RunnableStep::clear_borders(const Share& share) const {
    if (share.part != 0) return;
    for (int v : step_.outputs) {
        const ValueLayout& at = layout(v);
        if (at.rows == at.dims.h && at.cols == at.dims.w) continue;
        const int zero = zero_code(context_.graph.values[v]);
        for (int slot = 0; slot < share.images; ++slot) {
            // From the end of one row of pixels to the beginning of the next, the border is one stretch.
            std::ptrdiff_t from = 0;
            std::byte* base = data(share, v, slot);
            for (int row = 0; row <= at.dims.h; ++row) {
                const std::ptrdiff_t to = row < at.dims.h ? at.at(row, 0) : at.rows * at.row_stride();
                std::memset(base + from, zero, static_cast<std::size_t>(to - from));
                from = to + static_cast<std::ptrdiff_t>(at.dims.w) * at.dims.c;
            }
        }
    }
}

}  // namespace nibble
