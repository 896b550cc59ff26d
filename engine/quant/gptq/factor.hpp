// The Cholesky factor of one group's correlations, damped: H + d I = C^T C, C upper triangular. The inputs stand in the
// order of rising H_jj, so that the last is the largest.
#pragma once

#include <cstddef>
#include <vector>

namespace nibble::gptq {

class Factor {
  public:
    /// The upper triangle of H, n x n. d is `damping` times the mean of its diagonal, 1 if that is 0.
    Factor(const double* h, std::size_t n, double damping);

    std::size_t size() const { return n_; }
    double damping() const { return damping_; }
    /// Which input is number i.
    std::size_t input(std::size_t i) const { return order_[i]; }
    /// Row i of C; only what is right of the diagonal, and that itself, is defined.
    const double* row(std::size_t i) const { return values_.data() + i * n_; }

    /// Replaces y, in the order of input(), by (H + d I)^-1 y.
    void solve(std::vector<double>& y) const;

  private:
    std::size_t n_;
    double damping_ = 1;
    std::vector<std::size_t> order_;
    std::vector<double> values_;
};

}  // namespace nibble::gptq
