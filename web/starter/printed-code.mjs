// @ts-check
// The program as the page has it, highlighted when the book was built: its lines can be marked, too.
import { make } from "../elements.mjs";

/**
 * @typedef {import("./marks.mjs").Marks} Marks
 * @typedef {import("./marks.mjs").Lines} Lines
 */

export class PrintedCode {
  #lines;
  #first;

  /**
   * @param {HTMLElement} element in which the code stands, as <pre>
   * @param {number} first the number that its first line has in the file
   * @param {(line: number | null) => void} onPoint a line that is under the pointer
   */
  constructor(element, first, onPoint) {
    this.element = element;
    this.#first = first;
    const pre = /** @type {HTMLPreElement} */ (element.querySelector("pre"));
    // Pygments closes what it opens before a line ends.
    const lines = pre.innerHTML.replace(/\n$/, "").split("\n");
    pre.innerHTML = lines.map((line) => `<span class="ls-line">${line}\n</span>`).join("");
    this.#lines = /** @type {HTMLElement[]} */ ([...pre.querySelectorAll(".ls-line")]);
    pre.addEventListener("pointermove", ({ target }) => onPoint(this.#number(target)));
    pre.addEventListener("pointerleave", () => onPoint(null));
  }

  /** @param {EventTarget | null} target */
  #number(target) {
    const line = target instanceof Element && target.closest(".ls-line");
    return line instanceof HTMLElement ? this.#lines.indexOf(line) + this.#first : null;
  }

  /** @param {number} line */
  #line(line) {
    return this.#lines.at(this.has(line) ? line - this.#first : this.#lines.length);
  }

  /** @param {number} line */
  has(line) {
    return line >= this.#first && line < this.#first + this.#lines.length;
  }

  /** @param {Marks} marks */
  mark({ error, shapes }) {
    for (const line of this.#lines) {
      line.classList.remove("ls-faulty");
      line.querySelector(".ls-mark")?.remove();
    }
    if (error) this.#line(error)?.classList.add("ls-faulty");
    for (const { line, holds, found } of shapes) {
      const text = holds ? "✓" : `is ${found}`;
      const mark = make("span", { class: holds ? "ls-mark ls-holds" : "ls-mark", "data-text": text, "aria-hidden": "true" });
      const end = this.#line(line)?.lastChild; // the line break
      end?.before(mark);
    }
  }

  /** @param {Lines | null} lit */
  light(lit) {
    this.#lines.forEach((line, i) => {
      const number = i + this.#first;
      line.classList.toggle("ls-lit", lit !== null && lit.from <= number && number <= lit.to);
    });
  }

  /** @param {number} line gets the focus */
  show(line) {
    const element = this.#line(line);
    element?.setAttribute("tabindex", "-1");
    element?.focus({ preventScroll: true });
    element?.scrollIntoView({ block: "center" });
  }

  /** @param {Lines} lines are brought into view */
  reveal({ from }) {
    this.#line(from)?.scrollIntoView({ block: "nearest" });
  }

  /**
   * A link in place of each number "(1)" that begins a comment.
   * @param {number} line
   * @param {HTMLAnchorElement} link whose text is the number
   */
  link(line, link) {
    const element = this.#line(line);
    if (!element) return;
    const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    for (let text = texts.nextNode(); text; text = texts.nextNode()) {
      const at = text.textContent?.indexOf(link.text) ?? -1;
      if (at < 0) continue;
      const range = document.createRange();
      range.setStart(text, at);
      range.setEnd(text, at + link.text.length);
      range.deleteContents();
      range.insertNode(link);
      return;
    }
  }
}
