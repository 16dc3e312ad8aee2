// That the page computes what Python computes is held by tests/test_shape_tracer.py on thousands of
// requests; here are the rules one by one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { cogvideox, mochi, mostPixels } from "./large-layers.mjs";
import { takes, trace } from "./trace.mjs";

/** @type {import("./trace.mjs").Family} */
const WAN = {
  title: "Wan 2.1",
  medium: "video",
  latent_channels: 16,
  space: { factor: 8, rule: "floor" },
  time: { factor: 4, rule: "floor" },
  tile: null,
  smallest_decoded: 8,
  largest_batch: null,
  pipeline_axes: "B C T H W",
  pipeline_rounds: true,
  patch: [1, 2, 2],
  pack: null,
  pad_time: false,
  divisible: 16,
  diffsynth: { multiple: 16, time: 4 },
  large: null,
};
/** @type {import("./trace.mjs").Family} */
const SD = {
  ...WAN,
  title: "Stable Diffusion 1",
  medium: "image",
  latent_channels: 4,
  time: null,
  pipeline_axes: "B C H W",
  pipeline_rounds: false,
  patch: null,
  divisible: 8,
  diffsynth: null,
};
const ATLAS = { wan: WAN, sd: SD };
const CLIP = { family: "wan", height: 480, width: 832, frames: 81 };

/**
 * @param {Partial<import("./trace.mjs").Request>} changes
 */
function shapes(changes) {
  const { steps } = trace(ATLAS, { ...CLIP, ...changes });
  return Object.fromEntries(steps.map(({ name, shape }) => [name, shape]));
}

test("a clip goes to its latent, to tokens and back", () => {
  assert.deepEqual(shapes({}), {
    pixels: [1, 3, 81, 480, 832],
    latent: [1, 16, 21, 60, 104],
    pipeline: [1, 16, 21, 60, 104],
    tokens: [1, 21 * 30 * 52, 64],
    decoded: [1, 3, 81, 480, 832],
  });
});

test("an image has no axis of time", () => {
  const found = shapes({ family: "sd", height: 512, width: 768, frames: null, batch: 2 });
  assert.deepEqual(found.latent, [2, 4, 64, 96]);
  assert.deepEqual(found.decoded, [2, 3, 512, 768]);
});

test("bytes are numbers times the size of one", () => {
  const bytes = (/** @type {string} */ dtype) => trace(ATLAS, { ...CLIP, dtype }).steps[1].bytes;
  assert.equal(bytes("bf16"), 16 * 21 * 60 * 104 * 2);
  assert.equal(bytes("fp32"), 2 * bytes("bf16"));
});

test("off the rule: refused with the nearest, done as the library does, or moved to the nearest", () => {
  assert.throws(() => shapes({ frames: 80 }), {
    message: "80 frames: Wan 2.1 encodes 4k+1; the nearest are 77 and 81",
    fields: ["frames"],
  });
  assert.deepEqual(shapes({ frames: 80, on_invalid: "library" }).decoded, [1, 3, 77, 480, 832]);
  assert.equal(shapes({ frames: 80, on_invalid: "nearest" }).decoded[2], 81);
  const diffsynth = trace(ATLAS, { ...CLIP, frames: 80, library: "diffsynth", on_invalid: "library" });
  assert.deepEqual(diffsynth.steps[0].shape, [1, 3, 81, 480, 832]);
  assert.ok(diffsynth.warnings.some((text) => text.includes("rounds the request up to 480 × 832, 81 frames")));
});

/** @type {[Partial<import("./trace.mjs").Request>, RegExp][]} */
const REFUSED = [
  [{ family: "wan-9" }, /there is no family 'wan-9'/],
  [{ family: "__proto__" }, /there is no family/],
  [{ library: "keras" }, /expected one of diffusers, diffsynth/],
  [{ family: "sd", library: "diffsynth", frames: null }, /is not in the atlas; there are wan/],
  [{ dtype: "int4" }, /expected one of fp32, fp16, bf16/],
  [{ on_invalid: "guess" }, /expected 'error', 'library' or 'nearest'/],
  [{ height: null }, /height must be a whole number, got nothing/],
  [{ width: 1.5 }, /width must be a whole number, got 1.5/],
  [{ batch: 0 }, /batch 0 is outside 1 to 4096; the nearest valid is 1/],
  [{ frames: null }, /Wan 2.1 needs `frames`/],
  [{ family: "sd" }, /makes images: leave `frames` out/],
];
for (const [request, told] of REFUSED) {
  test(`refused: ${JSON.stringify(request)}`, () => assert.throws(() => shapes(request), { message: told }));
}

test("a size is taken or not, whatever the others are", () => {
  const counts = Array.from({ length: 12 }, (_, i) => i + 1);
  const taken = counts.filter((n) => takes(ATLAS, { family: "wan", library: "diffusers" }, "frames", n));
  assert.deepEqual(taken, [1, 5, 9]);
  assert.equal(takes(ATLAS, { family: "wan", library: "diffsynth" }, "height", 488), false);
});

test("layers of a large clip are split, and then some classes break their own rule", () => {
  assert.deepEqual(mochi(1, 31, 480, 848), [6, 31]);
  assert.equal(cogvideox(1, 13, 480, 720), true);
  assert.notDeepEqual(mochi(4, 163, 480, 848), [28, 163]);
  assert.ok(mostPixels("mochi") > mostPixels("cogvideox"));
});
