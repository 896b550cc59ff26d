#!/bin/bash
# Cells that quantize a trained network, as their users meet them: the parent is trained when needed, found again in the
# run folder or beside its result, and part of the key; verification; freshness; refusals.
. "$(dirname "$0")/../../helpers/program.sh"

mkdir -p experiments/floats experiments/ptq tests/golden
echo '{"f32": "aa", "bf16": "bb"}' >tests/golden/training.json
echo '{"mmse": "cc", "mmse dual": "dd"}' >tests/golden/post_training.json
cat >experiments/floats/grid.json <<'JSON'
{"schema": 1, "title": "Floats", "protocol": {"epochs": 1, "batch": 128, "warmup_epochs": 0.5},
 "profiles": {"quick": {"axes": {"model": ["resnet8-w0.25"], "data": ["glyphs"], "method": ["f32"], "seed": [0]}}}}
JSON
cat >experiments/ptq/grid.json <<'JSON'
{"schema": 1, "title": "Quantized", "post_training": "mmse",
 "profiles": {
   "quick": {
     "axes": {"model": ["resnet8-w0.25"], "data": ["glyphs"],
              "method": ["f32", "w4a4e8-cal16", "w4e8-dual10", "a4e8-cal16"], "seed": [0]},
     "parents": {"resnet8-w0.25": "floats/resnet8-w0.25--glyphs--f32--s0"}},
   "files": {
     "axes": {"model": ["resnet8-w0.25"], "data": ["glyphs"], "method": ["w8a8-cal16"], "seed": [0]},
     "parents": {"resnet8-w0.25": "mine/resnet8.safetensors"}}}}
JSON
floats=floats/resnet8-w0.25--glyphs--f32--s0
cell() { echo "ptq/resnet8-w0.25--glyphs--$1--s0"; }
result() { echo "results/${2:-quick}/$(cell "$1").json"; }
run() { "$nibble" run --progress off "$@"; }
[ "$("$nibble" cells ptq --profile quick | wc -l)" -eq 4 ] || fail "cells: $("$nibble" cells ptq)"

# ---- the parent is run first, once
run "$(cell f32)" >out 2>err || fail "run: $(cat err)"
[ -e "results/quick/$floats.json" ] || fail "the parent left no result"
cp "results/quick/$floats.json" floats.json
run $("$nibble" cells ptq --profile quick) >out 2>err || fail "run: $(cat err)"
[ "$(grep -c wrote out)" -eq 3 ] || fail "not three new results: $(cat out)"
cmp -s floats.json "results/quick/$floats.json" || fail "the parent's result changed"
[ "$(field top1 "$(result f32)")" = "$(field top1 floats.json)" ] || fail "f32 is not the parent"
for m in f32 w4e8-dual10 a4e8-cal16; do
    field executed_as "$(result $m)" | grep -- 'f32-' >/dev/null || fail "$m: executed as $(field executed_as "$(result $m)")"
done
field executed_as "$(result w4a4e8-cal16)" | grep '^w4a4e8-' >/dev/null || fail "executed as $(field executed_as "$(result w4a4e8-cal16)")"
field executed_as "$(result w4a4e8-cal16)" | grep f32 >/dev/null && fail "w4a4e8 was executed in floats"
network=build/runs/quick/$(cell w4a4e8-cal16)/integers.safetensors
digest=$(($(stat -c %s "$network") - $(field file_bytes "$(result w4a4e8-cal16)")))
[ $digest -ge 80 ] && [ $digest -le 88 ] || fail "file_bytes is not the size of the file without its digest: $digest"
"$nibble" eval --weights "$network" --data glyphs --json >e.json 2>err || fail "eval: $(cat err)"
for key in weights_digest predictions_digest; do
    [ "$(field $key e.json)" = "$(field $key "$(result w4a4e8-cal16)")" ] || fail "eval of the exported network: other $key"
done

# ---- each cell left its time, the parent too, and others are estimated from it
[ "$(wc -l <build/runs/times.csv)" -eq 6 ] || fail "not a header and five times: $(cat build/runs/times.csv)"
"$nibble" cells ptq --profile quick --time --plan plan.json >out 2>err || fail "cells --time: $(cat err)"
[ "$(grep -c '^ *[0-9]*s ptq/' out)" -eq 4 ] || fail "cells without an estimate: $(cat out)"
grep -q '^quick: 4 of 4 cells to run, about [0-9]*s on [0-9]* cores\{0,1\} (from 5 timed cells' err || fail "cells --time: says '$(cat err)'"
"$nibble" run --force --progress plain --plan plan.json "$(cell f32)" >out 2>err || fail "run --plan: $(cat err)"
grep -q '^1 of 4 cells done, about [0-9]*s left$' err || fail "run --plan: says '$(cat err)'"
"$nibble" run --force "$(cell f32)" "$(cell w4a4e8-cal16)" >out 2>err || fail "run: $(cat err)"
grep -q '^quick: 2 of 2 cells to run, about ' err && grep -q '^2 of 2 cells done$' err || fail "run of two cells: says '$(cat err)'"
refused 1 "plan.json" run --plan no/plan.json "$(cell f32)"

# ---- verified, fresh, reported
"$nibble" verify results/quick/ptq/*.json --progress off --threads 1 >out 2>err || fail "verify: $(cat out err)"
"$nibble" verify --integer results/quick/ptq/*.json --limit 20 --progress off >out 2>err || fail "verify --integer: $(cat out err)"
[ "$(grep -c ': 0 mismatches' out)" -eq 1 ] || fail "verify --integer of results: $(cat out)"
[ "$(grep -c 'ran in floats' err)" -eq 3 ] || fail "verify --integer does not say what ran in floats: $(cat err)"
[ -z "$("$nibble" cells --profile quick --due)" ] || fail "due: $("$nibble" cells --profile quick --due)"
[ "$("$nibble" cells --fresh | wc -l)" -eq 5 ] || fail "fresh: $("$nibble" cells --fresh)"
[ -z "$("$nibble" stale)" ] || fail "stale: $("$nibble" stale)"
"$nibble" report >out 2>err || fail "report: $(cat err)"
grep -q "w4e8-dual10" results/quick/ptq.csv || fail "no row of a post-training cell in the report"

# ---- weights from beside the result, and trained again when they are nowhere
cp "build/runs/quick/$floats/weights.safetensors" "results/quick/$floats.safetensors"
rm -r "build/runs/quick/floats"
run --force "$(cell f32)" >out 2>err || fail "run: $(cat err)"
[ ! -e "build/runs/quick/$floats/weights.safetensors" ] || fail "trained although weights lie beside the result"
rm "results/quick/$floats.safetensors"
run --force "$(cell f32)" >out 2>err || fail "run: $(cat err)"
[ -e "build/runs/quick/$floats/weights.safetensors" ] || fail "not trained again"
cmp -s floats.json "results/quick/$floats.json" || fail "the parent's result was written again"
rm -r "build/runs/quick/floats"
"$nibble" verify "results/quick/$floats.json" "$(result f32)" --progress off >out 2>err || fail "verify: $(cat out err)"
grep -q "trained again" err && fail "weights of a verified parent are made twice"

# ---- weights of a parent that are damaged are as good as none
run --force "$(cell f32)" >out 2>err || fail "run: $(cat err)"
truncate -s -5 "build/runs/quick/$floats/weights.safetensors"
run --force "$(cell f32)" >out 2>err || fail "a damaged parent: $(cat err)"
grep -q "weights.safetensors: .*; not used" err && grep -q "trained again" err || fail "a damaged parent: says '$(cat err)'"
cmp -s floats.json "results/quick/$floats.json" || fail "a damaged parent: its result was written again"

# ---- staleness: of the numerics of the methods concerned, of the parent
echo '{"mmse": "cc", "mmse dual": "changed"}' >tests/golden/post_training.json
[ "$("$nibble" stale)" = "$(cell w4e8-dual10)  (numerics)" ] || fail "stale: $("$nibble" stale)"
[ "$("$nibble" cells --profile quick --due)" = "$(cell w4e8-dual10)" ] || fail "due: $("$nibble" cells --profile quick --due)"
echo '{"mmse": "cc", "mmse dual": "dd"}' >tests/golden/post_training.json
sed -i 's/"epochs": 1/"epochs": 2/' experiments/floats/grid.json
[ "$("$nibble" stale | grep -c '(parent)$')" -eq 4 ] || fail "a stale parent leaves its children fresh: $("$nibble" stale)"
sed -i 's/"epochs": 2/"epochs": 1/' experiments/floats/grid.json

# ---- files below NIBBLE_DATA
refused 1 "mine/resnet8.safetensors: not here" run "$(cell w8a8-cal16)" --progress off
mkdir -p data/mine
cp "build/runs/quick/$floats/weights.safetensors" data/mine/resnet8.safetensors
NIBBLE_DATA=data run "$(cell w8a8-cal16)" >out 2>err || fail "run from a file: $(cat err)"
[ "$(field source "$(result w8a8-cal16 files)")" = mine/resnet8.safetensors ] || fail "the result does not name its parent"
[ "$(field digest "$(result w8a8-cal16 files)")" != "" ] || fail "no digest of the parent"
[ -z "$(NIBBLE_DATA=none "$nibble" stale 2>err)" ] || fail "a missing parent makes a result stale"
grep -q "mine/resnet8.safetensors: not here" err || fail "stale does not say that a parent is missing: $(cat err)"
parent=data/mine/resnet8.safetensors
stale() { NIBBLE_DATA=data "$nibble" stale; }
undigested $parent
sed -i 's/"numerics":"f32"}/"converted":"me"}/' $parent
[ -z "$(stale)" ] || fail "another conversion of the same weights: $(stale)"
cp $parent before
sed -i 's/"normalize_mean":"0.5,/"normalize_mean":"0.4,/' $parent
[ "$(stale)" = "$(cell w8a8-cal16)  (parent)" ] || fail "another normalization of the parent: $(stale)"
cp before $parent
printf 'x' | dd of=$parent bs=1 seek=$(($(stat -c %s $parent) - 4)) conv=notrunc status=none
[ "$(stale)" = "$(cell w8a8-cal16)  (parent)" ] || fail "another weight of the parent: $(stale)"
cp before $parent
printf 'x' >>$parent
stale | grep -q "unreadable: $parent" || fail "a parent with bytes too many: $(stale)"

exit $((failures > 0))
