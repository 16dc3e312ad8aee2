// @ts-check
// What a reader does to a latent. All values are scaled ones, as a denoiser sees them: the spread
// of a latent is about 1. A latent is { values, channels, height, width }, its values C H W.

/**
 * @typedef {{ values: Float32Array, channels: number, height: number, width: number }} Latent
 * @typedef {"blur" | "scale" | "shift" | "noise"} Slider
 * @typedef {Record<Slider, number> & { source: number, paint: Map<number, number> }} Change of one channel:
 *   which one stands here, what the sliders say, and cells that are painted over
 */

/** @type {Record<Slider, number>} */
export const UNTOUCHED = { blur: 0, scale: 1, shift: 0, noise: 0 };

/**
 * @param {number} channels
 * @returns {Change[]}
 */
export function untouched(channels) {
  return Array.from({ length: channels }, (_, source) => ({ source, ...UNTOUCHED, paint: new Map() }));
}

/**
 * The values after all changes, one entry a channel. The order is fixed: the channel that stands in
 * this place is blurred, scaled, shifted, made noisy and painted over, cell by cell.
 * @param {Latent} latent
 * @param {Change[]} changes
 */
export function apply({ values, channels, height, width }, changes) {
  const cells = height * width;
  const out = new Float32Array(values.length);
  for (let channel = 0; channel < channels; channel++) {
    const { source, blur, scale, shift, noise, paint } = changes[channel];
    const from = values.subarray(source * cells, (source + 1) * cells);
    const plane = out.subarray(channel * cells, (channel + 1) * cells);
    plane.set(blur ? blurred(from, height, width, blur) : from);
    const random = noise ? normal(channel + 1, cells) : null;
    for (let cell = 0; cell < cells; cell++) {
      plane[cell] = plane[cell] * scale + shift + (random ? random[cell] * noise : 0);
    }
    for (const [cell, value] of paint) plane[cell] = value;
  }
  return out;
}

/**
 * A draw from the posterior: mean + std × noise, the same noise every time.
 * @param {Float32Array} mean
 * @param {Float32Array} std
 */
export function draw(mean, std) {
  const noise = normal(0, mean.length);
  return mean.map((value, i) => value + std[i] * noise[i]);
}

/**
 * In dB, for pictures on [-1, 1]; what a decoder puts outside is cut, as on the screen.
 * @param {Float32Array} original
 * @param {Float32Array} other
 */
export function psnr(original, other) {
  let sum = 0;
  for (let i = 0; i < original.length; i++) {
    sum += (original[i] - Math.min(1, Math.max(-1, other[i]))) ** 2;
  }
  return 10 * Math.log10((4 * original.length) / sum);
}

/**
 * Gaussian of standard deviation `radius`, in cells; at the border it takes what there is.
 * @param {Float32Array} plane
 * @param {number} height
 * @param {number} width
 * @param {number} radius
 */
function blurred(plane, height, width, radius) {
  const reach = Math.ceil(3 * radius);
  const weights = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-(((i - reach) / radius) ** 2) / 2));
  /** @type {(from: Float32Array, lines: number, length: number, line: number, step: number) => Float32Array} */
  const pass = (from, lines, length, line, step) => {
    const out = new Float32Array(from.length);
    for (let a = 0; a < lines; a++) {
      for (let b = 0; b < length; b++) {
        let total = 0;
        let weight = 0;
        for (let i = Math.max(0, b - reach); i <= Math.min(length - 1, b + reach); i++) {
          const w = weights[i - b + reach];
          total += w * from[a * line + i * step];
          weight += w;
        }
        out[a * line + b * step] = total / weight;
      }
    }
    return out;
  };
  return pass(pass(plane, height, width, width, 1), width, height, 1, width);
}

/**
 * Standard normal numbers; the seed decides them.
 * @param {number} seed
 * @param {number} count
 */
function normal(seed, count) {
  let state = (seed + 1) * 0x9e3779b9;
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const one = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return Float32Array.from({ length: count }, one);
}
