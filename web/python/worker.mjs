// @ts-check
// Python in a worker without page, storage or network: runs one program after another.
import { loadPyodide } from "pyodide";
import createPyodideModule from "pyodide/pyodide.asm.mjs";
import { info } from "pyodide/pyodide-lock.json";
import runner from "./runner.py";

/** @typedef {{ wasm: WebAssembly.Module, stdlib: Uint8Array<ArrayBuffer>, memory: number, port: MessagePort }} Parts */
/** @typedef {{ code: string, name: string, files: Record<string, string>, report: string | null }} Program */

const PROMPT = 500; // writes that are passed on at once; what a flood writes after them is gathered
const GATHERED = 4096; // characters
const OPTIONS = {
  indexURL: "https://python.invalid/", // nothing is loaded from anywhere
  lockFileContents: JSON.stringify({ info, packages: {} }),
  createPyodideModule,
  env: { HOME: "/tmp", NO_COLOR: "1" },
  jsglobals: {}, // what `import js` finds
};

addEventListener("message", ({ data }) => begin(data), { once: true });
postMessage("here");

/** @param {Parts} parts */
async function begin({ wasm, stdlib, memory, port }) {
  const taken = limitMemory(memory);
  answerFromMemory(wasm, stdlib);
  try {
    const python = await loadPyodide(OPTIONS);
    Reflect.deleteProperty(globalThis, "fetch"); // the browser's own again, which the sandbox's policy refuses
    python.FS.writeFile("/lib/runner.py", runner);
    python.runPython("import sys; sys.path.append('/lib')");
    const { run } = python.pyimport("runner");
    port.onmessage = ({ data }) => execute(data, run, port, taken);
    port.postMessage({ ready: true });
  } catch (error) {
    port.postMessage({ failed: String(error) });
  }
}

/**
 * @param {Program & { characters: number }} program
 * @param {(request: string, emit: (stream: string, text: string) => void) => string} run
 * @param {MessagePort} port
 * @param {() => number} taken
 */
function execute({ characters, ...program }, run, port, taken) {
  port.postMessage({ started: true });
  const output = new Output(port, characters);
  try {
    const answer = run(JSON.stringify(program), (stream, text) => output.write(stream, text));
    output.flush();
    port.postMessage({ ended: JSON.parse(answer), memory: taken() });
  } catch (error) {
    output.flush();
    port.postMessage({ died: String(error) });
  }
}

// What a program writes, on its way to the page: the first lines at once, a flood in large pieces,
// and no more than it may.
class Output {
  #port;
  #left;
  #writes = 0;
  #cut = false;
  #stream = "";
  #text = "";

  /**
   * @param {MessagePort} port
   * @param {number} characters
   */
  constructor(port, characters) {
    this.#port = port;
    this.#left = characters;
  }

  /**
   * @param {string} stream
   * @param {string} text
   */
  write(stream, text) {
    if (this.#cut) return;
    if (stream !== this.#stream) this.flush();
    const taken = text.slice(0, this.#left);
    this.#left -= taken.length;
    this.#stream = stream;
    this.#text += taken;
    this.#writes += 1;
    this.#cut = taken.length < text.length;
    if (this.#writes <= PROMPT || this.#text.length >= GATHERED || this.#cut) this.flush();
    if (this.#cut) this.#port.postMessage({ cut: true });
  }

  flush() {
    if (this.#text) this.#port.postMessage({ stream: this.#stream, text: this.#text });
    this.#text = "";
  }
}

// Where the memory must not grow, Python raises MemoryError.
/**
 * @param {number} most in bytes
 * @returns {() => number} how many bytes are taken
 */
function limitMemory(most) {
  const grow = WebAssembly.Memory.prototype.grow;
  let taken = 0;
  WebAssembly.Memory.prototype.grow = function (pages) {
    const wanted = this.buffer.byteLength + pages * 65536;
    if (wanted > most) throw new RangeError(`${wanted} bytes of memory: the most is ${most}`);
    taken = wanted;
    return grow.call(this, pages);
  };
  return () => taken;
}

// Pyodide asks for its two files by address; they are here already, and there is no network.
/**
 * @param {WebAssembly.Module} wasm
 * @param {Uint8Array<ArrayBuffer>} stdlib
 */
function answerFromMemory(wasm, stdlib) {
  globalThis.fetch = async (address) => new Response(String(address).endsWith(".zip") ? stdlib : null);
  WebAssembly.instantiateStreaming = async (_, imports) => ({
    module: wasm,
    instance: await WebAssembly.instantiate(wasm, imports),
  });
}
