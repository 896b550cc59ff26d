#!/usr/bin/env bash
# The library as other programs meet it: installed into a folder of its own, it exports the functions of its header and
# nothing else, and programs in C, C++ and Python that know only this folder give the classes of `nibble eval`.
source=$(cd "$(dirname "$0")/../../.." && pwd)
. "$source/tests/helpers/program.sh"
build=$(dirname "$nibble")

cmake --install "$build" --prefix "$scratch/prefix" >out 2>&1 || fail "cmake --install: $(cat out)"
library=$(find prefix -name libnibble.so)
[ -e "$library" ] || { echo "FAILED: no libnibble.so is installed"; exit 1; }
export LD_LIBRARY_PATH=$scratch/$(dirname "$library")
header=prefix/include/nibble/nibble.h

sed -n 's/^NIBBLE_API.*\(nibble_[a-z_]*\)(.*/\1/p' "$header" | sort >declared
nm -D --defined-only "$library" | sed 's/.* //' | sort >exported
[ "$(wc -l <declared)" -ge 9 ] || fail "only $(wc -l <declared) functions found in nibble.h"
diff declared exported >differences || fail "exports other symbols than nibble.h declares: $(cat differences)"
readelf -d "$library" | grep -q "SONAME.*\[libnibble.so.$(sed -n 's/.*ABI_VERSION //p' "$header")\]" ||
    fail "the library's name lacks the version of its ABI"

if nm -D --undefined-only "$library" | grep -qE '__(asan|ubsan)_'; then
    [ $failures -eq 0 ] || exit 1
    echo "SKIPPED: programs without sanitizers cannot load a library with them"
    exit 77
fi

"$nibble" train --model resnet8-w0.25 --data glyphs --steps 20 --progress off --out f.st >out 2>err || fail "train: $(cat err)"
"$nibble" quantize --weights f.st --data glyphs --wbits 4 --abits 4 --out q.st >out 2>err || fail "quantize: $(cat err)"
"$nibble" eval --weights q.st --data glyphs --limit 200 --json --progress off >eval.json 2>err || fail "eval: $(cat err)"
NIBBLE_GLYPHS_OUT=$scratch/glyphs.f32 "$build/tests/nibble_tests" --no-skip --test-case='*writes 200 glyphs*' >out 2>&1 ||
    fail "glyphs: $(cat out)"

# same_classes WHAT COMMAND...: prints the classes of eval, one a line, whose digest is of four bytes each
same_classes() {
    local what=$1
    shift
    "$@" q.st glyphs.f32 >classes 2>err || fail "$what: $(cat err)"
    [ "$(wc -l <classes)" -eq 200 ] || fail "$what: $(wc -l <classes) classes of 200 images"
    [ "$(sort -u classes | wc -l)" -gt 1 ] || fail "$what: all images are of one class"
    [ "$(while read -r class; do printf "\\x$(printf %02x "$class")\\0\\0\\0"; done <classes | sha256sum | cut -d ' ' -f 1)" = \
        "$(field predictions_digest eval.json)" ] || fail "$what: other classes than nibble eval"
    grep -q "classes as integers-" err || fail "$what: does not say what it runs as: $(cat err)"
    "$@" missing.st glyphs.f32 >out 2>err && fail "$what: a missing file is no failure"
    grep -q "missing.st" err || fail "$what: says '$(cat err)' of a missing file"
}

cp -r "$source/examples" outside
cmake -S outside -B outside/build -D CMAKE_PREFIX_PATH="$scratch/prefix" >out 2>&1 && cmake --build outside/build >out 2>&1 ||
    fail "find_package: $(cat out)"
same_classes "C by find_package" outside/build/classify

strict="-O2 -Wall -Wextra -Wpedantic -Werror -I prefix/include"
cc -std=c99 $strict outside/classify.c -L "$LD_LIBRARY_PATH" -lnibble -o classify 2>err || fail "cc: $(cat err)"
same_classes "C by cc" ./classify

cat >wrapper.cpp <<'CPP'
#include <cstdio>
#include <fstream>
#include <nibble/nibble.hpp>
#include <utility>

int main(int, char** argv) try {
    nibble::Network loaded(argv[1]);
    const nibble::Network network = std::move(loaded);
    std::fprintf(stderr, "%zu classes as %s\n", network.classes(), network.runs_as().c_str());
    std::vector<float> images(200 * network.input_size());
    std::ifstream(argv[2], std::ios::binary).read(reinterpret_cast<char*>(images.data()), 4 * images.size());
    const std::vector<float> logits = network.run(images);
    for (std::size_t i = 0; i < logits.size(); i += network.classes()) {
        std::size_t best = 0;
        for (std::size_t c = 0; c < network.classes(); ++c)
            if (logits[i + c] > logits[i + best]) best = c;
        std::printf("%zu\n", best);
    }
    images.pop_back();
    try {
        network.run(images);
        return 1;
    } catch (const std::runtime_error&) {
        return 0;
    }
} catch (const std::runtime_error& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
}
CPP
c++ -std=c++11 $strict wrapper.cpp -L "$LD_LIBRARY_PATH" -lnibble -o wrapper 2>err || fail "c++: $(cat err)"
same_classes "C++" ./wrapper

python=
for candidate in python3 /usr/bin/python3; do
    [ -n "$python" ] || ! $candidate -c 'import numpy' 2>err || python=$candidate
done
if [ -n "$python" ]; then
    same_classes Python $python outside/classify.py
elif [ $failures -eq 0 ]; then
    echo "SKIPPED: examples/classify.py, since python3 has no numpy here"
    exit 77
fi
exit $((failures > 0))
