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
exit $((failures > 0))
