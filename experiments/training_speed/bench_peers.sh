#!/bin/sh
# Training speed beside PyTorch on this machine: installs the peer, builds our side, lets compare.py run both in
# turn. ROUNDS and SECONDS_EACH (of one run) are knobs.
set -eu
cd "$(dirname "$0")/../.."

BUILD=${BUILD:-build/release}
echo "training_speed: the peer is PyTorch as Debian ships it (package python3-torch)" >&2
scripts/setup.sh python3-torch
[ -f "$BUILD/build.ninja" ] || cmake --preset "$(basename "$BUILD")"
cmake --build "$BUILD" --target nibble_training_speed
program=$(find "$BUILD" -name nibble_training_speed -type f -perm -u+x | sed -n 1p)
exec /usr/bin/python3 experiments/training_speed/compare.py "$program" \
    --rounds "${ROUNDS:-5}" --seconds "${SECONDS_EACH:-5}"
