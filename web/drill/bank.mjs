// @ts-check
// The question bank, fetched once it is needed, with progress; a load that failed can be tried again.
import { button, make } from "./parts.mjs";
import { fetched } from "../whole-file.mjs";

/** @typedef {{ ask: string, answer: string }} Follow */
/** @typedef {{ drawn: string, ask: string, answer: string, steps: string[], rubric: string[], follow: Follow[] }} Version */
/** @typedef {{ id: string, lab: string, title: string, depth: string, probes: string, sources: { text: string, url: string }[], versions: Version[] }} Question */
/** @typedef {import("../whole-file.mjs").File} File */

export class Bank {
  /** @type {Map<string, Question> | undefined} */
  #questions;
  #file;
  /** @type {RequestCache} */
  #cache = "default";

  /** @param {File} file */
  constructor(file) {
    this.#file = file;
  }

  /**
   * The questions by id. While they load, and where they do not, `place` says so; nothing comes where
   * the reader gives up.
   * @param {HTMLElement} place
   * @returns {Promise<Map<string, Question> | undefined>}
   */
  async load(place) {
    for (let tries = true; tries && !this.#questions; ) {
      try {
        this.#questions = await this.#fetch(place);
      } catch (error) {
        tries = await this.#failed(place, /** @type {Error} */ (error).message);
      }
    }
    return this.#questions;
  }

  /** @param {HTMLElement} place */
  async #fetch(place) {
    const bar = make("progress", { max: this.#file.bytes, value: 0, "aria-label": "Loading the questions" });
    place.replaceChildren(make("p", {}, "Loading the questions…"), bar);
    const content = await fetched(this.#file, { count: (bytes) => (bar.value += bytes), cache: this.#cache });
    const questions = /** @type {Question[]} */ (JSON.parse(new TextDecoder().decode(content)));
    return new Map(questions.map((question) => [question.id, question]));
  }

  /**
   * @param {HTMLElement} place
   * @param {string} why
   * @returns {Promise<boolean>} whether to try again
   */
  #failed(place, why) {
    this.#cache = "reload"; // what the browser kept may be damaged
    return new Promise((decide) => {
      const again = button("Try again", () => decide(true), { class: "ls-main" });
      const back = button("Back to the drill", () => decide(false));
      place.replaceChildren(make("p", {}, why), make("div", { class: "ls-buttons" }, again, back));
      again.focus();
    });
  }
}
