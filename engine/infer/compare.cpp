#include "engine/infer/compare.hpp"

#include <bit>
#include <cstdint>
#include <mutex>

#include "engine/core/error.hpp"
#include "engine/core/parallel.hpp"

namespace nibble {
namespace {

bool same_bits(float a, float b) {
    return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b);
}

}  // namespace

Comparison::Comparison(const IntegerGraph& graph)
    : executor_(graph, IntegerExecutor::Keep::values),
      simulator_(graph),
      image_size_(graph.input_dims().size()) {
    for (const IntegerStep& step : graph.steps)
        for (int v : step.outputs) {
            values_.push_back(v);
            agreements_.push_back({step.node.name, storage_name(graph.values[v])});
        }
}

void Comparison::add(std::span<const float> images) {
    if (images.size() % image_size_ != 0)
        throw BadInput("comparison", "size of the images", "n x " + std::to_string(image_size_),
                       std::to_string(images.size()));
    std::mutex mutex;
    const std::size_t first = images_;
    images_ += images.size() / image_size_;
    parallel_for(
        images_ - first,
        [&](std::size_t i, int worker) {
            const auto image = images.subspan(i * image_size_, image_size_);
            const auto executed = executor_.values(image, worker);
            const auto simulated = simulator_.values(image);
            const std::lock_guard lock(mutex);
            for (std::size_t a = 0; a < values_.size(); ++a) {
                const auto &x = simulated[values_[a]], &y = executed[values_[a]];
                Agreement& agreement = agreements_[a];
                agreement.compared += x.size();
                for (std::size_t e = 0; e < x.size(); ++e) {
                    if (same_bits(x[e], y[e])) continue;
                    ++agreement.mismatches;
                    // Of the first image, whatever the order in which threads get here.
                    if (first + i >= agreement.image) continue;
                    agreement.image = first + i;
                    agreement.example = "image " + std::to_string(first + i) + ", element " +
                                        std::to_string(e) + ": simulated " + std::to_string(x[e]) +
                                        ", executed " + std::to_string(y[e]);
                }
            }
        },
        executor_.workers());
}

std::size_t Comparison::mismatches() const {
    std::size_t sum = 0;
    for (const Agreement& a : agreements_) sum += a.mismatches;
    return sum;
}

}  // namespace nibble
