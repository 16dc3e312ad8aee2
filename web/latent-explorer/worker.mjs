// Encoder and decoder, run by ONNX Runtime beside the page, so that the page stays awake.
import * as ort from "onnxruntime-web/wasm";

const sessions = {};
const TASKS = { load, encode, decode };

onmessage = async ({ data: { id, task, ...request } }) => {
  try {
    const result = await TASKS[task](request);
    postMessage({ id, result });
  } catch (error) {
    postMessage({ id, error: error.message });
  }
};

async function load({ files }) {
  let arrived = 0;
  const count = (bytes) => postMessage({ progress: (arrived += bytes) });
  const parts = Object.entries(files).map(async ([role, file]) => [role, await fetched(file, count)]);
  const { runtime, encoder, decoder } = Object.fromEntries(await Promise.all(parts));
  ort.env.wasm.numThreads = 1; // more would need headers that a plain web server does not send
  ort.env.wasm.wasmBinary = runtime;
  sessions.encoder = await ort.InferenceSession.create(encoder);
  sessions.decoder = await ort.InferenceSession.create(decoder);
}

async function encode({ pixels, height, width }) {
  const input = new ort.Tensor("float32", pixels, [1, 3, height, width]);
  const { mean, std } = await sessions.encoder.run({ pixels: input });
  return { mean: mean.data, std: std.data, shape: mean.dims };
}

async function decode({ latent, height, width }) {
  const channels = latent.length / (height * width);
  const input = new ort.Tensor("float32", latent, [1, channels, height, width]);
  const { pixels } = await sessions.decoder.run({ latent: input });
  return pixels.data;
}

async function fetched({ name, address, bytes, sha256 }, count) {
  let response;
  try {
    response = await fetch(address);
  } catch {
    throw new Error(`${name} could not be loaded: the connection failed.`);
  }
  if (!response.ok) throw new Error(`${name} could not be loaded: the server answered ${response.status}.`);
  const content = new Uint8Array(bytes);
  let filled = 0;
  const reader = response.body.getReader();
  for (;;) {
    let chunk;
    try {
      chunk = await reader.read();
    } catch {
      throw new Error(`${name} could not be loaded: the connection broke off.`);
    }
    if (chunk.done) break;
    if (filled + chunk.value.length > bytes) {
      throw new Error(`${name} is damaged: it has more than the expected ${bytes} bytes.`);
    }
    content.set(chunk.value, filled);
    filled += chunk.value.length;
    count(chunk.value.length);
  }
  if (filled < bytes) throw new Error(`${name} is damaged: it has ${filled} bytes instead of ${bytes}.`);
  await check(name, content, sha256);
  return content;
}

// Browsers offer hashes on https and on this computer alone; elsewhere the length has to do.
async function check(name, content, expected) {
  if (!crypto.subtle) return;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", content));
  const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (found !== expected) {
    throw new Error(`${name} is damaged: its SHA-256 hash should be ${expected} but is ${found}.`);
  }
}
