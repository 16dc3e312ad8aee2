// @ts-check
// The reader's progress as a page: what is done, what is weak, where to go on; and what is kept, as a
// file out and in, or erased. The model holds `pages`: chapters and labs in the order of the book, and
// `drill`: where it is, and the questions that it asks.
import { result } from "../drill/mock.mjs";
import { Memory } from "../drill/queue.mjs";
import { moment } from "../drill/words.mjs";
import { make } from "../elements.mjs";
import { begunOn, doneOn, weakOn } from "./course.mjs";
import { compared, counted, fileName, LARGEST, readBack, written } from "./file.mjs";
import style from "./progress.css";
import { store } from "./store.mjs";

/** @typedef {import("./store.mjs").Entry} Entry */
/** @typedef {import("./course.mjs").Work & { name: string, title: string, address: string, titles: Record<string, string> }} Page */

/** @typedef {{ address: string, title: string, ids: string[] }} DrillPage */

const DAY = new Intl.DateTimeFormat("en-US", { dateStyle: "medium" });
const HEAD = ["Lab", "Read", "Run", "Right at the first try", "Solved"];

export default { render };

/** @param {{ model: { get: (name: string) => any }, el: HTMLElement }} place */
function render({ model, el }) {
  const view = new Progress(model.get("pages"), model.get("drill"));
  el.replaceChildren(make("style", {}, style), view.root);
  return () => view.stop();
}

class Progress {
  #pages;
  #drill;
  #labs;
  #problem = make("div", { class: "ls-problem", role: "status" });
  #summary = make("div");
  #told = make("p", { role: "status" });
  #answers = make("div", { class: "ls-buttons" });
  #undos = make("div", { class: "ls-buttons" });
  #save = button("Save to a file", () => this.#saveFile());
  #erase = button("Erase everything", () => this.#askToErase());
  #drawing = false;

  /**
   * @param {Page[]} pages
   * @param {DrillPage} drill
   */
  constructor(pages, drill) {
    this.#pages = pages;
    this.#drill = drill;
    this.#labs = pages.filter(({ name }) => name.startsWith("lab-"));
    const file = make("input", { type: "file", accept: ".json,application/json", hidden: true });
    file.addEventListener("change", () => this.#take(file));
    this.root = make(
      "div",
      { class: "ls-progress" },
      this.#problem,
      this.#summary,
      make("h2", {}, "Keep it, move it, erase it"),
      make("p", {}, "All of this is kept in this browser, and nowhere else. As a file you can keep it, read it, and take it to another browser."),
      make("div", { class: "ls-buttons" }, this.#save, button("Take over a file…", () => file.click()), file, this.#erase),
      make("div", { class: "ls-outcome" }, this.#told, this.#answers, this.#undos),
    );
    this.#draw();
    // Many keys may change at once: they are drawn once.
    this.stop = store.on(() => {
      if (this.#drawing) return;
      this.#drawing = true;
      requestAnimationFrame(() => {
        this.#drawing = false;
        this.#draw();
      });
    });
  }

  #draw() {
    const focused = this.#summary.contains(document.activeElement) && document.activeElement?.getAttribute("href");
    const unreadable = store.unreadable();
    const empty = !store.keys().length;
    this.#problem.replaceChildren(
      ...(store.problem ? [make("p", {}, store.problem)] : []),
      ...(unreadable.length ? [this.#unreadable(unreadable)] : []),
    );
    this.#summary.replaceChildren(...(empty ? this.#empty() : [...this.#next(), this.#table(), ...this.#weak(), ...this.#drilled()]));
    this.#save.disabled = empty;
    this.#erase.disabled = empty && !unreadable.length;
    if (focused) /** @type {HTMLElement | null} */ (this.#summary.querySelector(`[href="${CSS.escape(focused)}"]`))?.focus();
  }

  #empty() {
    const [first] = this.#pages;
    return [
      make(
        "p",
        {},
        "Nothing is kept yet. Begin with ",
        link(first.address, first.title),
        ", or open a lab and answer its first question: what you read, run, predict and solve then shows here, and as a tick in the contents.",
      ),
      make("ul", {}, ...this.#labs.map(({ address, title }) => make("li", {}, link(address, title)))),
    ];
  }

  // Where the reader was last, and the first page from there on that is not read.
  #next() {
    const places = this.#pages.flatMap((page, index) => {
      const entry = store.entry(`place/${page.name}`);
      return entry ? [{ page, index, entry }] : [];
    });
    const last = places.sort((a, b) => b.entry.at - a.entry.at)[0];
    const { page, index, entry } = last ?? { index: -1 };
    const unread = (/** @type {Page} */ { name }) => name !== page?.name && !store.get(`read/${name}`);
    const next = this.#pages.slice(index + 1).find(unread) ?? this.#pages.find(unread);
    const { section, title } = /** @type {any} */ (entry?.value) ?? {};
    return [
      ...(page && entry && typeof section === "string"
        ? [make("p", {}, "Continue in ", link(`${page.address}#${encodeURIComponent(section)}`, pageAnd(page, title)), `, where you were on ${DAY.format(entry.at)}.`)]
        : []),
      make("p", {}, ...(next ? ["Next in the book: ", link(next.address, next.title), "."] : ["You have read all of the book."])),
    ];
  }

  #table() {
    const rows = this.#labs.map((lab) => {
      const done = doneOn(lab.name, lab, store);
      const chapter = store.get(`read/${lab.name.replace("lab-", "")}`) && "chapter";
      const read = [chapter, done.read && "lab"].filter(Boolean).join(", ");
      const left = lab.questions.length - done.answered.length;
      const unsolved = lab.exercises.length - done.solved.length;
      return make(
        "tr",
        {},
        make("th", { scope: "row" }, link(lab.address, lab.title)),
        cell(read),
        cell(done.ran && "yes"),
        cell(done.answered.length && `${done.right.length} of ${done.answered.length}`, left && `${left} to answer`),
        cell(done.solved.length && `${done.solved.length} of ${lab.exercises.length}`, unsolved && `${unsolved} to solve`),
      );
    });
    return make(
      "div",
      { class: "ls-table", role: "region", "aria-label": "What is done", tabindex: 0 },
      make(
        "table",
        {},
        make("thead", {}, make("tr", {}, ...HEAD.map((title) => make("th", { scope: "col" }, title)))),
        make("tbody", {}, ...rows),
      ),
    );
  }

  #weak() {
    const weak = this.#labs.flatMap((lab) => weakOn(lab.name, lab, store).map((found) => ({ lab, ...found })));
    const begun = this.#labs.flatMap((lab) => begunOn(lab.name, lab, store).map((id) => ({ lab, id })));
    const items = [
      ...weak
        .toSorted((a, b) => Number(b.open) - Number(a.open))
        .map(({ lab, id, rule, open }) => [
          link(`${lab.address}#predict-${id}`, pageAnd(lab, lab.titles[id])),
          rule === null ? ": you had its answer shown." : `: ${open ? "your" : "right by now; your first"} answer is what you get when ${rule}.`,
        ]),
      ...begun.map(({ lab, id }) => [link(`${lab.address}#exercises`, pageAnd(lab, id)), ": begun, not solved yet."]),
    ];
    if (!items.length) return [];
    return [make("h2", {}, "Worth another look"), make("ul", {}, ...items.map((parts) => make("li", {}, ...parts)))];
  }

  // How far the drill has come, and the interviews that were held.
  #drilled() {
    const { address, title, ids } = this.#drill;
    const [memory, now] = [new Memory(store), Date.now()];
    const cards = ids.flatMap((id) => memory.cards.get(id) ?? []);
    const held = memory.interviews(true);
    const open = memory.interviews(false).length;
    if (!cards.length && !held.length && !open) return [];
    const due = cards.filter((card) => card.due <= now).length;
    const weak = ids.filter((id) => memory.weak(id)).length;
    const interviews = held.map(([, mock]) => {
      const { got, of } = result(mock);
      return make("li", {}, `Mock interview of ${moment(mock.began)}: ${of ? `${got} of ${of} points` : "not scored"}`);
    });
    if (open) interviews.push(make("li", {}, `${open === 1 ? "A mock interview is" : `${open} mock interviews are`} not finished.`));
    return [
      make("h2", {}, title),
      make("p", {}, `${cards.length} of ${ids.length} questions learned, ${due} due now, ${weak} weak: `, link(address, "go on in the drill"), "."),
      ...(interviews.length ? [make("ul", {}, ...interviews)] : []),
    ];
  }

  /** @param {{ key: string, text: string }[]} found */
  #unreadable(found) {
    const count = found.length === 1 ? "1 entry" : `${found.length} entries`;
    const save = () => {
      const entries = Object.fromEntries(found.map(({ key, text }) => [key, text]));
      download("latent-shapes-unreadable.json", `${JSON.stringify(entries, null, 2)}\n`);
    };
    return make(
      "p",
      {},
      `${count} in this browser could not be read: damaged, or written by another version of this book. Nothing was thrown away. `,
      button("Save what could not be read", save),
    );
  }

  #saveFile() {
    const [now, entries] = [new Date(), store.entries()];
    download(fileName(now), written(entries, now));
    this.#tell(`Saved: ${counted([...entries.keys()])}.`);
  }

  /** @param {HTMLInputElement} input */
  async #take(input) {
    const file = input.files?.[0];
    if (!file) return;
    input.value = ""; // so that the same file can be chosen again
    try {
      if (file.size > LARGEST) throw new Error("This file is far too large for progress: expected one that was saved on this page.");
      this.#askToTake(readBack(await file.text()));
    } catch (error) {
      this.#tell(`${/** @type {Error} */ (error).message} Nothing was changed.`);
    }
  }

  /** @param {{ saved: Date, entries: Map<string, Entry> }} file */
  #askToTake({ saved, entries }) {
    const { added, replaced, kept } = compared(entries, store);
    if (!added.length && !replaced.length) {
      this.#tell("All that this file holds is here already, as it is there or later. Nothing was changed.");
      return;
    }
    const says = [
      added.length && `adds ${counted(added)}`,
      replaced.length && `replaces ${counted(replaced)} by what is later in the file`,
    ].filter(Boolean);
    const stays = kept.length ? ` What is here and as late or later stays: ${counted(kept)}.` : "";
    this.#ask(
      `This file of ${DAY.format(saved)} ${says.join(", and ")}.${stays} Take it over?`,
      button("Take it over", () => {
        const before = [...added, ...replaced].map((key) => ({ key, own: store.entry(key) }));
        for (const [key, entry] of entries) store.merge(key, entry);
        this.#offer("Undo the take-over", () => {
          for (const { key, own } of before) {
            if (store.entry(key)?.at !== entries.get(key)?.at) continue; // changed again since
            store.remove(key);
            if (own) store.merge(key, own);
          }
          this.#tell("All is as it was before the file.");
        });
        this.#tell("Taken over. Until you leave this page, that can be undone.");
      }),
      button("Leave it", () => this.#tell("Nothing was changed.")),
    );
  }

  #askToErase() {
    const what = [counted([...store.entries().keys()]), store.unreadable().length && "what could not be read"];
    this.#ask(
      `Erase ${what.filter(Boolean).join(", and ")}?`,
      button("No, keep it", () => this.#tell("Nothing was erased.")),
      button("Yes, erase it", () => {
        const undo = store.erase();
        this.#offer("Bring back what was erased", () => {
          undo();
          this.#tell("All is back.");
        });
        this.#tell("Erased. Until you leave this page, it can be brought back.");
      }),
    );
  }

  /**
   * @param {string} question
   * @param {HTMLButtonElement[]} answers
   */
  #ask(question, ...answers) {
    this.#told.textContent = question;
    this.#answers.replaceChildren(...answers);
    answers[0].focus();
  }

  /**
   * A way back that stays until it is taken or the page is left.
   * @param {string} text
   * @param {() => void} back
   */
  #offer(text, back) {
    const offered = button(text, () => {
      back();
      offered.remove();
      this.#focus(this.root);
    });
    this.#undos.append(offered);
  }

  /** @param {string} sentence */
  #tell(sentence) {
    const had = this.#answers.contains(document.activeElement);
    this.#told.textContent = sentence;
    this.#answers.replaceChildren();
    if (had) this.#focus(this.#undos.lastElementChild ?? this.root);
  }

  /** @param {Element} place a button, or where the first is taken that can be used */
  #focus(place) {
    this.#draw(); // now, because a button that has nothing to do cannot be focused
    const target = place.matches("button") ? place : place.querySelector(".ls-buttons button:enabled");
    /** @type {HTMLElement | null} */ (target)?.focus();
  }
}

/**
 * @param {string} text
 * @param {() => void} act
 */
function button(text, act) {
  const element = make("button", { type: "button" }, text);
  element.addEventListener("click", act);
  return element;
}

/**
 * @param {string} address
 * @param {string} text
 */
const link = (address, text) => make("a", { href: address }, text);

/**
 * @param {Page} page
 * @param {unknown} part
 */
const pageAnd = ({ title }, part) => (part && part !== title ? `${title}: ${part}` : title);

/**
 * A cell of the table: what is done and what is left, or a dash.
 * @param {string | number | false} done
 * @param {string | number} left
 */
function cell(done, left = "") {
  const parts = [...(done ? [String(done)] : []), ...(left ? [make("small", {}, String(left))] : [])];
  const nothing = [make("span", { "aria-hidden": "true" }, "–"), make("span", { class: "visually-hidden" }, "not yet")];
  return make("td", {}, ...(parts.length ? parts : nothing));
}

/**
 * @param {string} name
 * @param {string} text
 */
function download(name, text) {
  const address = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  make("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
