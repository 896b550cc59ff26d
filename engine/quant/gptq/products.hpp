// Sums of products of columns, H += sign X^T X, into the upper triangles of symmetric matrices: how correlations of
// inputs are summed, and what a Cholesky factorization takes off the rest of its matrix.
//
// Each element of H is one chain in double: over the rows of X in order, from 0, then added to H. Threads share the
// elements, so their number changes no bit.
#pragma once

#include <cstddef>
#include <vector>

namespace nibble::gptq {

/// Matrices X of equal size, [group][row][column], in panels of four columns.
class PackedRows {
  public:
    static constexpr std::size_t kPanel = 4;

    PackedRows(std::size_t groups, std::size_t rows, std::size_t columns)
        : groups_(groups),
          rows_(rows),
          columns_(columns),
          panels_((columns + kPanel - 1) / kPanel),
          values_(groups * panels_ * rows * kPanel, 0.0) {}

    std::size_t groups() const { return groups_; }
    std::size_t rows() const { return rows_; }
    std::size_t columns() const { return columns_; }
    std::size_t panels() const { return panels_; }
    double& at(std::size_t group, std::size_t row, std::size_t column) {
        return values_[((group * panels_ + column / kPanel) * rows_ + row) * kPanel + column % kPanel];
    }
    const double* panel(std::size_t group, std::size_t number) const {
        return values_.data() + (group * panels_ + number) * rows_ * kPanel;
    }

  private:
    std::size_t groups_, rows_, columns_, panels_;
    std::vector<double> values_;
};

/// The first `rows` rows of each H. `h`: the first element of the first group's matrix; rows are `stride` apart, matrices
/// rows * stride. What is left of the diagonal is undefined.
void add_products(const PackedRows& x, double sign, double* h, std::size_t rows, std::size_t stride);

}  // namespace nibble::gptq
