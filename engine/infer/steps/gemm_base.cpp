#include "engine/infer/steps/gemm_base.hpp"

#include "engine/quant/packing.hpp"

namespace nibble {

kernels::OperandRange GemmBase::operand_range() const {
    const Quantizer& in = *context_.graph.values[step_.inputs[0]].quantizer;
    return {in.scheme.highest() + in.offset(), in.offset()};
}

kernels::WeightFormat GemmBase::format_of(const Scheme& scheme) {
    switch (stored_bits(scheme)) {
        case 2:
            return kernels::WeightFormat::ternary;
        case 4:
            return kernels::WeightFormat::s4;
        default:
            return kernels::WeightFormat::s8;
    }
}

void GemmBase::epilogue(const Share& share, int slot, int row, const Sums& from) const {
    const int channel = from.first;
    kernels::Epilogue f{};
    f.rows = from.rows;
    f.cols = from.cols;
    f.channels = from.channels;
    f.sums = from.sums;
    f.scale = step_.scale.data() + channel;
    f.shift = step_.shift.data() + channel;
    static_assert(kMaxTerms - 1 <= kernels::kMaxExtraSums);
    kernels::ExtraSums extra[kernels::kMaxExtraSums];
    for (const ExtraColumns& e : from.extra)
        extra[f.extra_count++] = {e.column.data() + channel, e.scale.data() + channel};
    f.extra = extra;
    f.clamp = step_.node.clamp;
    if (step_.residual >= 0) add_residual(share, slot, channel, row, f);
    // One call writes floats and one set of codes; other quantizers of the same value need a call each.
    for (std::size_t i = 0; i < step_.outputs.size(); ++i) {
        const int v = step_.outputs[i];
        const bool real = !context_.graph.values[v].quantizer;
        if (real) {
            f.real = pixel<float>(share, v, slot, row, 0) + channel;
            f.real_row_stride = layout(v).row_stride();
            f.real_col_stride = layout(v).dims.c;
            if (i + 1 < step_.outputs.size()) continue;
        } else {
            f.codes = codes(share, v, slot, row, channel);
        }
        context_.kernels.epilogue(f);
        f.real = nullptr;
    }
}

void GemmBase::add_residual(const Share& share, int slot, int channel, int row, kernels::Epilogue& f) const {
    const ValueLayout& at = layout(step_.residual);
    const auto& quantizer = context_.graph.values[step_.residual].quantizer;
    if (quantizer) {
        f.residual_codes = {pixel<std::uint8_t>(share, step_.residual, slot, row, 0) + channel,
                            at.row_stride(), at.dims.c};
        f.residual_offset = quantizer->offset();
        f.residual_step = quantizer->step;
    } else {
        f.residual = {pixel<float>(share, step_.residual, slot, row, 0) + channel, at.row_stride(),
                      at.dims.c};
    }
}

}  // namespace nibble
