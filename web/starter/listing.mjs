// @ts-check
// The file as the page shows it: printed, or in the editor with the reader's own text, which is kept
// in the browser. Its numbered comments and the notes beneath light up each other.
import { beside } from "../beside.mjs";
import { make } from "../elements.mjs";
import { store } from "../progress/store.mjs";
import { numberAt, numbered } from "./marks.mjs";
import { Notes } from "./notes.mjs";
import { PrintedCode } from "./printed-code.mjs";

/**
 * @typedef {import("./marks.mjs").Marks} Marks
 * @typedef {import("../editor/editor.mjs").Editor} Editor
 *
 * @typedef {object} File
 * @property {string} lab
 * @property {string} key under which a reader's text is kept
 * @property {string} name
 * @property {string} code all of it, as the course has it
 * @property {string} digest of that code
 * @property {number} first the line of the file with which the page's piece begins
 *
 * @typedef {{ code: string, digest: string }} Edit a reader's text, and the digest of what was edited
 */

/**
 * The id of what says how the keyboard works in the editor.
 * @param {File} file
 */
export const keysOf = ({ key }) => `keys-${key.replaceAll("/", "-")}`;

/** @type {Marks} */
const UNMARKED = { error: null, shapes: [] };

export class Listing {
  #file;
  #printed;
  /** @type {Notes} */
  #notes;
  #changed;
  /** @type {PrintedCode | Editor} */
  #view;
  /** @type {Editor | null} */
  #editor = null;
  /** @type {Promise<void> | null} */
  #opening = null;
  /** @type {Marks} */
  #marks = UNMARKED;
  /** @type {number | null} */
  #pointed = null;
  /** @type {number | null} */
  #noted = null;
  #lit = "null";

  /**
   * @param {File} file
   * @param {HTMLElement} el in which the page has the code
   * @param {() => void} changed is called when the text has changed
   */
  constructor(file, el, changed) {
    this.#file = file;
    this.#changed = changed;
    const block = /** @type {HTMLElement} */ (el.querySelector(".cell_input, [class*='highlight-']"));
    this.#printed = new PrintedCode(block, file.first, (line) => this.#point(line));
    this.#view = this.#printed;
    this.#notes = new Notes(el, (number, held) => this.#read(number, held));
    for (const [number, { from }] of numbered(file.code)) {
      if (this.#notes.id(number)) this.#printed.link(from, this.#linkTo(number));
    }
    store.on((key) => ["", this.#key].includes(key) && this.#follow());
  }

  get element() {
    return this.#printed.element;
  }

  get code() {
    return this.#editor?.code ?? this.#kept?.code ?? this.#file.code;
  }

  get edited() {
    return this.code !== this.#file.code;
  }

  get opened() {
    return this.#editor !== null;
  }

  /** Whether the course has changed the file since the reader did. */
  get outdated() {
    return this.edited && this.#kept !== undefined && this.#kept.digest !== this.#file.digest;
  }

  get #key() {
    return this.#file.key;
  }

  /** @returns {Edit | undefined} */
  get #kept() {
    const { code, digest } = store.get(this.#key) ?? {};
    return typeof code === "string" ? { code, digest: String(digest) } : undefined;
  }

  /** Opens the editor in place of the printed file. */
  open() {
    this.#opening ??= this.#open().catch((error) => {
      this.#opening = null;
      throw error;
    });
    return this.#opening;
  }

  /** The text of the course again; the reader's is returned. */
  reset() {
    const mine = this.code;
    store.remove(this.#key);
    this.#close();
    this.#changed();
    return mine;
  }

  /** @param {string} code */
  keep(code) {
    if (code === this.#file.code) store.remove(this.#key);
    else store.set(this.#key, { code, digest: this.#kept?.digest ?? this.#file.digest });
    this.#changed();
  }

  focus() {
    this.#editor?.focus();
  }

  /** @param {Marks} [marks] none where they are left out */
  mark(marks = UNMARKED) {
    this.#marks = marks;
    this.#view.mark(marks);
  }

  /**
   * Shows a line, in the editor where the page has printed only a piece without it.
   * @param {number} line
   */
  async show(line) {
    if (!this.#view.has(line)) await this.open();
    this.#view.show(line);
  }

  async #open() {
    const { Editor } = await beside("editor").catch(() => {
      throw new Error("The editor could not be loaded: reload the page. What you have written is kept.");
    });
    const { name, first } = this.#file;
    const editor = /** @type {Editor} */ (
      new Editor({
        code: this.code,
        label: `The file ${name}`,
        described: keysOf(this.#file),
        onChange: (/** @type {string} */ code) => this.keep(code),
        onPoint: (/** @type {number | null} */ line) => this.#point(line),
      })
    );
    this.#printed.mark(UNMARKED);
    this.#printed.element.classList.add("ls-away");
    this.#printed.element.after(editor.element);
    this.#editor = editor;
    this.#view = editor;
    editor.mark(this.#marks);
    this.#relight();
    if (first > 1) editor.reveal({ from: first, to: first });
    this.#changed();
  }

  #close() {
    this.#editor?.element.remove();
    this.#printed.element.classList.remove("ls-away");
    this.#editor = null;
    this.#opening = null;
    this.#view = this.#printed;
    this.mark();
    this.#relight();
  }

  // Light what is lit on the view that has taken the other's place.
  #relight() {
    this.#lit = "";
    this.#light();
  }

  // Another tab, or another place on this page, has changed the text.
  #follow() {
    const code = this.#kept?.code ?? this.#file.code;
    if (this.#editor && this.#editor.code !== code && !this.#editor.element.contains(document.activeElement)) {
      this.#editor.code = code;
    }
    this.#changed();
  }

  /** @param {number | null} line that is looked at in the code */
  #point(line) {
    this.#pointed = line === null ? null : numberAt(this.code, line);
    this.#notes.light(this.#pointed);
    this.#light();
  }

  /**
   * @param {number | null} number of the note that is looked at
   * @param {boolean} reveal whether its lines are brought into view
   */
  #read(number, reveal) {
    this.#noted = number;
    this.#pointed = null;
    const lines = this.#light();
    if (lines && reveal) this.#view.reveal(lines);
  }

  // The lines of what is pointed at, or else of the note that is read.
  #light() {
    const lines = numbered(this.code).get(this.#pointed ?? this.#noted ?? 0) ?? null;
    const wanted = JSON.stringify(lines);
    if (wanted !== this.#lit) this.#view.light(lines);
    this.#lit = wanted;
    return lines;
  }

  /** @param {number} number */
  #linkTo(number) {
    const link = make("a", { href: `#${this.#notes.id(number)}`, class: "ls-to-note" }, `(${number})`);
    link.addEventListener("focus", () => this.#notes.light(number));
    link.addEventListener("blur", () => this.#notes.light(null));
    return link;
  }
}
