// @ts-check
// The drill: questions of the bank that come back when they are about to be forgotten, and interviews.
// The model holds `entries` (the questions as a list names them), `labs` with their addresses, `bank`
// (the file of all questions), `page` (where they can be read), and `filter`, kept in the address.
import { store } from "../progress/store.mjs";
import { wayOf } from "./answering.mjs";
import { Bank } from "./bank.mjs";
import style from "./drill.css";
import { home } from "./home.mjs";
import { Interview } from "./interview.mjs";
import { mockOf } from "./kept.mjs";
import { begun, drawn } from "./mock.mjs";
import { make } from "./parts.mjs";
import { DEPTHS, Memory } from "./queue.mjs";
import { report } from "./report.mjs";
import { Review } from "./review.mjs";

/** @typedef {import("./queue.mjs").Entry} Entry */
/** @typedef {import("./queue.mjs").Filter} Filter */
/** @typedef {import("./revealed.mjs").Lab} Lab */
/** @typedef {import("./answering.mjs").Way} Way */

export default { render };

/** @param {import("../part.d.ts").Place} place */
function render({ model, el }) {
  const drill = new Drill(model);
  el.replaceChildren(make("style", {}, style), drill.root);
}

export class Drill {
  #model;
  #bank;
  /** @type {{ stop: () => void } | null} what runs instead of the beginning */
  #running = null;
  #drawing = false;
  #problem = make("p", { class: "ls-unkept" });
  #told = make("p", { class: "visually-hidden", role: "status" });
  #screen = make("div");

  /** @param {import("../part.d.ts").Model} model */
  constructor(model) {
    this.#model = model;
    this.#bank = new Bank(model.get("bank"));
    this.entries = /** @type {Entry[]} */ (model.get("entries"));
    this.labs = /** @type {Record<string, Lab>} */ (model.get("labs"));
    this.bankPage = /** @type {string} */ (model.get("page"));
    this.root = make("div", { class: "ls-drill" }, this.#told, this.#problem, this.#screen);
    this.#warn();
    this.#draw();
    // Many keys may change at once: they are drawn once. What runs is not disturbed.
    store.on(() => {
      this.#warn();
      if (this.#drawing) return;
      this.#drawing = true;
      requestAnimationFrame(() => {
        this.#drawing = false;
        if (!this.#running) this.#draw();
      });
    });
    // What falls due while the page is open shows without a reload, unless the reader is at a control.
    setInterval(() => this.#running || this.#screen.contains(document.activeElement) || this.#draw(), 60_000);
  }

  /** @returns {Filter} what the address asks for, as far as there is such a thing */
  get filter() {
    const { lab, depth, weak } = this.#model.get("filter");
    return {
      lab: this.entries.some((entry) => entry.lab === lab) ? lab : null,
      depth: DEPTHS.includes(depth) ? depth : null,
      weak: Boolean(weak) || null,
    };
  }

  /** @returns {Way} */
  get way() {
    return wayOf(store.get("setting/way"));
  }

  set way(way) {
    store.set("setting/way", way);
  }

  /** @param {Filter} filter */
  choose({ lab = null, depth = null, weak = null }) {
    this.#model.set("filter", { lab, depth, weak });
    this.#model.save_changes();
    this.#draw();
  }

  home() {
    this.#stop();
    this.#draw();
    this.focus(/** @type {HTMLElement} */ (this.#screen.querySelector("button.ls-main")));
  }

  /** @param {Entry[]} entries */
  async review(entries) {
    const questions = await this.#load();
    if (!questions) return this.home();
    const found = entries.flatMap(({ id }) => questions.get(id) ?? []);
    this.#run(() => new Review(this, found));
  }

  /** @param {string | null} key of one that was begun; without, a new one */
  async interview(key) {
    const questions = await this.#load();
    if (!questions) return this.home();
    const now = Date.now();
    const place = key ?? `mock/${new Date(now).toISOString().replaceAll(/[:.]/g, "-")}`;
    if (key === null) {
      const chosen = drawn(this.entries, new Memory(store), now).flatMap(({ id }) => questions.get(id) ?? []);
      store.set(place, begun(chosen, now));
    }
    const mock = mockOf(store.get(place));
    if (!mock?.asked.every(({ id }) => questions.has(id))) {
      this.#draw();
      this.tell("This interview asks questions that the bank no longer has: begin another one.");
      return;
    }
    this.#run(() => new Interview(this, place, mock, questions));
  }

  /** @param {string} key */
  report(key) {
    const mock = mockOf(store.get(key));
    if (!mock) return this.home();
    const shown = report(this, mock, () => {
      store.set(key, { ...mock, over: null });
      this.interview(key);
    });
    this.#stop();
    this.#running = { stop: () => undefined };
    this.#screen.replaceChildren(shown.root);
    this.focus(shown.head);
  }

  /**
   * Say something that has no place of its own on the screen.
   * @param {string} sentence
   */
  tell(sentence) {
    this.#told.textContent = sentence;
  }

  /**
   * Lead to what has just appeared, unless the page has only been opened.
   * @param {HTMLElement | null} element
   */
  focus(element) {
    if (!element?.isConnected) return;
    element.focus({ preventScroll: true });
    const { top } = element.getBoundingClientRect();
    const start = element.matches("h2") ? (element.closest("section") ?? element) : element;
    if (top < innerHeight / 8 || top > innerHeight / 2) start.scrollIntoView({ block: "start" });
  }

  /** @param {() => { root: HTMLElement, stop: () => void }} begin */
  #run(begin) {
    this.#stop();
    const running = begin();
    this.#running = running;
    this.#screen.replaceChildren(running.root);
    this.focus(running.root.querySelector("h2"));
  }

  #warn() {
    this.#problem.textContent = store.problem;
  }

  #stop() {
    const running = this.#running;
    this.#running = null;
    running?.stop();
  }

  #load() {
    const place = make("div", { class: "ls-loading", role: "status" });
    this.#running = { stop: () => undefined };
    this.#screen.replaceChildren(place);
    return this.#bank.load(place);
  }

  #draw() {
    const focused = this.#screen.contains(document.activeElement) ? document.activeElement : null;
    const at = focused ? [...this.#screen.querySelectorAll("button, input, select")].indexOf(focused) : -1;
    this.#screen.replaceChildren(home(this));
    if (at >= 0) /** @type {HTMLElement | undefined} */ ([...this.#screen.querySelectorAll("button, input, select")][at])?.focus();
  }
}
