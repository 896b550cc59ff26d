#!/usr/bin/env bash
# The commands of README's "Bring your own network", as they stand there, on the published checkpoint.
source=$(cd "$(dirname "$0")/../../.." && pwd)
. "$source/tests/helpers/program.sh"

data=${NIBBLE_DATA:-$source/../shared/data}
checkpoint=$data/pretrained/checkpoints/resnet20-12fca82f.th
[ -f "$checkpoint" ] && [ -d "$data/cifar-10-batches-bin" ] ||
    { echo "SKIPPED: README's own network (no $checkpoint)"; exit 77; }
export NIBBLE_DATA=$data
cp "$checkpoint" .
mkdir bin && ln -s "$nibble" bin/nibble && PATH=$PWD/bin:$PATH

sed -n '/own-network:begin/,/own-network:end/p' "$source/README.md" | grep '^nibble ' >commands
[ "$(wc -l <commands)" -eq 6 ] || fail "README has other commands than this test expects"
number=0
while read -r command; do
    number=$((number + 1))
    $command >"out$number" 2>err || fail "$command: $(cat err)"
done <commands
head -c 5 resnet20.svg | grep -q '<?xml' || fail "no drawing"
grep -q 'top-1 91.73 %' out2 || fail "eval: $(cat out2)"
grep -q 'w4a8e8' out3 || fail "quantize: $(tail -n 1 out3)"
grep -q ': 0 mismatches' out4 || fail "verify: $(tail -n 1 out4)"
grep -q 'w4a8e8-' out6 || fail "the exported network: $(cat out6)"
# A checkpoint as it is, to ONNX.
nibble export --model resnet20 --weights resnet20-12fca82f.th --onnx float.onnx >out 2>err || fail "export: $(cat err)"
nibble eval --model float.onnx --data cifar10 --mean .485,.456,.406 --std .229,.224,.225 --limit 100 >a 2>err ||
    fail "eval of the exported checkpoint: $(cat err)"
nibble eval --model resnet20 --weights resnet20-12fca82f.th --data cifar10 --limit 100 >b 2>err || fail "eval: $(cat err)"
[ "$(grep -o 'top-1.*' a)" = "$(grep -o 'top-1.*' b)" ] || fail "the exported checkpoint: $(cat a) instead of $(cat b)"
exit $((failures > 0))
