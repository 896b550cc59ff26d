#!/usr/bin/env bash
# The same bits from another compiler: builds the engine and the golden trajectories with clang (or with g++, when
# this build is clang's) and compares their digests with tests/golden/training.json.
set -eu

case $NIBBLE_COMPILER in
    Clang) other=g++ ;;
    *) other=clang++-14 ;;
esac
if ! command -v $other >/dev/null; then
    echo "SKIPPED: the same bits from another compiler ($other is not installed: make setup-check)"
    exit 0
fi

build=build/compilers-$other # of all presets: it depends on none
mkdir -p "$build"
if ! { cmake -S . -B "$build" -G Ninja -DCMAKE_CXX_COMPILER=$other -DCMAKE_BUILD_TYPE=Release &&
    cmake --build "$build" --target print_trajectories; } >"$build/log" 2>&1; then
    tail -n 40 "$build/log"
    echo "$other did not build the engine"
    exit 1
fi
for threads in 1 3; do
    NIBBLE_THREADS=$threads "$build/tests/print_trajectories" >"$build/digests.json"
    if ! diff "$build/digests.json" tests/golden/training.json; then
        echo "$other with $threads threads gives other bits than tests/golden/training.json"
        exit 1
    fi
done
echo "$other: the same bits"
