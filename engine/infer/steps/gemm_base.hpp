// What steps that multiply codes by weights have in common: from sums to the next codes.
#pragma once

#include <span>

#include "engine/infer/steps/gemm_columns.hpp"
#include "engine/infer/steps/step.hpp"
#include "engine/kernels/integer_packing.hpp"

namespace nibble {

/// Of a band of rows: 32 KiB, which stay in the first-level cache between the GEMM and the epilogue.
inline constexpr int kBandSums = 8192;

class GemmBase : public RunnableStep {
  public:
    using RunnableStep::RunnableStep;

  protected:
    /// Sums of some output rows: of channels [first, first + channels), and of their extra terms.
    struct Sums {
        int first, channels, rows, cols;
        kernels::Source<std::int32_t> sums;
        std::span<const ExtraColumns> extra;
    };
    void epilogue(const Share& share, int slot, int row, const Sums& sums) const;

    kernels::OperandRange operand_range() const;
    static kernels::WeightFormat format_of(const Scheme& scheme);

  private:
    void add_residual(const Share& share, int slot, int channel, int row, kernels::Epilogue& f) const;
};

}  // namespace nibble
