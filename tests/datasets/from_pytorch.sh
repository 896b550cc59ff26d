#!/bin/bash
# A checkpoint of PyTorch, converted, is the network it was: the same digests of weights and predictions.
convert=$(realpath "$(dirname "$0")/../../datasets/from_pytorch.py")
. "$(dirname "$0")/../helpers/program.sh"

if ! /usr/bin/python3 -c 'import torch' 2>/dev/null; then
    echo "SKIPPED: checkpoints of PyTorch (no torch: apt-get install python3-torch)"
    exit 77
fi

"$nibble" train --model resnet8-w0.25 --data glyphs --steps 2 --out ours.safetensors --progress off >out 2>err || fail "train: $(cat err)"
/usr/bin/python3 - <<'PY' || fail "PyTorch wrote no checkpoint"
import json, struct, torch

contents = open("ours.safetensors", "rb").read()
(length,) = struct.unpack("<Q", contents[:8])
header, data = json.loads(contents[8 : 8 + length]), bytearray(contents[8 + length :])
del header["__metadata__"]
weights = {"module.bn1.num_batches_tracked": torch.tensor(2)}
for name, entry in header.items():
    begin, end = entry["data_offsets"]
    weights["module." + name] = torch.frombuffer(data[begin:end], dtype=torch.float32).reshape(entry["shape"])
torch.save({"state_dict": weights, "epoch": 2}, "theirs.th")
PY
"$convert" theirs.th below/theirs.safetensors --mean 0.5,0.5,0.5 --std 0.25,0.25,0.25 2>err || fail "convert: $(cat err)"
for file in ours below/theirs; do
    "$nibble" eval --model resnet8-w0.25 --weights $file.safetensors --data glyphs --limit 200 --json --progress off >$file.json 2>err || fail "eval: $(cat err)"
done
for key in weights_digest predictions_digest; do
    [ "$(field $key ours.json)" = "$(field $key below/theirs.json)" ] || fail "the converted network has another $key"
done

echo "no checkpoint" >broken.th
"$convert" broken.th broken.safetensors --mean 0.5 --std 0.25 2>err && fail "a broken checkpoint was converted"
[ "$(wc -l <err)" -eq 1 ] && grep -q '^from_pytorch.py: broken.th: ' err || fail "broken checkpoint: $(cat err)"
[ ! -e broken.safetensors ] || fail "half a result of a broken checkpoint"

/usr/bin/python3 - <<'PY' || fail "PyTorch wrote no hostile checkpoint"
import os, torch

class Hostile:
    def __reduce__(self):
        return os.system, ("touch executed",)

torch.save(Hostile(), "hostile.th")
PY
"$convert" hostile.th hostile.safetensors --mean 0.5 --std 0.25 2>err && fail "a hostile checkpoint was converted"
[ "$(wc -l <err)" -eq 1 ] || fail "hostile checkpoint: $(cat err)"
[ ! -e executed ] || fail "a checkpoint's code was executed"

exit $((failures > 0))
