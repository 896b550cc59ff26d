// The one header that includes xsimd. Include it only from files compiled for one instruction set.
#pragma once

// GCC 12's own AVX-512 headers read deliberately undefined registers and warn about it (GCC bug 105593).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#include <cstdint>
#include <xsimd/xsimd.hpp>
