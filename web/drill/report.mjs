// @ts-check
// What an interview showed: the score of each question, the points that were missed, what to revisit.
import { button, heading, link, make, marked } from "./parts.mjs";
import { result, SECONDS } from "./mock.mjs";
import { clock, labNumber, moment } from "./words.mjs";

/** @typedef {import("./drill.mjs").Drill} Drill */
/** @typedef {import("./kept.mjs").Mock} Mock */

/**
 * @param {Drill} drill
 * @param {Mock} mock
 * @param {() => void} resume
 */
export function report(drill, mock, resume) {
  const { scored, unreached, got, of, revisit } = result(mock);
  const head = heading("h2", `Mock interview of ${moment(mock.began)}`);
  const used = clock(SECONDS - mock.left);
  const rows = mock.asked.map((one) => {
    const found = scored.find(({ id }) => id === one.id);
    return make(
      "tr",
      {},
      make("th", { scope: "row" }, link(`${drill.bankPage}#${one.id}`, one.title), make("small", {}, `${labNumber(one.lab)} · ${one.depth}`)),
      make("td", {}, found ? `${found.got} of ${found.of}` : "not reached"),
      make("td", {}, { true: "yes", false: "no", null: "not reached" }[`${one.had}`] ?? ""),
    );
  });
  const missed = scored.flatMap(({ id, title, missed }) =>
    missed.length ? [make("li", { "data-id": id }, title, make("ul", {}, ...missed.map((words) => make("li", {}, ...marked(words)))))] : [],
  );
  const root = make(
    "section",
    { class: "ls-card ls-report" },
    head,
    make("p", { class: "ls-total" }, of ? `${got} of ${of} points` : "No question was scored"),
    make("p", {}, `In ${used}, of ${clock(SECONDS)}. A point for each line of the rubric, and one for each follow-up.`),
    make(
      "div",
      { class: "ls-table", role: "region", "aria-label": "Score by question", tabindex: 0 },
      make(
        "table",
        {},
        make("thead", {}, make("tr", {}, ...["Question", "Points", "Follow-up"].map((title) => make("th", { scope: "col" }, title)))),
        make("tbody", {}, ...rows),
      ),
    ),
    ...(missed.length ? [make("h3", {}, "What you left unticked"), make("ul", { class: "ls-missed" }, ...missed)] : []),
    make("h3", {}, "What to revisit"),
    ...(revisit.length
      ? [make("ul", { class: "ls-revisit" }, ...revisit.map(({ lab, weak }) => visit(drill, lab, weak)))]
      : [make("p", {}, of ? "Nothing stands out: every question made at least three quarters of its points." : "Nothing yet: score a question first.")]),
    make(
      "div",
      { class: "ls-buttons" },
      button("Back to the drill", () => drill.home(), { class: "ls-main" }),
      ...(unreached.length ? [button("Go on with it", resume)] : []),
      button("Print", () => window.print()),
    ),
  );
  return { root, head };
}

/**
 * @param {Drill} drill
 * @param {string} name
 * @param {{ title: string, got: number, of: number }[]} weak
 */
function visit(drill, name, weak) {
  const lab = drill.labs[name];
  const why = weak.map(({ title, got, of }) => `${title}, ${got} of ${of}`).join("; ");
  const where = lab ? [link(lab.chapter.address, lab.chapter.title), " and ", link(lab.address, lab.title)] : [labNumber(name)];
  return make("li", {}, ...where, ` (${why})`);
}
