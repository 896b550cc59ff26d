#include "engine/kernels/machine.hpp"

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace nibble::kernels {
namespace {

/// The parts of the register file that the operating system saves (XCR0).
std::uint64_t saved_registers() {
    unsigned a = 0, b = 0, c = 0, d = 0;
    constexpr unsigned kOsxsave = 1u << 27;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & kOsxsave)) return 0;
    std::uint32_t low = 0, high = 0;
    asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return static_cast<std::uint64_t>(high) << 32 | low;
}

/// Needs no more of the operating system than AVX2 does. (clang 14 has no name for it.)
bool cpu_has_avxvnni() {
    unsigned a = 0, b = 0, c = 0, d = 0;
    constexpr unsigned kVnni = 1u << 4;
    return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & kVnni);
}

bool cpu_has_tiles() {
    unsigned a = 0, b = 0, c = 0, d = 0;
    constexpr unsigned kBf16 = 1u << 22, kTile = 1u << 24, kInt8 = 1u << 25;
    constexpr unsigned kAll = kBf16 | kTile | kInt8;
    constexpr std::uint64_t kTileState = 3u << 17;  // configuration and data
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & kAll) == kAll &&
           (saved_registers() & kTileState) == kTileState;
}

/// Linux saves 8 KiB of tile data per thread only for processes that ask.
bool permitted_tiles() {
    constexpr long kRequestPermission = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM
    return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

}  // namespace

bool has_avx2() {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

bool has_avxvnni() {
    return has_avx2() && cpu_has_avxvnni();
}

bool has_avx512() {
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

bool has_avx512vnni() {
    return has_avx512() && __builtin_cpu_supports("avx512vnni");
}

bool has_amx() {
    static const bool yes = has_avx512() && cpu_has_tiles() && permitted_tiles();
    return yes;
}

}  // namespace nibble::kernels
