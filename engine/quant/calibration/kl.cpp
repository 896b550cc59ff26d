#include "engine/quant/calibration/kl.hpp"

#include <limits>
#include <vector>

#include "engine/core/math.hpp"
#include "engine/core/tensor.hpp"

namespace nibble {
namespace {

/// p log p, 0 for 0.
double entropy_term(double p) {
    return p > 0 ? p * exact_log(p) : 0.0;
}

/// Sums over the bins before each bin.
struct Running {
    std::vector<double> counts{0}, filled{0}, entropy{0};
    explicit Running(const std::vector<std::int64_t>& bins) {
        for (std::int64_t bin : bins) {
            const auto count = static_cast<double>(bin);
            counts.push_back(counts.back() + count);
            filled.push_back(filled.back() + (bin > 0 ? 1 : 0));
            entropy.push_back(entropy.back() + entropy_term(count));
        }
    }
};

/// divergence(i), times the number of values, which is the same for all i.
///     sum P log(P / Q) - N log(N / N_Q),   N = sum P, N_Q = sum Q before they are normalized
double divergence(const Running& running, std::size_t i, std::size_t levels) {
    const double all = running.counts.back(), kept = running.counts[i], clipped = all - kept;
    const double last = kept - running.counts[i - 1];
    if (last == 0 && clipped > 0) return std::numeric_limits<double>::infinity();
    double sum = running.entropy[i] - entropy_term(last) + entropy_term(last + clipped);
    for (std::size_t level = 0; level < levels; ++level) {
        const std::size_t first = (level * i + levels - 1) / levels,
                          end = ((level + 1) * i + levels - 1) / levels;
        const double count = running.counts[end] - running.counts[first];
        if (count == 0) continue;
        const double q = count / (running.filled[end] - running.filled[first]);
        sum -= (count + (end == i ? clipped : 0.0)) * exact_log(q);
    }
    return sum - all * exact_log(all / kept);
}

}  // namespace

double kl_threshold(const Histogram& histogram, int bits) {
    require_values(histogram, "KL");
    const Scheme scheme{
        .bits = bits, .is_signed = histogram.has_negative(), .granularity = Granularity::tensor};
    check(scheme);
    std::vector<std::int64_t> bins = histogram.magnitudes();
    double width = histogram.bin_width();
    while (bins.size() > kEntropyBins) {
        if (bins.size() % 2) bins.push_back(0);
        const auto pairs = matrix_of(bins.data(), bins.size() / 2, 2);
        const Vector<std::int64_t> merged = xt::col(pairs, 0) + xt::col(pairs, 1);
        bins.assign(merged.begin(), merged.end());
        width *= 2;
    }
    const auto levels = static_cast<std::size_t>(scheme.highest()) + 1;
    if (bins.size() <= levels) return histogram.magnitude();
    const Running running(bins);
    std::size_t best = bins.size();
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t i = levels; i <= bins.size(); ++i) {
        if (running.counts[i] == 0) continue;
        const double d = divergence(running, i, levels);
        if (d < least) {
            least = d;
            best = i;
        }
    }
    return (static_cast<double>(best) + 0.5) * width;
}

}  // namespace nibble
