// @ts-check
// A question: an answer is chosen, committed, and only then is anything revealed.
// The model holds `question`. In a notebook it also holds `record`, what was answered; in the page
// the reader's browser keeps that.
import { make } from "../elements.mjs";
import { store } from "../progress/store.mjs";
import palette from "../../code/latentlab/figure.css";
import style from "./question.css";
import { RIGHT, asked, committed, renewed, restored, shown } from "./record.mjs";

/** @typedef {import("./record.mjs").Answer} Answer */
/** @typedef {import("./record.mjs").Option} Option */
/** @typedef {import("./record.mjs").Question} Question */
/** @typedef {import("./record.mjs").Instance} Instance */
/** @typedef {{ get: () => any, set: (answer: Answer) => void, on: (listen: () => void) => () => void, problem: string | null }} Keeper */

const STARTER = "the-starter-file"; // the heading above the starter, in the page

export default { render };

/** @param {import("../part.d.ts").Place} place */
function render({ model, el }) {
  const question = /** @type {Question} */ (model.get("question"));
  const keeper = model.get("record") === undefined ? inBrowser(question) : inModel(model);
  const form = new Form(question, keeper);
  el.replaceChildren(form.root);
  return keeper.on(() => form.follow());
}

/**
 * @param {Question} question
 * @returns {Keeper}
 */
function inBrowser({ lab, id }) {
  const key = `answer/${lab}/${id}`;
  return {
    get: () => store.get(key),
    set: (answer) => store.set(key, answer),
    on: (listen) => store.on((changed) => (changed === key || changed === "") && listen()),
    get problem() {
      return store.problem;
    },
  };
}

/**
 * @param {import("../part.d.ts").Model} model
 * @returns {Keeper}
 */
function inModel(model) {
  return {
    get: () => model.get("record"),
    set: (answer) => {
      model.set("record", answer);
      model.save_changes();
    },
    on: (listen) => {
      model.on("change:record", listen);
      return () => model.off("change:record", listen);
    },
    problem: null,
  };
}

class Form {
  /**
   * @param {Question} question
   * @param {Keeper} keeper
   */
  constructor(question, keeper) {
    this.question = question;
    this.keeper = keeper;
    this.answer = restored(keeper.get(), question);
    this.options = make("fieldset");
    this.commit = button("Commit", { type: "submit", class: "ls-commit" });
    this.reveal = button("Show the answer", { type: "button" });
    this.again = button(question.instances.length > 1 ? "New numbers" : "Ask me again", { type: "button" });
    this.feedback = make("div", { class: "ls-feedback", role: "status" });
    this.root = make(
      "form",
      // The attribute leaves the arrow keys to the answers, where a notebook would take them.
      { class: "ls-predict ls-question", autocomplete: "off", "data-lm-suppress-shortcuts": "true" },
      make("style", {}, palette + style),
      this.options,
      make("div", { class: "ls-buttons" }, this.commit, this.reveal, this.again),
      this.feedback,
    );
    this.root.addEventListener("submit", (event) => {
      event.preventDefault();
      this.take();
    });
    this.reveal.addEventListener("click", () => {
      this.become(shown(this.answer));
      this.again.focus();
    });
    this.again.addEventListener("click", () => {
      this.become(renewed(this.answer, question));
      this.options.querySelector("input")?.focus();
    });
    this.draw();
  }

  /** The instance that is asked. */
  get instance() {
    return asked(this.answer, this.question);
  }

  /** The option that is chosen and not yet committed. */
  get chosen() {
    const input = this.options.querySelector("input:checked:enabled");
    return this.instance.options[Number(/** @type {HTMLInputElement | null} */ (input)?.value ?? NaN)];
  }

  take() {
    const option = this.chosen;
    if (!option) {
      this.feedback.replaceChildren(make("p", {}, "Choose an answer first; nothing is shown before."));
      /** @type {HTMLElement | null} */ (this.options.querySelector("input:enabled"))?.focus();
      return;
    }
    this.become(committed(this.answer, option));
    if (this.answer.over) this.again.focus();
  }

  /** @param {Answer} answer */
  become(answer) {
    this.answer = answer;
    this.keeper.set(answer);
    this.draw();
  }

  /** Follow what was answered elsewhere, in another tab or view; its own answers come back as well. */
  follow() {
    const answer = restored(this.keeper.get(), this.question);
    if (JSON.stringify(answer) === JSON.stringify(this.answer)) return;
    this.answer = answer;
    this.draw();
  }

  draw() {
    const { answer, instance, question } = this;
    const chosen = this.chosen;
    this.options.replaceChildren(
      make("legend", {}, ...marked(instance.prompt)),
      ...instance.options.map((option, index) => line(option, index, answer, option === chosen)),
    );
    this.commit.hidden = answer.over !== null;
    this.reveal.hidden = answer.over !== null || !answer.tried.length;
    this.again.hidden = answer.over === null;
    this.feedback.replaceChildren(...told(answer, instance));
    if (answer.tries && this.keeper.problem) {
      this.feedback.append(make("p", { class: "ls-unkept" }, this.keeper.problem));
    }
    this.root.dataset.over = answer.over ?? "";
    this.root.setAttribute("data-question", question.id);
  }
}

/**
 * An answer to choose; after it was tried or revealed, a word beside it says what it was.
 * @param {Option} option
 * @param {number} index
 * @param {Answer} answer
 * @param {boolean} chosen
 */
function line({ answer: words, rule }, index, { tried, over }, chosen) {
  const was = rule === null ? over && (over === RIGHT ? "right" : "the answer") : tried.includes(rule) && "not this one";
  const input = make("input", {
    type: "radio",
    name: "answer",
    value: String(index),
    disabled: over !== null || Boolean(was),
    checked: chosen && !was,
  });
  const looks = /[a-z]{3}/i.test(words) ? "ls-answer ls-words" : "ls-answer";
  return make(
    "label",
    { class: was ? `ls-option ${rule === null ? "ls-good" : "ls-bad"}` : "ls-option" },
    input,
    make("span", { class: looks }, ...marked(words)),
    ...(was ? [make("span", { class: "ls-was" }, was)] : []),
  );
}

/**
 * What the last commit revealed: no more than the rule behind a wrong answer, until it is over.
 * @param {Answer} answer
 * @param {Instance} instance
 */
function told({ tried, over }, { because, options, run }) {
  const rule = tried.at(-1);
  const right = options.find((option) => option.rule === null)?.answer ?? "";
  const said = [];
  if (over === RIGHT) said.push(make("p", {}, make("strong", { class: "ls-right" }, "Right.")));
  else if (over) said.push(make("p", {}, make("strong", {}, "The answer: "), ...marked(`${right}.`)));
  else if (rule !== undefined) {
    const verdict = make("strong", { class: "ls-wrong" }, "Not this one.");
    said.push(make("p", {}, verdict, " That is what you get when ", ...marked(`${rule}.`)));
  }
  if (said.length && run) said.push(toRun(run));
  if (over) said.push(make("p", {}, ...marked(because)));
  return said;
}

/** @param {string} call */
function toRun(call) {
  const place = document.getElementById(STARTER)
    ? make("a", { href: `#${STARTER}` }, "the starter file")
    : "the starter file";
  return make("p", {}, "Run it: put ", make("code", {}, `print(${call})`), " at the end of ", place, ".");
}

/**
 * @param {string} words
 * @param {Record<string, string>} attributes
 */
const button = (words, attributes) => make("button", attributes, words);

/**
 * A text with code between backticks, and axes that stay on one line.
 * @param {string} text
 * @returns {(string | Element)[]}
 */
function marked(text) {
  const parts = text.replaceAll("B C T H W", "B C T H W".replaceAll(" ", "\u00a0")).split("`");
  return parts.map((part, index) => (index % 2 ? make("code", {}, part) : part));
}
