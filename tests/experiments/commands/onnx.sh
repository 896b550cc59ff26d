#!/usr/bin/env bash
# ONNX in and out on the command line: --model NET.onnx, export of float and quantized networks, refusals.
. "$(dirname "$0")/../../helpers/program.sh"

"$nibble" train --model resnet8-w0.25 --data glyphs --steps 2 --out f.st >out 2>err || fail "train: $(cat err)"
"$nibble" export --help >out 2>err || fail "export --help: $(cat err)"

# ---- a float network: the same logits from either file
"$nibble" export --weights f.st --onnx f.onnx --json >x.json 2>err || fail "export: $(cat err)"
[ "$(field file_bytes x.json)" -eq "$(stat -c %s f.onnx)" ] || fail "file_bytes is not the size of the file"
"$nibble" eval --weights f.st --data glyphs --limit 200 --json >a.json 2>err || fail "eval: $(cat err)"
"$nibble" eval --model f.onnx --data glyphs --limit 200 --json >b.json 2>err || fail "eval of f.onnx: $(cat err)"
[ "$(field predictions_digest a.json)" = "$(field predictions_digest b.json)" ] || fail "f.onnx predicts otherwise"
"$nibble" cost --model f.onnx --bits w4a8 --json >c.json 2>err || fail "cost: $(cat err)"

# ---- quantized from it, executed as integers, exported, read again
"$nibble" quantize --model f.onnx --data glyphs --method mmse --wbits 4 --abits 8 --calibration 20 --out q.st >out 2>err ||
    fail "quantize: $(cat err)"
"$nibble" verify --integer q.st --data glyphs --limit 100 --json >v.json 2>err || fail "verify: $(cat err)"
[ "$(field differing v.json)" = 0 ] || fail "integers differ from their simulation"
"$nibble" export --weights q.st --onnx q.onnx >out 2>err || fail "export of integers: $(cat err)"
"$nibble" eval --model q.onnx --data glyphs --limit 200 --json >d.json 2>err || fail "eval of q.onnx: $(cat err)"
field executed_as d.json | grep -q '^w4a8e8-' || fail "q.onnx ran as $(field executed_as d.json)"

"$nibble" verify --integer q.onnx --data glyphs --limit 100 --json >v.json 2>err || fail "verify of q.onnx: $(cat err)"
[ "$(field differing v.json)" = 0 ] || fail "q.onnx differs from its simulation"

# ---- refusals: one line, nothing written
head -c 1000 f.onnx >short.onnx
refused 1 "damaged" eval --model short.onnx --data glyphs
refused 1 "none.onnx" eval --model none.onnx --data glyphs
refused 1 "brings its weights" eval --model resnet8 --data glyphs
refused 1 "quantized" quantize --model q.onnx --data glyphs --out no.st
refused 1 "no-such" export --model no-such.onnx --onnx no.onnx
if [ -e no.st ] || [ -e no.onnx ]; then fail "a refused command wrote a file"; fi
exit $((failures > 0))
