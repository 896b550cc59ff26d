#!/bin/bash
# make faults: the system calls of the program fail one at a time, or it is killed at one. Each time it must end in the
# same bits, or in one line, after which the same command gives them; and nothing may be left behind.
#
# Programs that it starts (gnuplot) are left alone.
#
#     faults.sh PROGRAM [PLACES]     PLACES of each kind of call, spread over those that a command makes (default 6)
set -u
nibble=$(realpath "$1")
places=${2:-6}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
unset NIBBLE_RUNS
export NIBBLE_THREADS=2 NIBBLE_DATA=$scratch/none

# ---- what the commands find
mkdir -p start/experiments/paper start/experiments/ptq start/tests/golden reference run
small="--model resnet8-w0.25 --data glyphs --batch 32"
(
    cd start || exit 1
    echo '{"f32": "aa", "bf16": "bb", "aqt": "cc"}' >tests/golden/training.json
    echo '{"mmse": "cc"}' >tests/golden/post_training.json
    echo '{"schema": 1, "title": "T", "protocol": {"epochs": 1, "batch": 1024, "warmup_epochs": 0.5}, "profiles": {"quick":
        {"axes": {"model": ["resnet8-w0.25"], "data": ["glyphs"], "method": ["f32"], "seed": [0]}}}}' >experiments/paper/grid.json
    echo '{"schema": 1, "title": "T", "post_training": "mmse", "profiles": {"quick": {"axes": {"model": ["resnet8-w0.25"],
        "data": ["glyphs"], "method": ["w8a8-cal16"], "seed": [0]},
        "parents": {"resnet8-w0.25": "paper/resnet8-w0.25--glyphs--f32--s0"}}}}' >experiments/ptq/grid.json
    "$nibble" train $small --steps 2 --out f.st --checkpoint c &&
        "$nibble" quantize --weights f.st --data glyphs --out q.st &&
        "$nibble" run paper/resnet8-w0.25--glyphs--f32--s0 ptq/resnet8-w0.25--glyphs--w8a8-cal16--s0
) >log 2>&1 || { cat log; exit 1; }
python3 - <<'PY'
import struct, zlib
def png(path, seed):
    rows = b"".join(b"\0" + bytes((x * seed + 7 * y + c) % 256 for x in range(32) for c in range(3)) for y in range(32))
    part = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    open(path, "wb").write(b"\x89PNG\r\n\x1a\n" + part(b"IHDR", struct.pack(">IIBBBBB", 32, 32, 8, 2, 0, 0, 0)) +
                           part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b""))
for i in range(3): png(f"start/{i}.png", i + 2)
PY

# ---- a case: a command, and the files that it leaves ("out" is its standard output)
declare -A command files
command[train]="train $small --steps 3 --checkpoint-minutes 0 --out w --progress off" files[train]=w
command[resume]="train $small --steps 4 --out w --checkpoint c --progress off" files[resume]=w
command[run]="run --force paper/resnet8-w0.25--glyphs--f32--s0 --progress off"
files[run]=results/quick/paper/resnet8-w0.25--glyphs--f32--s0.json
command[ptq]="run --force ptq/resnet8-w0.25--glyphs--w8a8-cal16--s0 --progress off"
files[ptq]=results/quick/ptq/resnet8-w0.25--glyphs--w8a8-cal16--s0.json
command[quantize]="quantize --weights f.st --data glyphs --out w" files[quantize]=w
command[predict]="predict 0.png 1.png 2.png --weights q.st --json" files[predict]=out
command[eval]="eval --weights q.st --data glyphs --limit 64 --json --progress off" files[eval]=out
command[verify]="verify results/quick/paper/resnet8-w0.25--glyphs--f32--s0.json --progress off" files[verify]=out
command[report]="report --profile quick" files[report]="results/quick/paper.csv results/quick/paper.md results/quick/paper.tex results/quick/paper-curves.svg"
command[stale]="stale --json" files[stale]=out

# a call, how it fails, and which calls from there on: + all, nothing one
faults="openat:error=EACCES: openat:error=EMFILE:+ read:error=EIO: read:retval=0: write:error=ENOSPC: write:error=EIO:
write:signal=KILL: fsync:error=EIO: fsync:signal=KILL: rename:error=EACCES: rename:signal=KILL: unlink:error=EACCES:
unlink:signal=KILL: mkdir:error=ENOSPC: close:error=EIO: newfstatat:error=EIO: flock:error=ENOLCK: getdents64:error=EIO:
mmap:error=ENOMEM:+ clone3:error=EAGAIN:+"

afresh() { rm -rf run && cp -r start run; }
same() {
    local file
    for file in ${files[$1]}; do cmp -s "run/$file" "reference/$1/$file" || return 1; done
}
# CASE: runs it undisturbed, for what it leaves and the calls it makes
undisturbed() {
    afresh
    (cd run && strace -f -qq -b execve -o ../trace "$nibble" ${command[$1]} >out 2>err) || { cat run/err; exit 1; }
    mkdir -p "reference/$1"
    local file
    for file in ${files[$1]}; do mkdir -p "$(dirname "reference/$1/$file")" && cp "run/$file" "reference/$1/$file"; done
}

injected=0 refused=0 killed=0 unharmed=0 findings=0
finding() {
    echo "FINDING: ${command[$1]}  ($2): $3"
    findings=$((findings + 1))
}
inject() { # CASE FAULT PLACE
    local call=${2%%:*} how=${2#*:}
    local from=${how##*:} fault=${how%:*}
    local how_to_follow=--seccomp-bpf # fast, but it can neither kill nor leave others alone
    [[ $fault == signal=* || $1 == report ]] && how_to_follow="-b execve"
    local what="$call:$fault:when=$3$from"
    afresh
    { (cd run && exec timeout 120 strace -f -qq $how_to_follow -o /dev/null -e trace="$call" -e inject="$what" "$nibble" ${command[$1]} >out 2>err); } 2>/dev/null # bash says what was killed
    local status=$?
    injected=$((injected + 1))
    if [ $status -eq 0 ]; then
        same "$1" || finding "$1" "$what" "exit status 0, other bits"
        unharmed=$((unharmed + 1))
        return
    elif [ $status -eq 124 ]; then
        finding "$1" "$what" "hangs"
    elif [ $status -gt 128 ] && [[ $fault == signal=* ]]; then
        killed=$((killed + 1))
    else
        refused=$((refused + 1))
        [ "$(grep -c . run/err)" -eq 1 ] && [ "$(wc -l <run/err)" -eq 1 ] || finding "$1" "$what" "status $status, says '$(cat run/err)'"
    fi
    (cd run && "$nibble" ${command[$1]} >out 2>err) || finding "$1" "$what" "the next run says '$(cat run/err)'"
    same "$1" || finding "$1" "$what" "the next run gives other bits"
    [ -z "$(find run -name '*.partial')" ] || finding "$1" "$what" "left: $(find run -name '*.partial')"
}

for case in ${CASES:-train resume run ptq quantize predict eval verify report stale}; do
    undisturbed $case
    for fault in $faults; do
        call=${fault%%:*}
        calls=$(grep -c " $call(" trace)
        # Threads fail to start for a reason that lasts: from the first on.
        [ $call = clone3 ] && calls=$((calls > 0))
        for ((i = 1; i <= places && i <= calls; ++i)); do inject $case $fault $((calls <= places ? i : calls * i / places)); done
    done
    echo "$case: $injected faults so far: $unharmed did no harm, $refused refused in one line, $killed killed, $findings findings"
done
exit $((findings > 0))
