#!/usr/bin/env bash
# datasets/fetch.sh against archives of our own, served from a folder: no network is used.
set -euo pipefail

source_folder=$(cd "$(dirname "$0")/../.." && pwd)
if ! command -v curl >/dev/null; then
    echo "SKIPPED: curl is not installed (apt-get install curl)"
    exit 77
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$scratch/script" "$scratch/mirror" "$scratch/make/cifar-10-batches-bin"
cp "$source_folder/datasets/fetch.sh" "$scratch/script"
export NIBBLE_CIFAR_URL=file://$scratch/mirror NIBBLE_MNIST_URL=file://$scratch/mirror
export NIBBLE_DATA=$scratch/data

failures=0
expect() { # expect ok|error TEXT COMMAND...: the exit status, and a text in what it prints
    local wanted=$1 text=$2 found=ok
    shift 2
    "$@" >"$scratch/output" 2>&1 || found=error
    if [ "$found" != "$wanted" ] || ! grep -qF -- "$text" "$scratch/output"; then
        echo "FAILED: expected $wanted and '$text' of: $*"
        cat "$scratch/output"
        failures=$((failures + 1))
    fi
}
fetch() { expect "$1" "$2" bash "$scratch/script/fetch.sh" "$3"; }

# Files of the right sizes, full of zeros.
for i in data_batch_1 data_batch_2 data_batch_3 data_batch_4 data_batch_5 test_batch; do
    truncate -s 30730000 "$scratch/make/cifar-10-batches-bin/$i.bin"
done
tar -C "$scratch/make" -cf - cifar-10-batches-bin | gzip -1 >"$scratch/mirror/cifar-10-binary.tar.gz"
for file in train-images-idx3:47040016 train-labels-idx1:60008 t10k-images-idx3:7840016 t10k-labels-idx1:10008; do
    truncate -s "${file#*:}" "$scratch/make/${file%:*}-ubyte"
    gzip -1 <"$scratch/make/${file%:*}-ubyte" >"$scratch/mirror/${file%:*}-ubyte.gz"
done
(cd "$scratch/mirror" && md5sum -- *.gz) >"$scratch/script/MD5SUMS"
(cd "$scratch/make" && sha256sum cifar-10-batches-bin/*) >"$scratch/script/SHA256SUMS"

fetch ok "cifar10 is now in" cifar10
cmp "$scratch/make/cifar-10-batches-bin/test_batch.bin" "$NIBBLE_DATA/cifar-10-batches-bin/test_batch.bin"
[ ! -e "$NIBBLE_DATA/.fetch" ] || { echo "FAILED: the download folder is left"; failures=1; }
fetch ok "cifar10 is complete" cifar10

# A damaged file is found and never overwritten.
printf 'x' | dd of="$NIBBLE_DATA/cifar-10-batches-bin/test_batch.bin" conv=notrunc status=none
fetch error "does not match datasets/SHA256SUMS; move it away" cifar10
truncate -s 100 "$NIBBLE_DATA/cifar-10-batches-bin/data_batch_3.bin"
fetch error "data_batch_3.bin has 100 bytes instead of 30730000" cifar10

# The archive passes, its content does not: nothing appears under the name.
rm -rf "$NIBBLE_DATA"
sed -i 's/^[0-9a-f]\{4\}\(.*test_batch\)/0000\1/' "$scratch/script/SHA256SUMS"
fetch error "unpacked cifar10 is wrong: cifar-10-batches-bin/test_batch.bin does not match" cifar10
[ ! -e "$NIBBLE_DATA/cifar-10-batches-bin" ] || { echo "FAILED: wrong data appeared"; failures=1; }

# No such file at the mirror, then a wrong one, then half of the right one is there already.
mv "$scratch/mirror/t10k-labels-idx1-ubyte.gz" "$scratch/kept"
fetch error "check the network" mnist
[ ! -e "$NIBBLE_DATA/MNIST" ] || { echo "FAILED: half of MNIST appeared"; failures=1; }
echo "<html>not found</html>" >"$scratch/mirror/t10k-labels-idx1-ubyte.gz"
fetch error "does not have the MD5 sum" mnist
mv "$scratch/kept" "$scratch/mirror/t10k-labels-idx1-ubyte.gz"
head -c 20 "$scratch/mirror/t10k-labels-idx1-ubyte.gz" >"$NIBBLE_DATA/.fetch/t10k-labels-idx1-ubyte.gz.part"
fetch ok "mnist is now in" mnist
cmp "$scratch/make/t10k-images-idx3-ubyte" "$NIBBLE_DATA/MNIST/raw/t10k-images-idx3-ubyte"

# A part that is complete, of a run killed before the rename.
rm -rf "$NIBBLE_DATA/MNIST"
mkdir -p "$NIBBLE_DATA/.fetch"
cp "$scratch/mirror/t10k-labels-idx1-ubyte.gz" "$NIBBLE_DATA/.fetch/t10k-labels-idx1-ubyte.gz.part"
fetch ok "mnist is now in" mnist

fetch error "unknown data set 'imagenet'" imagenet
expect ok "cifar100" bash "$scratch/script/fetch.sh" --help

# The sums we ship are well formed and name what the script asks for.
[ "$(grep -cE '^[0-9a-f]{32}  [a-z0-9.-]+\.gz$' "$source_folder/datasets/MD5SUMS")" = 6 ] || failures=1
[ "$(grep -cE '^[0-9a-f]{64}  cifar-10-batches-bin/[a-z0-9_]+\.bin$' "$source_folder/datasets/SHA256SUMS")" = 6 ] ||
    failures=1

[ "$failures" = 0 ] && echo "fetch.sh: all checks passed"
exit "$((failures > 0))"
