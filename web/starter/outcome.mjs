// @ts-check
// What a run has printed and what became of it, beneath the program.
import { make } from "../elements.mjs";

/**
 * @typedef {import("./marks.mjs").Shape} Shape
 * @typedef {import("../python/python.mjs").Printed} Printed
 */

export class Outcome {
  #printed = make("pre", { class: "ls-printed", tabindex: 0, "aria-label": "Printed" });
  #traceback = make("pre", { class: "ls-traceback", tabindex: 0, "aria-label": "Traceback" });
  #shapes = make("div");
  #name;
  #go;

  /**
   * @param {string} name of the file, as tracebacks call it
   * @param {(line: number) => void} go is called when a reader wants to see a line
   */
  constructor(name, go) {
    this.#name = name;
    this.#go = go;
    this.element = make(
      "div",
      { class: "ls-outcome", role: "group", "aria-label": "Output of the program", "aria-live": "polite" },
      this.#printed,
      this.#traceback,
      this.#shapes,
    );
    this.clear();
  }

  clear() {
    this.element.ariaBusy = "true"; // read aloud when it is complete
    for (const part of [this.#printed, this.#traceback, this.#shapes]) {
      part.replaceChildren();
      part.hidden = true;
    }
  }

  /** @param {Printed} printed */
  print({ stream, text }) {
    this.#printed.hidden = false;
    this.#printed.append(stream === "stderr" ? make("span", { class: "ls-stderr" }, text) : text);
  }

  /**
   * @param {string} traceback
   * @param {Shape[]} shapes
   */
  end(traceback, shapes) {
    this.#traceback.append(...this.#withLinks(traceback));
    this.#traceback.hidden = !traceback;
    this.#shapes.append(...this.#told(shapes));
    this.#shapes.hidden = !shapes.length;
    this.element.ariaBusy = "false";
  }

  /** @param {string} traceback */
  *#withLinks(traceback) {
    for (const part of traceback.split(/(File "[^"]*", line \d+)/)) {
      const [, file, line] = /^File "(.*)", line (\d+)$/.exec(part) ?? [];
      yield file === this.#name ? this.#link(part, Number(line)) : part;
    }
  }

  /** @param {Shape[]} shapes */
  *#told(shapes) {
    const others = shapes.filter(({ holds }) => !holds);
    const hold = shapes.length - others.length;
    if (!others.length) {
      yield make("p", {}, `✓ Stated in comments and found: ${counted(shapes.length)}.`);
      return;
    }
    yield make("p", {}, `Stated in comments: ${counted(shapes.length)}. ${hold || "None"} found as stated, but`);
    const items = others.map(({ line, name, stated, found }) =>
      make("li", {}, this.#link(`line ${line}`, line), ": ", make("code", {}, name), " is ", make("code", {}, found), ", not ", make("code", {}, stated)),
    );
    yield make("ul", {}, ...items);
  }

  /**
   * @param {string} text
   * @param {number} line
   */
  #link(text, line) {
    const link = make("button", { type: "button", class: "ls-to-line", title: `Go to line ${line}` }, text);
    link.addEventListener("click", () => this.#go(line));
    return link;
  }
}

/** @param {number} count */
const counted = (count) => (count === 1 ? "1 value" : `${count} values`);
