#!/bin/sh
# Installs the libraries that kernel_speed times beside Nibble: Debian packages (as root or by sudo; otherwise the
# command is printed), and ONNX Runtime from the npm registry under build/peers, without running its scripts. Then
# builds the oneDNN program in BUILD (build/release) and writes the ONNX files.
set -eu
cd "$(dirname "$0")/../.."

BUILD=${BUILD:-build/release}
ONNXRUNTIME=1.30.0
packages="libdnnl-dev python3-torch python3-onnx python3-opencv"
# Debian's npm insists on Debian's nodejs; those who have them from elsewhere keep theirs.
command -v node >/dev/null && command -v npm >/dev/null || packages="$packages nodejs npm"
# shellcheck disable=SC2086
scripts/setup.sh $packages

installed=build/peers/npm/node_modules/onnxruntime-node/package.json
if ! grep -q "\"version\": \"$ONNXRUNTIME\"" "$installed" 2>/dev/null; then
    echo "setup: installing onnxruntime-node $ONNXRUNTIME in build/peers/npm"
    mkdir -p build/peers/npm
    npm install --ignore-scripts --no-save --no-audit --no-fund --prefix build/peers/npm "onnxruntime-node@$ONNXRUNTIME"
fi
/usr/bin/python3 experiments/kernel_speed/peers/make_onnx.py build/peers/onnx

cmake --preset "$(basename "$BUILD")" -DNIBBLE_PEERS=ON
cmake --build "$BUILD" --target nibble_onednn_speed
