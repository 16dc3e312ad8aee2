// @ts-check
// Where the drill begins: what is due, which questions to ask, and the interviews that were held.
import { store } from "../progress/store.mjs";
import { button, heading, make } from "./parts.mjs";
import { DEPTHS, inOrder, Memory, sizesOf } from "./queue.mjs";
import { result } from "./mock.mjs";
import { clock, counted, labNumber, moment, when } from "./words.mjs";

/** @typedef {import("./drill.mjs").Drill} Drill */
/** @typedef {import("./queue.mjs").Entry} Entry */

/** @param {Drill} drill */
export function home(drill) {
  const now = Date.now();
  const memory = new Memory(store);
  const sizes = sizesOf(store.get("setting/drill"));
  const entries = inOrder(drill.entries);
  const plan = memory.plan(entries, drill.filter, sizes.fresh, now);
  const learned = plan.wanted.filter(({ id }) => memory.cards.has(id)).length;
  const weak = plan.wanted.filter(({ id }) => memory.weak(id)).length;
  const session = [...plan.due, ...plan.fresh].slice(0, sizes.size);
  const main = session.length
    ? button(`Start: ${counted(session.length, "question")}`, () => drill.review(session), { class: "ls-main" })
    : make("div", { class: "ls-empty" }, ...nothing(drill, plan, sizes.size, now));
  return make(
    "section",
    { class: "ls-home" },
    ...damage(memory),
    make(
      "dl",
      { class: "ls-counts" },
      ...pair("due now", plan.due.length),
      ...pair("new today", plan.fresh.length),
      ...pair("weak", weak),
      ...pair("learned", `${learned} of ${plan.wanted.length}`),
    ),
    filters(drill),
    make("div", { class: "ls-begin" }, main, settings(sizes)),
    ...interviews(drill, memory),
  );
}

/**
 * @param {string} name
 * @param {string | number} count
 */
const pair = (name, count) => [make("div", {}, make("dt", {}, name), make("dd", {}, String(count)))];

/** @param {Memory} memory */
function damage({ damaged }) {
  if (!damaged.length) return [];
  const names = damaged.map((key) => key.slice(key.indexOf("/") + 1)).join(", ");
  const counts = damaged.length === 1 ? "counts" : "count";
  return [
    make("p", { class: "ls-problem" }, `${counted(damaged.length, "entry", "entries")} of the drill cannot be read and ${counts} as not there: ${names}. What is kept stays as it is until you rate that question.`),
  ];
}

/**
 * Why there is nothing to ask, and what to do instead.
 * @param {Drill} drill
 * @param {ReturnType<Memory["plan"]>} plan
 * @param {number} size
 * @param {number} now
 */
function nothing(drill, { rest, ahead, next }, size, now) {
  if (!rest.length && !ahead.length) {
    const { weak } = drill.filter;
    const all = button("All questions", () => drill.choose({}), { class: "ls-main" });
    return [make("p", {}, weak ? "None of these questions is weak." : "No question fits."), make("div", { class: "ls-buttons" }, all)];
  }
  const due = next < Infinity ? ` The next one is due ${when(next, now)}.` : "";
  const more = rest.slice(0, size);
  const early = ahead.slice(0, size);
  const ways = [
    ...(more.length ? [button(`Learn ${more.length} new`, () => drill.review(more), { class: "ls-main" })] : []),
    ...(early.length ? [button(`Review ${early.length} early`, () => drill.review(early))] : []),
  ];
  const new_ = more.length ? " Today's new questions are done: learn more?" : "";
  return [make("p", {}, `Nothing is due.${due}${new_}`), make("div", { class: "ls-buttons" }, ...ways)];
}

/** @param {Drill} drill */
function filters(drill) {
  const { filter } = drill;
  const labs = [...new Set(drill.entries.map(({ lab }) => lab))];
  const lab = select("Lab", [["", "All labs"], ...labs.map((name) => [name, drill.labs[name]?.title ?? labNumber(name)])], filter.lab);
  const depth = select("Depth", [["", "Any depth"], ...DEPTHS.map((name) => [name, name])], filter.depth);
  const weak = make("input", { type: "checkbox", checked: Boolean(filter.weak) });
  const form = make(
    "div",
    { class: "ls-filters", role: "group", "aria-label": "Which questions" },
    lab.root,
    depth.root,
    make("label", { class: "ls-check" }, weak, make("span", {}, "Only weak ones")),
  );
  form.addEventListener("change", () =>
    drill.choose({ lab: lab.input.value || null, depth: depth.input.value || null, weak: weak.checked || null }),
  );
  return form;
}

/**
 * @param {string} label
 * @param {string[][]} options
 * @param {string | null | undefined} chosen
 */
function select(label, options, chosen) {
  const input = make(
    "select",
    { "aria-label": label },
    ...options.map(([value, text]) => make("option", { value, selected: value === (chosen ?? "") }, text)),
  );
  return { input, root: make("label", {}, make("span", {}, label), input) };
}

/** @param {import("./queue.mjs").Sizes} sizes */
function settings(sizes) {
  const number = (/** @type {"fresh" | "size"} */ name, /** @type {string} */ text, /** @type {number} */ least) => {
    const input = make("input", { type: "number", min: least, max: 100, value: sizes[name], "data-size": name });
    input.addEventListener("change", () => {
      const kept = store.get("setting/drill");
      if (input.validity.valid && input.value) store.set("setting/drill", { ...kept, ...sizes, [name]: Number(input.value) });
      else input.reportValidity();
    });
    return make("label", {}, make("span", {}, text), input);
  };
  return make("div", { class: "ls-sizes" }, number("fresh", "New a day", 0), number("size", "Questions a session", 1));
}

/**
 * @param {Drill} drill
 * @param {Memory} memory
 */
function interviews(drill, memory) {
  const open = memory.interviews(false).map(([key, { began, at, asked, left }]) => {
    const where = `question ${at + 1} of ${asked.length}, ${left > 0 ? `${clock(left)} left` : "time is up"}`;
    return make("li", {}, `${moment(began)}: ${where} `, button("Go on", () => drill.interview(key), { "aria-label": `Go on with the interview of ${moment(began)}` }));
  });
  const over = memory.interviews(true).map(([key, mock]) => {
    const { got, of } = result(mock);
    return make("li", {}, `${moment(mock.began)}: ${of ? `${got} of ${of} points` : "not scored"} `, button("Report", () => drill.report(key), { "aria-label": `Report of the interview of ${moment(mock.began)}` }));
  });
  return [
    heading("h2", "Mock interview"),
    make("p", {}, "Six questions from easy to hard, from different labs, each with a follow-up, in twenty minutes. Answer in any way, score yourself against the rubric, and get a report of what to revisit. You can pause, and leave and come back."),
    make("div", { class: "ls-buttons" }, button("Begin an interview", () => drill.interview(null), open.length ? {} : { class: "ls-main" })),
    ...(open.length ? [make("h3", {}, "Not finished"), make("ul", { class: "ls-held" }, ...open)] : []),
    ...(over.length ? [make("h3", {}, "Held so far"), make("ul", { class: "ls-held" }, ...over)] : []),
  ];
}
