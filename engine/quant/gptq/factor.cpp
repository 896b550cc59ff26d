#include "engine/quant/gptq/factor.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "engine/quant/gptq/cholesky.hpp"

namespace nibble::gptq {

Factor::Factor(const double* h, std::size_t n, double damping) : n_(n), order_(n), values_(n * n) {
    double mean = 0;
    for (std::size_t i = 0; i < n; ++i) mean += h[i * n + i] / static_cast<double>(n);
    if (mean > 0) damping_ = damping * mean;
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    std::sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) {
        return std::pair(h[a * n + a], b) < std::pair(h[b * n + b], a);
    });
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = i; j < n; ++j)
            values_[i * n + j] = h[std::min(order_[i], order_[j]) * n + std::max(order_[i], order_[j])];
    for (std::size_t i = 0; i < n; ++i) values_[i * n + i] += damping_;
    cholesky(values_.data(), n);
}

void Factor::solve(std::vector<double>& y) const {
    for (std::size_t i = 0; i < n_; ++i) {
        y[i] /= row(i)[i];
        for (std::size_t j = i + 1; j < n_; ++j) y[j] -= row(i)[j] * y[i];
    }
    for (std::size_t i = n_; i-- > 0;) {
        for (std::size_t j = i + 1; j < n_; ++j) y[i] -= row(i)[j] * y[j];
        y[i] /= row(i)[i];
    }
}

}  // namespace nibble::gptq
