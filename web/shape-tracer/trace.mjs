// @ts-check
// The way of a request through a model family: latentlab.atlas.trace, for the page.
// tests/test_shape_tracer.py holds every shape, byte count, warning and error to the Python one.

import { cogvideox, mochi, mostPixels } from "./large-layers.mjs";

/**
 * A family, as in atlas.toml.
 * @typedef {{ factor: number, rule: string, multiple?: number }} Rule
 * @typedef {{ multiple: number, time?: number, normalizes?: boolean }} Rounding
 * @typedef {{
 *   title: string, plain?: string, medium: string, latent_channels: number,
 *   space: Rule, time: Rule | null, tile: { kernel: number[], stride: number[] } | null,
 *   smallest_decoded: number, largest_batch: number | null, divisible: number | null,
 *   pipeline_axes: string | null, pipeline_rounds: boolean, patch: number[] | null,
 *   pack: string | null, pad_time: boolean, diffsynth: Rounding | null, large: Large | null,
 *   rounding?: Rounding,
 * }} Family
 * @typedef {"cogvideox" | "mochi"} Large
 * @typedef {Record<string, Family>} Atlas
 *
 * What is asked for, as typed, and once it is checked.
 * @typedef {"batch" | "frames" | "height" | "width"} SizeName
 * @typedef {{
 *   family: string, library?: string, dtype?: string, on_invalid?: string,
 *   height: number | null, width: number | null, frames?: number | null, batch?: number | null,
 * }} Request
 * @typedef {{ batch: number, frames: number | null, height: number, width: number }} Asked
 *
 * @typedef {{ name: string, shape: number[], axes: string, bytes: number }} Step
 * @typedef {{ steps: Step[], warnings: string[] }} Way
 * @typedef {[frames: number, back: number]} Times latent frames, and frames that come back
 */

/** @type {Record<string, number>} */
export const BYTES = { fp32: 4, fp16: 2, bf16: 2 };
/** @type {Record<string, string>} */
export const LIBRARIES = { diffusers: "diffusers", diffsynth: "DiffSynth-Studio" };
/** @type {Record<SizeName, number>} */
export const LIMITS = { batch: 4096, frames: 65536, height: 65536, width: 65536 };

// What is wrong with a request; `fields` names the sizes that are.
class RequestError extends Error {
  /**
   * @param {string} message
   * @param {SizeName[]} fields
   */
  constructor(message, fields = []) {
    super(message);
    this.fields = fields;
  }
}

/** @type {(n: number, by: number) => number} */
const floor = (n, by) => Math.floor(n / by);
/** @type {(n: number, by: number) => number} */
const ceil = (n, by) => Math.ceil(n / by);
/** @param {number[]} numbers */
const product = (numbers) => numbers.reduce((a, b) => a * b, 1);

/**
 * What happens to a side of n pixels: cells, or null where the library raises.
 * @type {Record<string, (n: number, space: Rule) => number | null>}
 */
const SIDES = {
  floor: (n, space) => floor(n, space.factor) || null,
  ceil: (n, space) => (n % (space.multiple ?? 1) ? null : ceil(n, space.factor)),
  exact: (n, space) => (n % space.factor ? null : n / space.factor),
  cosmos: (n) => ([1, 2, 3, 4].includes(n % 8) && !(n >= 9 && n <= 12) ? null : ceil(n, 8)),
};

/**
 * What happens to n frames, or null where it raises.
 * @type {Record<string, (n: number, t: number) => Times | null>}
 */
const FRAMES = {
  floor: (n, t) => [1 + floor(n - 1, t), 1 + floor(n - 1, t) * t],
  exact: (n, t) => ((n - 1) % t ? null : [1 + (n - 1) / t, n]),
  cogvideox: (n, t) => {
    const latent = 1 + floor(n - 1, t);
    return [latent, t * latent - (t - 1) * (latent % 2)];
  },
  cosmos: (n, t) => [1 + floor(n + 2, t), 1 + floor(n + 2, t) * t],
  allegro: (n, t) => [floor(n, t), floor(n, t) * t],
};

/**
 * @param {Atlas} atlas
 * @param {Request} request
 * @returns {Way}
 */
export function trace(atlas, request) {
  const { family, library = "diffusers", dtype = "bf16", on_invalid = "error" } = request;
  const entry = find(atlas, family, library);
  let asked = checked(entry, request);
  if (!(dtype in BYTES)) {
    throw new Error(`dtype '${dtype}' is unknown: expected one of ${Object.keys(BYTES).join(", ")}`);
  }
  if (!["error", "library", "nearest"].includes(on_invalid)) {
    throw new Error(`on_invalid '${on_invalid}': expected 'error', 'library' or 'nearest'`);
  }
  const found = complain(entry, asked);
  const [complaints, fields] = [found.map(([text]) => text), found.flatMap(([, wrong]) => wrong)];
  if (complaints.length && on_invalid === "error") throw new RequestError(complaints.join("; "), fields);
  if (complaints.length && on_invalid === "nearest") {
    asked = nearest(entry, asked);
  } else if (complaints.length && entry.rounding) {
    asked = roundedUp(entry.rounding, asked);
    const frames = asked.frames ? `, ${asked.frames} frames` : "";
    const size = `${asked.height} × ${asked.width}${frames}`;
    complaints.push(`${LIBRARIES[library]} rounds the request up to ${size}`);
  }
  if (isRefused(entry, asked)) throw new RequestError(`the library raises: ${complaints.join("; ")}`, fields);
  return follow(entry, asked, BYTES[dtype], complaints);
}

/**
 * Whether a family takes this value of one size, whatever the others are.
 * @param {Atlas} atlas
 * @param {{ family: string, library: string }} entry
 * @param {SizeName} what
 * @param {number} value
 */
export function takes(atlas, { family, library }, what, value) {
  return isValid(find(atlas, family, library), what, value);
}

/**
 * @param {Atlas} atlas
 * @param {string} name
 * @param {string} library
 * @returns {Family}
 */
function find(atlas, name, library) {
  if (!(library in LIBRARIES)) {
    throw new Error(`library '${library}': expected one of ${Object.keys(LIBRARIES).join(", ")}`);
  }
  if (!Object.hasOwn(atlas, name)) throw new Error(`there is no family '${name}' in the atlas`);
  const entry = atlas[name];
  if (library === "diffusers") return entry;
  if (!entry.diffsynth) {
    const known = Object.keys(atlas).filter((other) => atlas[other].diffsynth);
    throw new Error(
      `${entry.title} in DiffSynth-Studio is not in the atlas; there are ${known.join(", ")}`,
    );
  }
  const title = `${entry.title} in ${LIBRARIES[library]}`;
  return { ...entry, title, plain: entry.title, rounding: entry.diffsynth };
}

/**
 * @param {Family} entry
 * @param {Request} request
 * @returns {Asked}
 */
function checked(entry, { height, width, frames = null, batch = 1 }) {
  const asked = { batch, frames, height, width };
  for (const what of /** @type {SizeName[]} */ (["height", "width", "frames", "batch"])) {
    const value = asked[what];
    if (what === "frames" && value === null) continue;
    if (!isWhole(value)) {
      throw new RequestError(`${what} must be a whole number, got ${value ?? "nothing"}`, [what]);
    }
    if (value < 1 || value > LIMITS[what]) {
      const inside = Math.min(Math.max(value, 1), LIMITS[what]);
      const valid = pick(inside, (n) => isValid(entry, what, n));
      const range = `1 to ${LIMITS[what]}`;
      throw new RequestError(`${what} ${value} is outside ${range}; the nearest valid is ${valid}`, [what]);
    }
  }
  const title = entry.plain ?? entry.title;
  if (entry.medium === "image" && frames !== null) {
    throw new RequestError(`${title} makes images: leave \`frames\` out`, ["frames"]);
  }
  if (entry.medium !== "image" && frames === null) {
    throw new RequestError(`${title} needs \`frames\`: 1 for a single image`, ["frames"]);
  }
  return /** @type {Asked} */ (asked);
}

/**
 * @param {number | null} value
 * @returns {value is number}
 */
function isWhole(value) {
  return Number.isInteger(value);
}

/**
 * @param {Family} entry
 * @param {number} side
 */
const cells = (entry, side) => SIDES[entry.space.rule](side, entry.space);

/**
 * @param {Family} entry
 * @param {number | null} frames
 * @returns {Times | null}
 */
function latentFrames(entry, frames) {
  if (!entry.time || frames === null) return [frames ?? 1, frames ?? 1];
  return FRAMES[entry.time.rule](frames, entry.time.factor);
}

/**
 * In a large request some classes do not follow their own rule.
 * @param {Family} entry
 * @param {Asked} asked
 * @returns {Times | null}
 */
function latentTimes(entry, { batch, frames, height, width }) {
  const times = latentFrames(entry, frames);
  if (entry.large === "mochi" && frames) return mochi(batch, frames, height, width);
  if (entry.large === "cogvideox" && times) {
    const [tall, wide] = [height, width].map((side) => (cells(entry, side) ?? 0) * entry.space.factor);
    return cogvideox(batch, times[0], tall, wide) ? times : null;
  }
  return times;
}

/**
 * @param {Family} entry
 * @param {Asked} asked
 */
function isTooLarge(entry, asked) {
  return String(latentTimes(entry, asked)) !== String(latentFrames(entry, asked.frames));
}

/**
 * @param {Family} entry
 * @param {SizeName} what
 * @param {number} value
 */
function isValid(entry, what, value) {
  if (value > LIMITS[what]) return false;
  if (what === "batch") return value <= (entry.largest_batch ?? value);
  if (what === "frames" && entry.rounding?.time) return (value - 1) % entry.rounding.time === 0;
  if (what !== "frames" && value % (entry.rounding?.multiple ?? 1)) return false;
  if (!reachedByTiles(entry, what, value)) return false;
  if (what === "frames") {
    const times = latentFrames(entry, value);
    return times !== null && times[1] === value;
  }
  const count = cells(entry, value);
  const whole = count !== null && count * entry.space.factor === value;
  return whole && value >= entry.smallest_decoded;
}

/**
 * Whether the last tile ends where the frames, height or width end. Beyond it all is blank.
 * @param {Family} entry
 * @param {SizeName} what
 * @param {number} value
 */
function reachedByTiles({ tile }, what, value) {
  if (!tile) return true;
  const { kernel, stride } = along(tile, what);
  return value >= kernel && (value - kernel) % stride === 0;
}

/**
 * @param {{ kernel: number[], stride: number[] }} tile
 * @param {SizeName} what
 */
function along({ kernel, stride }, what) {
  const axis = ["frames", "height", "width"].indexOf(what);
  return { kernel: kernel[axis], stride: stride[axis] };
}

/**
 * @param {Family} entry
 * @param {Asked} asked
 */
function complain(entry, asked) {
  /** @type {[text: string, fields: SizeName[]][]} */
  const found = [];
  for (const [what, value] of sizes(asked)) {
    if (value === null || isValid(entry, what, value)) continue;
    if (what === "batch") {
      const title = entry.plain ?? entry.title;
      found.push([`batch ${value}: ${title} takes ${entry.largest_batch} at a time`, [what]]);
      continue;
    }
    const near = neighbors(value, (n) => isValid(entry, what, n));
    const told = `the nearest ${near.length > 1 ? "are" : "is"} ${near.join(" and ")}`;
    if (what === "frames") {
      found.push([`${value} frames: ${entry.title} encodes ${frameRule(/** @type {any} */ (entry))}; ${told}`, [what]]);
    } else {
      found.push([`${what} ${value}: ${entry.title} encodes ${sideRule(entry, what)}; ${told}`, [what]]);
    }
  }
  if (isTooLarge(entry, asked)) {
    const [made, fits] = [latentTimes(entry, asked), nearest(entry, asked)];
    const result = made ? `makes ${made[0]} latent frames` : "raises";
    const text =
      `batch × height × width ${asked.batch} × ${asked.height} × ${asked.width}: ` +
        `${entry.plain ?? entry.title} splits layers of this size along T, and ${result}; ` +
      `${fits.batch} × ${fits.height} × ${fits.width} fits`;
    found.push([text, ["batch", "height", "width"]]);
  }
  return found;
}

/**
 * @param {{ kernel: number[], stride: number[] }} tile
 * @param {SizeName} what
 */
function tileRule(tile, what) {
  const { kernel, stride } = along(tile, what);
  return `${stride}k+${kernel}`;
}

/**
 * @param {Family} entry
 * @param {SizeName} what
 */
function sideRule({ tile, rounding, space }, what) {
  return tile ? tileRule(tile, what) : `multiples of ${rounding?.multiple ?? space.factor}`;
}

/** @param {Family & { time: Rule }} entry */
function frameRule({ time, tile }) {
  if (tile) return tileRule(tile, "frames");
  if (time.rule === "cogvideox") return `${2 * time.factor}k or ${2 * time.factor}k+1`;
  return `${time.factor}k+1`;
}

/**
 * @param {Asked} asked
 * @returns {[SizeName, number | null][]}
 */
function sizes(asked) {
  return /** @type {any} */ (Object.entries(asked));
}

/**
 * @param {number} value
 * @param {(n: number) => boolean} valid
 */
function neighbors(value, valid) {
  let below = value;
  while (below > 0 && !valid(below)) below -= 1;
  let above = value;
  while (above < value + 1024 && !valid(above)) above += 1;
  return [...(below > 0 ? [below] : []), ...(above < value + 1024 ? [above] : [])];
}

/**
 * @param {number} value
 * @param {(n: number) => boolean} valid
 */
function pick(value, valid) {
  return neighbors(value, valid).reduce((best, n) =>
    Math.abs(n - value) < Math.abs(best - value) ? n : best,
  );
}

/**
 * @param {Family} entry
 * @param {Asked} asked
 * @returns {Asked}
 */
function nearest(entry, asked) {
  const entries = sizes(asked).map(([what, value]) => [
    what,
    value === null ? null : pick(value, (n) => isValid(entry, what, n)),
  ]);
  const found = Object.fromEntries(entries);
  return isTooLarge(entry, found) ? fitted(entry, found) : found;
}

/**
 * @param {Family} entry
 * @param {Asked} asked
 * @returns {Asked}
 */
function fitted(entry, asked) {
  const [limit, factor] = [mostPixels(/** @type {Large} */ (entry.large)), entry.space.factor];
  const { height, width } = asked;
  const down = (/** @type {number} */ n) => floor(n, factor) * factor;
  for (let batch = Math.min(asked.batch, floor(limit, height * width)); batch > 0; batch -= 1) {
    if (!isTooLarge(entry, { ...asked, batch })) return { ...asked, batch };
  }
  let shorter = Math.min(height, width, down(Math.floor(Math.sqrt(limit))));
  let longer = Math.min(Math.max(height, width), down(floor(limit, shorter)));
  for (;;) {
    const cut = height < width ? [shorter, longer] : [longer, shorter];
    const found = { ...asked, batch: 1, height: cut[0], width: cut[1] };
    if (!isTooLarge(entry, found)) return found;
    [shorter, longer] = [shorter, longer - factor].sort((a, b) => a - b);
  }
}

/**
 * @param {Rounding} rounding
 * @param {Asked} asked
 * @returns {Asked}
 */
function roundedUp({ multiple, time = 1 }, asked) {
  return {
    ...asked,
    frames: asked.frames === null ? null : ceil(asked.frames - 1, time) * time + 1,
    height: ceil(asked.height, multiple) * multiple,
    width: ceil(asked.width, multiple) * multiple,
  };
}

/**
 * @param {Family} entry
 * @param {Asked} asked
 */
function tiles(entry, { frames, height, width }) {
  if (!entry.tile) return [1, 1, 1];
  const { kernel, stride } = entry.tile;
  return [frames ?? 1, height, width].map((n, i) => floor(n - kernel[i], stride[i]) + 1);
}

/**
 * @param {Family} entry
 * @param {Asked} asked
 */
const computes = (entry, asked) => Math.min(...tiles(entry, asked)) > 0;

/**
 * @param {Family} entry
 * @param {Asked} asked
 */
function isRefused(entry, asked) {
  const sides = [asked.height, asked.width];
  return (
    sides.some((side) => cells(entry, side) === null) ||
    latentTimes(entry, asked) === null ||
    product(tiles(entry, asked)) < 0 ||
    Math.min(...sides) < entry.smallest_decoded ||
    (computes(entry, asked) && asked.batch > (entry.largest_batch ?? asked.batch))
  );
}

/**
 * @param {Family} entry
 * @param {Asked} asked which the library does not refuse
 * @param {number} size
 * @param {string[]} complaints
 * @returns {Way}
 */
function follow(entry, asked, size, complaints) {
  const { batch, height, width } = asked;
  const { latent_channels: channels, medium } = entry;
  const [rows, columns] = [height, width].map((side) => /** @type {number} */ (cells(entry, side)));
  const [time, back] = /** @type {Times} */ (latentTimes(entry, asked));
  const [tall, wide] = [rows * entry.space.factor, columns * entry.space.factor];
  const warnings = [...complaints, ...libraryWarnings(entry, asked)];
  if (!computes(entry, asked)) {
    warnings.push("smaller than one tile: the class returns a latent that it never computed");
  } else if (!sizes(asked).every(([what, n]) => what === "batch" || n === null || reachedByTiles(entry, what, n))) {
    warnings.push("the tiles end before the request does: what lies beyond stays blank");
  }
  /** @type {Step[]} */
  const steps = [];
  const add = (/** @type {string} */ name, /** @type {number[]} */ shape, /** @type {string} */ axes) =>
    steps.push({ name, shape, axes, bytes: product(shape) * size });

  /** @type {[shape: number[], axes: string]} */
  let decoded = [[batch, 3, tall, wide], "B C H W"];
  if (medium === "image") {
    add("pixels", [batch, 3, height, width], "B C H W");
    add("latent", [batch, channels, rows, columns], "B C H W");
  } else if (medium === "frames") {
    add("pixels", [batch, 3, time, height, width], "B C T H W");
    add("folded", [batch * time, 3, height, width], "B C H W");
    add("latent", [batch * time, channels, rows, columns], "B C H W");
    decoded = [[batch * time, 3, tall, wide], "B C H W"];
  } else {
    add("pixels", [batch, 3, asked.frames ?? 1, height, width], "B C T H W");
    add("latent", [batch, channels, time, rows, columns], "B C T H W");
    decoded = [[batch, 3, back, tall, wide], "B C T H W"];
    if (entry.time?.rule === "allegro") decoded = [[batch, back, 3, tall, wide], "B T C H W"];
  }
  pipelineSteps(entry, { B: batch, C: channels, T: time, H: rows, W: columns }, add, warnings);
  add("decoded", ...decoded);
  if (entry.divisible && (height % entry.divisible || width % entry.divisible)) {
    warnings.push(`its pipeline asks for multiples of ${entry.divisible} in height and width`);
  }
  return { steps, warnings };
}

/**
 * @param {Family} entry
 * @param {Asked} asked
 */
function libraryWarnings({ pipeline_rounds, rounding }, { frames }) {
  const found = [];
  if (pipeline_rounds && !rounding && frames && (frames - 1) % 4) {
    found.push(`its pipeline would first make ${floor(frames, 4) * 4 + 1} frames of ${frames}`);
  }
  if (rounding?.normalizes) {
    found.push(`the latent of ${LIBRARIES.diffsynth}'s VAE is normalized already`);
  }
  return found;
}

/**
 * @param {Family} entry
 * @param {Record<string, number>} latent
 * @param {(name: string, shape: number[], axes: string) => void} add
 * @param {string[]} warnings
 */
function pipelineSteps(entry, latent, add, warnings) {
  if (!entry.pipeline_axes) return;
  const size = { ...latent };
  const [t, h, w] = entry.patch ?? [1, 1, 1];
  if (entry.pad_time && size.T % t) {
    size.T = ceil(size.T, t) * t;
    warnings.push(`the pipeline pads ${latent.T} latent frames to ${size.T}`);
  }
  const letters = entry.pipeline_axes.split(" ");
  add("pipeline", letters.map((letter) => size[letter]), entry.pipeline_axes);
  if (!entry.patch) return;
  if (size.T % t || size.H % h || size.W % w) {
    warnings.push(`the latent cannot be cut into patches of ${t}, ${h} and ${w}`);
    return;
  }
  const [time, rows, columns] = [size.T / t, size.H / h, size.W / w];
  const channels = size.C * t * h * w;
  if (entry.pack?.startsWith("channels")) add("packed", [size.B, channels, rows, columns], "B C H W");
  add("tokens", [size.B, time * rows * columns, channels], "B S C");
}
