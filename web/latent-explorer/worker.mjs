// @ts-check
// Encoder and decoder, run by ONNX Runtime beside the page, so that the page stays awake.
import * as ort from "onnxruntime-web/wasm";
import { fetched } from "../whole-file.mjs";

/** @typedef {import("../whole-file.mjs").File} File */

/** @type {Record<string, ort.InferenceSession>} */
const sessions = {};
/** @type {Record<string, (request: any) => Promise<unknown>>} */
const TASKS = { load, encode, decode };

onmessage = async ({ data: { id, task, ...request } }) => {
  try {
    const result = await TASKS[task](request);
    postMessage({ id, result });
  } catch (error) {
    postMessage({ id, error: /** @type {Error} */ (error).message });
  }
};

/** @param {{ files: Record<string, File> }} request */
async function load({ files }) {
  let arrived = 0;
  const count = (/** @type {number} */ bytes) => postMessage({ progress: (arrived += bytes) });
  const parts = Object.entries(files).map(async ([role, file]) => [role, await fetched(file, { count })]);
  const { runtime, encoder, decoder } = Object.fromEntries(await Promise.all(parts));
  ort.env.wasm.numThreads = 1; // more would need headers that a plain web server does not send
  ort.env.wasm.wasmBinary = runtime;
  sessions.encoder = await ort.InferenceSession.create(encoder);
  sessions.decoder = await ort.InferenceSession.create(decoder);
}

/** @param {{ pixels: Float32Array, height: number, width: number }} request */
async function encode({ pixels, height, width }) {
  const input = new ort.Tensor("float32", pixels, [1, 3, height, width]);
  const { mean, std } = await sessions.encoder.run({ pixels: input });
  return { mean: mean.data, std: std.data, shape: mean.dims };
}

/** @param {{ latent: Float32Array, height: number, width: number }} request */
async function decode({ latent, height, width }) {
  const channels = latent.length / (height * width);
  const input = new ort.Tensor("float32", latent, [1, channels, height, width]);
  const { pixels } = await sessions.decoder.run({ latent: input });
  return pixels.data;
}
