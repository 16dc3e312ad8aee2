// @ts-check
// An editor for one Python file: CodeMirror, in the colors that the page gives to code.
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { python } from "@codemirror/lang-python";
import { bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { EditorState, StateEffect, StateField } from "@codemirror/state";
import { Decoration, drawSelection, EditorView, keymap, lineNumbers, WidgetType } from "@codemirror/view";
import { tagHighlighter, tags } from "@lezer/highlight";

/**
 * @typedef {import("../starter/marks.mjs").Marks} Marks
 * @typedef {import("../starter/marks.mjs").Lines} Lines
 * @typedef {object} Options
 * @property {string} code
 * @property {string} label
 * @property {string} described the id of the element that says how the keyboard works
 * @property {(code: string) => void} onChange
 * @property {(line: number | null) => void} onPoint a line that is under the pointer or has the cursor
 */

// The classes that Pygments writes, so that the page's stylesheet colors both.
const pygments = tagHighlighter([
  { tag: tags.keyword, class: "k" },
  { tag: tags.moduleKeyword, class: "kn" },
  { tag: tags.operatorKeyword, class: "ow" },
  { tag: [tags.bool, tags.null], class: "kc" },
  { tag: tags.comment, class: "c1" },
  { tag: tags.string, class: "s2" },
  { tag: tags.special(tags.string), class: "s2" },
  { tag: tags.number, class: "mi" },
  { tag: tags.function(tags.definition(tags.variableName)), class: "nf" },
  { tag: tags.definition(tags.className), class: "nc" },
  { tag: tags.self, class: "bp" },
  { tag: tags.meta, class: "nd" },
  { tag: tags.operator, class: "o" },
  { tag: tags.punctuation, class: "p" },
]);

class Note extends WidgetType {
  /** @param {Marks["shapes"][number]} shape */
  constructor(shape) {
    super();
    this.shape = shape;
  }

  /** @param {Note} other */
  eq(other) {
    return other.shape === this.shape;
  }

  toDOM() {
    const span = document.createElement("span");
    span.className = this.shape.holds ? "ls-mark ls-holds" : "ls-mark";
    span.dataset.text = this.shape.holds ? "✓" : `is ${this.shape.found}`;
    span.ariaHidden = "true"; // the list beneath says it
    return span;
  }
}

/** @type {import("@codemirror/state").StateEffectType<{ marks: Marks, lit: Lines | null }>} */
const decorate = StateEffect.define();
const decorations = StateField.define({
  create: () => Decoration.none,
  update(found, transaction) {
    for (const effect of transaction.effects) {
      if (effect.is(decorate)) return drawn(transaction.state, effect.value);
    }
    // While a line is mended it stays marked; what the last run found is no longer said.
    if (!transaction.docChanged) return found;
    return found.map(transaction.changes).update({ filter: (_from, _to, { spec }) => !spec.widget });
  },
  provide: (field) => EditorView.decorations.from(field),
});

/**
 * @param {EditorState} state
 * @param {{ marks: Marks, lit: Lines | null }} wanted
 */
function drawn({ doc }, { marks, lit }) {
  const ranges = [];
  const there = (/** @type {number} */ line) => line >= 1 && line <= doc.lines;
  if (marks.error && there(marks.error)) {
    ranges.push(Decoration.line({ class: "ls-faulty" }).range(doc.line(marks.error).from));
  }
  for (const shape of marks.shapes.filter(({ line }) => there(line))) {
    ranges.push(Decoration.widget({ widget: new Note(shape), side: 1 }).range(doc.line(shape.line).to));
  }
  for (let line = lit?.from ?? 1; line <= (lit?.to ?? 0) && there(line); line += 1) {
    ranges.push(Decoration.line({ class: "ls-lit" }).range(doc.line(line).from));
  }
  return Decoration.set(ranges, true);
}

export class Editor {
  #view;
  #wanted = { marks: /** @type {Marks} */ ({ error: null, shapes: [] }), lit: /** @type {Lines | null} */ (null) };

  /** @param {Options} options */
  constructor({ code, label, described, onChange, onPoint }) {
    const pointed = EditorView.domEventHandlers({
      mousemove: ({ clientX: x, clientY: y }, view) => {
        const at = view.posAtCoords({ x, y });
        onPoint(at === null ? null : view.state.doc.lineAt(at).number);
      },
      mouseleave: () => onPoint(null),
      blur: () => onPoint(null),
    });
    const changed = EditorView.updateListener.of(({ docChanged, selectionSet, state, view }) => {
      if (docChanged) {
        this.#wanted.marks = { ...this.#wanted.marks, shapes: [] };
        onChange(state.doc.toString());
      }
      if (selectionSet && view.hasFocus) onPoint(state.doc.lineAt(state.selection.main.head).number);
    });
    this.#view = new EditorView({
      doc: code,
      extensions: [
        lineNumbers(),
        history(),
        drawSelection(),
        indentOnInput(),
        bracketMatching(),
        indentUnit.of("    "),
        EditorState.tabSize.of(4),
        python(),
        syntaxHighlighting(pygments),
        decorations,
        keymap.of([...defaultKeymap, ...historyKeymap, indentWithTab]),
        EditorView.contentAttributes.of({ "aria-label": label, "aria-describedby": described, tabindex: "0" }),
        pointed,
        changed,
      ],
    });
    this.element = document.createElement("div");
    this.element.className = "highlight ls-editor";
    this.element.append(this.#view.dom);
    // The page has shortcuts of its own, "/" for its search: what is typed here is not for them.
    this.element.addEventListener("keydown", (event) => event.stopPropagation());
  }

  get code() {
    return this.#view.state.doc.toString();
  }

  /** Another text, which the reader can undo. */
  set code(text) {
    this.#view.dispatch({ changes: { from: 0, to: this.#view.state.doc.length, insert: text } });
  }

  /** @param {Marks} marks */
  mark(marks) {
    this.#draw({ marks });
  }

  /** @param {Lines | null} lit */
  light(lit) {
    this.#draw({ lit });
  }

  /** @param {Partial<{ marks: Marks, lit: Lines | null }>} change */
  #draw(change) {
    Object.assign(this.#wanted, change);
    this.#view.dispatch({ effects: decorate.of(this.#wanted) });
  }

  has() {
    return true;
  }

  /** @param {number} line the cursor goes there */
  show(line) {
    const { doc } = this.#view.state;
    const { from } = doc.line(Math.min(line, doc.lines));
    this.#view.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: "center" }) });
    this.#view.focus();
  }

  /** @param {Lines} lines are brought into view; the cursor stays */
  reveal({ from }) {
    const { doc } = this.#view.state;
    const at = doc.line(Math.min(from, doc.lines)).from;
    this.#view.dispatch({ effects: EditorView.scrollIntoView(at, { y: "nearest", yMargin: 80 }) });
  }

  focus() {
    this.#view.focus();
  }
}
