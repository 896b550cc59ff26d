#include "engine/quant/gptq/cholesky.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "engine/core/parallel.hpp"
#include "engine/core/rng.hpp"
#include "engine/quant/gptq/products.hpp"

namespace nibble::gptq {
namespace {

/// X^T X of n + 3 random rows, its upper triangle.
std::vector<double> positive_definite(std::size_t n) {
    Random random(1, Purpose::test, 0, static_cast<std::uint32_t>(n));
    PackedRows x(1, n + 3, n);
    for (std::size_t row = 0; row < n + 3; ++row)
        for (std::size_t i = 0; i < n; ++i) x.at(0, row, i) = static_cast<double>(random.normal());
    std::vector<double> h(n * n, 0.0);
    add_products(x, 1, h.data(), n, n);
    return h;
}

TEST_CASE("sums of products: by hand, added and taken off, several matrices") {
    PackedRows x(2, 2, 5);
    for (std::size_t row = 0; row < 2; ++row)
        for (std::size_t i = 0; i < 5; ++i) {
            x.at(0, row, i) = static_cast<double>(i + 10 * row);
            x.at(1, row, i) = 1;
        }
    std::vector<double> h(2 * 5 * 5, 100.0);
    add_products(x, -1, h.data(), 5, 5);
    for (std::size_t i = 0; i < 5; ++i)
        for (std::size_t j = i; j < 5; ++j) {
            CHECK(h[i * 5 + j] == 100.0 - static_cast<double>(i * j + (i + 10) * (j + 10)));
            CHECK(h[25 + i * 5 + j] == 98);
        }
}

TEST_CASE(
    "cholesky: C^T C is the matrix, for sizes about those of its blocks; the same bits with more threads") {
    const int before = threads();
    for (const std::size_t n : {1, 2, 5, 63, 64, 65, 150}) {
        CAPTURE(n);
        const std::vector<double> h = positive_definite(n);
        std::vector<double> c = h;
        set_threads(1);
        cholesky(c.data(), n);
        double largest = 0;
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = i; j < n; ++j) {
                double sum = -h[i * n + j];
                for (std::size_t m = 0; m <= i; ++m) sum += c[m * n + i] * c[m * n + j];
                largest = std::max(largest, std::abs(sum));
            }
        CHECK(largest < 1e-11 * static_cast<double>(n));
        std::vector<double> again = positive_definite(n);
        set_threads(4);
        cholesky(again.data(), n);
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = i; j < n; ++j) CHECK_UNARY(again[i * n + j] == c[i * n + j]);
    }
    set_threads(before);
}

}  // namespace
}  // namespace nibble::gptq
