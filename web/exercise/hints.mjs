// @ts-check
// Hints, one after another.
import { make } from "../elements.mjs";

/**
 * What the button says.
 * @param {number} shown hints
 * @param {number} all
 */
export function offer(shown, all) {
  if (shown < all) return shown ? `Next hint (${shown + 1} of ${all})` : "Hint";
  return all === 1 ? "That was the hint" : `Those were the ${all} hints`;
}

export class Hints {
  #hints;
  #shown = 0;

  /** @param {string[]} hints */
  constructor(hints) {
    this.#hints = hints;
    this.button = make("button", { type: "button" }, offer(0, hints.length));
    this.list = make("ol", { class: "ls-hints", "aria-label": "Hints", "aria-live": "polite" });
    this.button.addEventListener("click", () => this.#next());
  }

  #next() {
    const all = this.#hints.length;
    if (this.#shown < all) this.list.append(make("li", {}, this.#hints[this.#shown++]));
    this.button.textContent = offer(this.#shown, all);
    this.button.ariaDisabled = String(this.#shown === all); // still there for who has the focus on it
  }
}
