// @ts-check
// Within the sandbox: keeps what Python is made of, and starts and ends the worker that runs it.
// The page that embeds it hands over the bytes, and a port that the worker then talks through.

/** @typedef {{ worker: Uint8Array<ArrayBuffer>, wasm: Uint8Array<ArrayBuffer>, stdlib: Uint8Array<ArrayBuffer> }} Bytes */

/** @type {{ script: string, wasm: Promise<WebAssembly.Module>, stdlib: Uint8Array } | undefined} */
let kept;
/** @type {Worker | undefined} */
let worker;

addEventListener("message", async ({ source, data, ports }) => {
  if (source !== parent) return;
  if (data.keep) keep(data.keep);
  worker?.terminate();
  worker = undefined;
  if (ports.length) await start(ports[0], data.memory);
});
parent.postMessage("sandbox", "*");

/** @param {Bytes} bytes */
function keep({ worker, wasm, stdlib }) {
  const script = URL.createObjectURL(new Blob([worker], { type: "text/javascript" }));
  kept = { script, wasm: WebAssembly.compile(wasm), stdlib };
}

/**
 * @param {MessagePort} port
 * @param {number} memory in bytes
 */
async function start(port, memory) {
  if (!kept) throw new Error("the sandbox was asked to start Python before it was given any");
  port.postMessage({ begun: true });
  worker = new Worker(kept.script);
  const begun = worker;
  try {
    await new Promise((resolve, reject) => {
      begun.onmessage = resolve;
      begun.onerror = ({ message }) => reject(new Error(message || "the worker did not begin"));
    });
    begun.postMessage({ wasm: await kept.wasm, stdlib: kept.stdlib, memory, port }, [port]);
  } catch (error) {
    port.postMessage({ failed: String(error) });
  }
}
