// The VAE, which runs in a worker, as an object whose methods return promises.

export class Vae {
  #worker = new Worker(new URL("latent-explorer-worker.mjs", import.meta.url), { type: "module" });
  #waiting = new Map();
  #count = 0;

  // `onProgress` is called with the bytes that have arrived so far.
  constructor(onProgress) {
    this.#worker.onmessage = ({ data: { id, progress, result, error } }) => {
      if (progress !== undefined) return onProgress(progress);
      const { resolve, reject } = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) resolve(result);
      else reject(new Error(error));
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#refuse(new Error(`The VAE's program did not start${event.message ? `: ${event.message}` : ""}.`));
    };
  }

  // `files` are { name, address, bytes, sha256 } by role: runtime, encoder, decoder.
  load(files) {
    return this.#ask({ task: "load", files });
  }

  // Mean and standard deviation of the posterior, C H W each, of pixels C H W.
  encode(pixels, height, width) {
    return this.#ask({ task: "encode", pixels, height, width });
  }

  // Pixels C H W of an unscaled latent C H W.
  decode(latent, height, width) {
    return this.#ask({ task: "decode", latent, height, width });
  }

  stop() {
    this.#worker.terminate();
    this.#refuse(new DOMException("stopped", "AbortError"));
  }

  #ask(request) {
    const id = this.#count++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, ...request });
    });
  }

  #refuse(error) {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
