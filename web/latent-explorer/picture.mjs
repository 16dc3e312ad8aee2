// @ts-check
// A picture file as the VAE takes it: C H W, RGB in [-1, 1], sides that are multiples of 8.

const LONGEST = 256; // pixels: larger pictures are reduced
const SMALLEST = 16; // pixels a side
const LARGEST = 100_000_000; // pixels in all
const MULTIPLE = 8;

/** @typedef {Awaited<ReturnType<typeof read>>} Picture */

/**
 * Turned as its EXIF data says, laid on white where it is transparent, reduced, and cut evenly on
 * both ends. Raises an Error that tells in a sentence why a file is refused.
 * @param {Blob} file
 * @param {string} name
 */
export async function read(file, name) {
  const { width, height } = await size(file, name);
  const told = `${name} has ${width} × ${height} pixels`;
  if (width * height > LARGEST) throw new Error(`${told}: expected 100 million at most.`);
  if (Math.min(width, height) < SMALLEST) throw new Error(`${told}: expected ${SMALLEST} a side at least.`);
  const by = Math.min(1, LONGEST / Math.max(width, height));
  const reduced = [width, height].map((side) => Math.max(1, Math.round(side * by)));
  if (Math.min(...reduced) < SMALLEST) {
    throw new Error(`${name}, reduced to ${LONGEST}, has ${reduced.join(" × ")} pixels: it is too narrow.`);
  }
  const picture = await decoded(file, name, reduced);
  const [w, h] = reduced.map((side) => side - (side % MULTIPLE));
  const canvas = new OffscreenCanvas(w, h);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.fillStyle = "white";
  context.fillRect(0, 0, w, h);
  const [x, y] = [w, h].map((side, i) => -Math.floor((reduced[i] - side) / 2));
  context.drawImage(picture, x, y);
  const shown = context.getImageData(0, 0, w, h);
  return { shown, pixels: planes(shown), height: h, width: w, from: { width, height } };
}

/**
 * Values in [-1, 1] as colors for the screen.
 * @param {Float32Array} pixels
 * @param {number} height
 * @param {number} width
 */
export function image(pixels, height, width) {
  const shown = new ImageData(width, height);
  const area = height * width;
  for (let i = 0; i < area; i++) {
    for (let c = 0; c < 3; c++) shown.data[4 * i + c] = (pixels[c * area + i] + 1) * 127.5;
    shown.data[4 * i + 3] = 255;
  }
  return shown;
}

/** @param {ImageData} shown */
function planes({ data, width, height }) {
  const area = height * width;
  const pixels = new Float32Array(3 * area);
  for (let i = 0; i < area; i++) {
    for (let c = 0; c < 3; c++) pixels[c * area + i] = data[4 * i + c] / 127.5 - 1;
  }
  return pixels;
}

/**
 * The size is known before the whole picture is unpacked, so that a huge one is not.
 * @param {Blob} file
 * @param {string} name
 */
async function size(file, name) {
  const picture = new Image();
  picture.src = URL.createObjectURL(file);
  try {
    await new Promise((resolve, reject) => {
      picture.onload = resolve;
      picture.onerror = reject;
    });
  } catch {
    throw new Error(`${name} is no picture that can be read: expected JPEG, PNG or WebP.`);
  } finally {
    URL.revokeObjectURL(picture.src);
  }
  return { width: picture.naturalWidth, height: picture.naturalHeight };
}

/**
 * @param {Blob} file
 * @param {string} name
 * @param {number[]} size
 */
async function decoded(file, name, [resizeWidth, resizeHeight]) {
  try {
    return await createImageBitmap(file, { resizeWidth, resizeHeight, resizeQuality: "high" });
  } catch {
    throw new Error(`${name} is damaged: the browser cannot decode it.`);
  }
}
