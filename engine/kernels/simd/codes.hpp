// What follows a GEMM, and codes of floats. One vector of channels is walked over all pixels, so its scale
// and shift stay in registers.
#pragma once

#include "engine/kernels/integer.hpp"
#include "engine/kernels/simd/lanes.hpp"

namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE {

/// Sums become floats.
struct AsSums {
    using Type = std::int32_t;
    [[gnu::always_inline]] static Vec load(const std::int32_t* from) {
        return to_float(Ints::load_unaligned(from));
    }
};

/// Integers as they are.
struct AsInts {
    using Type = std::int32_t;
    [[gnu::always_inline]] static Ints load(const std::int32_t* from) { return Ints::load_unaligned(from); }
    [[gnu::always_inline]] static void save(Ints x, std::int32_t* to) { x.store_unaligned(to); }
};

/// Stored codes are integers of 32 bits in registers.
struct AsStored {
    using Type = std::uint8_t;
    [[gnu::always_inline]] static Ints load(const std::uint8_t* from) { return load_u8(from); }
    [[gnu::always_inline]] static void save(Ints x, std::uint8_t* to) { store_u8(x, to); }
};

template <Rounding rounding>
[[gnu::always_inline]] inline Ints rounded(Vec t) {
    if constexpr (rounding == Rounding::floor) {
        return floor_to_int(t);
    } else if constexpr (rounding == Rounding::half_up) {
        return floor_to_int(t + Vec(0.5f));
    } else {
        return nearbyint_as_int(t);
    }
}

template <Rounding rounding>
class Encoder {
  public:
    explicit Encoder(const CodeOutput& codes)
        : lowest_(codes.lowest),
          highest_(codes.highest),
          offset_(codes.offset),
          has_offset_(codes.offset != 0) {}

    [[gnu::always_inline]] Ints operator()(Vec x, Vec multiplier) const {
        const Ints code = rounded<rounding>(min(max(x * multiplier, lowest_), highest_));
        return has_offset_ ? code + offset_ : code;
    }

  private:
    Vec lowest_, highest_;
    Ints offset_;
    bool has_offset_;
};

/// Calls f with the rounding as a constant.
template <class F>
[[gnu::always_inline]] inline void with_rounding(Rounding rounding, F&& f) {
    switch (rounding) {
        case Rounding::nearest_even:
            return f(std::integral_constant<Rounding, Rounding::nearest_even>{});
        case Rounding::half_up:
            return f(std::integral_constant<Rounding, Rounding::half_up>{});
        case Rounding::floor:
            return f(std::integral_constant<Rounding, Rounding::floor>{});
    }
}

/// A walk along one row of pixels; null stays null.
template <class T>
class RowCursor {
  public:
    T* at;

    RowCursor(T* from, std::ptrdiff_t row_stride, std::ptrdiff_t col_stride, int row, int channel)
        : at(from ? from + row * row_stride + channel : nullptr), step_(from ? col_stride : 0) {}
    template <class S>
    RowCursor(const Source<S>& source, int row, int channel)
        : RowCursor(source.from, source.row_stride, source.col_stride, row, channel) {}
    RowCursor(const CodeOutput& codes, int row, int channel)
        : RowCursor(codes.to, codes.row_stride, codes.col_stride, row, channel) {}

    [[gnu::always_inline]] void next() { at += step_; }

  private:
    std::ptrdiff_t step_;
};

/// Whether codes of negative values are those of zero, so that codes alone need no ReLU before them.
inline bool codes_rectify(const CodeOutput& codes) {
    return codes.lowest >= 0;
}

/// The extra sums of a vector of channels. Their columns rise by 1 from channel to channel, so they lie in
/// one vector of sums and only have to be spread.
struct ExtraVector {
    int first[kMaxExtraSums];  ///< column of the first channel that has the term; negative: none has

    ExtraVector() = default;
    ExtraVector(const Epilogue& f, int c, int channels) {
        for (int e = 0; e < f.extra_count; ++e) {
            first[e] = -1;
            for (int i = channels; i-- > 0;)
                if (f.extra[e].column[c + i] >= 0) first[e] = f.extra[e].column[c + i];
        }
    }

    /// v with the terms of the channels from c on; `sums` are the pixel's.
    template <class L>
    [[gnu::always_inline]] Vec added(const Epilogue& f, const std::int32_t* sums, int c, L lanes,
                                     Vec v) const {
        for (int e = 0; e < f.extra_count; ++e) {
            if (first[e] < 0) continue;
            const Ints columns = lanes.template load<AsInts>(f.extra[e].column + c);
            const Ints near = permute(Ints::load_unaligned(sums + first[e]), columns - Ints(first[e]));
            const Vec scale = lanes.template load<AsFloat>(f.extra[e].scale + c);
            const Vec sum = fma(to_float(near), scale, v);
            v = select_negative(columns, v, sum);
        }
        return v;
    }
};

/// `W` vectors of channels from c on. `f` by value: stores of bytes could change what a reference refers to.
/// Plain: from sums to codes, no more.
template <Rounding rounding, bool plain, int W, class L>
[[gnu::always_inline]] inline void epilogue_channels(const Epilogue f, const Encoder<rounding>& encode, int c,
                                                     L lanes) {
    const Ints residual_offset(f.residual_offset);
    const Vec residual_step(f.residual_step);
    Clamping clamp(f.clamp);
    if (f.clamp.low <= 0 && !f.real && codes_rectify(f.codes)) clamp.below = false;
    Vec scale[W], shift[W], multiplier[W];
    ExtraVector extra[W];
    unrolled<W>([&](auto i) {
        if constexpr (!plain) extra[i] = ExtraVector(f, c + i * kLanes, lanes.count);
        scale[i] = lanes.template load<AsFloat>(f.scale + c + i * kLanes);
        shift[i] = lanes.template load<AsFloat>(f.shift + c + i * kLanes);
        multiplier[i] =
            f.codes.to ? lanes.template load<AsFloat>(f.codes.multipliers + c + i * kLanes) : Vec(0.0f);
    });
    for (int row = 0; row < f.rows; ++row) {
        RowCursor<const std::int32_t> sums(f.sums, row, c);
        RowCursor<const float> residual(f.residual, row, c);
        RowCursor<const std::uint8_t> residual_codes(f.residual_codes, row, c);
        RowCursor<float> real(f.real, f.real_row_stride, f.real_col_stride, row, c);
        RowCursor<std::uint8_t> codes(f.codes, row, c);
        for (int col = 0; col < f.cols; ++col) {
            Ints stored[W];
            unrolled<W>([&](auto i) {
                constexpr int at = i * kLanes;
                Vec v = fma(lanes.template load<AsSums>(sums.at + at), scale[i], shift[i]);
                if constexpr (!plain) {
                    v = extra[i].added(f, sums.at - c, c + at, lanes, v);
                    if (residual.at) v = v + lanes.template load<AsFloat>(residual.at + at);
                    if (residual_codes.at) {
                        const Ints code =
                            lanes.template load<AsStored>(residual_codes.at + at) - residual_offset;
                        v = v + to_float(code) * residual_step;
                    }
                }
                v = clamp(v);
                if constexpr (!plain)
                    if (real.at) lanes.template save<AsFloat>(v, real.at + at);
                stored[i] = encode(v, multiplier[i]);
            });
            if (plain || codes.at) {
                if constexpr (W == 1)
                    lanes.template save<AsStored>(stored[0], codes.at);
                else
                    store_u8(stored, codes.at);
            }
            sums.next();
            residual.next();
            residual_codes.next();
            real.next();
            codes.next();
        }
    }
}

template <Rounding rounding, bool plain>
void epilogue_rounding(const Epilogue& f) {
    const Encoder<rounding> encode(f.codes);
    const Lanes<true> all{kLanes};
    int c = 0;
    if constexpr (kStoredTogether > 1)
        for (; c + kStoredTogether * kLanes <= f.channels; c += kStoredTogether * kLanes)
            epilogue_channels<rounding, plain, kStoredTogether>(f, encode, c, all);
    for (; c + kLanes <= f.channels; c += kLanes) epilogue_channels<rounding, plain, 1>(f, encode, c, all);
    if (c < f.channels) epilogue_channels<rounding, plain, 1>(f, encode, c, Lanes<false>{f.channels - c});
}

inline void epilogue_sums(const Epilogue& f) {
    const bool plain = !f.extra_count && !f.residual.from && !f.residual_codes.from && !f.real;
    with_rounding(f.codes.rounding, [&](auto rounding) {
        plain ? epilogue_rounding<rounding, true>(f) : epilogue_rounding<rounding, false>(f);
    });
}

/// The multipliers repeat after `period` channels.
template <Rounding rounding>
void quantize_rounding(const Quantize q, int period) {
    const Encoder<rounding> encode(q.codes);
    for_channels(q.channels, [&](int c, auto lanes) {
        const Vec multiplier = lanes.template load<AsFloat>(q.codes.multipliers + c % period);
        for (int row = 0; row < q.rows; ++row) {
            RowCursor<const float> values(q.values, row, c);
            RowCursor<std::uint8_t> codes(q.codes, row, c);
            for (int col = 0; col < q.cols; ++col) {
                lanes.template save<AsStored>(encode(lanes.template load<AsFloat>(values.at), multiplier),
                                              codes.at);
                values.next();
                codes.next();
            }
        }
    });
}

inline void quantize_values(const Quantize& q) {
    Quantize rows = q;
    float repeated[2 * kLanes];
    // Pixels without gaps are as good as channels: images of three would leave most of a vector empty.
    if (q.channels < kLanes && q.values.col_stride == q.channels && q.codes.col_stride == q.channels) {
        rows.channels *= q.cols;
        rows.cols = 1;
        for (int i = 0; i < 2 * kLanes; ++i) repeated[i] = q.codes.multipliers[i % q.channels];
        rows.codes.multipliers = repeated;
    }
    with_rounding(q.codes.rounding, [&](auto rounding) { quantize_rounding<rounding>(rows, q.channels); });
}

}  // namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE
