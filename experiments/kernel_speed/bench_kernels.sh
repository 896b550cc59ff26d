#!/bin/sh
# Kernel speed beside the peers on this machine: installs them, builds our side, lets compare.py run all in turn.
# ROUNDS and ONLY (a regular expression looked for in NAME/PRECISION/bBATCH) are knobs.
set -eu
cd "$(dirname "$0")/../.."

BUILD=${BUILD:-build/release}
export BUILD
sh experiments/kernel_speed/setup_peers.sh
cmake --build "$BUILD" --target nibble_kernel_speed
/usr/bin/python3 experiments/kernel_speed/compare.py "$BUILD/experiments/kernel_speed" \
    --rounds "${ROUNDS:-5}" --only "${ONLY:-}"
