// Runs an ONNX file in ONNX Runtime on the first CIFAR-10 test images and compares with the logits that
// `nibble eval --logits` wrote: one line of JSON.
//
//     node onnxruntime.cjs FOLDER_OF_node_modules NET.onnx CIFAR10/test_batch.bin MEAN STD LOGITS.safetensors
'use strict';
const fs = require('fs');
const path = require('path');

const [modules, network, batchFile, mean, std, logitsFile] = process.argv.slice(2);
const ort = require(path.join(modules, 'onnxruntime-node'));
const kPixels = 32 * 32, kImage = 3 * kPixels, kBatch = 100;

/// The only tensor of a safetensors file.
function readLogits(file) {
  const bytes = fs.readFileSync(file);
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, 8 + length));
  const [begin, end] = header.logits.data_offsets;
  const [images, classes] = header.logits.shape;
  const data = bytes.subarray(8 + length + begin, 8 + length + end);
  return {images, classes, values: new Float32Array(new Uint8Array(data).buffer)};
}

function inputs(records, first, count, means, stds) {
  const values = new Float32Array(count * kImage);
  for (let i = 0; i < count; ++i)
    for (let p = 0; p < kImage; ++p) {
      const channel = Math.floor(p / kPixels);
      values[i * kImage + p] = (records[(first + i) * (kImage + 1) + 1 + p] / 255 - means[channel]) / stds[channel];
    }
  return values;
}

function largestAt(values, first, n) {
  let best = 0;
  for (let c = 1; c < n; ++c) if (values[first + c] > values[first + best]) best = c;
  return best;
}

async function main() {
  const ours = readLogits(logitsFile);
  const records = fs.readFileSync(batchFile);
  const means = mean.split(',').map(Number), stds = std.split(',').map(Number);
  const session = await ort.InferenceSession.create(network);
  let same = 0, correct = 0, ourCorrect = 0, difference = 0;
  for (let first = 0; first < ours.images; first += kBatch) {
    const count = Math.min(kBatch, ours.images - first);
    const tensor = new ort.Tensor('float32', inputs(records, first, count, means, stds), [count, 3, 32, 32]);
    const theirs = (await session.run({input: tensor})).logits.data;
    for (let i = 0; i < count; ++i) {
      const label = records[(first + i) * (kImage + 1)];
      const mine = largestAt(ours.values, (first + i) * ours.classes, ours.classes);
      const yours = largestAt(theirs, i * ours.classes, ours.classes);
      same += mine === yours;
      correct += yours === label;
      ourCorrect += mine === label;
      for (let c = 0; c < ours.classes; ++c)
        difference = Math.max(difference, Math.abs(theirs[i * ours.classes + c] - ours.values[(first + i) * ours.classes + c]));
    }
  }
  console.log(JSON.stringify({
    images: ours.images, same_class: 100 * same / ours.images, top1: 100 * correct / ours.images,
    our_top1: 100 * ourCorrect / ours.images, largest_difference: difference}));
}

main().catch(error => { console.error(error.message); process.exit(1); });
