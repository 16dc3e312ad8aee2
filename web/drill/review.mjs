// @ts-check
// A session of questions: asked, answered, shown, rated; the rating says when a question comes back.
import { store } from "../progress/store.mjs";
import { Answering } from "./answering.mjs";
import { AGAIN, cardOf } from "./kept.mjs";
import { button, heading, keyed, make, paragraphs, taken } from "./parts.mjs";
import { nextVersion } from "./queue.mjs";
import { followUps, misconception, model, readOn, rubric, yours } from "./revealed.mjs";
import { RATINGS, rated, suggested } from "./schedule.mjs";
import { counted, labNumber, span } from "./words.mjs";

/** @typedef {import("./drill.mjs").Drill} Drill */
/** @typedef {import("./bank.mjs").Question} Question */
/** @typedef {import("./bank.mjs").Version} Version */
/** @typedef {import("./schedule.mjs").Rating} Rating */

export class Review {
  #drill;
  #questions;
  #first;
  #at = 0;
  #forgotten = 0;
  #shown = false;
  /** @type {Version} the question with the numbers that are asked */
  #version;
  /** @type {(() => void) | null} takes the last rating back */
  #undo = null;
  /** @type {Answering | null} */
  #answering = null;
  /** @type {boolean[]} */
  #made = [];
  /** @type {(key: string) => boolean} */
  #press = () => false;
  #ratings = make("div", { class: "ls-ratings", role: "group", "aria-label": "How well did you know it?" });

  /**
   * @param {Drill} drill
   * @param {Question[]} questions
   */
  constructor(drill, questions) {
    this.#drill = drill;
    this.#questions = [...questions];
    this.#first = questions.length;
    this.#version = questions[0].versions[0];
    this.root = make("section", { class: "ls-card", tabindex: -1 });
    this.root.addEventListener("keydown", (event) => this.#key(event));
    this.#ask();
  }

  /** Leaves nothing running. */
  stop() {
    this.#answering?.discard();
  }

  get #question() {
    return this.#questions[this.#at];
  }

  get #card() {
    return cardOf(store.get(`card/${this.#question.id}`));
  }

  #ask() {
    this.#answering?.discard();
    if (this.#at === this.#questions.length) {
      this.#end();
      return;
    }
    const { id, lab, depth, title } = this.#question;
    const version = nextVersion(this.#question.versions, this.#card?.drawn);
    this.#version = version;
    const draft = store.get(`written/${id}`);
    this.#shown = false;
    this.#made = version.rubric.map(() => false);
    this.#answering = new Answering({
      way: this.#drill.way,
      text: draft?.drawn === version.drawn && typeof draft.text === "string" ? draft.text : "",
      write: (text) => store.set(`written/${id}`, { drawn: version.drawn, text }),
      choose: (way) => (this.#drill.way = way),
    });
    const head = heading("h2", title);
    const show = button(keyed("Show the answer", "space"), () => this.#reveal(), { class: "ls-main" });
    this.root.replaceChildren(
      this.#top(`Question ${this.#at + 1} of ${this.#questions.length}`),
      make("p", { class: "ls-kicker" }, `${labNumber(lab)} · ${depth}${this.#card ? "" : " · new"}`),
      head,
      make("div", { class: "ls-ask" }, ...paragraphs(version.ask)),
      this.#answering.root,
      make("div", { class: "ls-buttons" }, show),
    );
    this.#drill.focus(head);
  }

  /** @param {string} where */
  #top(where) {
    const undo = this.#undo;
    return make(
      "div",
      { class: "ls-top" },
      make("span", {}, where),
      ...(undo ? [button("Undo", undo, { "aria-label": "Undo the last rating" })] : []),
      button("Leave", () => this.#drill.home()),
    );
  }

  async #reveal() {
    const answering = this.#answering;
    if (this.#shown || !answering) return;
    this.#shown = true;
    const [question, version] = [this.#question, this.#version];
    const own = await answering.finished();
    const shown = model(version);
    const points = rubric(version, this.#made, (made) => {
      this.#made = made;
      this.#rate();
    });
    this.#press = points.press;
    this.#rate();
    answering.root.nextElementSibling?.remove();
    answering.root.replaceWith(
      make("div", { class: "ls-beside" }, shown.root, make("div", {}, ...yours(own), points.root)),
      ...followUps(version),
      misconception(question),
      readOn(question.id, this.#drill.labs[question.lab], this.#drill.bankPage),
      this.#ratings,
    );
    this.#drill.tell("The answer is shown. Tick the points that you made, then rate.");
    this.#drill.focus(shown.head);
  }

  // The ratings, each with when the question would come back; the score suggests one.
  #rate() {
    const now = Date.now();
    const fits = suggested(this.#made.filter(Boolean).length, this.#made.length);
    const buttons = RATINGS.map(([rating, name]) => {
      const due = rated(this.#card, rating, this.#review(rating, now)).due;
      const suggests = rating === fits;
      return button(
        make("span", {}, keyed(name, String(rating)), make("small", {}, span(due - now)), ...(suggests ? [make("em", {}, "suggested")] : [])),
        () => this.#take(rating),
        { "data-rating": String(rating), "data-suggested": suggests },
      );
    });
    this.#ratings.replaceChildren(...buttons);
  }

  /**
   * The review as it is kept. Who ticked nothing and says to have known it has not scored himself.
   * @param {Rating} rating
   * @param {number} now
   */
  #review(rating, now) {
    const got = this.#made.filter(Boolean).length;
    return { now, drawn: this.#version.drawn, got, of: got || rating === AGAIN ? this.#made.length : 0 };
  }

  /** @param {Rating} rating */
  #take(rating) {
    const { id, title } = this.#question;
    const [key, written, now] = [`card/${id}`, `written/${id}`, Date.now()];
    const [before, draft] = [store.entry(key), store.entry(written)];
    const card = rated(this.#card, rating, this.#review(rating, now));
    const [, name] = RATINGS[rating - 1];
    store.set(key, card);
    store.remove(written);
    if (rating === AGAIN) this.#questions.push(this.#question);
    this.#forgotten += Number(rating === AGAIN);
    this.#undo = () => {
      if (before) store.set(key, before.value);
      else store.remove(key);
      if (draft) store.set(written, draft.value);
      if (rating === AGAIN) this.#questions.pop();
      this.#forgotten -= Number(rating === AGAIN);
      this.#undo = null;
      this.#at -= 1;
      this.#drill.tell(`The rating of “${title}” was taken back.`);
      this.#ask();
    };
    const back = rating === AGAIN ? "it comes back at the end of this session" : `it comes back in ${span(card.due - now)}`;
    this.#drill.tell(`${name}: ${back}.`);
    this.#at += 1;
    this.#ask();
  }

  #end() {
    this.#answering = null;
    const head = heading("h2", "That was the session");
    const again = this.#forgotten ? `; ${counted(this.#forgotten, "time")} one was forgotten and asked again` : "";
    this.root.replaceChildren(
      this.#top("Done"),
      head,
      make("p", {}, `${counted(this.#first, "question")} answered${again}. Each comes back when you are about to forget it.`),
      make("div", { class: "ls-buttons" }, button("Back to the drill", () => this.#drill.home(), { class: "ls-main" })),
    );
    this.#drill.focus(head);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !this.#shown && this.#answering) {
      event.preventDefault();
      this.#reveal();
      return;
    }
    if (taken(event) || !this.#answering) return;
    const rating = RATINGS.find(([value]) => String(value) === event.key)?.[0];
    if (event.key === " " && !this.#shown) this.#reveal();
    else if (this.#shown && rating && this.#ratings.isConnected) this.#take(rating);
    else if (!this.#shown || !this.#press(event.key.toLowerCase())) return;
    event.preventDefault();
  }
}
