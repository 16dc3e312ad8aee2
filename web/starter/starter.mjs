// @ts-check
// A lab's starter file, run and edited where the page shows it. Python and the editor are loaded when
// a reader asks for them.
import { beside } from "../beside.mjs";
import { make } from "../elements.mjs";
import { store } from "../progress/store.mjs";
import { Listing } from "./listing.mjs";
import { Outcome } from "./outcome.mjs";
import statedShapes from "../../code/latentlab/stated_shapes.py";
import style from "./starter.css";

/**
 * @typedef {import("../python/python.mjs").Python} Python
 * @typedef {import("../python/python.mjs").Progress} Progress
 * @typedef {import("../python/python.mjs").Runtime} Runtime
 * @typedef {import("./listing.mjs").File} File
 */

const megabytes = (/** @type {number} */ bytes) => (bytes / 1e6).toFixed(1);
const duration = (/** @type {number} */ seconds) => (seconds < 0.01 ? "less than 0.01 s" : `${seconds.toFixed(2)} s`);
const SHAPES = { files: { "stated_shapes.py": statedShapes }, report: "stated_shapes:compare" };
const KEYS = "Ctrl+Enter or ⌘+Enter runs the file. In the editor, Tab indents; Escape and then Tab leaves it.";

export default { render };

/** @param {import("../part.d.ts").Place} place */
function render({ model, el }) {
  el.classList.add("ls-figure", "ls-starter");
  el.append(make("style", {}, style));
  const places = model.get("elsewhere");
  if (places) send(places, model.get("file"), el);
  else new Workbench(model.get("file"), model.get("runtime"), el);
}

/**
 * What the page cannot run, it sends elsewhere.
 * @param {Record<string, string>} places and their addresses
 * @param {File} file
 * @param {HTMLElement} el
 */
function send(places, file, el) {
  const links = Object.entries(places).map(([name, address]) => make("a", { href: address }, name));
  const words = links.flatMap((link, i) => (i ? [" or ", link] : [link]));
  const listing = new Listing(file, el, () => {});
  listing.element.after(
    make("p", { class: "ls-elsewhere" }, "This file computes with numpy, which the page does not have. Run it in ", ...words, "."),
  );
}

class Workbench {
  #file;
  #runtime;
  #listing;
  /** @type {Python | null} */
  #python = null;
  /** @type {string | null} the reader's text that was reset */
  #dropped = null;
  #running = false;

  /**
   * @param {File} file
   * @param {Runtime} runtime
   * @param {HTMLElement} el
   */
  constructor(file, runtime, el) {
    this.#file = file;
    this.#runtime = runtime;
    const button = (/** @type {string} */ text) => make("button", { type: "button" }, text);
    this.run = button("Run");
    this.edit = button("Edit");
    this.stop = button("Stop");
    this.reset = button("Reset to the original");
    this.bar = make("progress", { "aria-label": "Loading Python" });
    this.loaded = make("span", { "aria-hidden": "true" });
    this.loading = make("span", { class: "ls-loading", hidden: true }, this.bar, this.loaded);
    this.status = make("p", { class: "ls-status", role: "status" });
    this.notice = make("p", { class: "ls-notice" });
    this.problem = make("div", { class: "ls-problem", role: "alert" });
    this.stored = /** @type {HTMLElement | null} */ (el.querySelector(".cell_output"));
    this.outcome = new Outcome(file.name, (line) => this.#trying(() => this.#listing.show(line)));
    this.#listing = new Listing(file, el, () => this.#show());
    const label = `Run and edit ${file.name}`;
    this.#listing.element.after(
      make("div", { class: "ls-tools", role: "group", "aria-label": label }, this.run, this.edit, this.stop, this.reset, this.loading, this.status),
      this.problem,
      this.notice,
      make("p", { class: "ls-hint", id: `keys-${file.lab}` }, KEYS),
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
    const { edited, outdated } = this.#listing;
    if (edited) this.#dropped = null;
    this.run.disabled = this.#running;
    this.stop.disabled = !this.#running;
    this.reset.disabled = !edited && this.#dropped === null;
    this.reset.textContent = this.#dropped === null ? "Reset to the original" : "Bring my text back";
    const changed = "The course has changed this file since you edited it. This is your text; a reset shows the new one.";
    this.notice.textContent = [outdated && changed, edited && store.problem].filter(Boolean).join(" ");
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
    const { code } = this.#listing;
    try {
      const { ok, problem, traceback, line, seconds, result } = await /** @type {Python} */ (this.#python).run({
        code,
        name: this.#file.name,
        ...SHAPES,
        onProgress: (progress) => this.#load(progress),
        onStart: () => this.#begin(),
        onOutput: (printed) => this.outcome.print(printed),
      });
      if (this.outcome.element.ariaBusy === "true") this.outcome.end(traceback, result ?? []);
      if (code === this.#listing.code) this.#listing.mark({ error: line, shapes: result ?? [] });
      this.#say([ok && `Done in ${duration(seconds ?? 0)}.`, problem].filter(Boolean).join(" "));
      this.#note(ok);
    } catch (error) {
      this.#say("");
      const { message } = /** @type {Error} */ (error);
      throw new Error(`${message} Run tries again; your text is kept.`);
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
    if (this.stored) this.stored.hidden = true;
    this.outcome.element.hidden = false;
    this.outcome.clear();
    this.#listing.mark({ error: null, shapes: [] });
    beside("editor").catch(() => {}); // at hand when it is wanted, even if the connection is gone by then
  }

  /** @param {boolean} ok */
  #note(ok) {
    const key = `run/${this.#file.lab}`;
    const before = store.get(key) ?? {};
    store.set(key, { runs: (Number(before.runs) || 0) + 1, ok: ok || before.ok === true });
  }
}
