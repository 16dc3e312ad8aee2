// @ts-check
// A mock interview as it runs: six questions against the clock, each answered, scored, and followed up.
// Every step is kept, so that it goes on after a reload where it was.
import { store } from "../progress/store.mjs";
import { Answering } from "./answering.mjs";
import { mockOf } from "./kept.mjs";
import { advanced, changed } from "./mock.mjs";
import { button, heading, keyed, make, marked, paragraphs, taken } from "./parts.mjs";
import { model, rubric, yours } from "./revealed.mjs";
import { clock, labNumber } from "./words.mjs";

/** @typedef {import("./drill.mjs").Drill} Drill */
/** @typedef {import("./kept.mjs").Mock} Mock */
/** @typedef {import("./bank.mjs").Question} Question */

const KEEP = 5; // seconds after which the time that is left is kept again
const SOON = 5 * 60;
const TIME_IS_UP = "The twenty minutes are over. Nothing is cut off: finish what you were saying, or end it.";

export class Interview {
  #drill;
  #key;
  #questions;
  #mock;
  #paused = false;
  #since = performance.now();
  #kept = 0;
  #ticking;
  /** @type {Answering | null} */
  #answering = null;
  /** @type {HTMLElement[]} */
  #own = [];
  /** @type {(key: string) => boolean} */
  #press = () => false;
  #body = make("div");
  #time = make("span", { class: "ls-clock", role: "timer", "aria-label": "Time left" });
  #pause = button("Pause", () => this.#hold(!this.#paused));
  #up = make("p", { class: "ls-up" });

  /**
   * @param {Drill} drill
   * @param {string} key
   * @param {Mock} mock
   * @param {Map<string, Question>} questions
   */
  constructor(drill, key, mock, questions) {
    this.#drill = drill;
    this.#key = key;
    this.#mock = mock;
    this.#questions = questions;
    const buttons = [this.#pause, button("Leave", () => drill.home(), { title: "It can go on later" }), button("End", () => this.#end(), { title: "On to the report" })];
    this.root = make(
      "section",
      { class: "ls-card ls-mock", tabindex: -1 },
      make("div", { class: "ls-top" }, this.#time, ...buttons),
      this.#up,
      this.#body,
    );
    this.root.addEventListener("keydown", (event) => this.#pressed(event));
    this.#ticking = setInterval(() => this.#tick(), 500);
    addEventListener("pagehide", this.#keep);
    this.#tick();
    this.#draw();
  }

  /** Keeps the time that is left, and leaves nothing running. */
  stop() {
    clearInterval(this.#ticking);
    removeEventListener("pagehide", this.#keep);
    this.#answering?.discard();
    if (mockOf(store.get(this.#key))) this.#keep();
  }

  get #asked() {
    return this.#mock.asked[this.#mock.at];
  }

  get #question() {
    return /** @type {Question} */ (this.#questions.get(this.#asked.id));
  }

  get #version() {
    const { versions } = this.#question;
    return versions.find(({ drawn }) => drawn === this.#asked.drawn) ?? versions[0];
  }

  get #follow() {
    return this.#version.follow[this.#asked.follow];
  }

  #keep = () => store.set(this.#key, this.#mock);

  #tick() {
    const now = performance.now();
    const before = this.#mock.left;
    if (!this.#paused) this.#mock = { ...this.#mock, left: before - (now - this.#since) / 1000 };
    this.#since = now;
    const { left } = this.#mock;
    this.#time.textContent = clock(left);
    if (before > SOON && left <= SOON) this.#drill.tell("Five minutes are left.");
    if (left <= 0 && !this.#up.textContent) {
      this.#up.textContent = TIME_IS_UP;
      this.#drill.tell(TIME_IS_UP);
    }
    if (Math.abs(left - this.#kept) >= KEEP) {
      this.#kept = left;
      this.#keep();
    }
  }

  /** @param {boolean} paused */
  #hold(paused) {
    this.#tick();
    this.#paused = paused;
    this.#pause.textContent = paused ? "Continue" : "Pause";
    this.#time.toggleAttribute("data-paused", paused);
    this.#drill.tell(paused ? "The clock stands still." : "The clock runs again.");
  }

  /** @param {Mock} mock */
  #become(mock) {
    this.#mock = mock;
    this.#keep();
  }

  #next() {
    this.#become(advanced(this.#mock, Date.now()));
    if (this.#mock.over !== null) this.#drill.report(this.#key);
    else this.#draw();
  }

  #end() {
    this.#become({ ...this.#mock, over: Date.now() });
    this.#drill.report(this.#key);
  }

  #draw() {
    const { stage, at, asked } = this.#mock;
    const { lab, depth, title } = this.#asked;
    const head = heading("h2", title);
    const top = [
      make("p", { class: "ls-kicker" }, `Question ${at + 1} of ${asked.length} · ${labNumber(lab)} · ${depth}`),
      head,
      make("div", { class: "ls-ask" }, ...paragraphs(this.#version.ask)),
    ];
    const focus = { ask: this.#ask, score: this.#score, follow: this.#askFollow, had: this.#scoreFollow }[stage].call(this, top);
    this.#drill.focus(focus ?? head);
  }

  /** @param {HTMLElement[]} top */
  #ask(top) {
    const answering = this.#answer(this.#asked.text, (text) => this.#become(changed(this.#mock, { text })));
    this.#body.replaceChildren(...top, answering.root, this.#buttons("Show the rubric"));
  }

  /** @param {HTMLElement[]} top */
  #score(top) {
    const { rubric: all } = this.#version;
    const kept = this.#asked.points;
    const score = (/** @type {boolean[]} */ made) => {
      const missed = all.filter((_, index) => !made[index]);
      this.#become(changed(this.#mock, { points: made, missed, scored: true }));
    };
    const made = all.map((_, index) => kept[index] ?? false);
    score(made);
    const points = rubric(this.#version, made, score);
    this.#press = points.press;
    const shown = model(this.#version);
    const own = this.#own.length ? this.#own : written(this.#asked.text);
    this.#body.replaceChildren(
      ...top,
      make("div", { class: "ls-beside" }, shown.root, make("div", {}, ...yours(own), points.root)),
      this.#buttons("On to the follow-up"),
    );
    return shown.head;
  }

  /** @param {HTMLElement[]} top */
  #askFollow([kicker, head]) {
    const then = heading("h3", "Then they ask");
    const answering = this.#answer(this.#asked.said, (said) => this.#become(changed(this.#mock, { said })));
    const ask = make("div", { class: "ls-ask" }, ...paragraphs(this.#follow.ask));
    this.#body.replaceChildren(kicker, head, then, ask, answering.root, this.#buttons("Show its answer"));
    return then;
  }

  /** @param {HTMLElement[]} top */
  #scoreFollow([kicker, head]) {
    const answered = heading("h3", "Its answer");
    const had = (/** @type {boolean} */ had) => () => {
      this.#become(changed(this.#mock, { had }));
      this.#next();
    };
    const own = this.#own.length ? this.#own : written(this.#asked.said);
    this.#body.replaceChildren(
      ...[kicker, head, make("p", { class: "ls-ask" }, ...marked(this.#follow.ask))],
      make("div", { class: "ls-beside" }, make("div", {}, answered, ...paragraphs(this.#follow.answer)), make("div", {}, ...yours(own))),
      make("p", {}, "Did you say that, in your own words?"),
      make("div", { class: "ls-buttons" }, button(keyed("I had it", "y"), had(true)), button(keyed("I did not", "n"), had(false))),
    );
    return answered;
  }

  /**
   * @param {string} text
   * @param {(text: string) => void} write
   */
  #answer(text, write) {
    this.#answering?.discard();
    this.#own = [];
    const choose = (/** @type {import("./answering.mjs").Way} */ way) => (this.#drill.way = way);
    this.#answering = new Answering({ way: this.#drill.way, text, write, choose });
    return this.#answering;
  }

  /** @param {string} text */
  #buttons(text) {
    return make("div", { class: "ls-buttons" }, button(keyed(text, "space"), () => this.#go(), { class: "ls-main" }));
  }

  async #go() {
    const { stage } = this.#mock;
    if (stage === "ask" || stage === "follow") this.#own = (await this.#answering?.finished()) ?? [];
    if (this.#mock.stage === stage) this.#next();
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const { key, ctrlKey, metaKey } = event;
    const { stage } = this.#mock;
    const asks = stage === "ask" || stage === "follow";
    if (key === "Enter" && (ctrlKey || metaKey) && asks) this.#go();
    else if (taken(event)) return;
    else if (key === " " && stage !== "had") this.#go();
    else if (stage === "had" && (key === "y" || key === "n")) {
      this.#become(changed(this.#mock, { had: key === "y" }));
      this.#next();
    } else if (stage !== "score" || !this.#press(key.toLowerCase())) return;
    event.preventDefault();
  }
}

/** @param {string} text */
const written = (text) => (text.trim() ? [make("p", { class: "ls-written" }, text.trim())] : []);
