// @ts-check
// What CogVideoX and Mochi 1 do with a large clip: latentlab.large_layers, for the page.

/** @type {(n: number, by: number) => number} */
const ceil = (n, by) => Math.ceil(n / by);

/**
 * Frames that come out of so many padded ones, or null where the class raises.
 * @param {number} frames
 * @param {number} kernel
 * @param {number} stride
 * @param {number} numbers
 */
function convolved(frames, kernel, stride, numbers) {
  const gibibytes = (numbers * 2) / 2 ** 30;
  const parts = gibibytes > 2 ? Math.trunc(gibibytes / 2) + 1 : 1;
  const size = ceil(frames, parts);
  let made = 0;
  let before = 0;
  for (let start = 0; start < frames; start += size) {
    const own = Math.min(size, frames - start);
    const length = own + Math.min(before, kernel - 1);
    if (length < kernel) return null;
    made += Math.floor((length - kernel) / stride) + 1;
    before = own;
  }
  return made;
}

/**
 * Whether the class takes a clip of so many latent frames.
 * @param {number} batch
 * @param {number} frames
 * @param {number} height
 * @param {number} width
 */
export function cogvideox(batch, frames, height, width) {
  const length = ({ 1: 1, 3: 9 }[frames] ?? 8) + 2;
  return convolved(length, 3, 1, batch * 256 * length * height * width) !== null;
}

/**
 * Latent frames, and frames that come back; null where the class raises.
 * @param {number} batch
 * @param {number} frames
 * @param {number} height
 * @param {number} width
 * @returns {[number, number] | null}
 */
export function mochi(batch, frames, height, width) {
  let [t, h, w] = [frames, height, width];
  const passes = (/** @type {number} */ channels) =>
    convolved(t + 2, 3, 1, batch * channels * (t + 2) * (h + 2) * (w + 2)) !== null;
  for (const [channels, stride] of [[64, 1], [128, 2], [256, 3]]) {
    const padded = t + stride - 1;
    const made = convolved(padded, stride, stride, batch * channels * padded * h * w);
    if (!passes(channels) || made === null) return null;
    [t, h, w] = [made, Math.floor(h / 2), Math.floor(w / 2)];
  }
  const latent = t;
  for (const [channels, growth] of [[768, 3], [512, 2], [256, 1]]) {
    if (!passes(channels)) return null;
    [t, h, w] = [t * growth, h * 2, w * 2];
  }
  return passes(128) ? [latent, t - 5] : null;
}

/** @param {"cogvideox" | "mochi"} rule */
export const mostPixels = (rule) => Math.floor(2 ** 29 / { cogvideox: 256, mochi: 128 }[rule]);
