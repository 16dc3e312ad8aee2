// @ts-check
// Python for the page: programs run one at a time, in a worker within a sandbox (sandbox.html).
// Whatever a program does, `run` answers, and the next one runs.
import { fetched } from "../whole-file.mjs";

/**
 * @typedef {import("../whole-file.mjs").File} File
 * @typedef {{ sandbox: string, files: { worker: File, wasm: File, stdlib: File } }} Runtime
 * @typedef {{ seconds: number, characters: number, bytes: number }} Limits
 * @typedef {{ loaded: number, total: number }} Progress in bytes; all of them are there when Python starts
 * @typedef {{ stream: "stdout" | "stderr", text: string }} Printed
 *
 * @typedef {object} Program
 * @property {string} code
 * @property {string} [name] of its file, as tracebacks call it
 * @property {Record<string, string>} [files] beside it, by their names
 * @property {string} [report] "module:function" in one of the files. It gets the code and the
 *   program's variables after the run; what it returns is the `result`.
 * @property {Partial<Limits>} [limits]
 * @property {(printed: Printed) => void} [onOutput]
 * @property {(progress: Progress) => void} [onProgress] while Python is being loaded
 * @property {() => void} [onStart] when the program itself begins
 *
 * @typedef {object} Outcome
 * @property {boolean} ok
 * @property {string} problem what the reader should be told beside the traceback, or ""
 * @property {string} output all that was printed
 * @property {string} traceback
 * @property {string | null} error the name of what was raised
 * @property {number | null} line of the program where it was raised
 * @property {number | null} seconds
 * @property {any} result
 */

/** @type {Limits} */
const LIMITS = { seconds: 10, characters: 100_000, bytes: 512 * 2 ** 20 };
const PATIENCE = { sandbox: 10_000, begin: 3_000, ready: 120_000, start: 3_000 }; // milliseconds
const RETIRED = 192 * 2 ** 20; // a worker that has grown beyond is not used again: memory never shrinks
const MISSING = "The sandbox for Python did not open: reload the page.";

/** A program that was stopped by the reader. */
class Stopped extends Error {}
/** A worker that does not answer. */
class Silent extends Error {}

export class Python {
  #runtime;
  /** @type {HTMLIFrameElement | null} */
  #frame = null;
  /** @type {Promise<MessagePort> | null} */
  #worker = null;
  /** @type {((reason: Error) => void) | null} */
  #interrupt = null;
  /** @type {RequestCache} */
  #cache = "default";

  /** @param {Runtime} runtime */
  constructor(runtime) {
    this.#runtime = runtime;
  }

  /** Whether a program is running, or Python is being loaded for one. */
  get busy() {
    return this.#interrupt !== null;
  }

  /** Ends the program that runs, whatever it does. */
  stop() {
    this.#interrupt?.(new Stopped());
  }

  /**
   * Runs a program. Loads Python first where it is not there yet.
   * @param {Program} program
   * @returns {Promise<Outcome>}
   * @throws {Error} in words for the reader, where Python could not be loaded
   */
  async run(program) {
    if (this.busy) throw new Error("Another program on this page is still running: stop it first.");
    const aborted = new AbortController();
    const interrupted = new Promise((_, reject) => {
      this.#interrupt = (reason) => {
        aborted.abort();
        reject(reason);
      };
    });
    const outcome = new Run(program);
    try {
      await Promise.race([interrupted, this.#execute(outcome, aborted.signal)]);
    } catch (error) {
      aborted.abort();
      this.#end();
      if (error instanceof Stopped) outcome.fail("Stopped.");
      else if (!outcome.died(/** @type {Error} */ (error))) throw error;
    } finally {
      this.#interrupt = null;
      this.#warm(outcome.limits.bytes);
    }
    return outcome.told;
  }

  /**
   * @param {Run} run
   * @param {AbortSignal} signal
   */
  async #execute(run, signal) {
    await this.#load(run, signal);
    for (const last of [false, true]) {
      try {
        const port = await this.#ready(run.limits.bytes);
        signal.throwIfAborted();
        const memory = await run.on(port);
        if (memory > RETIRED) this.#end();
        return;
      } catch (error) {
        // A worker that died since the last run does not even begin. Another one will.
        if (!(error instanceof Silent) || last) throw error;
        this.#end();
        await this.#load(run, signal);
      }
    }
  }

  /**
   * Fetches Python and gives it to the sandbox, once.
   * @param {Run} run
   * @param {AbortSignal} signal
   */
  async #load(run, signal) {
    if (this.#frame?.isConnected) return;
    this.#forget();
    const parts = Object.entries(this.#runtime.files);
    const total = parts.reduce((sum, [, { bytes }]) => sum + bytes, 0);
    let loaded = 0;
    const count = (/** @type {number} */ bytes) => run.program.onProgress?.({ loaded: (loaded += bytes), total });
    count(0);
    const cache = this.#cache;
    this.#cache = "reload"; // until all is whole: a damaged copy in the browser's cache is not asked again
    const fetching = parts.map(async ([part, file]) => [part, await fetched(file, { count, cache, signal })]);
    const keep = /** @type {Record<string, Uint8Array>} */ (Object.fromEntries(await Promise.all(fetching)));
    const frame = await opened(this.#runtime.sandbox, signal);
    this.#cache = "default";
    frame.contentWindow?.postMessage({ keep }, "*", Object.values(keep).map(({ buffer }) => buffer));
    this.#frame = frame;
  }

  // Begins the worker for the next run. Where it fails, that run tries again and says so.
  /** @param {number} memory */
  #warm(memory) {
    if (this.#frame && !this.#worker) this.#ready(memory).catch(() => {});
  }

  /**
   * The port of a worker in which Python is ready.
   * @param {number} memory
   */
  #ready(memory) {
    const worker = (this.#worker ??= this.#begin(memory));
    worker.catch(() => {
      if (this.#worker === worker) this.#forget();
    });
    return worker;
  }

  /** @param {number} memory */
  async #begin(memory) {
    const { port1: port, port2 } = new MessageChannel();
    this.#frame?.contentWindow?.postMessage({ memory }, "*", [port2]);
    await message(port, ({ begun }) => begun, PATIENCE.begin, MISSING);
    const { failed } = await message(port, ({ ready, failed }) => ready || failed, PATIENCE.ready, MISSING);
    if (failed) throw new Error(`Python did not start (${failed}): reload the page.`);
    return port;
  }

  #end() {
    this.#worker = null;
    this.#frame?.contentWindow?.postMessage({}, "*");
  }

  #forget() {
    this.#worker = null;
    this.#frame?.remove();
    this.#frame = null;
  }
}

/** One program, from its start to what is told of its end. */
class Run {
  /** @type {Outcome} */
  told = { ok: false, problem: "", output: "", traceback: "", error: null, line: null, seconds: null, result: null };
  #cut = false;

  /** @param {Program} program */
  constructor(program) {
    this.program = program;
    /** @type {Limits} */
    this.limits = { ...LIMITS, ...program.limits };
  }

  /** @param {string} problem */
  fail(problem) {
    this.told.problem = [problem, this.#cut ? this.#cutSentence() : ""].filter(Boolean).join(" ");
  }

  /**
   * Whether an error is the end of the program, and not of the page's.
   * @param {Error} error
   */
  died(error) {
    if (!(error instanceof Ended)) return false;
    this.fail(error.message);
    return true;
  }

  /**
   * @param {MessagePort} port
   * @returns {Promise<number>} the bytes of memory that the worker has taken
   */
  async on(port) {
    const { code, name = "program.py", files = {}, report = null, onOutput, onStart } = this.program;
    const { seconds, characters } = this.limits;
    const began = message(port, ({ started }) => started, PATIENCE.start, MISSING);
    port.postMessage({ code, name, files, report, characters });
    await began;
    onStart?.();
    const late = `Stopped after ${seconds} s, which is as long as a program may run here.`;
    const end = await message(
      port,
      ({ stream, text, cut, ended, died }) => {
        if (cut) this.#cut = true;
        if (text) {
          this.told.output += text;
          onOutput?.({ stream, text });
        }
        return ended || died;
      },
      seconds * 1000,
      late,
      Ended,
    );
    if (end.died) throw new Ended(`${cause(end.died)}; the next run gets a new interpreter.`);
    const { exit, ...told } = end.ended;
    Object.assign(this.told, told);
    this.fail(this.#problem(exit));
    return end.memory;
  }

  /** @param {number | string | null} exit */
  #problem(exit) {
    const { error, line } = this.told;
    if (error === "MemoryError") return `The program asked for more than the ${this.limits.bytes / 2 ** 20} MB of memory that it has here.`;
    if (error) return line === null ? `${error}.` : `${error} on line ${line}.`;
    if (typeof exit === "string") return `The program ended itself: ${exit}`;
    return exit ? `The program ended itself with exit code ${exit}.` : "";
  }

  #cutSentence() {
    const most = this.limits.characters.toLocaleString("en-US");
    return `It printed more than ${most} characters; the rest is not shown.`;
  }
}

/** @param {string} died what the interpreter was broken by */
function cause(died) {
  if (/call stack|recursion/i.test(died)) return "The program went deeper into calls than the interpreter can";
  if (/^Exit/.test(died)) return "The program ended the interpreter itself";
  return `The program broke the interpreter (${died})`;
}

/** The end of a program from without. */
class Ended extends Error {}

/**
 * Waits for a message.
 * @param {MessagePort} port
 * @param {(data: any) => unknown} wanted
 * @param {number} milliseconds
 * @param {string} sentence what is said where it does not come
 * @param {new (message: string) => Error} kind
 * @returns {Promise<any>}
 */
function message(port, wanted, milliseconds, sentence, kind = Silent) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new kind(sentence)), milliseconds);
    port.onmessage = ({ data }) => {
      if (!wanted(data)) return;
      clearTimeout(timer);
      resolve(data);
    };
  });
}

/**
 * Opens the sandbox in the page.
 * @param {string} address
 * @param {AbortSignal} signal
 * @returns {Promise<HTMLIFrameElement>}
 */
function opened(address, signal) {
  const frame = document.createElement("iframe");
  frame.setAttribute("sandbox", "allow-scripts");
  frame.hidden = true;
  frame.title = "Python";
  frame.src = address;
  return new Promise((resolve, reject) => {
    const fail = () => {
      frame.remove();
      reject(new Error(MISSING));
    };
    const timer = setTimeout(fail, PATIENCE.sandbox);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      fail();
    });
    addEventListener("message", function greet({ source, data }) {
      if (source !== frame.contentWindow || data !== "sandbox") return;
      removeEventListener("message", greet);
      clearTimeout(timer);
      resolve(frame);
    });
    document.body.append(frame);
  });
}

/** @type {Python | undefined} */
let shared;

/**
 * The page's Python, which all of its parts share.
 * @param {Runtime} runtime
 */
export const python = (runtime) => (shared ??= new Python(runtime));
