// @ts-check
// Where a question is answered before anything is shown: in the head, in writing, or aloud.
import { make } from "./parts.mjs";
import { Recorder } from "./recorder.mjs";

/** @typedef {"head" | "writing" | "aloud"} Way */

/** @type {[Way, string, string][]} */
const WAYS = [
  ["head", "In my head", "Say it to yourself in whole sentences, then look."],
  ["writing", "In writing", "What you write is kept in this browser."],
  ["aloud", "Aloud", "Only you hear it: the recording stays in this tab, is sent nowhere, and is gone with the next question."],
];

/** @param {unknown} kept */
export const wayOf = (kept) => WAYS.find(([way]) => way === kept)?.[0] ?? "head";

export class Answering {
  #recorder = new Recorder();
  #body = make("div");
  #text;
  #way;

  /**
   * @param {{ way: Way, text: string, write: (text: string) => void, choose: (way: Way) => void }} how
   */
  constructor({ way, text, write, choose }) {
    this.#way = way;
    this.#text = make("textarea", { rows: 6, "aria-label": "Your answer" });
    this.#text.value = text;
    this.#text.addEventListener("input", () => write(this.#text.value));
    const name = `way-${crypto.getRandomValues(new Uint32Array(1))[0]}`;
    const choices = WAYS.map(([value, label]) => {
      const input = make("input", { type: "radio", name, value, checked: value === way });
      input.addEventListener("change", () => {
        this.#way = value;
        choose(value);
        this.#draw();
      });
      return make("label", {}, input, make("span", {}, label));
    });
    const ways = make("fieldset", { class: "ls-ways" }, make("legend", {}, "Answer"), ...choices);
    this.root = make("div", { class: "ls-answering" }, ways, this.#body);
    this.#draw();
  }

  /** What the reader answered, once it is over: what was written, or said. */
  async finished() {
    await this.#recorder.stop();
    const { player } = this.#recorder;
    const shown = [];
    if (player) shown.push(player);
    if (this.#text.value.trim()) shown.push(make("p", { class: "ls-written" }, this.#text.value.trim()));
    return shown;
  }

  discard() {
    this.#recorder.discard();
  }

  #draw() {
    const [, , note] = WAYS.find(([way]) => way === this.#way) ?? WAYS[0];
    const place = this.#way === "writing" ? [this.#text] : this.#way === "aloud" ? [this.#recorder.root] : [];
    if (this.#way !== "aloud") this.#recorder.stop();
    this.#body.replaceChildren(...place, make("p", { class: "ls-note" }, note));
  }
}
