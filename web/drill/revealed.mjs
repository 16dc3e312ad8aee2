// @ts-check
// What is shown after the answer: the model answer beside the reader's own, and the rubric.
import { heading, link, make, marked, paragraphs } from "./parts.mjs";

/** @typedef {import("./bank.mjs").Question} Question */
/** @typedef {import("./bank.mjs").Version} Version */
/** @typedef {{ title: string, address: string, chapter: { title: string, address: string } }} Lab */

const LETTERS = "abcdefgh";

/**
 * The rubric: a box to tick for each point that was made, with a letter as its key.
 * @param {Version} version
 * @param {boolean[]} made
 * @param {(made: boolean[]) => void} change
 */
export function rubric({ rubric }, made, change) {
  const boxes = rubric.map((_, index) => make("input", { type: "checkbox", checked: made[index] }));
  const score = make("p", { class: "ls-score", role: "status" });
  const count = () => {
    const got = boxes.filter((box) => box.checked).length;
    score.textContent = `${got} of ${boxes.length} points`;
  };
  const lines = rubric.map((point, index) =>
    make("label", {}, boxes[index], make("span", {}, ...marked(point)), make("kbd", { "aria-hidden": "true" }, LETTERS[index])),
  );
  for (const box of boxes) {
    box.addEventListener("change", () => {
      count();
      change(boxes.map(({ checked }) => checked));
    });
  }
  count();
  const root = make("fieldset", { class: "ls-rubric" }, make("legend", {}, "Which of these did you say?"), ...lines, score);
  /** @param {string} key */
  const press = (key) => {
    const box = boxes[LETTERS.indexOf(key)];
    box?.click();
    return Boolean(box);
  };
  return { root, press };
}

/**
 * The model answer, and how the numbers are worked out.
 * @param {Version} version
 */
export function model({ answer, steps }) {
  const head = heading("h3", "A model answer");
  const worked = steps.length
    ? [make("h3", {}, "Step by step"), make("ol", {}, ...steps.map((step) => make("li", {}, ...marked(step))))]
    : [];
  return { head, root: make("div", { class: "ls-model" }, head, ...paragraphs(answer), ...worked) };
}

/** @param {HTMLElement[]} own */
export const yours = (own) => (own.length ? [make("div", { class: "ls-yours" }, make("h3", {}, "Your answer"), ...own)] : []);

/** @param {Version} version */
export const followUps = ({ follow }) => [
  make("h3", {}, "Then they ask"),
  ...follow.map(({ ask, answer }) =>
    make("details", {}, make("summary", {}, ...marked(ask)), ...paragraphs(answer)),
  ),
];

/** @param {Question} question */
export const misconception = ({ probes }) =>
  make("p", { class: "ls-probes" }, make("strong", {}, "What it probes: "), ...marked(probes));

/**
 * Where to read on.
 * @param {string} id
 * @param {Lab} lab
 * @param {string} bank the page of the bank
 */
export const readOn = (id, { title, address, chapter }, bank) =>
  make(
    "p",
    { class: "ls-read-on" },
    ...["Read on: ", link(chapter.address, chapter.title), " · ", link(address, title), " · "],
    link(`${bank}#${id}`, "with its sources, in the bank"),
  );
