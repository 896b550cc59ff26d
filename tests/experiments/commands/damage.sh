#!/bin/bash
# What a broken disk, a careless hand or a small machine does to the program: one line, never another result.
. "$(dirname "$0")/../../helpers/program.sh"

mkdir -p experiments/paper experiments/reports tests/golden "with space/ü"
echo '{"f32": "aa", "bf16": "bb", "aqt": "cc"}' >tests/golden/training.json
echo '@CELLS@ @PROFILES@' >experiments/reports/page.html
cat >experiments/paper/grid.json <<'JSON'
{"schema": 1, "title": "Test", "headline": ["f32"], "protocol": {"epochs": 1, "batch": 128, "warmup_epochs": 0.5},
 "profiles": {"quick": {"axes": {"model": ["resnet8-w0.25"], "data": ["glyphs"], "method": ["f32", "w4a4"], "seed": [0]}}}}
JSON
cell=paper/resnet8-w0.25--glyphs--f32--s0
other=paper/resnet8-w0.25--glyphs--w4a4--s0
result=results/quick/$cell.json
folder=build/runs/quick/$cell
"$nibble" run $cell $other --progress off >out 2>err || fail "run: $(cat err)"
cp "$result" whole.json
cp -r build/runs whole_runs

# flip FILE BIT: changes one bit
flip() {
    local byte
    byte=$(od -An -tu1 -j $(($2 / 8)) -N 1 "$1")
    printf "\\$(printf '%03o' $((byte ^ (1 << $2 % 8))))" | dd of="$1" bs=1 seek=$(($2 / 8)) conv=notrunc status=none
}
# partway: a run of the cell that is stopped with its checkpoint
partway() {
    rm -rf "$result" "$folder"
    "$nibble" run $cell --checkpoint-minutes 0 --progress off >out 2>err &
    until ls "$folder"/checkpoint-*[a-z0-9].safetensors >/dev/null 2>&1; do sleep 0.02; done
    kill -KILL $!
    wait $! 2>/dev/null
    checkpoint=$(echo "$folder"/checkpoint-*.safetensors)
}

# ---- a damaged checkpoint: the cell says so, starts again, and gives the same result
partway
for damage in 'flip "$checkpoint" 100000' 'flip "$checkpoint" 77' 'truncate -s -7 "$checkpoint"' 'truncate -s 0 "$checkpoint"'; do
    [ -e "$checkpoint" ] || cp kept "$checkpoint"
    cp "$checkpoint" kept
    eval "$damage"
    rm -f "$result"
    "$nibble" run $cell --progress off >out 2>err || fail "$damage: $(cat err)"
    grep -q "checkpoint-.*; starts again" err || fail "$damage: says '$(cat err)'"
    cmp -s "$result" whole.json || fail "$damage: another result"
done
# `nibble train` has been told which file: it says what to do.
small="--model resnet8-w0.25 --data glyphs --batch 32 --progress off"
"$nibble" train $small --steps 2 --out w --checkpoint c >out 2>err || fail "train: $(cat err)"
flip c 90000
refused 1 "^nibble: c: damaged.*delete it to start again" train $small --steps 3 --out w --checkpoint c
# A terminal that closes is an interrupt like any other.
"$nibble" train $small --checkpoint-minutes 0 --out h >out 2>err &
until [ -e h.checkpoint ] || ! kill -0 $! 2>/dev/null; do sleep 0.02; done
kill -HUP $!
wait $!
[ $? -eq 129 ] && grep -q "go on from h.checkpoint" err || fail "SIGHUP: $(cat err)"

# ---- any bit of any file of a run folder: a refusal, or the same evaluation
RANDOM=5
cp whole.json "$result"
for ((i = 0; i < 12; ++i)); do
    rm -rf build/runs && cp -r whole_runs build/runs
    for name in $cell $other; do
        files=(build/runs/quick/$name/*)
        file=${files[RANDOM % ${#files[@]}]}
        size=$(stat -c %s "$file")
        [ "$size" -gt 0 ] || continue
        bit=$(((RANDOM * 32768 + RANDOM) % (8 * size)))
        flip "$file" $bit
        "$nibble" verify --evaluation results/quick/$name.json --progress off >out 2>err
        if [ $? -eq 0 ]; then
            grep -q "^same evaluation" out || fail "bit $bit of $file: $(cat out)"
        elif [ "$(wc -l <err)" -ne 1 ] || grep -q "results differ" err; then
            fail "bit $bit of $file: $(cat out err)"
        fi
    done
done
rm -rf build/runs && cp -r whole_runs build/runs

# ---- no regular file in the place of a result: one line, and the others go on
for kind in 'mkfifo "$result"' 'ln -s "$(basename "$result")" "$result"' 'ln -s /dev/zero "$result"' 'mkdir "$result"' \
    'truncate -s 1G "$result"'; do
    rm -rf "$result"
    eval "$kind"
    for command in stale "cells --status" "report --profile quick" "site --out page.html" "verify $result"; do
        timeout 60 "$nibble" $command >out 2>err
        status=$?
        [ $status -le 1 ] || fail "$kind: $command: exit status $status: $(cat err)"
        cat out err | grep -q "f32--s0" || fail "$kind: $command says nothing of it: $(cat out err)"
        [ "$(wc -l <err)" -le 2 ] || fail "$kind: $command: $(cat err)"
        case $command in
        report*) grep -q "wrote results/quick/paper.csv" out || fail "$kind: no report: $(cat out err)" ;;
        site*) grep -q w4a4 page.html || fail "$kind: no page" ;;
        esac
    done
done
rm -rf "$result"
cp whole.json "$result"

# ---- what a killed process left goes with the next run, fresh or not
touch "$result.4194304.partial" "$folder/weights.safetensors.4194304.partial"
"$nibble" run $cell --progress off 2>err | grep "fresh" >/dev/null || fail "not fresh"
[ ! -e "$result.4194304.partial" ] || fail "a partial result stays for ever"
touch w.4194304.partial
(
    ulimit -f 40
    "$nibble" train $small --steps 1 --out w --checkpoint w.checkpoint >out 2>err
    [ $? -eq 1 ] && [ "$(wc -l <err)" -eq 1 ] || exit 1
    grep -q "File too large" err
) || fail "ulimit -f: $(cat err)"
"$nibble" train $small --steps 1 --out w --checkpoint w.checkpoint >out 2>err || fail "train: $(cat err)"
[ -z "$(find . -name '*.partial' -path './w*')" ] || fail "left: $(find . -name '*.partial')"

# ---- threads that do not start, a full device, a folder that cannot be made
(
    failures=0
    ulimit -v 4000000
    if ! "$nibble" --version >out 2>&1; then
        echo "SKIPPED: threads under a limit of memory (this build does not start under one)"
        exit 77
    fi
    refused 1 "of 1000 threads start here (.*): give --threads, or raise" eval --weights w --data glyphs --threads 1000
    exit $failures
)
case $? in 0) ;; 77) skipped=77 ;; *) fail "ulimit -v" ;; esac
OMP_STACKSIZE=900G refused 1 "only 1 of 2 threads start here" eval --weights w --data glyphs --threads 2
for asked in --help --version "train --help" info; do
    "$nibble" $asked >/dev/full 2>err && fail "$asked into a full device: exit status 0"
    [ "$(cat err)" = "nibble: standard output cannot be written" ] || fail "$asked into a full device: $(cat err)"
done
mkdir -p "$(dirname "$result")" && rm -f results/quick/paper-curves.svg && mkdir results/quick/paper-curves.svg
refused 1 "paper-curves.svg: is a folder" report --profile quick
rmdir results/quick/paper-curves.svg
touch nofolder
NIBBLE_RUNS=nofolder refused 1 "folder cannot be made: Not a directory" run $cell --force --progress off

# ---- paths with spaces and other letters, another current directory
cp w "with space/ü/w.safetensors"
(cd "with space/ü" && "$nibble" cells --root ../.. >out 2>err && "$nibble" eval --weights w.safetensors --data glyphs \
    --limit 8 --progress off >out 2>err) || fail "with space: $(cat "with space/ü/err")"

[ "$failures" -eq 0 ] || exit 1
exit "${skipped:-0}"
