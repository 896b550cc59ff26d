#!/bin/bash
# A quantized network as its users meet it: quantize, export, eval, predict, verify --integer, and their refusals.
. "$(dirname "$0")/../../helpers/program.sh"

for command in quantize export predict; do
    "$nibble" $command --help >out 2>err || fail "$command --help: exit status $?"
    grep -q "Examples:" out || fail "$command --help shows no examples"
done

"$nibble" train --model resnet8-w0.25 --data glyphs --batch 32 --steps 3 --progress off --out f.st >out 2>err ||
    fail "train: $(cat err)"
# Images of 5 x 4 pixels in colour and 3 x 6 in grey.
base64 -d >colour.png <<'PNG'
iVBORw0KGgoAAAANSUhEUgAAAAUAAAAECAIAAADJUWIXAAAAS0lEQVR42gFAAL//AAA8eChkoFCMyHi08KDcGAAeWpZGgr5uquaW0g6++jYA
PHi0ZKDcjMgEtPAs3BhUAFqW0oK++qrmItIOSvo2csatH10C143WAAAAAElFTkSuQmCC
PNG
base64 -d >grey.png <<'PNG'
iVBORw0KGgoAAAANSUhEUgAAAAMAAAAGCAAAAAAjjnvQAAAAIElEQVR42mNg0AhgkHPLY7BJ6WGIalrFULHgBMO0fc8ARqQIF8OYKb4AAAAA
SUVORK5CYII=
PNG

# ---- weights alone: a file that runs in floats, on the values of its codes
"$nibble" quantize --weights f.st --data glyphs --calibration 20 --method mmse --settings w4e8 --out w.st --json >w.json 2>err ||
    fail "weights alone: $(cat err)"
[ "$(field bits w.json)" = w4e8 ] || fail "bits of weights alone: $(field bits w.json)"
"$nibble" eval --weights w.st --data glyphs --limit 100 --json >e.json 2>err || fail "eval of weights alone: $(cat err)"
field executed_as e.json | grep -q '^w4e8-f32-' || fail "executed as $(field executed_as e.json)"
refused 1 "runs in floats" verify --integer w.st --data glyphs

# ---- equal wishes give equal bytes, on any number of threads
small="--weights f.st --data glyphs --calibration 20"
"$nibble" quantize $small --wbits 4 --abits 4 --out q.st --json >q.json 2>err || fail "quantize: $(cat err)"
is_object q.json || fail "quantize --json: not one object"
[ "$(field bits q.json)" = w4a4e8 ] || fail "bits: $(field bits q.json)"
[ "$(field file_bytes q.json)" -eq "$(stat -c %s q.st)" ] || fail "file_bytes is not the size of the file"
"$nibble" quantize $small --wbits 4 --abits 4 --out q2.st --threads 1 >table 2>err || fail "quantize: $(cat err)"
cmp -s q.st q2.st || fail "one thread quantized to another file"
grep -q "^| conv1 | product, ReLU | s8 | s8n-pc | – | u4+u8 |" table || fail "no such row in the table of layers: $(cat table)"
"$nibble" quantize $small --wbits 4 --abits 4 --seed 1 --out other.st >out 2>err || fail "quantize: $(cat err)"
cmp -s q.st other.st && fail "other calibration images made no difference"
"$nibble" quantize $small --weights-scheme t-g4 --residual-bits 5 --out t.st --json >t.json 2>err ||
    fail "ternary: $(cat err)"
[ "$(field bits t.json)" = w2a8e8 ] || fail "ternary bits: $(field bits t.json)"
[ "$(field weight_bytes t.json)" -lt "$(field float_bytes t.json)" ] || fail "ternary weights are larger than floats"

# ---- other methods than max-abs, and the report on layers
"$nibble" quantize $small --method mmse --wbits 4 --abits 4 --out m.st --report --json >m.json 2>err ||
    fail "mmse: $(cat err)"
is_object m.json || fail "quantize --method mmse --report --json: not one object"
[ "$(field bits m.json)" = w4a4e8 ] || fail "bits of mmse: $(field bits m.json)"
[ "$(field method m.json)" = "mmse w4a4e8-r8" ] || fail "method: $(field method m.json)"
[ "$(grep -c '"logit_error"' m.json)" -eq 8 ] || fail "not a sensitivity for each of 8 layers"
[ "$(grep -c '"weight_error"' m.json)" -eq 8 ] || fail "not a diagnosis for each of 8 layers"
"$nibble" quantize $small --method mmse --settings w4a4e8-r8 --out m2.st --threads 1 >table 2>err || fail "mmse: $(cat err)"
cmp -s m.st m2.st || fail "the settings w4a4e8-r8 and --wbits 4 --abits 4 give two files"
"$nibble" quantize $small --wbits 4 --abits 4 --report --out q2.st >table 2>err || fail "report: $(cat err)"
cmp -s q.st q2.st || fail "a report changed the network"
grep -q "logits, this layer alone" table || fail "no table of sensitivities: $(cat table)"

# ---- eval and verify, on every architecture this machine has
for network in q t m; do
    "$nibble" eval --weights $network.st --data glyphs --limit 40 --json >e.json 2>err || fail "eval: $(cat err)"
    is_object e.json || fail "eval --json: not one object"
    "$nibble" eval --weights $network.st --data glyphs --limit 40 --arch reference --threads 1 --json >r.json 2>err ||
        fail "eval --arch reference: $(cat err)"
    for key in predictions_digest weights_digest loss top1; do
        [ -n "$(field $key e.json)" ] || fail "eval --json has no $key"
        [ "$(field $key e.json)" = "$(field $key r.json)" ] || fail "$key differs on the reference architecture"
    done
    [ "$(field model e.json)" = resnet8-w0.25 ] || fail "eval does not name the model"
done
"$nibble" eval --weights t.st --data glyphs --limit 40 --arch reference --json >r.json 2>err
field executed_as r.json | grep '^w2a8e8-reference$' >/dev/null || fail "executed as $(field executed_as r.json)"
"$nibble" verify --integer q.st t.st m.st --data glyphs --limit 10 --progress off >out 2>err || fail "verify: $(cat out err)"
[ "$(grep -c ': 0 mismatches' out)" -eq 3 ] || fail "verify --integer: $(cat out)"
"$nibble" verify --integer q.st --data glyphs --limit 10 --progress off --json >v.json 2>err || fail "verify: $(cat err)"
is_object v.json || fail "verify --json: not one object"
[ "$(field differing v.json)" = 0 ] || fail "verify --json: differing"

# ---- predict
"$nibble" predict colour.png grey.png --weights q.st --top 3 >out 2>err || fail "predict: $(cat err)"
[ "$(grep -c '^colour.png:\|^grey.png:' out)" -eq 2 ] || fail "predict: $(cat out)"
[ "$(head -n 1 out | grep -o 'class [0-9]' | sort -u | wc -l)" -eq 3 ] || fail "predict --top 3: $(cat out)"
"$nibble" predict colour.png --weights f.st --top 99 --json >p.json 2>err || fail "predict with floats: $(cat err)"
is_object p.json || fail "predict --json: not one object"
[ "$(grep -c '"class":' p.json)" -eq 10 ] || fail "--top beyond the classes does not show all of them"
"$nibble" predict colour.png --weights q.st --json >a.json 2>err
"$nibble" predict colour.png --weights q.st --arch reference --threads 1 --json >b.json 2>err
[ "$(field probability a.json)" = "$(field probability b.json)" ] || fail "predict differs on the reference architecture"

# ---- refusals: one line, no file
refused 1 "brings its weights" quantize --out x
refused 2 "out is required" quantize --weights f.st
refused 1 "missing.st" quantize --weights missing.st --data glyphs --out x
refused 1 "already" quantize --weights q.st --data glyphs --out x
refused 1 "maxabs, mmse" quantize $small --method magic --out x
refused 1 "'w4a44'" quantize $small --method mmse --settings w4a44 --out x
refused 1 "fgq: say how with --settings" quantize $small --method fgq --wbits 4 --out x
refused 1 "end-bits" quantize $small --method mmse --wbits 4 --end-bits 6 --out x
refused 1 "only for --method maxabs" quantize $small --method mmse --weights-scheme s4-pc --out x
refused 1 "settings" quantize $small --settings w4a4 --out x
refused 1 "at least 8" quantize --weights f.st --data glyphs --calibration 7 --out x
refused 1 "at most" quantize --weights f.st --data glyphs --calibration 8001 --out x
for option in --wbits --abits --end-bits --residual-bits; do
    for bits in 1 9 -4; do refused 1 "^nibble: $option: bits" quantize $small $option $bits --out x; done
    refused 2 "$option" quantize $small $option four --out x
done
for scheme in s4 u4-pc s4x2-pc t-g1 'x
y'; do refused 1 "scheme" quantize $small --weights-scheme "$scheme" --out x; done
"$nibble" quantize --weights f.st --data glyphs --method mmse --settings w4a4e8-cal16 --out cal.st >out 2>err || fail "cal16: $(cat err)"
strings cal.st | head -c 3000 | grep -q '"calibration":"16 images' || fail "--settings ...-cal16 takes another number of images"
refused 1 "at least 1" quantize --weights f.st --data glyphs --calibration 0 --out x
refused 1 "shape" quantize $small --model resnet20 --out x
refused 1 "no-such" quantize --weights f.st --data no-such --out x
refused 1 "folder" quantize $small --out /proc/none/x
[ ! -e x ] || fail "a refused quantize left a file"
refused 1 "--numerics" eval --weights q.st --data glyphs --numerics bf16
refused 1 "--model" eval --weights q.st --data glyphs --model resnet20
refused 1 "runs in floats" verify --integer f.st --data glyphs
refused 1 "No such file" predict none.png --weights q.st
refused 1 "none of JPEG, PNG, WebP, BMP, TIFF and GIF" predict f.st --weights q.st
refused 2 "IMAGE" predict --weights q.st
refused 1 "classes" predict colour.png --weights f.st --classes -1

# ---- broken networks
size=$(stat -c %s q.st)
for n in 0 7 8 1000 $((size / 2)) $((size - 1)); do
    head -c "$n" q.st >broken.st
    refused 1 "broken.st" eval --weights broken.st --data glyphs
done
cp q.st broken.st
printf 'x' | dd of=broken.st bs=1 seek=$((size - 4)) conv=notrunc status=none
refused 1 "broken.st: damaged" eval --weights broken.st --data glyphs
cp q.st broken.st
undigested broken.st
printf '\000\000\300\177' | dd of=broken.st bs=1 seek=$((size - 4)) conv=notrunc status=none # the last step: NaN
refused 1 "broken.st: weights of linear: step" eval --weights broken.st --data glyphs
refused 1 "broken.st" predict colour.png --weights broken.st
refused 1 "broken.st" verify --integer broken.st --data glyphs
sed 's/\\"max_pool\\"\|\\"avg_pool\\"/\\"bad_pool\\"/g' q.st >broken.st
undigested broken.st
refused 1 "bad_pool" eval --weights broken.st --data glyphs

[ $failures -eq 0 ] && echo "quantized networks on the command line: all checks passed"
exit $((failures > 0))
