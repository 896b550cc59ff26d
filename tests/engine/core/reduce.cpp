#include "engine/core/reduce.hpp"

#include <doctest/doctest.h>

#include <limits>

using namespace nibble;

TEST_CASE("ordered_sum adds in the order of the index, whole, by row and by column") {
    // With these magnitudes every other order of additions gives another result.
    const std::vector<float> x{1e17f, 3.0f, -1e17f, 5.0f, 0.25f, 7.0f};
    const auto in_order = [&](std::initializer_list<std::size_t> indices) {
        double sum = 0;
        for (const std::size_t i : indices) sum += static_cast<double>(x[i]);
        return sum;
    };
    CHECK(ordered_sum(vector_of(x.data(), x.size())) == in_order({0, 1, 2, 3, 4, 5}));
    CHECK(ordered_sum(vector_of(x.data(), x.size())) != in_order({0, 2, 1, 3, 4, 5}));
    const auto matrix = matrix_of(x.data(), 2, 3);
    CHECK(ordered_sum(matrix, 1) == Vector<double>{in_order({0, 1, 2}), in_order({3, 4, 5})});
    CHECK(ordered_sum(matrix, 0) == Vector<double>{in_order({0, 3}), in_order({1, 4}), in_order({2, 5})});
}

TEST_CASE("ordered_sum takes expressions: products are of doubles where one operand is") {
    const std::vector<float> w{0.1f, -0.3f, 2.5f}, q{1.0f, -3.0f, 25.0f};
    double expected = 0;
    for (std::size_t i = 0; i < w.size(); ++i)
        expected += static_cast<double>(w[i]) * static_cast<double>(q[i]);
    CHECK(ordered_sum(xt::cast<double>(vector_of(w.data(), 3)) * vector_of(q.data(), 3)) == expected);
}

TEST_CASE("largest_magnitude: by row and by column; 0 of nothing; passes over what is no number") {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const std::vector<float> x{1.0f, -4.0f, nan, 2.0f, nan, -0.5f};
    const auto matrix = matrix_of(x.data(), 2, 3);
    CHECK(largest_magnitude(matrix, 1) == Vector<float>{4.0f, 2.0f});
    CHECK(largest_magnitude(matrix, 0) == Vector<float>{2.0f, 4.0f, 0.5f});
    CHECK(largest_magnitude(vector_of(x.data(), x.size())) == 4.0f);
    CHECK(largest_magnitude(matrix_of(x.data(), 2, 0), 1) == Vector<float>{0.0f, 0.0f});
    CHECK(ordered_sum(vector_of(x.data(), 0)) == 0.0);
}
