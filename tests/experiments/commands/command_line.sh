#!/bin/bash
# The program as its users meet it: help, one-line errors, one JSON object, runs that are killed and go on.
. "$(dirname "$0")/../../helpers/program.sh"

# ---- help
for command in info train eval cells run stale report verify bless site cost; do
    "$nibble" $command --help >out 2>err || fail "$command --help: exit status $?"
    grep -q "Examples:" out || fail "$command --help shows no examples"
    [ ! -s err ] || fail "$command --help writes to standard error"
    "$nibble" --help | grep "^  $command " >/dev/null || fail "nibble --help does not list $command"
done

"$nibble" --version >out 2>err || fail "--version: exit status $?"
"$nibble" info | head -1 | cmp - out || fail "--version: $(cat out)"

# ---- errors
refused 2 "subcommand is required"
refused 2 "fly" fly
refused 2 "out is required" train
refused 2 "epochs" train --out w --epochs many
refused 1 "no folder experiments" cells
refused 1 "numerics\|f32" train --out w --numerics f16
refused 1 "momentum" train --out w --momentum 1.5
refused 1 "progress" train --out w --progress loud
refused 1 "no-such" train --out w --data no-such
refused 1 "model" train --out w --data glyphs --model lenet
refused 1 "thread" info --threads -3
refused 1 "no-such-arch" train --out w --data glyphs --steps 1 --arch no-such-arch
refused 2 "model is required" cost
refused 1 "resnet<depth>" cost --model lenet
refused 1 "w4a4e8" cost --model resnet20 --bits w4
refused 1 "resnet<depth>" cost --model resnet20 --relative-to lenet
refused 1 "cannot be\|folder" train --out /proc/none/w --data glyphs
refused 1 "missing.safetensors" eval --weights missing.safetensors --data glyphs
echo "not a weight file" >broken.safetensors
refused 1 "broken.safetensors" eval --weights broken.safetensors --data glyphs --logits l.safetensors
[ -z "$(find . -name 'w*' -o -name 'l.*' -o -name '*.partial')" ] || fail "an error left files behind: $(ls)"

# ---- one JSON object
"$nibble" info --json >out 2>err || fail "info: $(cat err)"
is_object out || fail "info --json: not one object"
NIBBLE_ARCH=no-such-arch "$nibble" info --arch reference --json >out 2>err || fail "--arch does not win: $(cat err)"
grep -q '"architecture": "reference"' out || fail "--arch reference was not chosen"
NIBBLE_THREADS=1 "$nibble" info --threads 3 --json | grep '"threads": 3' >/dev/null || fail "--threads does not win"

# ---- cost
"$nibble" cost --model resnet50-imagenet --bits w4a4e8 >out 2>err || fail "cost: $(cat err)"
grep -q "^| layer1.0.downsample.0 | w4a4 | 51380224 |" out || fail "cost: no line of a projection: $(cat out)"
grep -q "^| linear cost | 16836984832 | 65426948096 | 0.257340 |" out || fail "cost: $(tail -5 out)"
"$nibble" cost --model resnet29-w0.5-imagenet --bits w8a8 --relative-to resnet50-imagenet --json >out 2>err ||
    fail "cost --json: $(cat err)"
is_object out || fail "cost --json: not one object"
grep -q '"linear_cost": 0.0911' out || fail "cost --json: not relative to resnet50: $(tail -8 out)"

# ---- train, resume, eval
small="--model resnet8-w0.25 --data glyphs --batch 32 --progress plain"
"$nibble" train $small --steps 6 --out a.safetensors --json >a.json 2>err || fail "train: $(cat err)"
is_object a.json || fail "train --json: not one object"
digest() { sed -n 's/.*"weights_digest": "\([0-9a-f]*\)".*/\1/p' "$1"; }
[ ${#scratch} -gt 0 ] && [ "$(digest a.json | wc -c)" -eq 65 ] || fail "train prints no digest"
[ ! -e a.safetensors.checkpoint ] || fail "train left its own checkpoint"
"$nibble" train $small --steps 2 --out b.safetensors --checkpoint c >out 2>err || fail "train: $(cat err)"
"$nibble" train $small --steps 6 --out b.safetensors --checkpoint c >out 2>err || fail "resume: $(cat err)"
grep -q "resumed at step 2" err || fail "no word of the resumed run: $(cat err)"
cmp -s a.safetensors b.safetensors || fail "a resumed run wrote other weights"
refused 1 "checkpoint\|another run" train $small --seed 1 --steps 6 --out b.safetensors --checkpoint c
"$nibble" eval --weights a.safetensors --data glyphs --limit 50 --logits l.safetensors --json >e.json 2>err ||
    fail "eval: $(cat err)"
is_object e.json || fail "eval --json: not one object"
[ "$(digest e.json)" = "$(digest a.json)" ] || fail "eval reads other weights than train wrote"
for key in top1 top5 loss images predictions_digest executed_as; do
    grep -q "\"$key\"" e.json || fail "eval --json has no $key"
done

# ---- cells: killed at any moment, then the same result as a run without pause
mkdir -p experiments/paper tests/golden
echo '{"f32": "aa", "bf16": "bb"}' >tests/golden/training.json
cat >experiments/paper/grid.json <<'JSON'
{"schema": 1, "title": "Test", "headline": ["f32"], "protocol": {"epochs": 1, "batch": 128, "warmup_epochs": 0.5},
 "profiles": {"quick": {"axes": {"model": ["resnet8-w0.25"], "data": ["glyphs"], "method": ["f32", "bf16"], "seed": [0]}}}}
JSON
cell=$("$nibble" cells --profile quick | sed -n 1p)
result=results/quick/$cell.json
run() { "$nibble" run "$cell" --checkpoint-minutes 0 --progress off "$@"; }
run >out 2>err || fail "run: $(cat err)"
mv "$result" whole.json || fail "run wrote no result"
refused 1 "no cell" run paper/resnet8-w0.25--glyphs--f32--s7
survives_kills "$cell" "$result" whole.json 1.0 0.2 0.4 0.3 0.5
run 2>err | grep "fresh, not run again" >/dev/null || fail "a fresh cell was run again"
[ -z "$("$nibble" stale)" ] || fail "a fresh result is called stale"

# ---- an interrupted run says so, and leaves no result
mv "$result" kept.json
# terminated COMMAND...: runs it and sends SIGTERM, sooner each time until that comes before its end.
terminated() {
    for pause in 2 1 0.5 0.2; do
        "$@" >out 2>err &
        sleep $pause
        kill -TERM $! 2>/dev/null
        wait $!
        status=$?
        [ $status -eq 0 ] || break
    done
    [ $status -eq 143 ] || fail "SIGTERM: exit status $status: $(cat err)"
    grep -q "interrupted" err || fail "SIGTERM: says '$(cat err)'"
}
run_anew() {
    rm -f "$result"
    exec "$nibble" run "$cell" --force --progress off
}
terminated run_anew
[ ! -e "$result" ] || fail "an interrupted run left a result"
"$nibble" cells --profile quick --status | grep "^interrupted" >/dev/null || fail "status of an interrupted run"

# ---- a fresh result is fresh, whatever a later attempt left behind
cp kept.json "$result"
"$nibble" cells --profile quick --status | grep "^fresh" >/dev/null || fail "a failed attempt hides a fresh result"

# ---- two at once: one runs, the other waits and finds it fresh
rm "$result"
"$nibble" run "$cell" --progress off >one 2>err &
until grep -qs running "build/runs/quick/$cell/status.json" || ! kill -0 $! 2>/dev/null; do sleep 0.02; done
run >two 2>err2 || fail "second of two: $(cat err2)"
wait
grep -q "wrote" one || fail "first of two: $(cat err)"
grep -q "waiting for another process" err2 || fail "the second of two does not wait: $(cat err2)"
grep -q "fresh, not run again" two || fail "the second of two: $(cat two)"
cmp -s kept.json "$result" || fail "two runs at once changed the result"

# ---- stale, verify, report
echo '{"f32": "changed", "bf16": "bb"}' >tests/golden/training.json
"$nibble" stale | grep "^$cell  (numerics)" >/dev/null || fail "changed numerics: stale says '$("$nibble" stale)'"
echo '{"f32": "aa", "bf16": "bb"}' >tests/golden/training.json
"$nibble" verify "$result" --progress off >out 2>err || fail "verify: $(cat out err)"
left=build/runs/quick/$cell/verify
mkdir -p "$left" && echo "of one that was killed" >"$left/checkpoint-$(field key "$result" | cut -c 1-16).safetensors"
"$nibble" verify "$result" --progress off >out 2>err || fail "verify resumes what a killed one left: $(cat out err)"
[ ! -e "$left" ] || fail "verify leaves $left behind"
terminated "$nibble" verify "$result" --progress off
grep -q "begins anew next time" err || fail "an interrupted verify says '$(cat err)'"
[ ! -e "$left" ] || fail "an interrupted verify leaves $left behind"
sed -i '0,/"predictions_digest": "./s//&0/' "$result"
"$nibble" verify "$result" --progress off >out 2>err && fail "verify accepts a forged result"
grep -q "predictions_digest" out || fail "verify does not name what differs: $(cat out)"
cp kept.json "$result"
sed -i 's/"correct": ".*"/"correct": null/' "$result" && grep -q '"correct": null' "$result" || fail "no field to take away"
"$nibble" verify "$result" --progress off >out 2>err || fail "verify minds a field that the result is too old to have: $(cat out err)"
cp kept.json "$result"
refused 1 "no result of a real profile can be made again here" verify --sample 1
refused 1 "name results to verify, or let --sample" verify
refused 1 "they go with --sample" verify --retrain "$result"
"$nibble" verify missing.json "$result" --progress off >out 2>err && fail "verify does not mind a result that is not here"
grep -q "^same bits: $result" out || fail "verify stops at a result that is not here: $(cat out err)"
grep -q "1 of 2 results could not be made again" err || fail "verify: $(cat err)"

# ---- networks kept beside results are evaluated again, without training
network=${result%.json}.safetensors
[ ! -e "$network" ] || fail "a network is kept although nobody asked"
run --keep >out 2>err || fail "run --keep: $(cat err)"
[ -e "$network" ] || fail "run --keep keeps no network"
echo "of the result before" >"$network"
touch "build/runs/quick/$cell/status.json.1.partial"
run --force >out 2>err || fail "run --force: $(cat err)"
grep -q "of the result before" "$network" && fail "a replaced result keeps the network of the one before"
[ ! -e "build/runs/quick/$cell/status.json.1.partial" ] || fail "what a killed run left stays for ever"
mv build/runs elsewhere
"$nibble" verify --evaluation "$result" --progress off >out 2>err || fail "verify --evaluation: $(cat out err)"
grep -q "^same evaluation" out || fail "verify --evaluation says '$(cat out)'"
sed -i '0,/"predictions_digest": "./s//&0/' "$result"
"$nibble" verify --evaluation "$result" --progress off >out 2>err && fail "verify --evaluation accepts a forged result"
rm "$network"
refused 1 "is not here" verify --evaluation "$result"
mv elsewhere build/runs

# ---- bless replaces what comes out otherwise, and shows it
"$nibble" bless --progress off >out 2>err || fail "bless: $(cat err)"
grep -q "| $cell | .* | same | changed |" out || fail "bless says '$(cat out)'"
cmp -s kept.json "$result" || fail "bless did not bring the true result back"
"$nibble" bless --progress off | grep "^0 of 1 results" >/dev/null || fail "bless replaces what did come out"

# ---- site
"$nibble" site --out page.html >out 2>err && fail "site without its page says nothing"
mkdir -p experiments/reports && echo '<script>@CELLS@</script><script>@PROFILES@</script>' >experiments/reports/page.html
"$nibble" site --out page.html >out 2>err || fail "site: $(cat err)"
grep -q "\"cell\":\"$cell\"" page.html || fail "the page lacks $cell"
sed 's/"cell": "/&other/' kept.json >"$result"
"$nibble" site --out page.html >out 2>err && fail "site does not mind a misplaced result"
grep -q "left out: .*cell: expected $cell" err || fail "site: $(cat err)"
cp kept.json "$result"

printf 'x\n<!-- results:begin -->\n<!-- results:end -->\n' >README.md
"$nibble" report --readme-profile quick >out 2>err || fail "report: $(cat err)"
grep -q "resnet8-w0.25 | glyphs | bf16 | –" results/quick/paper.md || fail "no dash for a missing cell"
grep -q "| paper | resnet8-w0.25 | f32 | f32 |" README.md || fail "the README's block was not filled"
[ -z "$(find . -name '*.partial' -o -name 'verify-*')" ] || fail "left behind: $(find . -name '*.partial' -o -name 'verify-*')"

exit $((failures > 0))
