#!/usr/bin/env bash
# Downloads data sets into the data root ($NIBBLE_DATA, else data/), in the layout that Nibble and torchvision read.
#
#   datasets/fetch.sh [cifar10] [cifar100] [mnist]        all three if none is named
#
# Archives are checked against MD5SUMS (the sums their publishers give), unpacked files against SHA256SUMS where that
# lists them, and all files by size. A data set appears under its name only when complete; an interrupted download is
# resumed by running the script again. NIBBLE_CIFAR_URL and NIBBLE_MNIST_URL name other mirrors.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=${NIBBLE_DATA:-data}
cifar_url=${NIBBLE_CIFAR_URL:-https://www.cs.toronto.edu/~kriz}
mnist_url=${NIBBLE_MNIST_URL:-https://ossci-datasets.s3.amazonaws.com/mnist}
downloads=$root/.fetch

fail() {
    echo "fetch.sh: $*" >&2
    exit 1
}

usage() { sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"; }

# files NAME: the files of a data set with their sizes in bytes
files() {
    case $1 in
        cifar10)
            for i in 1 2 3 4 5; do echo "cifar-10-batches-bin/data_batch_$i.bin 30730000"; done
            echo "cifar-10-batches-bin/test_batch.bin 30730000"
            ;;
        cifar100)
            echo "cifar-100-binary/train.bin 153700000"
            echo "cifar-100-binary/test.bin 30740000"
            ;;
        mnist)
            echo "MNIST/raw/train-images-idx3-ubyte 47040016"
            echo "MNIST/raw/train-labels-idx1-ubyte 60008"
            echo "MNIST/raw/t10k-images-idx3-ubyte 7840016"
            echo "MNIST/raw/t10k-labels-idx1-ubyte 10008"
            ;;
    esac
}

# check NAME FOLDER: prints what is wrong with the data set below FOLDER; nothing if it is whole and right
check() {
    local file size found sum
    while read -r file size; do
        if [ ! -f "$2/$file" ]; then
            echo "$file is missing"
            return
        fi
        found=$(stat -c %s "$2/$file")
        if [ "$found" != "$size" ]; then
            echo "$file has $found bytes instead of $size"
            return
        fi
        sum=$(awk -v file="$file" '$2 == file { print $1 }' "$here/SHA256SUMS")
        if [ -n "$sum" ] && ! echo "$sum  $2/$file" | sha256sum --check --status; then
            echo "$file does not match datasets/SHA256SUMS"
            return
        fi
    done < <(files "$1")
}

# download URL: leaves the checked archive as $downloads/<its name>
download() {
    local archive sum
    archive=$(basename "$1")
    [ -f "$downloads/$archive" ] && return
    command -v curl >/dev/null || fail "curl is not installed; run 'apt-get install curl ca-certificates'"
    sum=$(awk -v file="$archive" '$2 == file { print $1 }' "$here/MD5SUMS")
    [ -n "$sum" ] || fail "$archive is not listed in datasets/MD5SUMS"
    echo "fetch.sh: downloading $1" >&2
    curl --fail --location --continue-at - --retry 3 --connect-timeout 20 --silent --show-error \
        --output "$downloads/$archive.part" "$1" || {
        # A part that is complete already makes the server refuse to continue; its sum decides.
        echo "$sum  $downloads/$archive.part" | md5sum --check --status 2>/dev/null ||
            fail "cannot download $1; check the network, then run this again (what arrived is kept and resumed)"
    }
    if ! echo "$sum  $downloads/$archive.part" | md5sum --check --status; then
        rm -f "$downloads/$archive.part"
        fail "$1 does not have the MD5 sum $sum of datasets/MD5SUMS; it was deleted: run this again or try a mirror"
    fi
    mv "$downloads/$archive.part" "$downloads/$archive"
}

# unpack NAME FOLDER: the data set below FOLDER from its archives
unpack() {
    local name archive=
    case $1 in
        cifar10) archive=cifar-10-binary.tar.gz ;;
        cifar100) archive=cifar-100-binary.tar.gz ;;
    esac
    if [ -n "$archive" ]; then
        download "$cifar_url/$archive"
        tar --extract --gzip --no-same-owner --directory "$2" --file "$downloads/$archive"
        return
    fi
    mkdir -p "$2/MNIST/raw"
    for name in $(files mnist | cut -d' ' -f1); do
        name=$(basename "$name")
        download "$mnist_url/$name.gz"
        gunzip --stdout "$downloads/$name.gz" >"$2/MNIST/raw/$name"
    done
}

fetch() {
    local problem folder stage=$downloads/$1.tmp
    problem=$(check "$1" "$root")
    if [ -z "$problem" ]; then
        echo "fetch.sh: $1 is complete in $root" >&2
        return
    fi
    read -r folder _ < <(files "$1")
    folder=$(dirname "$folder")
    [ ! -e "$root/$folder" ] || fail "$root/$folder exists, but $problem; move it away and run this again"
    mkdir -p "$downloads" 2>/dev/null || fail "cannot write to the data root $root; set NIBBLE_DATA to another folder"
    rm -rf "$stage"
    mkdir "$stage"
    unpack "$1" "$stage"
    problem=$(check "$1" "$stage")
    [ -z "$problem" ] || fail "unpacked $1 is wrong: $problem"
    mkdir -p "$(dirname "$root/$folder")"
    mv "$stage/$folder" "$root/$folder"
    rm -rf "$stage"
    echo "fetch.sh: $1 is now in $root/$folder" >&2
}

# remove_archives NAME: they are not needed once the data set is in place
remove_archives() {
    case $1 in
        cifar10) rm -f "$downloads/cifar-10-binary.tar.gz" ;;
        cifar100) rm -f "$downloads/cifar-100-binary.tar.gz" ;;
        mnist) rm -f "$downloads"/*-ubyte.gz ;;
    esac
    rmdir "$downloads" 2>/dev/null || true
}

for name in "$@"; do
    case $name in
        cifar10 | cifar100 | mnist) ;;
        -h | --help)
            usage
            exit 0
            ;;
        *) fail "unknown data set '$name'; known: cifar10 cifar100 mnist" ;;
    esac
done
[ $# -gt 0 ] || set -- cifar10 cifar100 mnist
for name in "$@"; do
    fetch "$name"
    remove_archives "$name"
done
