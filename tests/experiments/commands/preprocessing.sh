#!/bin/bash
# How images become inputs: by options, by files, by metadata, in this order; what eval, quantize, verify and predict
# make of it.
. "$(dirname "$0")/../../helpers/program.sh"

"$nibble" train --model resnet8-w0.25 --data glyphs --batch 32 --steps 3 --progress off --out stated.st >out 2>err ||
    fail "train: $(cat err)"
# The same weights, and no word of how images are prepared.
sed 's/"normalize_mean"/"normalise_mean"/; s/"normalize_std"/"normalise_std"/' stated.st >silent.st
undigested silent.st
base64 -d >colour.png <<'PNG'
iVBORw0KGgoAAAANSUhEUgAAAAUAAAAECAIAAADJUWIXAAAAS0lEQVR42gFAAL//AAA8eChkoFCMyHi08KDcGAAeWpZGgr5uquaW0g6++jYA
PHi0ZKDcjMgEtPAs3BhUAFqW0oK++qrmItIOSvo2csatH10C143WAAAAAElFTkSuQmCC
PNG

input() { # OPTION...: the digest of what a network is fed
    "$nibble" eval --data glyphs --limit 3 --progress off --json "$@" >e.json 2>err || fail "eval $*: $(cat err)"
    field input_digest e.json
}
from() { field from e.json; }

# ---- eval: who is heard
customary=$(input --weights stated.st)
[ "$(from)" = weights ] || fail "normalization from $(from) instead of weights"
[ "$(input --weights silent.st --model resnet8-w0.25)" = "$customary" ] || fail "the data set's own normalization differs"
[ "$(from)" = data ] || fail "normalization from $(from) instead of data"
halves=$(input --weights stated.st --mean .5,.5,.5 --std .5,.5,.5)
[ "$(from)" = flags ] || fail "normalization from $(from) instead of flags"
[ "$halves" != "$customary" ] || fail "--mean and --std make no difference"
[ "$(input --weights stated.st --channels BGR)" != "$customary" ] || fail "--channels makes no difference"
echo '{"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}' >stated.preprocess.json
[ "$(input --weights stated.st)" = "$halves" ] || fail "stated.preprocess.json is not heard"
[ "$(from)" = file ] || fail "normalization from $(from) instead of file"
echo '{"mean": [0, 0, 0], "std": [1, 1, 1], "scale": 1, "channels": "BGR"}' >caffe.json
caffe=$(input --weights stated.st --preprocess caffe.json)
[ "$caffe" != "$halves" ] || fail "--preprocess is not heard before the file beside the network"
[ "$(input --weights stated.st --channels BGR --scale 1 --mean 0,0,0 --std 1,1,1)" = "$caffe" ] ||
    fail "options and file mean different things"
rm stated.preprocess.json
input --weights stated.st --resize 36 --crop 32 --crop-offset down --filter bicubic >out
grep -q '"crop_offset": "down"' e.json || fail "eval --json does not say the geometry"

# ---- quantize writes what it used; the others need no options then
"$nibble" quantize --weights silent.st --model resnet8-w0.25 --data glyphs --calibration 16 --preprocess caffe.json \
    --resize 36 --crop 32 --out q.st >out 2>err || fail "quantize: $(cat err)"
"$nibble" eval --weights q.st --data glyphs --limit 3 --json >e.json 2>err || fail "eval: $(cat err)"
[ "$(field input_digest e.json)" = "$(input --weights stated.st --preprocess caffe.json --resize 36 --crop 32)" ] ||
    fail "the quantized network is fed something else than it was calibrated with"
"$nibble" verify --integer q.st --data glyphs --limit 3 --progress off >out 2>err || fail "verify: $(cat out err)"
refused 1 "input of the network" predict colour.png --weights q.st --crop 30

# ---- predict
refused 1 "give --mean and --std" predict colour.png --weights silent.st --model resnet8-w0.25
refused 1 "give --mean and --std" predict colour.png --weights silent.st --model resnet8-w0.25 --channels BGR
"$nibble" predict colour.png --weights silent.st --model resnet8-w0.25 --mean .5,.5,.5 --std .25,.25,.25 --json >a.json 2>err ||
    fail "predict: $(cat err)"
"$nibble" predict colour.png --weights stated.st --json >b.json 2>err || fail "predict: $(cat err)"
[ "$(field probability a.json)" = "$(field probability b.json)" ] || fail "predict: other inputs by options than by metadata"
"$nibble" predict colour.png --weights stated.st >out 2>err
grep -q "class [0-9] '[0-9]' (" out || fail "predict does not know the classes of glyphs: $(cat out)"
printf 'c%s\n' 0 1 2 3 4 5 6 7 8 9 >names
"$nibble" predict colour.png --weights stated.st --names names --json >p.json 2>err || fail "predict --names: $(cat err)"
[ "$(field name p.json)" = "c$(field class p.json | tr -dc 0-9)" ] || fail "--names: $(cat p.json)"
head -n 9 names >nine
refused 1 "nine: lines: expected 10" predict colour.png --weights stated.st --names nine

# ---- refusals
refused 1 "mean and std go together" eval --weights stated.st --data glyphs --mean 1,1,1
refused 1 "--mean: a list of numbers" eval --weights stated.st --data glyphs --mean one --std 1
refused 1 "command line: resize" eval --weights stated.st --data glyphs --resize big
refused 1 "command line: channels" eval --weights stated.st --data glyphs --channels GBR
refused 1 "none.json" eval --weights stated.st --data glyphs --preprocess none.json
echo '{"size": 3}' >wrong.json
refused 1 "wrong.json" eval --weights stated.st --data glyphs --preprocess wrong.json
cp wrong.json stated.preprocess.json
refused 1 "stated.preprocess.json" predict colour.png --weights stated.st
rm stated.preprocess.json
refused 1 "go with --integer" verify result.json --mean 1,1,1

[ $failures -eq 0 ] && echo "preprocessing on the command line: all checks passed"
exit $((failures > 0))
