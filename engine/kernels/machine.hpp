// What the machine under us can run.
#pragma once

namespace nibble::kernels {

/// AVX2 and FMA.
bool has_avx2();
/// AVX2 and byte products summed in 32 bits (AVX-VNNI).
bool has_avxvnni();
/// AVX-512 F, BW, DQ and VL.
bool has_avx512();
/// AVX-512 and byte products summed in 32 bits (AVX512-VNNI).
bool has_avx512vnni();
/// AVX-512 and tiles with bfloat16 and int8 products. The first call asks the kernel to let this process use
/// tiles, as Linux demands; threads started before it may not.
bool has_amx();

}  // namespace nibble::kernels
