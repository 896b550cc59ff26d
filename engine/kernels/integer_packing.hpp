// Integer weights of one layer, packed for the kernels of one architecture.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/kernels/table.hpp"

namespace nibble::kernels {

/// Weights as codes: a matrix [runs * run_length][channels], and what multiplies groups of them.
struct CodeMatrix {
    int runs, run_length, channels;
    std::span<const std::int8_t> codes;
    /// Empty, or one positive multiplier for each code, in the same places, equal within every aligned
    /// range of `group` k of a run. The products must fit a signed byte.
    std::span<const std::uint8_t> multipliers = {};
    int group = 0;
};

/// The stored codes that the weights will meet: at most `highest`, zero stored as `offset`.
struct OperandRange {
    int highest;
    int offset;
};

class IntegerWeights {
  public:
    IntegerWeights() = default;
    /// Throws BadInput when codes do not fit the format, or products with multipliers do not fit a byte;
    /// Unsupported when sums could leave 32 bits.
    IntegerWeights(const Kernels& kernels, WeightFormat format, const CodeMatrix& matrix,
                   OperandRange operand);

    /// Bytes of codes (two each where products need words) and multipliers, padding included, and remainders.
    std::size_t bytes() const;
    int panels() const { return panels_; }

    /// Unpacked panels [first, first + count): where they lie if held as s8, else unpacked into `buffer`,
    /// which needs room for count * unpacked_panel_bytes().
    const std::int8_t* unpacked(int first, int count, std::int8_t* buffer) const;
    std::size_t unpacked_panel_bytes() const {
        return static_cast<std::size_t>(panel_k4s_ * unpacked_k4_bytes());
    }

    /// Of an unpacked panel, from one run to the next.
    std::ptrdiff_t unpacked_run_bytes() const { return run_k4s_ * unpacked_k4_bytes(); }
    /// Whether a GEMM may take some runs only; remainders are of all of them.
    bool runs_are_separate() const { return remainders_.empty(); }

    /// Whether Kernels::packed_gemm serves panels of these weights: packed().
    bool multiplied_packed() const {
        return kernels_->packed_gemm && format_ != WeightFormat::s8 && multipliers_.empty();
    }
    PackedPanels packed() const;

    /// The GEMM over the channels of panels [first, first + count), all but operand, pixels, run_stride and
    /// out.
    IntegerGemm gemm(int first, int count, const std::int8_t* unpacked) const;

  private:
    std::ptrdiff_t unpacked_k4_bytes() const {
        return kPanel * kK4 * static_cast<std::ptrdiff_t>(words_ ? sizeof(std::int16_t) : 1);
    }
    std::vector<std::int8_t> padded_products(const CodeMatrix& matrix) const;
    void split_pairs(std::vector<std::int8_t>& blocks, int highest);
    void pack(WeightFormat format, const std::vector<std::int8_t>& blocks);
    void pack_words(const std::vector<std::int8_t>& blocks);

    const Kernels* kernels_ = nullptr;
    int runs_ = 0, run_length_ = 0, channels_ = 0, panels_ = 0, run_k4s_ = 0, short_sums_ = 0;
    /// The format asked for, or s8 where the architecture cannot unpack it (multipliers of groups that are no
    /// multiples of 4 k, or that would need split pairs).
    WeightFormat format_ = WeightFormat::s8;
    bool words_ = false;
    int panel_k4s_ = 0, group_k4s_ = 0;
    std::ptrdiff_t panel_bytes_ = 0;
    struct alignas(64) Line {  // whole lines of the cache: vectors never straddle two
        std::uint8_t bytes[64];
    };
    std::vector<Line> codes_;
    std::vector<std::uint8_t> multipliers_;
    std::vector<std::int32_t> start_, first_remainder_;
    std::vector<Remainder> remainders_;
};

}  // namespace nibble::kernels
