// The contract between the engine and its kernels: plain structs, pointers, and one table of functions.
//
// Every architecture fills the same table; engine/kernels/reference defines what each function computes, and
// the others must produce the same bits. Nothing here includes more than plain types, so that files
// compiled for one instruction set leave nothing behind in the others.
//
// Vocabulary: an *operand buffer* holds one image, NHWC, with its zero border; a *pixel* is an output
// position of the convolution; a *run* is a contiguous range of k, one kernel row (kw, c) of the operand
// buffer; a *panel* is a group of kPanel output channels of the weights.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/core/clamp.hpp"
#include "engine/kernels/geometry.hpp"
#include "engine/kernels/integer.hpp"

namespace nibble::kernels {

/// bf16 sums add blocks of 32 terms: two chains of 16 (even k, odd k), then one addition.
inline constexpr int kBlock = 32;

/// out[pixel][n] = sum over runs r, then k in [0, run_length): operand[pixel + r * run_stride + k] *
/// weight[r][k][n]
///
/// f32:  one FMA chain over (r, k) from 0.
/// bf16: each run is cut in blocks of 32 k (the last one padded with zeros); a block's even and odd terms are
///       two FMA chains from 0, and acc += even + odd.
/// A sum that comes out as -0 is stored as +0, so it does not matter whether zero padding took part.
struct Gemm {
    const void* operand;  ///< float; for bf16, elements of bf16_operand_bytes (see Kernels)
    Pixels pixels;
    int runs;
    std::ptrdiff_t run_stride;
    int run_length;
    const void* weights;  ///< packed panels; a subset of runs may be used: weights then starts at the first
    std::ptrdiff_t panel_stride;  ///< elements from one panel to the next
    int channels;                 ///< n runs over [0, channels)
    float* out;                   ///< pixel (r, c), channel n at r * out_row_stride + c * out_col_stride + n
    std::ptrdiff_t out_row_stride, out_col_stride;
    const Area* areas;  ///< f32 only: every pixel lies in one of them; null: no pixel lacks terms
    int area_count;
};

/// gradient[k][n] += sum over pixels in order of operand[pixel + k] * dy[pixel][n], for k in [0, run_length)
///
/// f32:  the chain of FMAs continues from what `gradient` holds.
/// bf16: pixels are taken in blocks of 32 (counted from the first, the last padded with zeros), two chains
///       from 0 as above, gradient += even + odd.
struct WeightGradient {
    const void* operand;
    Pixels pixels;
    int run_length;
    const void* dy;  ///< same element type as operand; pixel (r, c) at r * dy_row_stride + c * dy_col_stride
    std::ptrdiff_t dy_row_stride, dy_col_stride;
    int channels;
    float* gradient;  ///< row k at k * gradient_stride
    std::ptrdiff_t
        gradient_stride;  ///< at least channels rounded up to a multiple of kPanel; junk beyond them
};

/// Sums of products that do not mix channels, as depthwise convolutions have them: for each pixel p and channel c
///   out[p * out_stride + c] = (add ? out[..] : 0) + sum over t, in order, of
///                             a[p * a_stride + a_at[t] + c] * b[b_at[t] + c]
/// in one FMA chain. Without `add`, a sum that comes out as -0 is stored as +0.
struct ChannelSums {
    const float* a;
    const float* b;
    const std::ptrdiff_t* a_at;
    const std::ptrdiff_t* b_at;
    int terms, pixels, channels;
    std::ptrdiff_t a_stride, out_stride;
    bool add;
    float* out;
};

/// Storage of activations and their gradients: float, or bfloat16 as uint16_t.
enum class Storage { f32, bf16 };

/// What a pass writes: elements of the storage, or of an operand buffer for gemm_f32 or gemm_bf16.
enum class Target { storage, f32_operand, bf16_operand };  // f32_operand: of f32 storage only

/// dst = clamp(scale[c] * src + shift[c] + residual), with one FMA, then one addition. Comparisons as Clamp has
/// them: a maximum would leave NaN and -0 to the instruction chosen. Leaves out what is null: no scale, no
/// residual.
struct Normalize {
    Storage storage;  ///< of src and residual; what is written as bfloat16 is rounded to nearest even
    const void* src;
    const void* residual;
    const float* scale;
    const float* shift;
    Clamp clamp;
    int pixels, channels;
    void* dst;
    Target to;
};

/// Codes of real numbers as numbers of an operand buffer ("fake quantization"):
///   t = src * multiplier[c];  t = t > lowest ? t : lowest;  t = t < highest ? t : highest;  dst = round(t)
/// Bounds and codes are integers of at most 8 bits, so no element type rounds them.
struct Encode {
    const float* src;
    const float* multiplier;
    float lowest, highest;
    Rounding rounding;
    int pixels, channels;
    void* dst;
    Target to;  ///< an operand
};

/// How the gradient passes codes: with t as in Encode, or its floor,
///   gradient *= t < lowest or t > highest (or NaN): 0;  t = lowest or t = highest: at_bounds;  else 1
struct PassGradient {
    const float* src;
    const float* multiplier;
    float lowest, highest;
    bool floored;
    float at_bounds;
    int pixels, channels;
    float* gradient;
};

/// Per channel, over the pixels of one image: sum[c] = sum of src, square[c] = sum of src^2. Float chains
/// (FMA for the squares) from 0 over runs of 32 pixels; the runs are added in order as doubles.
struct Moments {
    Storage storage;
    const void* src;
    int pixels, channels;
    double* sum;
    double* square;
};

/// The gradient that reaches an activation a = clamp(bn?(y) + r), made ready for batch norm's backward pass:
///   g = (incoming + earlier + residual) where low < a < high, else 0   (no mask without bounds)
///   sum[c] = sum of g, product[c] = sum of g * y                      (structured as in Moments)
/// in this order of additions; each of the three may be null. g is rounded to `storage` before it is summed.
struct MaskGradient {
    Storage storage;  ///< of earlier, residual, activation, y and gradient
    const float* incoming;
    const void* earlier;
    const void* residual;
    Clamp clamp;
    const void* activation;  ///< a itself, or null: then a = scale[c] * y + shift[c]
    const float* scale;
    const float* shift;
    const void* y;  ///< null without batch norm: then no sums are taken
    int pixels, channels;
    void* gradient;
    double* sum;
    double* product;
};

/// dst = by_g[c] * g + (by_y[c] * y + constant[c]), two FMAs: batch norm's gradient of its input, written
/// into an operand buffer. Without by_g: dst = g.
struct NormalizeBackward {
    Storage storage;
    const void* gradient;
    const void* y;
    const float* by_g;
    const float* by_y;
    const float* constant;
    int pixels, channels;
    void* dst;
    Target to;  ///< an operand
};

struct Kernels {
    const char* name;
    /// Bytes of one element of a bf16 operand or packed weight: 2 (bfloat16) or 4 (the same value widened to
    /// float).
    int bf16_operand_bytes;

    void (*gemm_f32)(const Gemm&);
    void (*gemm_bf16)(const Gemm&);
    void (*weight_gradient_f32)(const WeightGradient&);
    void (*weight_gradient_bf16)(const WeightGradient&);

    void (*channel_sums)(const ChannelSums&);

    void (*normalize)(const Normalize&);
    void (*moments)(const Moments&);
    void (*mask_gradient)(const MaskGradient&);
    void (*normalize_backward)(const NormalizeBackward&);
    void (*encode)(const Encode&);
    void (*pass_gradient)(const PassGradient&);
    /// Rounds floats to storage (f32: copies).
    void (*store)(Storage, const float* src, void* dst, std::size_t count);

    /// Packs a row-major matrix [runs * run_length][channels], values already rounded to bfloat16, for
    /// gemm_bf16: elements of bf16_operand_bytes, [panel][run][block] groups of kBlock x kPanel (see
    /// packing.hpp).
    void (*pack_bf16)(const float* matrix, int runs, int run_length, int channels, void* packed);

    /// Runs of integer weights are padded to multiples of this many k: kK4, or 64 for tiles.
    int run_padding;
    /// integer_gemm adds pairs of products in 16 bits: packing must split what could overflow there.
    bool splits_pairs;
    void (*integer_gemm)(const IntegerGemm&);
    void (*integer_channel_sums)(const IntegerChannelSums&);
    void (*unpack)(const Unpack&);
    /// Null: unpack first.
    void (*packed_gemm)(const PackedGemm&);
    void (*epilogue)(const Epilogue&);
    void (*quantize)(const Quantize&);
};

}  // namespace nibble::kernels
