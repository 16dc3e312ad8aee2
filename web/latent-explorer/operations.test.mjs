import assert from "node:assert/strict";
import { test } from "node:test";
import { apply, draw, psnr, untouched } from "./operations.mjs";

const [CHANNELS, HEIGHT, WIDTH] = [2, 3, 4];
const CELLS = HEIGHT * WIDTH;
const LATENT = {
  values: Float32Array.from({ length: CHANNELS * CELLS }, (_, i) => i),
  channels: CHANNELS,
  height: HEIGHT,
  width: WIDTH,
};

/**
 * What becomes of the latent when each channel is changed so.
 * @param {Partial<import("./operations.mjs").Change>[]} changes
 */
function after(...changes) {
  const whole = untouched(CHANNELS).map((channel, i) => ({ ...channel, ...changes[i] }));
  return apply(LATENT, whole);
}

test("untouched, a latent stays, and is a copy", () => {
  const out = after();
  assert.deepEqual(out, LATENT.values);
  assert.notEqual(out, LATENT.values);
});

test("channels are exchanged, scaled, shifted and painted, in this order", () => {
  const out = after({ source: 1, scale: -2, shift: 0.5, paint: new Map([[3, 7]]) }, { source: 0 });
  assert.equal(out[0], -2 * CELLS + 0.5);
  assert.equal(out[3], 7);
  assert.deepEqual(out.subarray(CELLS), LATENT.values.subarray(0, CELLS));
});

test("changes of one channel leave its neighbor alone", () => {
  const out = after({ blur: 2, noise: 1, scale: 3 });
  assert.deepEqual(out.subarray(CELLS), LATENT.values.subarray(CELLS));
  assert.notDeepEqual(out.subarray(0, CELLS), LATENT.values.subarray(0, CELLS));
});

test("blur keeps a constant, also at the border", () => {
  const flat = { values: new Float32Array(CELLS).fill(2.5), channels: 1, height: HEIGHT, width: WIDTH };
  const [change] = untouched(1);
  for (const value of apply(flat, [{ ...change, blur: 1.5 }])) assert.ok(Math.abs(value - 2.5) < 1e-6);
});

test("noise repeats, and differs between channels", () => {
  const noisy = [{ noise: 1, scale: 0 }, { noise: 1, scale: 0 }];
  const out = after(...noisy);
  assert.deepEqual(out, after(...noisy));
  assert.notDeepEqual(out.subarray(0, CELLS), out.subarray(CELLS));
});

test("a draw has the mean where nothing is uncertain", () => {
  const mean = new Float32Array([1, 2, 3, 4]);
  const drawn = draw(mean, new Float32Array([0, 0, 1, 1]));
  assert.deepEqual(drawn.subarray(0, 2), mean.subarray(0, 2));
  assert.notEqual(drawn[2], 3);
});

test("PSNR of pictures on [-1, 1], which are cut as on the screen", () => {
  const black = new Float32Array(12).fill(-1);
  assert.equal(psnr(black, black), Infinity);
  assert.equal(psnr(black, new Float32Array(12).fill(-3)), Infinity);
  assert.equal(psnr(black, new Float32Array(12).fill(1)), 0);
  assert.ok(Math.abs(psnr(black, new Float32Array(12).fill(-0.8)) - 20) < 1e-4);
});
