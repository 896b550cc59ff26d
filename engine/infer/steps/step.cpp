#include "engine/infer/steps/step.hpp"

#include <algorithm>
#include <cstring>

namespace nibble {

kernels::CodeOutput RunnableStep::codes(const Share& share, int value, int slot, int row, int channel) const {
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

void RunnableStep::read_row(const Share& share, int value, int slot, int row, bool codes_as_they_are,
                            float* to) const {
    const ValueLayout& at = layout(value);
    const std::ptrdiff_t count = static_cast<std::ptrdiff_t>(at.dims.w) * at.dims.c;
    const auto& quantizer = context_.graph.values[value].quantizer;
    if (!quantizer) {
        std::copy_n(pixel<float>(share, value, slot, row, 0), count, to);
        return;
    }
    const auto* stored = pixel<std::uint8_t>(share, value, slot, row, 0);
    const float step = codes_as_they_are ? 1.0f : quantizer->step;
    for (std::ptrdiff_t i = 0; i < count; ++i)
        to[i] = static_cast<float>(stored[i] - quantizer->offset()) * step;
}

void RunnableStep::store_row(const Share& share, int slot, int row, const float* values) const {
    for (int v : step_.outputs) {
        const Dims dims = layout(v).dims;
        if (context_.graph.values[v].quantizer)
            context_.kernels.quantize({1,
                                       dims.w,
                                       dims.c,
                                       {values, static_cast<std::ptrdiff_t>(dims.w) * dims.c, dims.c},
                                       codes(share, v, slot, row, 0)});
        else
            std::copy_n(values, static_cast<std::ptrdiff_t>(dims.w) * dims.c,
                        pixel<float>(share, v, slot, row, 0));
    }
}

void RunnableStep::clear_borders(const Share& share) const {
    if (share.part != 0) return;
    for (int v : step_.outputs) {
        const ValueLayout& at = layout(v);
        if (at.rows == at.dims.h && at.cols == at.dims.w) continue;
        const int zero = zero_code(context_.graph.values[v]);
        for (int slot = 0; slot < share.images; ++slot) {
            // From the end of one row of pixels to the beginning of the next, the border is one block.
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
