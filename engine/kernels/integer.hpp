// The contract of the integer kernels: exact products of codes, and what turns their sums into the next
// codes.
//
// Every architecture gives the same integers, because nothing saturates or overflows on the way; and the same
// codes, because every float operation is written down here.
//
// Vocabulary: a *code* is the integer that stands for a value; a *stored* code is code + offset, a byte
// without sign (offset 0 for unsigned codes, 8 or 128 for signed ones of 4 and 8 bits). A *k4 group* is four
// consecutive k of one run, the last one of a run padded with zero weights.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/core/clamp.hpp"
#include "engine/core/rounding.hpp"
#include "engine/kernels/geometry.hpp"

namespace nibble::kernels {

inline constexpr int kK4 = 4;

/// How weights lie in memory. All of them are multiplied as signed bytes.
enum class WeightFormat {
    s8,      ///< a byte each
    s4,      ///< two's complement, two a byte
    ternary  ///< code + 1 in two bits, four a byte
};

/// Packed weights of one layer, made by IntegerWeights (integer_packing.hpp): for each panel, `panel_k4s`
/// blocks of [kPanel channels][kK4] codes, the k4 groups of run 0 first. Two (s4) or four (ternary) consecutive
/// blocks share 64 bytes: byte i holds code i of the first block in its lowest bits, code i of the next one
/// above, and so on.
struct PackedPanels {
    WeightFormat format;
    const void* codes;
    std::ptrdiff_t panel_bytes;  ///< from one panel to the next
    int panel_k4s;               ///< a multiple of the blocks that share 64 bytes
    /// Positive multipliers, [panel][panel_k4s / group_k4s][kPanel], one for each channel and group_k4s
    /// consecutive k4 groups; code * multiplier fits a signed byte. Null: none.
    const std::uint8_t* multipliers;
    int group_k4s;
};

/// to[k4][kPanel][kK4] = code (* multiplier), the signed bytes of one panel.
struct Unpack {
    PackedPanels weights;
    int panel;
    std::int8_t* to;
};

/// A k4 group of one half panel (8 channels) with weights that were too large for sums of two products in 16
/// bits: the packed panel holds a part of them, this the rest. Only for tables that say so
/// (Kernels::splits_pairs), and where few k4 groups need it.
struct Remainder {
    std::int32_t run, k;      ///< where the k4 group lies
    std::int8_t weights[32];  ///< [8 channels][kK4]
    /// The products since the last one that said so fit 16 bits, one more might not. True for the last one.
    bool ends_sum;
};

/// out[pixel][n] = start[n] + sum over runs r, then k in [0, run_length): operand[pixel + r * run_stride + k]
/// * weight[r][k][n], exactly, in 32 bits. The caller makes sure that no partial sum leaves them. Up to
/// run_padding - 1 bytes past a run are read (and multiplied by zero weights).
struct IntegerGemm {
    const std::uint8_t* operand;  ///< stored codes; strides of `pixels` in elements
    Pixels pixels;
    int runs;
    std::ptrdiff_t run_stride;
    int run_length;
    const std::int8_t* weights;   ///< unpacked panels; fastest where they begin at multiples of 64 bytes
    std::ptrdiff_t panel_stride;  ///< bytes from one panel to the next
    const std::int32_t* start;    ///< per channel, padded to whole panels; undoes the offset of stored codes
    int channels;
    /// For 16-bit sums: any so many consecutive k4 groups of a panel can be added up in 16 bits; 0: not even one.
    /// Then either weights were split and `remainders` completes them, those of half panel h being [first[h],
    /// first[h + 1]); or `words` says that weights have 16 bits, and products are added in 32: each k4 group's
    /// block is [first and third k, second and fourth][kPanel channels][2].
    int short_sums;
    const Remainder* remainders;
    const std::int32_t* first_remainder;
    bool words;
    std::int32_t* out;  ///< pixel (r, c), channel n at r * out_row_stride + c * out_col_stride + n
    std::ptrdiff_t out_row_stride, out_col_stride;
};

/// out[pixel][c] = start[c] + sum over t of operand[pixel + at[t] + c] * weights[t][c], exactly: a depthwise
/// convolution.
struct IntegerChannelSums {
    const std::uint8_t* operand;
    Pixels pixels;
    const std::ptrdiff_t* at;
    const std::int8_t* weights;  ///< [taps][channels]
    const std::int32_t* start;
    int taps, channels;
    std::int32_t* out;  ///< pixel (r, c), channel n at r * out_row_stride + c * out_col_stride + n
    std::ptrdiff_t out_row_stride, out_col_stride;
};

/// The first GEMM with panels that are still packed, as if they were unpacked first.
struct PackedGemm {
    IntegerGemm gemm;       ///< its weights are `unpacked`
    PackedPanels weights;   ///< s4 or ternary, without multipliers
    int panel;              ///< the first one of the GEMM
    std::int8_t* unpacked;  ///< room for all of them
    bool keep;              ///< whether later GEMMs find them there
};

/// Where the codes of real numbers x of channel c go.
///   t = x * multipliers[c];  t = t > lowest ? t : lowest;  t = t < highest ? t : highest;
///   stored = round(t) + offset
/// (so NaN becomes the lowest code).
struct CodeOutput {
    std::uint8_t* to;
    std::ptrdiff_t row_stride, col_stride;
    const float* multipliers;  ///< positive, one per channel; all alike where a tensor has one scale
    float lowest, highest;
    int offset;
    Rounding rounding;
};

/// A two-dimensional array of pixels with contiguous channels, read only; null: not there.
template <class T>
struct Source {
    const T* from = nullptr;
    std::ptrdiff_t row_stride = 0, col_stride = 0;
};

/// One more term for some channels: that of channel c is number column[c] of its pixel's sums. From one
/// channel with such a term to the next, columns rise by 1; up to kPanel - 1 sums past the last one are read.
inline constexpr int kMaxExtraSums = 3;
struct ExtraSums {
    const std::int32_t* column;  ///< negative: the channel has no such term
    const float* scale;
};

/// What follows a GEMM (its epilogue), for each pixel and channel c:
///   v = fma(float(sum), scale[c], shift[c])
///   v = fma(float(extra sum), extra scale[c], v)   (each of `extra` that the channel has, in order)
///   v = v + residual                               (if any: a float, or (stored - offset) * step)
///   v = clamp(v)
/// and v goes to `real`, to `codes`, or both.
struct Epilogue {
    int rows, cols, channels;
    Source<std::int32_t> sums;
    const float* scale;
    const float* shift;
    const ExtraSums* extra;
    int extra_count;  ///< at most kMaxExtraSums
    Source<float> residual;
    Source<std::uint8_t> residual_codes;
    int residual_offset;
    float residual_step;
    Clamp clamp;
    float* real;  ///< null: not wanted
    std::ptrdiff_t real_row_stride, real_col_stride;
    CodeOutput codes;  ///< codes.to null: not wanted
};

/// Codes of floats.
struct Quantize {
    int rows, cols, channels;
    Source<float> values;
    CodeOutput codes;
};

}  // namespace nibble::kernels
