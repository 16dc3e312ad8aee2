// @ts-check
// The numbered notes beneath a program, "(1) Setup and contract.", and the lines they speak of.
import { make } from "../elements.mjs";

/** The notes that follow an element, up to the next cell or heading. */
export class Notes {
  /** @type {Map<number, { element: HTMLElement, button: HTMLButtonElement }>} */
  #notes = new Map();
  /** @type {number | null} */
  #held = null;
  #show;

  /**
   * @param {Element} after
   * @param {(number: number | null, held: boolean) => void} show is told which note is looked at
   */
  constructor(after, show) {
    this.#show = show;
    for (let next = after.nextElementSibling; next && !next.matches("div, section"); next = next.nextElementSibling) {
      const lead = next.querySelector(":scope > strong:first-child")?.firstChild;
      const found = /^\((\d+)\)/.exec(lead?.textContent ?? "");
      if (lead instanceof Text && found) this.#furnish(/** @type {HTMLElement} */ (next), lead, found[0], Number(found[1]));
    }
  }

  get numbers() {
    return [...this.#notes.keys()];
  }

  /** @param {number} number */
  id(number) {
    return this.#notes.get(number)?.element.id;
  }

  /** @param {number | null} number the note whose lines are pointed at in the program */
  light(number) {
    for (const [own, { element }] of this.#notes) element.classList.toggle("ls-lit", own === number);
  }

  /**
   * @param {HTMLElement} element
   * @param {Text} lead
   * @param {string} label
   * @param {number} number
   */
  #furnish(element, lead, label, number) {
    const button = make("button", { type: "button", class: "ls-note-number", "aria-pressed": "false", title: "Show its lines in the file" }, label);
    lead.deleteData(0, label.length);
    lead.before(button);
    element.id ||= `note-${number}`;
    element.classList.add("ls-note");
    element.addEventListener("pointerenter", ({ pointerType }) => pointerType === "mouse" && this.#show(number, false));
    element.addEventListener("pointerleave", ({ pointerType }) => pointerType === "mouse" && this.#rest());
    button.addEventListener("focus", () => this.#show(number, false));
    button.addEventListener("blur", () => this.#rest());
    button.addEventListener("click", () => this.#hold(this.#held === number ? null : number));
    this.#notes.set(number, { element, button });
  }

  /** @param {number | null} number whose lines stay lit until it is pressed again */
  #hold(number) {
    this.#held = number;
    for (const [own, { button }] of this.#notes) button.ariaPressed = String(own === number);
    this.#show(number, number !== null);
  }

  #rest() {
    this.#show(this.#held, false);
  }
}
