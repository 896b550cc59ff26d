#!/bin/sh
# Every rule must be able to fail: each is run on a small clean project, then on one with a single fault in it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
checks=0

# write PATH TEXT: a file of the fixture (printf escapes allowed).
write() {
    mkdir -p "$work/project/$(dirname "$1")"
    printf "$2" >"$work/project/$1"
}

clean_project() {
    rm -rf "$work/project"
    write Makefile 'build: ## compile\n\techo\n'
    write README.md 'Run `make build`, read [this](engine/core/a.hpp).\n'
    write engine/core/a.hpp '#include <vector>\n// std::exp(x) in a comment, and exact_log(2)\nint f();\n'
    write engine/core/tensor.hpp '#include <xtensor/xtensor.hpp>\n'
    write engine/kernels/simd.hpp '#include <xsimd/xsimd.hpp>\n'
    write engine/nn/b.cpp '#include "engine/core/a.hpp"\nfloat g(Layer& x) { return x.log(1) + my::exp(2); }\n'
}

# expect ok|broken RULE [ARGUMENT]
expect() {
    checks=$((checks + 1))
    if "$here/$2.sh" "$work/project" ${3:+"$3"} >"$work/output" 2>&1; then result=ok; else result=broken; fi
    # A crashed script is no verdict.
    if [ "$result" != "$1" ] || ! grep -q "^rule '$2' " "$work/output"; then
        echo "expected rule '$2' to be $1 here, but: $(cat "$work/output")"
        failures=$((failures + 1))
    fi
}

# fault RULE PATH TEXT [PATH TEXT]: a clean project with these files added or replaced breaks the rule.
fault() {
    clean_project
    write "$2" "$3"
    [ $# -lt 5 ] || write "$4" "$5"
    expect broken "$1"
}

clean_project
for rule in includes sizes portable operations text docs; do expect ok $rule; done

fault operations engine/nn/c.cpp 'void f(Op op) {\n    switch (op) {\n        case Op::conv: {\n            g();\n        }\n        default:\n            return;\n    }\n}\n'
fault operations engine/infer/c.cpp 'switch (step.op) { default: break; }\n'

fault includes engine/core/c.cpp '#include "engine/nn/graph.hpp"\n'
fault includes engine/kernels/c.cpp '#include "engine/nn/graph.hpp"\n'
fault includes engine/nn/c.cpp '#include "datasets/dataset.hpp"\n'
fault includes engine/train/c.cpp '  #  include "engine/models/catalog.hpp"\n'
fault includes datasets/c.cpp '#include "engine/nn/graph.hpp"\n'
fault includes engine/io/c.cpp '#include "experiments/runs/cell.hpp"\n'
fault includes engine/api/c.cpp '#include "engine/train/trainer.hpp"\n'
fault includes experiments/commands/c.cpp '#include "engine/api/network.hpp"\n'
fault includes experiments/pipeline/c.cpp '#include "experiments/runs/cell.hpp"\n'
fault includes experiments/commands/c.cpp '#include "experiments/aqt/report.hpp"\n'
fault includes experiments/aqt/c.cpp '#include "experiments/commands/commands.hpp"\n'
fault includes experiments/aqt/c.cpp '#include "experiments/fgq/report.hpp"\n'
fault includes experiments/nn/c.cpp '#include "engine/core/a.hpp"\n'
fault includes experiments/stray.cpp '#include "engine/core/a.hpp"\n'
fault includes engine/nn/c.hpp '#include "engine/nn/d.hpp"\n' engine/nn/d.cpp '#include "engine/nn/c.hpp"\n'
fault includes engine/nn/c.cpp '#include "tests/helpers/gradient.hpp"\n'
fault includes engine/nn/c.cpp '#include "b.hpp"\n'
fault includes engine/nn/c.cpp '#include "../core/a.hpp"\n'
fault includes engine/nn/c.cpp '#include <xtensor/xview.hpp>\n'
fault includes engine/kernels/avx2/c.cpp '#include <xsimd/xsimd.hpp>\n'
fault includes engine/nn/c.cpp '#include <opencv2/core.hpp>\n'
fault includes engine/newcomer/c.cpp '#include "engine/core/a.hpp"\n'
fault includes experiments/runs/run.cpp '#include "nibble_version.hpp"\n'

fault sizes engine/nn/long.cpp "$(yes '// line\n' | head -n 401 | tr -d '\n')"
clean_project
write engine/nn/fits.cpp "$(yes '// line\n' | head -n 400 | tr -d '\n')"
expect ok sizes
clean_project
for name in $(seq 24); do write "engine/nn/f$name.cpp" 'int f();\n'; done
expect broken sizes

fault portable engine/nn/c.cpp 'float f(float x) { return std::exp(x); }\n'
fault portable engine/nn/c.cpp 'float f(float x) { return expf(x); }\n'
fault portable engine/nn/c.cpp 'auto f(T x) { return xt::log(x); }\n'
fault portable datasets/c.cpp '/* a */ double f(double x) { return 2 * pow(x, 3); }\n'
fault portable datasets/c.cpp '/* a\n b */ double f(double x) { return ::tanh(x); }\n'
fault portable datasets/c.cpp 'std::normal_distribution<float> d;\n'
fault portable datasets/c.cpp 'std::shuffle(a, b, g);\n'
fault portable datasets/c.cpp 'cv::randn(m, 0, 1);\n'
fault portable datasets/c.cpp 'int f() { return rand(); }\n'
fault portable engine/nn/c.cpp 'auto s = std::reduce(a, b);\n'
fault portable engine/quant/c.cpp 'const double s = xt::sum(a * b)();\n'

fault text engine/nn/c.cpp 'int f(); \n'
fault text engine/nn/c.cpp '\tint f();\n'
fault text engine/nn/c.cpp 'int f();\r\n'
fault text engine/nn/c.cpp 'int f();'

fault docs README.md 'Run `make reproduce`.\n'
fault docs README.md '```\nmake build PROFILE=quick && make tset\n```\n'
fault docs README.md 'See [the rest](docs/absent.md).\n'

# Provenance: what is committed counts, what only lies about does not.
commit() {
    git -C "$work/project" add -A
    git -C "$work/project" -c user.name=rules -c user.email= commit -q -m "$1"
}
clean_project
git -C "$work/project" init -q
write results/quick/x/a.json '{\n  "git": "1234567"\n}\n'
commit clean
expect ok provenance
write results/quick/x/a.json '{\n  "git": "1234567-dirty"\n}\n'
expect ok provenance
commit dirty
expect broken provenance

# Symbols: an inline function outside the namespace of its instruction set is what leaks.
object=$work/project/engine/kernels/avx2/c.o
for space in 'nibble::kernels::avx2' 'nibble::kernels' 'other'; do
    clean_project
    write engine/kernels/avx2/c.cpp "namespace $space {\ntemplate <class T> T twice(T x) { return x + x; }\ntemplate int twice<int>(int);\n}\n"
    "${CXX:-c++}" -c -o "$object" "$work/project/engine/kernels/avx2/c.cpp"
    [ "$space" = nibble::kernels::avx2 ] && expect ok symbols "$work/project" || expect broken symbols "$work/project"
done
rm "$object"
checks=$((checks + 1))
if "$here/symbols.sh" "$work/project" "$work/project" >"$work/output"; then
    echo "rule 'symbols' is content with a build that has no kernels"
    failures=$((failures + 1))
fi

# Where git cannot list the files nothing was checked.
clean_project
write .git 'gitdir: nowhere\n'
for rule in docs includes portable provenance sizes text; do
    checks=$((checks + 1))
    if "$here/$rule.sh" "$work/project" >"$work/output" 2>&1; then
        echo "rule '$rule' holds where git lists no files"
        failures=$((failures + 1))
    fi
done
rm "$work/project/.git"

echo "$checks checks of the rules, $failures failed"
[ "$failures" = 0 ]
