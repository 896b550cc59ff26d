#!/bin/sh
# symbols.sh ROOT BUILD: object files compiled for one instruction set define no weak symbol outside their namespace.
# The linker keeps one copy of a weak function for the whole program; were it std::vector's compiled for AVX-512, every
# other machine would die of an illegal instruction.
. "$(dirname "$0")/lib.sh"
build=$2

objects=$(find "$build" -path '*engine/kernels/*' -name '*.o' | grep -E '/(avx2|avxvnni|avx512|avx512vnni|amx)/' || true)
if [ -z "$objects" ]; then
    echo "no object file of a vector kernel below $build: nothing was checked"
    exit 1
fi
for object in $objects; do
    arch=$(basename "$(dirname "$object")")
    # The AMX files are compiled with AVX-512 too and share its vector helpers.
    [ "$arch" = amx ] && spaces='3amx|6avx512' || spaces="${#arch}$arch"
    nm --defined-only "$object" | awk -v own="^_Z(TV|TI|TS|GV)?Z*N[KVr]*6nibble7kernels($spaces)" -v object="${object#"$build"/}" '
        # DW.ref.* is a pointer to the exception handler, not code.
        $2 ~ /^[WVu]$/ && $3 !~ own && $3 !~ /^DW\.ref\./ { print object ": weak symbol " $3 }' | c++filt
done | verdict symbols
