#!/bin/bash
# Quantized training as its users meet it: train to a deployable file, cells that are killed and go on, verification
# of results bit for bit and layer by layer, and refusals.
. "$(dirname "$0")/../../helpers/program.sh"

# ---- nibble train writes the network itself, ready to run
small="--model resnet8-w0.25 --data glyphs --batch 32 --progress off"
"$nibble" train $small --method w4a4e8 --epochs 1 --steps 60 --out q.st --json >q.json 2>err || fail "train: $(cat err)"
is_object q.json || fail "train --json: not one object"
"$nibble" eval --weights q.st --data glyphs --limit 40 --json >e.json 2>err || fail "eval: $(cat err)"
field executed_as e.json | grep '^w4a4e8-' >/dev/null || fail "executed as $(field executed_as e.json)"
"$nibble" verify --integer q.st --data glyphs --limit 20 --progress off >out 2>err || fail "verify: $(cat out err)"
grep -q " 0 mismatches$" out || fail "verify --integer: $(tail -n 1 out)"
# Weights only: float weights with the values of their codes.
"$nibble" train $small --method w2e8-hs --epochs 1 --steps 2 --out w.st --json >w.json 2>err || fail "weights only: $(cat err)"
field executed_as w.json | grep '^w2e8-hs-f32-' >/dev/null || fail "weights only: executed as $(field executed_as w.json)"
"$nibble" eval --weights w.st --model resnet8-w0.25 --data glyphs --limit 20 --json >e.json 2>err ||
    fail "eval of weights only: $(cat err)"
field executed_as e.json | grep '^f32-' >/dev/null || fail "eval of weights only: executed as $(field executed_as e.json)"
numbers() { od -An -v -tx4 -w4 -j $(($(od -An -tu8 -N8 w.st) + 8)) w.st; }
[ "$(numbers | sort -u | wc -l)" -lt $(($(numbers | wc -l) / 2)) ] || fail "weights of 2 bits are written as they were trained"
# Stopped before its activations are quantized there is nothing to deploy; the checkpoint stays.
refused 1 "still float; train past 19 % of the steps" train $small --method w4a4 --epochs 1 --steps 2 --out early.st
[ -e early.st.checkpoint ] || fail "no checkpoint of a training that was stopped early"
[ ! -e early.st ] || fail "a network that is not quantized was written"
refused 1 "weights that are integers of 2 to 8 bits" train $small --method w4a4-hs --steps 2 --out x.st
refused 1 "method: expected" train $small --method w4a44 --steps 2 --out x.st

# ---- cells
mkdir -p experiments/paper tests/golden
echo '{"bf16": "bb", "aqt": "cc"}' >tests/golden/training.json
cat >experiments/paper/grid.json <<'JSON'
{"schema": 1, "title": "Test", "protocol": {"epochs": 1, "batch": 128, "warmup_epochs": 0.5},
 "profiles": {"quick": {"axes": [
   {"model": ["resnet8-w0.25"], "data": ["glyphs"], "method": ["w4a4e8"], "seed": [0]},
   {"model": ["resnet8-w0.25"], "data": ["glyphs"], "method": ["w4a4e8", "w2e8-hs"], "seed": [0]}]}}}
JSON
[ "$("$nibble" cells --profile quick | wc -l)" -eq 2 ] || fail "cells of two products of axes: $("$nibble" cells)"
cell=paper/resnet8-w0.25--glyphs--w4a4e8--s0
result=results/quick/$cell.json
"$nibble" run "$cell" --progress off >out 2>err || fail "run: $(cat err)"
mv "$result" whole.json || fail "run wrote no result"
survives_kills "$cell" "$result" whole.json 0.3 0.6 0.9
[ "$(field quantization "$result")" = w4a4e8 ] || fail "the result does not say how it was quantized"
field executed_as "$result" | grep '^w4a4e8-' >/dev/null || fail "executed as $(field executed_as "$result")"
"$nibble" verify "$result" --progress off --threads 1 >out 2>err || fail "verify: $(cat out err)"
"$nibble" verify --integer "$result" --limit 20 --progress off >out 2>err || fail "verify --integer: $(cat out err)"
grep -q " 0 mismatches$" out || fail "verify --integer of a result: $(tail -n 1 out)"
"$nibble" verify --integer missing.st "$result" --limit 20 --data glyphs --progress off >out 2>err &&
    fail "verify --integer does not mind a network that is not here"
grep -q " 0 mismatches$" out || fail "verify --integer stops at a network that is not here: $(cat out err)"
grep -q "1 of 2 networks could not be compared" err || fail "verify --integer: $(cat err)"
"$nibble" run --keep paper/resnet8-w0.25--glyphs--w2e8-hs--s0 --progress off >out 2>err || fail "weights only: $(cat err)"
field executed_as results/quick/paper/*w2e8-hs*.json | grep '^w2e8-hs-f32-' >/dev/null || fail "weights only: executed as"
grep -q "is not kept" err || fail "run --keep of a network without a file says '$(cat err)'"
refused 1 "ran in floats" verify --integer results/quick/paper/resnet8-w0.25--glyphs--w2e8-hs--s0.json
echo '{"bf16": "bb", "aqt": "changed"}' >tests/golden/training.json
"$nibble" stale | grep "^$cell  (numerics)" >/dev/null || fail "changed numerics: stale says '$("$nibble" stale)'"

exit $((failures > 0))
