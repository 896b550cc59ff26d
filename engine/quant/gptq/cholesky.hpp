// The Cholesky factor of a symmetric positive definite matrix, H = C^T C with C upper triangular, in double and in an
// order that depends on the size alone.
#pragma once

#include <cstddef>

namespace nibble::gptq {

/// Replaces the upper triangle of H, n x n, by C; what is left of the diagonal is neither read nor defined afterwards.
void cholesky(double* h, std::size_t n);

}  // namespace nibble::gptq
