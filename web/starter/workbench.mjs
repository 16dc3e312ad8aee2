// @ts-check
// A program that is edited and run where the page shows it, with what became of it beneath. What it is
// run for is the part's, as its `Work`.
import { beside } from "../beside.mjs";
import { make } from "../elements.mjs";
import { store } from "../progress/store.mjs";
import { keysOf, Listing } from "./listing.mjs";
import { Outcome } from "./outcome.mjs";
import style from "./starter.css";

/**
 * @typedef {import("../python/python.mjs").Python} Python
 * @typedef {import("../python/python.mjs").Program} Program
 * @typedef {import("../python/python.mjs").Progress} Progress
 * @typedef {import("../python/python.mjs").Runtime} Runtime
 * @typedef {import("../python/python.mjs").Outcome} Told
 * @typedef {import("./listing.mjs").File} File
 * @typedef {import("./marks.mjs").Shape} Shape
 *
 * @typedef {{ run: string, edit: string, stop: string, reset: string }} Buttons
 *
 * @typedef {object} Work
 * @property {Buttons & { label: string, changed: string, keys: string }} words
 * @property {boolean} inEditor whether only what is in the editor runs, and not what the page printed
 * @property {HTMLElement[]} tools further buttons
 * @property {HTMLElement[]} beneath them
 * @property {() => Promise<Pick<Program, "files" | "report">>} program what runs beside the text
 * @property {() => void} begin takes back what was said of the last run
 * @property {(told: Told) => { said: string, shapes: Shape[] }} end
 */

const megabytes = (/** @type {number} */ bytes) => (bytes / 1e6).toFixed(1);
const sheet = make("style", {}, style);

/**
 * The look of a workbench.
 * @param {HTMLElement} el
 * @param {string} name
 */
export function dress(el, name) {
  el.classList.add("ls-figure", "ls-bench", name);
  if (!sheet.isConnected) el.append(sheet);
}

export class Workbench {
  #file;
  #runtime;
  #work;
  #listing;
  /** @type {Python | null} */
  #python = null;
  /** @type {string | null} the reader's text that was reset */
  #dropped = null;
  #running = false;

  /**
   * @param {File} file
   * @param {Runtime} runtime
   * @param {HTMLElement} el in which the page has the program
   * @param {Work} work
   */
  constructor(file, runtime, el, work) {
    this.#file = file;
    this.#runtime = runtime;
    this.#work = work;
    const { words } = work;
    const button = (/** @type {string} */ text) => make("button", { type: "button" }, text);
    this.run = button(words.run);
    this.edit = button(words.edit);
    this.stop = button(words.stop);
    this.reset = button(words.reset);
    this.bar = make("progress", { "aria-label": "Loading Python" });
    this.loaded = make("span", { "aria-hidden": "true" });
    this.loading = make("span", { class: "ls-loading", hidden: true }, this.bar, this.loaded);
    this.status = make("p", { class: "ls-status", role: "status" });
    this.notice = make("p", { class: "ls-notice" });
    this.problem = make("div", { class: "ls-problem", role: "alert" });
    this.keys = make("p", { class: "ls-hint", id: keysOf(file) }, words.keys);
    this.stored = /** @type {HTMLElement | null} */ (el.querySelector(".cell_output"));
    this.outcome = new Outcome(file.name, (line) => this.#trying(() => this.#listing.show(line)));
    this.#listing = new Listing(file, el, () => this.#show());
    this.#listing.element.after(
      make(
        "div",
        { class: "ls-tools", role: "group", "aria-label": words.label },
        ...[this.run, this.edit, this.stop, this.reset, ...work.tools, this.loading, this.status],
      ),
      this.problem,
      this.notice,
      this.keys,
      ...work.beneath,
      this.outcome.element,
    );
    this.outcome.element.hidden = true;
    this.run.addEventListener("click", () => this.#run());
    this.stop.addEventListener("click", () => this.#python?.stop());
    this.edit.addEventListener("click", () => this.#trying(() => this.#edit()));
    this.reset.addEventListener("click", () => this.#trying(() => this.#reset()));
    el.addEventListener("keydown", (event) => this.#key(event), { capture: true });
    this.#show();
    if (this.#listing.edited) this.#trying(() => this.#listing.open());
  }

  // What can be done now, and what the reader should know of the text that is shown.
  #show() {
    const { edited, opened, outdated } = this.#listing;
    const { words } = this.#work;
    if (edited) this.#dropped = null;
    this.run.disabled = this.#running;
    this.stop.disabled = !this.#running;
    this.reset.disabled = !edited && this.#dropped === null;
    this.reset.textContent = this.#dropped === null ? words.reset : "Bring my text back";
    this.keys.hidden = !opened;
    this.notice.textContent = [outdated && words.changed, edited && store.problem].filter(Boolean).join(" ");
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    event.stopPropagation();
    this.#run();
  }

  async #edit() {
    await this.#listing.open();
    this.#listing.focus();
  }

  async #reset() {
    if (this.#dropped !== null) {
      this.#listing.keep(this.#dropped);
      await this.#edit();
      return;
    }
    this.#dropped = this.#listing.reset();
    this.outcome.element.hidden = true;
    this.#work.begin();
    if (this.stored) this.stored.hidden = false;
    this.#say("This is the original.");
    this.#show();
  }

  /** @param {() => Promise<void>} work whose failure is told */
  async #trying(work) {
    this.problem.replaceChildren();
    try {
      await work();
    } catch (error) {
      this.problem.replaceChildren(make("p", {}, /** @type {Error} */ (error).message));
    }
  }

  async #run() {
    if (this.#running) return;
    const focused = this.run === document.activeElement;
    this.#running = true;
    this.#show();
    if (focused) this.stop.focus();
    await this.#trying(() => this.#execute());
    const stopping = this.stop === document.activeElement;
    this.#running = false;
    this.loading.hidden = true;
    this.#show();
    if (stopping) this.run.focus();
  }

  async #execute() {
    this.#say("Getting ready…");
    try {
      this.#python ??= (await beside("python")).python(this.#runtime);
    } catch {
      this.#say("");
      throw new Error("What runs Python could not be loaded: reload the page. What you have written is kept.");
    }
    try {
      if (this.#work.inEditor) await this.#listing.open();
      const { code } = this.#listing;
      const told = await /** @type {Python} */ (this.#python).run({
        code,
        name: this.#file.name,
        ...(await this.#work.program()),
        onProgress: (progress) => this.#load(progress),
        onStart: () => this.#begin(),
        onOutput: (printed) => this.outcome.print(printed),
      });
      const { said, shapes } = this.#work.end(told);
      if (this.outcome.element.ariaBusy === "true") this.outcome.end(told.traceback, shapes);
      if (code === this.#listing.code) this.#listing.mark({ error: told.line, shapes });
      this.#say(said);
    } catch (error) {
      this.#say("");
      const { message } = /** @type {Error} */ (error);
      throw new Error(`${message} ${this.#work.words.run} tries again; your text is kept.`);
    }
  }

  /** @param {Progress} progress */
  #load({ loaded, total }) {
    this.loading.hidden = false;
    Object.assign(this.bar, { max: total, value: loaded });
    this.loaded.textContent = `${megabytes(loaded)} of ${megabytes(total)} MB`;
    this.#say(loaded < total ? "Loading Python…" : "Starting Python…");
  }

  // A live region: what it says already is not said again.
  /** @param {string} words */
  #say(words) {
    if (this.status.textContent !== words) this.status.textContent = words;
  }

  #begin() {
    this.loading.hidden = true;
    this.#say("Running…");
    this.#work.begin();
    if (this.stored) this.stored.hidden = true;
    this.outcome.element.hidden = false;
    this.outcome.clear();
    this.#listing.mark();
    beside("editor").catch(() => {}); // at hand when it is wanted, even if the connection is gone by then
  }
}
