#include "engine/quant/gptq/products.hpp"

#include <algorithm>

#include "engine/core/parallel.hpp"

namespace nibble::gptq {
namespace {

constexpr std::size_t kSide = PackedRows::kPanel;

/// 4 x 4 elements of X^T X, from two panels.
struct Tile {
    double sums[kSide][kSide] = {};

    Tile(const double* a, const double* b, std::size_t rows) {
        for (std::size_t row = 0; row < rows; ++row, a += kSide, b += kSide)
            for (std::size_t i = 0; i < kSide; ++i)
                for (std::size_t j = 0; j < kSide; ++j) sums[i][j] += a[i] * b[j];
    }
};

/// The rows of H that belong to panel p, of `all`.
void add_rows(const PackedRows& x, std::size_t group, std::size_t p, double sign, double* h, std::size_t all,
              std::size_t stride) {
    const std::size_t rows = std::min(kSide, all - p * kSide);
    for (std::size_t q = p; q < x.panels(); ++q) {
        const Tile tile(x.panel(group, p), x.panel(group, q), x.rows());
        const std::size_t columns = std::min(kSide, x.columns() - q * kSide);
        for (std::size_t i = 0; i < rows; ++i)
            for (std::size_t j = 0; j < columns; ++j)
                h[(p * kSide + i) * stride + q * kSide + j] += sign * tile.sums[i][j];
    }
}

}  // namespace

void add_products(const PackedRows& x, double sign, double* h, std::size_t rows, std::size_t stride) {
    // A long row and a short one together, so that threads get equal work.
    const std::size_t last = (rows - 1) / kSide, pairs = last / 2 + 1;
    parallel_for(x.groups() * pairs, [&](std::size_t item) {
        const std::size_t group = item / pairs, p = item % pairs;
        double* matrix = h + group * rows * stride;
        add_rows(x, group, p, sign, matrix, rows, stride);
        if (p != last - p) add_rows(x, group, last - p, sign, matrix, rows, stride);
    });
}

}  // namespace nibble::gptq
