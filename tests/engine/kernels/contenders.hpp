// Shared by the kernel tests: which architectures are compared with the reference, and values to compare them
// on.
#pragma once

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "engine/core/bf16.hpp"
#include "engine/core/rng.hpp"
#include "engine/kernels/dispatch.hpp"
#include "tests/helpers/emulated_vectors/emulated_vectors.hpp"
#include "tests/helpers/skip.hpp"

namespace nibble::kernels::test {

inline const Kernels& reference_kernels() {
    return *architectures().front().table;
}

/// Every architecture but the reference that this machine runs; says loudly which it does not.
inline std::vector<const Kernels*> contenders() {
    std::vector<const Kernels*> found;
    for (const Architecture& a : architectures()) {
        if (!a.supported) nibble::test::skipped(a.name + " (this machine lacks it)");
        if (a.supported && a.table != &reference_kernels()) found.push_back(a.table);
    }
    return found;
}

/// These, and vector kernels over emulated vectors.
inline std::vector<const Kernels*> contenders_and_emulated() {
    std::vector<const Kernels*> found = contenders();
    found.insert(found.end(), kEmulatedPairs.begin(), kEmulatedPairs.end());
    return found;
}

/// Whether to run case number `index`: all of them, or every n-th with NIBBLE_TEST_EVERY=n, for emulated
/// machines.
inline bool wanted(std::uint32_t index) {
    static const int every = [] {
        const char* text = std::getenv("NIBBLE_TEST_EVERY");
        const int n = text ? std::atoi(text) : 1;
        if (n > 1) MESSAGE("NIBBLE_TEST_EVERY: only every case number " << n << " runs");
        return n > 1 ? n : 1;
    }();
    return index % static_cast<std::uint32_t>(every) == 0;
}

/// Kinds of values. All stay finite in sums of up to 2^20 products.
enum class Kind {
    ordinary,  ///< normal, standard deviation 1
    wide,      ///< 60 binary orders of magnitude: sums cancel and round at every step
    tiny,      ///< denormals, and normals whose products underflow, zeros of both signs
    tied,      ///< halfway between two bfloat16 values
};
inline constexpr Kind kKinds[] = {Kind::ordinary, Kind::wide, Kind::tiny, Kind::tied};

inline float power_of_two(int exponent) {  // exact, -126 .. 127
    return std::bit_cast<float>(static_cast<std::uint32_t>(exponent + 127) << 23);
}

inline float draw(Kind kind, Random& random) {
    const float x = random.normal();
    switch (kind) {
        case Kind::ordinary:
            return x;
        case Kind::wide:
            return x * power_of_two(static_cast<int>(random.below(60)) - 20);
        case Kind::tied:
            return std::bit_cast<float>((std::bit_cast<std::uint32_t>(x) & 0xffff0000u) | 0x8000u);
        case Kind::tiny:
            break;
    }
    switch (random.below(6)) {
        case 0:
            return 0.0f;
        case 1:
            return -0.0f;
        case 2:
            return std::bit_cast<float>(random.bits() & 0x807fffffu);  // denormal
        case 3:
            return x * power_of_two(-120);
        case 4:
            return x * power_of_two(-64);
        default:
            return x * power_of_two(-10);
    }
}

/// Equal arguments give equal values.
inline std::vector<float> draw(std::size_t count, Kind kind, std::uint32_t stream) {
    Random random(20240501, Purpose::test, 0, stream);
    std::vector<float> values(count);
    for (float& x : values) x = draw(kind, random);
    return values;
}

inline std::vector<Bf16> narrowed(const std::vector<float>& values) {
    std::vector<Bf16> out;
    for (const float x : values) out.push_back(to_bf16(x));
    return out;
}

/// Values in the element type of a table's bf16 operands.
class Bf16Operand {
  public:
    Bf16Operand(const Kernels& kernels, const std::vector<float>& values) : narrow_(narrowed(values)) {
        if (kernels.bf16_operand_bytes == 2) return;
        for (const Bf16 x : narrow_) wide_.push_back(to_float(x));
    }
    /// The address of element `i`.
    const void* at(std::size_t i) const {
        return wide_.empty() ? static_cast<const void*>(narrow_.data() + i) : wide_.data() + i;
    }

  private:
    std::vector<Bf16> narrow_;
    std::vector<float> wide_;
};

/// Bytes no kernel would write: what is still there afterwards was not touched.
template <class T>
std::vector<T> canaries(std::size_t count) {
    std::vector<T> values(count);
    std::memset(static_cast<void*>(values.data()), 0xa5, count * sizeof(T));
    return values;
}

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
    return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

}  // namespace nibble::kernels::test
