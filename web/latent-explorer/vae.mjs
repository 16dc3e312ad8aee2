// @ts-check
// The VAE, which runs in a worker, as an object whose methods return promises.

/** @typedef {import("../whole-file.mjs").File} File */
/** @typedef {{ mean: Float32Array, std: Float32Array, shape: number[] }} Posterior */

export class Vae {
  #worker = new Worker(new URL("latent-explorer-worker.mjs", import.meta.url), { type: "module" });
  /** @type {Map<number, { resolve: (result: any) => void, reject: (error: Error) => void }>} */
  #waiting = new Map();
  #count = 0;

  /** @param {(bytes: number) => void} onProgress told how many bytes have arrived so far */
  constructor(onProgress) {
    this.#worker.onmessage = ({ data: { id, progress, result, error } }) => {
      if (progress !== undefined) return onProgress(progress);
      const asked = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) asked?.resolve(result);
      else asked?.reject(new Error(error));
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#refuse(new Error(`The VAE's program did not start${event.message ? `: ${event.message}` : ""}.`));
    };
  }

  /**
   * @param {Record<"runtime" | "encoder" | "decoder", File>} files
   * @returns {Promise<void>}
   */
  load(files) {
    return this.#ask({ task: "load", files });
  }

  /**
   * Mean and standard deviation of the posterior, C H W each, of pixels C H W.
   * @param {Float32Array} pixels
   * @param {number} height
   * @param {number} width
   * @returns {Promise<Posterior>}
   */
  encode(pixels, height, width) {
    return this.#ask({ task: "encode", pixels, height, width });
  }

  /**
   * Pixels C H W of an unscaled latent C H W.
   * @param {Float32Array} latent
   * @param {number} height
   * @param {number} width
   * @returns {Promise<Float32Array>}
   */
  decode(latent, height, width) {
    return this.#ask({ task: "decode", latent, height, width });
  }

  stop() {
    this.#worker.terminate();
    this.#refuse(new DOMException("stopped", "AbortError"));
  }

  /**
   * @param {{ task: string } & Record<string, unknown>} request
   * @returns {Promise<any>}
   */
  #ask(request) {
    const id = this.#count++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, ...request });
    });
  }

  /** @param {Error} error */
  #refuse(error) {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
