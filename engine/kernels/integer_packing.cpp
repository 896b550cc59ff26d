#include "engine/kernels/integer_packing.hpp"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <numeric>
#include <string>

#include "engine/core/error.hpp"

namespace nibble::kernels {
namespace {

constexpr int kBlockCodes = kPanel * kK4;
constexpr int kShortLimit = std::numeric_limits<std::int16_t>::max();

/// Of the half k4 groups, so many may have remainders: with more, adding them takes longer than products that
/// need none.
constexpr double kMostRemainders = 0.4;

int ceil_div(int n, int by) {
    return (n + by - 1) / by;
}

int bits_of(WeightFormat format) {
    return format == WeightFormat::s8 ? 8 : format == WeightFormat::s4 ? 4 : 2;
}

bool fits(WeightFormat format, int code) {
    if (format == WeightFormat::ternary) return code >= -1 && code <= 1;
    const int limit = 1 << (bits_of(format) - 1);
    return code >= -limit && code < limit;
}

void check(WeightFormat format, const CodeMatrix& matrix) {
    for (std::size_t i = 0; i < matrix.codes.size(); ++i) {
        const int code = matrix.codes[i];
        if (!fits(format, code))
            throw BadInput("packing weights", "code", "one of " + std::to_string(bits_of(format)) + " bits",
                           std::to_string(code));
        if (matrix.multipliers.empty()) continue;
        const int product = code * matrix.multipliers[i];
        if (matrix.multipliers[i] == 0 || !fits(WeightFormat::s8, product))
            throw BadInput("packing weights", "code times multiplier",
                           "a product of 8 bits and no zero multiplier",
                           std::to_string(code) + " x " + std::to_string(matrix.multipliers[i]));
    }
}

/// Products of either sign that add up in the 16-bit lanes of consecutive k4 groups, if operands are largest.
class ShortSums {
  public:
    ShortSums(int codes, int highest)
        : limit_(kShortLimit / highest), lanes_(static_cast<std::size_t>(codes) / 2) {}

    void add(const std::int8_t* codes) { change(codes, 1); }
    void remove(const std::int8_t* codes) { change(codes, -1); }
    bool fit() const {
        return std::all_of(lanes_.begin(), lanes_.end(), [&](const Lane& lane) {
            return lane.positive <= limit_ && lane.negative <= limit_;
        });
    }

  private:
    struct Lane {
        int positive = 0, negative = 0;
    };
    void change(const std::int8_t* codes, int sign) {
        for (std::size_t i = 0; i < 2 * lanes_.size(); ++i) {
            Lane& lane = lanes_[i / 2];
            (codes[i] > 0 ? lane.positive : lane.negative) += sign * std::abs(codes[i]);
        }
    }

    int limit_;
    std::vector<Lane> lanes_;
};

/// The largest n such that any n consecutive k4 groups of a panel can be added up in 16 bits.
int longest_short_sum(const std::int8_t* panel, int k4s, int highest) {
    ShortSums sums(kBlockCodes, highest);
    int longest = kShortLimit, first = 0;
    for (int k4 = 0; k4 < k4s; ++k4) {
        sums.add(panel + static_cast<std::ptrdiff_t>(k4) * kBlockCodes);
        while (!sums.fit()) {
            longest = std::min(longest, k4 - first);
            sums.remove(panel + static_cast<std::ptrdiff_t>(first++) * kBlockCodes);
        }
    }
    return longest;
}

}  // namespace

IntegerWeights::IntegerWeights(const Kernels& kernels, WeightFormat format, const CodeMatrix& matrix,
                               OperandRange operand)
    : kernels_(&kernels),
      runs_(matrix.runs),
      run_length_(matrix.run_length),
      channels_(matrix.channels),
      panels_(ceil_div(matrix.channels, kPanel)),
      run_k4s_(ceil_div(matrix.run_length, kernels.run_padding) * (kernels.run_padding / kK4)) {
    check(format, matrix);
    std::vector<std::int8_t> products = padded_products(matrix);
    const std::size_t panel_codes = products.size() / static_cast<std::size_t>(panels_);

    start_.assign(static_cast<std::size_t>(panels_) * kPanel, 0);
    for (int n = 0; n < channels_; ++n) {
        std::int64_t sum = 0, magnitude = 0;
        for (std::size_t i = 0; i < panel_codes; ++i)
            if (static_cast<int>(i % kBlockCodes) / kK4 == n % kPanel) {
                const int w = products[n / kPanel * panel_codes + i];
                sum += w;
                magnitude += std::abs(w);
            }
        if (magnitude * (operand.highest + operand.offset) > std::numeric_limits<std::int32_t>::max())
            throw Unsupported("packing weights: sums of channel " + std::to_string(n) +
                              " could leave 32 bits");
        start_[n] = static_cast<std::int32_t>(-operand.offset * sum);
    }

    short_sums_ = kShortLimit;
    for (int panel = 0; panel < panels_; ++panel)
        short_sums_ = std::min(short_sums_, longest_short_sum(products.data() + panel * panel_codes,
                                                              runs_ * run_k4s_, operand.highest));
    const bool splits = kernels.splits_pairs && short_sums_ == 0;

    const bool grouped = !matrix.multipliers.empty();
    const bool whole_k4s = matrix.group % kK4 == 0 && matrix.run_length % kK4 == 0 &&
                           (matrix.group == 0 || run_k4s_ * kK4 % matrix.group == 0);
    if (grouped && (splits || !whole_k4s)) format = WeightFormat::s8;
    if (format == WeightFormat::s8) {
        if (splits) {
            std::vector<std::int8_t> split = products;
            split_pairs(split, operand.highest);
            const std::size_t half_k4s = products.size() / (kBlockCodes / 2);
            if (remainders_.size() <= kMostRemainders * static_cast<double>(half_k4s)) {
                products = std::move(split);
            } else {
                remainders_.clear();
                first_remainder_.clear();
                pack_words(products);
                return;
            }
        }
        pack(format, products);
        return;
    }
    if (!grouped) {
        pack(format, products);
        return;
    }

    // Unpacking multiplies again: pack the bare codes, and one multiplier for each channel and group.
    group_k4s_ = matrix.group / kK4;
    pack(format, padded_products({matrix.runs, matrix.run_length, matrix.channels, matrix.codes}));
    multipliers_.assign(static_cast<std::size_t>(panels_) * (panel_k4s_ / group_k4s_) * kPanel, 1);
    for (int r = 0; r < runs_; ++r)
        for (int k = 0; k < run_length_; k += kK4)
            for (int n = 0; n < channels_; ++n) {
                const int k4 = r * run_k4s_ + k / kK4;
                const int group = n / kPanel * (panel_k4s_ / group_k4s_) + k4 / group_k4s_;
                multipliers_[static_cast<std::size_t>(group) * kPanel + n % kPanel] =
                    matrix.multipliers[(static_cast<std::size_t>(r) * run_length_ + k) * channels_ + n];
            }
}

/// Codes times multipliers as [panel][run][k4][channel][k], zeros where nothing is.
std::vector<std::int8_t> IntegerWeights::padded_products(const CodeMatrix& matrix) const {
    std::vector<std::int8_t> blocks(static_cast<std::size_t>(panels_) * runs_ * run_k4s_ * kBlockCodes, 0);
    for (int r = 0; r < runs_; ++r)
        for (int k = 0; k < run_length_; ++k)
            for (int n = 0; n < channels_; ++n) {
                const std::size_t from = (static_cast<std::size_t>(r) * run_length_ + k) * channels_ + n;
                const std::size_t k4 =
                    (static_cast<std::size_t>(n / kPanel) * runs_ + r) * run_k4s_ + k / kK4;
                const int code =
                    matrix.codes[from] * (matrix.multipliers.empty() ? 1 : matrix.multipliers[from]);
                blocks[k4 * kBlockCodes + n % kPanel * kK4 + k % kK4] = static_cast<std::int8_t>(code);
            }
    return blocks;
}

/// Takes from pairs of weights that could overflow 16 bits what is too much, and keeps it as remainders.
void IntegerWeights::split_pairs(std::vector<std::int8_t>& blocks, int highest) {
    const int limit = kShortLimit / highest;  // of the two together
    constexpr int kHalf = kBlockCodes / 2;
    const int k4s = runs_ * run_k4s_;
    for (std::size_t panel = 0; panel < static_cast<std::size_t>(panels_); ++panel)
        for (int half = 0; half < 2; ++half) {
            first_remainder_.push_back(static_cast<std::int32_t>(remainders_.size()));
            ShortSums sums(kHalf, highest);
            for (int k4 = 0; k4 < k4s; ++k4) {
                std::int8_t* codes = blocks.data() + (panel * k4s + k4) * kBlockCodes + half * kHalf;
                Remainder rest{k4 / run_k4s_, k4 % run_k4s_ * kK4, {}, true};
                bool any = false;
                for (int i = 0; i < kHalf; i += 2) {
                    if ((codes[i] < 0) != (codes[i + 1] < 0))
                        continue;  // no such sum is larger than its parts
                    const int excess = std::abs(codes[i]) + std::abs(codes[i + 1]) - limit;
                    if (excess <= 0) continue;
                    any = true;
                    rest.weights[i] = static_cast<std::int8_t>(codes[i] < 0 ? -excess : excess);
                    codes[i] = static_cast<std::int8_t>(codes[i] - rest.weights[i]);
                }
                if (!any) continue;
                sums.add(rest.weights);
                const bool first = first_remainder_.back() == static_cast<std::int32_t>(remainders_.size());
                if (sums.fit()) {
                    if (!first) remainders_.back().ends_sum = false;
                } else {
                    sums = ShortSums(kHalf, highest);
                    sums.add(rest.weights);
                }
                remainders_.push_back(rest);
            }
        }
    first_remainder_.push_back(static_cast<std::int32_t>(remainders_.size()));
}

void IntegerWeights::pack(WeightFormat format, const std::vector<std::int8_t>& blocks) {
    const int bits = bits_of(format), together = 8 / bits;
    const int k4s = runs_ * run_k4s_;
    // Groups of k4 groups and blocks that share bytes both end with the panel.
    const int unit = group_k4s_ > 0 ? std::lcm(together, group_k4s_) : together;
    panel_k4s_ = ceil_div(k4s, unit) * unit;
    format_ = format;
    panel_bytes_ = static_cast<std::ptrdiff_t>(panel_k4s_) * kBlockCodes / together;
    const int zero = format == WeightFormat::ternary ? 1 : 0;
    codes_.assign(static_cast<std::size_t>(panels_) * static_cast<std::size_t>(panel_bytes_) / sizeof(Line),
                  {});
    auto* bytes = reinterpret_cast<std::uint8_t*>(codes_.data());
    for (int panel = 0; panel < panels_; ++panel)
        for (int k4 = 0; k4 < panel_k4s_; ++k4)
            for (int i = 0; i < kBlockCodes; ++i) {
                const int code =
                    k4 < k4s ? blocks[(static_cast<std::size_t>(panel) * k4s + k4) * kBlockCodes + i] : 0;
                const int field = (code + zero) & ((1 << bits) - 1);
                bytes[panel * panel_bytes_ + static_cast<std::ptrdiff_t>(k4 / together) * kBlockCodes + i] |=
                    static_cast<std::uint8_t>(field << k4 % together * bits);
            }
}

/// [panel][k4][even k, odd k][channel][2] words; see IntegerGemm::words.
void IntegerWeights::pack_words(const std::vector<std::int8_t>& blocks) {
    format_ = WeightFormat::s8;
    words_ = true;
    panel_k4s_ = runs_ * run_k4s_;
    panel_bytes_ = static_cast<std::ptrdiff_t>(unpacked_panel_bytes());
    codes_.assign(blocks.size() * sizeof(std::int16_t) / sizeof(Line), {});
    auto* words = reinterpret_cast<std::int16_t*>(codes_.data());
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        const std::size_t block = i / kBlockCodes, channel = i % kBlockCodes / kK4, k = i % kK4;
        words[block * kBlockCodes + k % 2 * (kBlockCodes / 2) + channel * 2 + k / 2] = blocks[i];
    }
}

std::size_t IntegerWeights::bytes() const {
    return codes_.size() * sizeof(Line) + multipliers_.size() + remainders_.size() * sizeof(Remainder);
}

const std::int8_t* IntegerWeights::unpacked(int first, int count, std::int8_t* buffer) const {
    if (format_ == WeightFormat::s8)
        return reinterpret_cast<const std::int8_t*>(codes_.data()) + first * panel_bytes_;
    for (int i = 0; i < count; ++i)
        kernels_->unpack(
            {packed(), first + i, buffer + static_cast<std::size_t>(i) * unpacked_panel_bytes()});
    return buffer;
}

PackedPanels IntegerWeights::packed() const {
    return {format_,
            codes_.data(),
            panel_bytes_,
            panel_k4s_,
            multipliers_.empty() ? nullptr : multipliers_.data(),
            group_k4s_};
}

IntegerGemm IntegerWeights::gemm(int first, int count, const std::int8_t* unpacked) const {
    IntegerGemm q{};
    q.runs = runs_;
    q.run_length = run_length_;
    q.weights = unpacked;
    q.panel_stride = static_cast<std::ptrdiff_t>(unpacked_panel_bytes());
    q.start = start_.data() + first * kPanel;
    q.channels = std::min(channels_ - first * kPanel, count * kPanel);
    q.short_sums = short_sums_;
    q.words = words_;
    if (!remainders_.empty()) {
        q.remainders = remainders_.data();
        q.first_remainder = first_remainder_.data() + first * 2;
    }
    return q;
}

}  // namespace nibble::kernels
