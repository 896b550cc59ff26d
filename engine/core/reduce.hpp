// Sums and maxima of tensor expressions, whose bits depend on the expression's shape alone: elements are taken in the
// order of their index (row by row). xt::sum() is of no use where bits matter: its order changes with the
// vector instructions that xtensor is built for.
//
// Sums over parts of a batch, which threads compute, are trees: tree_sum() of engine/core/parallel.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <tuple>

#include "engine/core/tensor.hpp"

namespace nibble {
namespace detail {

/// Calls visit(result, element) in the order of the index: into one result of each row (axis 1) or column (axis 0).
template <class T, class E, class Visit>
Vector<T> reduce(const E& matrix, std::size_t axis, T start, Visit visit) {
    static_assert(std::tuple_size_v<typename E::shape_type> == 2);
    const std::size_t rows = matrix.shape()[0], columns = matrix.shape()[1];
    Vector<T> results(std::array{axis == 1 ? rows : columns}, start);
    for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t c = 0; c < columns; ++c) visit(results(axis == 1 ? r : c), matrix(r, c));
    return results;
}

}  // namespace detail

/// ((0 + e_0) + e_1) + ... in double, for an expression of one dimension.
template <class E>
double ordered_sum(const E& vector) {
    static_assert(std::tuple_size_v<typename E::shape_type> == 1);
    double sum = 0;
    for (std::size_t i = 0; i < vector.shape()[0]; ++i) sum += vector(i);
    return sum;
}

/// The same along an axis of a matrix: 1 gives the sum of each row, 0 that of each column.
template <class E>
Vector<double> ordered_sum(const E& matrix, std::size_t axis) {
    return detail::reduce(matrix, axis, 0.0, [](double& sum, double x) { sum += x; });
}

/// max |e| along an axis, 0 of nothing; elements that are no number are passed over, as by std::max().
template <class E>
auto largest_magnitude(const E& matrix, std::size_t axis) {
    using T = typename E::value_type;
    return detail::reduce(matrix, axis, T{0}, [](T& most, T x) { most = std::max(most, std::abs(x)); });
}
/// The same of an expression of one dimension.
template <class E>
auto largest_magnitude(const E& vector) {
    static_assert(std::tuple_size_v<typename E::shape_type> == 1);
    typename E::value_type most = 0;
    for (std::size_t i = 0; i < vector.shape()[0]; ++i) most = std::max(most, std::abs(vector(i)));
    return most;
}

}  // namespace nibble
