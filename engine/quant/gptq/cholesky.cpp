#include "engine/quant/gptq/cholesky.hpp"

#include <algorithm>
#include <cmath>

#include "engine/quant/gptq/products.hpp"

namespace nibble::gptq {
namespace {

constexpr std::size_t kRowsAtOnce = 64;

/// Rows [first, last) of C, from those of H without what the rows above contribute.
void factorize_rows(double* h, std::size_t n, std::size_t first, std::size_t last) {
    for (std::size_t m = first; m < last; ++m) {
        double* row = h + m * n;
        const double root = std::sqrt(row[m]);
        for (std::size_t j = m; j < n; ++j) row[j] /= root;
        for (std::size_t i = m + 1; i < last; ++i)
            for (std::size_t j = i; j < n; ++j) h[i * n + j] -= row[i] * row[j];
    }
}

}  // namespace

void cholesky(double* h, std::size_t n) {
    for (std::size_t first = 0; first < n; first += kRowsAtOnce) {
        const std::size_t last = std::min(first + kRowsAtOnce, n);
        factorize_rows(h, n, first, last);
        if (last == n) return;
        PackedRows rows(1, last - first, n - last);
        for (std::size_t m = first; m < last; ++m)
            for (std::size_t j = last; j < n; ++j) rows.at(0, m - first, j - last) = h[m * n + j];
        add_products(rows, -1, h + last * n + last, n - last, n);
    }
}

}  // namespace nibble::gptq
