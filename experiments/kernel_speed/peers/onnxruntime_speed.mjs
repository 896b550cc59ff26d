#!/usr/bin/env node
// Times ONNX Runtime on the files of make_onnx.py; prints one JSON document. ONNX Runtime has no switch that caps
// its instructions. The row "empty" is a network of one ReLU on one number: what a call costs in itself.
import {readFileSync} from "node:fs";
import {createRequire} from "node:module";
import {dirname, resolve} from "node:path";
import {fileURLToPath} from "node:url";
import {parseArgs} from "node:util";

const build = resolve(dirname(fileURLToPath(import.meta.url)), "../../../build/peers");
const require = createRequire(resolve(build, "npm/package.json"));
const blockMilliseconds = 50;
const networks = [["empty", 1, [1]], ["resnet20", 1, [3, 32, 32]], ["resnet20", 128, [3, 32, 32]],
                  ["resnet18", 1, [3, 224, 224]], ["resnet50", 1, [3, 224, 224]]];

const {values: options} = parseArgs({options: {
    threads: {type: "string", default: "1"}, rounds: {type: "string", default: "5"},
    only: {type: "string", default: ""}, help: {type: "boolean", short: "h"}}});
if (options.help) {
    console.log(`usage: onnxruntime_speed.mjs [--threads N] [--rounds N] [--only PATTERN]
Times ONNX Runtime on whole networks; prints one JSON document.
  --threads N      threads (1)
  --rounds N       samples a row (5)
  --only PATTERN   rows whose name/precision/bBATCH matches this regular expression`);
    process.exit();
}
const threads = Number(options.threads), rounds = Number(options.rounds), only = new RegExp(options.only);
if (!(threads >= 1 && rounds >= 1)) {
    console.error("onnxruntime_speed.mjs: --threads and --rounds want positive numbers");
    process.exit(2);
}
const {InferenceSession, Tensor} = require("onnxruntime-node");
const {version} = JSON.parse(readFileSync(resolve(build, "npm/node_modules/onnxruntime-node/package.json")));

async function millisecondsOf(calls, call) {
    const start = performance.now();
    for (let i = 0; i < calls; ++i) await call();
    return performance.now() - start;
}

// Milliseconds per call, one figure a round. Finding how many calls make a block warms up.
async function measure(call) {
    let calls = 1;
    while (await millisecondsOf(calls, call) < blockMilliseconds) calls *= 2;
    const samples = [];
    for (let round = 0; round < rounds; ++round) samples.push(await millisecondsOf(calls, call) / calls);
    return samples;
}

function median(samples) {
    const sorted = [...samples].sort((a, b) => a - b), half = sorted.length / 2;
    return (sorted[Math.floor(half)] + sorted[Math.ceil(half) - 1]) / 2;
}

const rows = [];
for (const [name, batch, shape] of networks) {
    for (const precision of name === "empty" ? ["f32"] : ["f32", "int8"]) {
        if (!only.test(`${name}/${precision}/b${batch}`)) continue;
        const file = resolve(build, `onnx/${name}-b${batch}-${precision}.onnx`);
        const session = await InferenceSession.create(
            file, {intraOpNumThreads: threads, interOpNumThreads: 1, graphOptimizationLevel: "all"});
        const dims = [batch, ...shape];
        const data = Float32Array.from({length: dims.reduce((a, b) => a * b)}, () => Math.random() - 0.5);
        const images = new Tensor("float32", data, dims);
        const samples = await measure(() => session.run({images}));
        await session.release();
        rows.push({what: "network", name, precision, batch, ms_median: median(samples), ms_min: Math.min(...samples),
                   rounds: samples});
    }
}
console.log(JSON.stringify({peer: "ONNX Runtime", version, threads, isa_cap: null, rows}, null, 2));
