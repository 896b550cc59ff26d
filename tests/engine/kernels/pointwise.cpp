// normalize, moments, mask_gradient, normalize_backward, encode, pass_gradient and store of every
// architecture against the reference.
#include <cmath>

#include "tests/engine/kernels/contenders.hpp"

namespace nibble::kernels::test {
namespace {

constexpr int kChannels[] = {1, 3, 8, 10, 15, 16, 17, 31, 32, 33, 48, 64, 100};
constexpr int kPixels[] = {1, 5, 31, 32, 33, 64, 100};
constexpr Storage kStorages[] = {Storage::f32, Storage::bf16};

/// A tensor in a storage; an output starts as canaries and ends with a margin of them.
class Stored {
  public:
    Stored(Storage storage, const std::vector<float>& values) : bf16_(storage == Storage::bf16) {
        if (bf16_)
            narrow_ = narrowed(values);
        else
            wide_ = values;
    }
    static Stored empty(int element_bytes, std::size_t count) {
        Stored s;
        s.bf16_ = element_bytes == 2;
        if (s.bf16_)
            s.narrow_ = canaries<Bf16>(count + kMargin);
        else
            s.wide_ = canaries<float>(count + kMargin);
        return s;
    }
    static Stored empty(Storage storage, std::size_t count) {
        return empty(storage == Storage::bf16 ? 2 : 4, count);
    }

    void* data() { return bf16_ ? static_cast<void*>(narrow_.data()) : wide_.data(); }
    const void* data() const { return const_cast<Stored*>(this)->data(); }
    /// bfloat16 widened: what two architectures' operands have in common.
    std::vector<float> widened() const {
        if (!bf16_) return {wide_.begin(), wide_.end() - kMargin};
        std::vector<float> out;
        for (std::size_t i = 0; i + kMargin < narrow_.size(); ++i) out.push_back(to_float(narrow_[i]));
        return out;
    }
    bool margin_untouched() const {
        return bf16_ ? same_bits(std::vector<Bf16>(narrow_.end() - kMargin, narrow_.end()),
                                 canaries<Bf16>(kMargin))
                     : same_bits(std::vector<float>(wide_.end() - kMargin, wide_.end()),
                                 canaries<float>(kMargin));
    }
    /// Equal values and margins, whatever the element type: operands differ in it between architectures.
    bool operator==(const Stored& other) const {
        return same_bits(widened(), other.widened()) && margin_untouched() && other.margin_untouched();
    }

  private:
    Stored() = default;
    static constexpr std::ptrdiff_t kMargin = 40;
    bool bf16_ = false;
    std::vector<float> wide_;
    std::vector<Bf16> narrow_;
};

/// Sizes, storage and values of one comparison.
struct Case {
    int pixels, channels;
    Storage storage;
    Kind kind;
    std::size_t count;
    std::vector<Stored> tensors;
    std::vector<float> wide;  ///< a tensor in float
    std::vector<float> per_channel[3];

    Case(int pixel_count, int channel_count, Storage stored_as, Kind kind_of_values)
        : pixels(pixel_count),
          channels(channel_count),
          storage(stored_as),
          kind(kind_of_values),
          count(static_cast<std::size_t>(pixels) * static_cast<std::size_t>(channels)),
          wide(draw(count, kind, 10)) {
        for (std::uint32_t i = 0; i < 5; ++i) tensors.emplace_back(storage, draw(count, kind, 20 + i));
        for (std::uint32_t i = 0; i < 3; ++i)
            per_channel[i] = draw(static_cast<std::size_t>(channels), kind, 30 + i);
    }

    std::string text(const Kernels& kernels) const {
        return std::string(kernels.name) + ", " + std::to_string(pixels) + " pixels, " +
               std::to_string(channels) + " channels, storage " + std::to_string(static_cast<int>(storage)) +
               ", values " + std::to_string(static_cast<int>(kind));
    }
};

/// Compares what run(kernels, case, option) returns between the reference and every architecture, for all
/// sizes, storages and options in [0, options); kinds of values take turns.
template <class Run>
void compare(unsigned options, Run run) {
    const std::vector<const Kernels*> tables = contenders_and_emulated();
    std::uint32_t turn = 0;
    for (const Storage storage : kStorages)
        for (const int channels : kChannels)
            for (const int pixels : kPixels) {
                if (!wanted(++turn)) continue;
                const Case c(pixels, channels, storage, kKinds[turn % 4]);
                for (unsigned option = 0; option < options; ++option) {
                    const auto expected = run(reference_kernels(), c, option);
                    for (const Kernels* kernels : tables) {
                        const bool same = run(*kernels, c, option) == expected;
                        CHECK_MESSAGE(same, c.text(*kernels) << ", option " << option);
                    }
                }
            }
}

struct Sums {
    std::vector<double> first, second;
    explicit Sums(int channels)
        : first(canaries<double>(static_cast<std::size_t>(channels) + 20)), second(first) {}
    bool operator==(const Sums& other) const {
        return same_bits(first, other.first) && same_bits(second, other.second);
    }
};

const void* when(bool wanted, const Stored& tensor) {
    return wanted ? tensor.data() : nullptr;
}
const float* when(bool wanted, const std::vector<float>& values) {
    return wanted ? values.data() : nullptr;
}

/// A place for what a pass writes.
Stored empty_target(const Kernels& kernels, const Case& c, Target to) {
    if (to == Target::storage) return Stored::empty(c.storage, c.count);
    return Stored::empty(to == Target::bf16_operand ? kernels.bf16_operand_bytes : 4, c.count);
}

/// float storage may become operands of either kind.
Target target_of(const Case& c, bool operand, bool of_bf16) {
    if (!operand) return Target::storage;
    return c.storage == Storage::bf16 || of_bf16 ? Target::bf16_operand : Target::f32_operand;
}

Clamp clamp_of(bool bounds, bool above) {
    return !bounds ? Clamp{} : above ? Clamp{-0.5f, 1.25f} : kRelu;
}

/// Options as bits: scale, residual, clamp, operand, of bf16, clamp on both sides.
Stored run_normalize(const Kernels& kernels, const Case& c, unsigned options) {
    const Target to = target_of(c, options & 8, options & 16);
    Stored dst = empty_target(kernels, c, to);
    kernels.normalize({.storage = c.storage,
                       .src = c.tensors[0].data(),
                       .residual = when(options & 2, c.tensors[1]),
                       .scale = when(options & 1, c.per_channel[0]),
                       .shift = when(options & 1, c.per_channel[1]),
                       .clamp = clamp_of(options & 4, options & 32),
                       .pixels = c.pixels,
                       .channels = c.channels,
                       .dst = dst.data(),
                       .to = to});
    return dst;
}

Sums run_moments(const Kernels& kernels, const Case& c) {
    Sums sums(c.channels);
    kernels.moments(
        {c.storage, c.tensors[0].data(), c.pixels, c.channels, sums.first.data(), sums.second.data()});
    return sums;
}

struct Masked {
    Stored gradient;
    Sums sums;
    bool operator==(const Masked&) const = default;
};

/// Options as bits: incoming, earlier, residual, clamp, activation, batch norm, clamp on both sides.
Masked run_mask(const Kernels& kernels, const Case& c, unsigned options) {
    Masked out{Stored::empty(c.storage, c.count), Sums(c.channels)};
    kernels.mask_gradient({.storage = c.storage,
                           .incoming = when(options & 1, c.wide),
                           .earlier = when(options & 2, c.tensors[1]),
                           .residual = when(options & 4, c.tensors[2]),
                           .clamp = clamp_of(options & 8, options & 64),
                           .activation = when(options & 16, c.tensors[3]),
                           .scale = c.per_channel[0].data(),
                           .shift = c.per_channel[1].data(),
                           .y = when(options & 32, c.tensors[4]),
                           .pixels = c.pixels,
                           .channels = c.channels,
                           .gradient = out.gradient.data(),
                           .sum = out.sums.first.data(),
                           .product = out.sums.second.data()});
    return out;
}

Stored run_normalize_backward(const Kernels& kernels, const Case& c, bool batch_norm, bool of_bf16) {
    const Target to = target_of(c, true, of_bf16);
    Stored dst = empty_target(kernels, c, to);
    kernels.normalize_backward({.storage = c.storage,
                                .gradient = c.tensors[0].data(),
                                .y = when(batch_norm, c.tensors[1]),
                                .by_g = when(batch_norm, c.per_channel[0]),
                                .by_y = when(batch_norm, c.per_channel[1]),
                                .constant = when(batch_norm, c.per_channel[2]),
                                .pixels = c.pixels,
                                .channels = c.channels,
                                .dst = dst.data(),
                                .to = to});
    return dst;
}

struct Grid {
    float lowest, highest;
    Rounding rounding;
};
Grid grid_of(unsigned option) {
    const bool wide = option >= 3;
    constexpr Rounding kRoundings[] = {Rounding::floor, Rounding::half_up, Rounding::nearest_even};
    const Rounding rounding = kRoundings[option % 3];
    if (rounding == Rounding::floor) return {0.0f, wide ? 255.0f : 3.0f, rounding};
    return {wide ? -127.0f : -7.0f, wide ? 127.0f : 7.0f, rounding};
}

const float kNan = std::numeric_limits<float>::quiet_NaN();
const float kInfinity = std::numeric_limits<float>::infinity();

/// Values where rounding to bfloat16 is special, each followed by its neighbours in float, both signs.
std::vector<float> awkward_to_round() {
    std::vector<float> values;
    for (const std::uint32_t bits :
         {0x00000000u, 0x00000001u, 0x00007fffu, 0x00008000u, 0x00008001u, 0x007fffffu,
          0x00800000u, 0x3f800000u, 0x3f807fffu, 0x3f808000u, 0x3f808001u, 0x3f818000u,
          0x3f817fffu, 0x3f818001u, 0x3fff8000u, 0x7f7f7fffu, 0x7f7f8000u, 0x7f7fffffu,
          0x7f800000u, 0x7f800001u, 0x7f80ffffu, 0x7fc00000u, 0x7fffffffu})
        for (const std::uint32_t sign : {0u, 0x80000000u})
            values.push_back(std::bit_cast<float>(bits | sign));
    return values;
}

}  // namespace

TEST_CASE("normalize: the same bits on every architecture") {
    compare(64, run_normalize);
}

TEST_CASE("moments: the same bits on every architecture") {
    compare(1, [](const Kernels& kernels, const Case& c, unsigned) { return run_moments(kernels, c); });
}

TEST_CASE("mask_gradient: the same bits on every architecture") {
    compare(128, [](const Kernels& kernels, const Case& c, unsigned options) {
        const bool clamp = options & 8, activation = options & 16, batch_norm = options & 32;
        if (clamp && !activation && !batch_norm)
            options |= 16;  // there must be something to tell the mask from
        return run_mask(kernels, c, options);
    });
}

TEST_CASE("normalize_backward: the same bits on every architecture") {
    compare(4, [](const Kernels& kernels, const Case& c, unsigned options) {
        return run_normalize_backward(kernels, c, options & 1, options & 2);
    });
}

TEST_CASE("encode: the same codes on every architecture and in every kind of operand") {
    compare(12, [](const Kernels& kernels, const Case& c, unsigned option) {
        const Grid grid = grid_of(option % 6);
        const Target to = option < 6 ? Target::f32_operand : Target::bf16_operand;
        Stored dst = empty_target(kernels, c, to);
        kernels.encode({c.wide.data(), c.per_channel[0].data(), grid.lowest, grid.highest, grid.rounding,
                        c.pixels, c.channels, dst.data(), to});
        for (const float code : dst.widened())
            CHECK((code >= grid.lowest && code <= grid.highest && code == std::nearbyint(code)));
        return dst;
    });
}

TEST_CASE("pass_gradient: the same bits on every architecture") {
    compare(6, [](const Kernels& kernels, const Case& c, unsigned option) {
        const Grid grid = grid_of(option);
        const bool floored = grid.rounding == Rounding::floor;
        Stored gradient = Stored::empty(4, c.count);
        std::copy(c.wide.begin(), c.wide.end(), static_cast<float*>(gradient.data()));
        // Values on the grid and its bounds, where the comparisons decide.
        std::vector<float> src(c.count);
        for (std::size_t i = 0; i < src.size(); ++i)
            src[i] = i % 3 ? c.wide[i] : grid.lowest + static_cast<float>(i % 40) * 0.5f;
        const std::vector<float> ones(static_cast<std::size_t>(c.channels), 1.0f);
        kernels.pass_gradient({src.data(), ones.data(), grid.lowest, grid.highest, floored,
                               floored ? 0.5f : 1.0f, c.pixels, c.channels,
                               static_cast<float*>(gradient.data())});
        return gradient;
    });
}

TEST_CASE("pass_gradient: inside, outside and on the bounds") {
    const float src[] = {-0.5f, 0.0f, 0.5f, 1.0f, 2.9f, 3.0f, 3.9f, 4.0f};
    const float one[] = {1.0f};
    const auto factors = [&](bool floored, float at_bounds) {
        std::vector<float> gradient(8, 1.0f);
        reference_kernels().pass_gradient({src, one, 0, 3, floored, at_bounds, 8, 1, gradient.data()});
        return gradient;
    };
    CHECK(factors(false, 1.0f) == std::vector<float>{0, 1, 1, 1, 1, 1, 0, 0});
    CHECK(factors(true, 0.5f) == std::vector<float>{0, 0.5f, 0.5f, 1, 1, 0.5f, 0.5f, 0});
}

TEST_CASE("store: the same bits on every architecture, ties to even, NaN stays NaN") {
    std::vector<float> values = awkward_to_round();
    for (const float x : draw(77, Kind::tied, 1)) values.push_back(x);
    for (const Storage storage : kStorages)
        for (const std::size_t count : {std::size_t{1}, std::size_t{7}, std::size_t{16}, values.size()}) {
            Stored expected = Stored::empty(storage, count);
            reference_kernels().store(storage, values.data(), expected.data(), count);
            CHECK(expected.margin_untouched());
            for (const Kernels* kernels : contenders_and_emulated()) {
                Stored out = Stored::empty(storage, count);
                kernels->store(storage, values.data(), out.data(), count);
                CHECK_MESSAGE((out == expected), kernels->name << ", count " << count);
            }
        }
    Bf16 rounded[4];
    const float ties[] = {std::bit_cast<float>(0x3f808000u), std::bit_cast<float>(0x3f818000u), kNan,
                          kInfinity};
    reference_kernels().store(Storage::bf16, ties, rounded, 4);
    CHECK(rounded[0].bits == 0x3f80);
    CHECK(rounded[1].bits == 0x3f82);
    CHECK(to_float(rounded[2]) != to_float(rounded[2]));
    CHECK(rounded[3].bits == 0x7f80);
}

TEST_CASE("NaN and infinity pass through relu and through rounding, alike everywhere") {
    std::vector<float> values = draw(64, Kind::ordinary, 2);
    values[1] = values[33] = kNan;
    values[2] = -kNan;
    values[3] = kInfinity;
    values[4] = -kInfinity;
    values[5] = -0.0f;
    for (const Storage storage : kStorages) {
        const Stored src(storage, values);
        const auto run = [&](const Kernels& kernels) {
            Stored dst = Stored::empty(storage, values.size());
            kernels.normalize({.storage = storage,
                               .src = src.data(),
                               .residual = nullptr,
                               .scale = nullptr,
                               .shift = nullptr,
                               .clamp = kRelu,
                               .pixels = 2,
                               .channels = 32,
                               .dst = dst.data(),
                               .to = Target::storage});
            return dst;
        };
        const Stored expected = run(reference_kernels());
        const std::vector<float> out = expected.widened();
        CHECK(std::isnan(out[1]));
        CHECK(std::isnan(out[2]));
        CHECK(out[3] == kInfinity);
        CHECK(out[4] == 0.0f);
        CHECK(std::bit_cast<std::uint32_t>(out[5]) == 0);  // -0 becomes +0
        CHECK(std::isnan(out[33]));
        for (const Kernels* kernels : contenders_and_emulated())
            CHECK_MESSAGE((run(*kernels) == expected), kernels->name);
    }
}

}  // namespace nibble::kernels::test
