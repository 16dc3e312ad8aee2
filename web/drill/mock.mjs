// @ts-check
// A mock interview: which six questions, and where the candidate stands in it. Nothing here is drawn.
import { points } from "./kept.mjs";
import { DEPTHS, ENOUGH } from "./queue.mjs";

/** @typedef {import("./kept.mjs").Asked} Asked */
/** @typedef {import("./kept.mjs").Mock} Mock */
/** @typedef {import("./queue.mjs").Entry} Entry */
/** @typedef {import("./queue.mjs").Memory} Memory */
/** @typedef {import("./bank.mjs").Question} Question */

export const SECONDS = 20 * 60;
const [WARM_UP, CORE, EXPERT] = DEPTHS;
export const SPREAD = [WARM_UP, CORE, CORE, CORE, EXPERT, EXPERT];
const WEAK = 4; // times as likely as others
const JUST_ASKED = 1 / 8; // as likely, when it was in the last interview

/**
 * The questions of an interview, from easy to hard: each of another lab while there is one, the weak
 * more likely, those of the last interview less. The same seed draws the same.
 * @param {Entry[]} entries
 * @param {Memory} memory
 * @param {number} seed
 */
export function drawn(entries, memory, seed) {
  const random = mulberry(seed);
  const last = [...memory.mocks.values()].toSorted((a, b) => a.began - b.began).at(-1);
  const before = new Set(last?.asked.map(({ id }) => id));
  const weight = (/** @type {Entry} */ { id }) => (memory.weak(id) ? WEAK : 1) * (before.has(id) ? JUST_ASKED : 1);
  /** @type {Entry[]} */
  const taken = [];
  for (const depth of SPREAD) {
    const left = entries.filter((entry) => !taken.includes(entry));
    const labs = new Set(taken.map(({ lab }) => lab));
    const choices = [
      left.filter((entry) => entry.depth === depth && !labs.has(entry.lab)),
      left.filter((entry) => entry.depth === depth),
      left,
    ].find((some) => some.length);
    if (choices) taken.push(weighted(choices, choices.map(weight), random()));
  }
  return taken.toSorted((a, b) => DEPTHS.indexOf(a.depth) - DEPTHS.indexOf(b.depth));
}

/**
 * An interview that begins.
 * @param {Question[]} questions
 * @param {number} now which is also the seed of what is left to chance
 * @returns {Mock}
 */
export function begun(questions, now) {
  const random = mulberry(now + 1);
  const asked = questions.map(({ id, lab, title, depth, versions }) => {
    const version = versions[Math.floor(random() * versions.length)];
    return {
      ...{ id, lab, title, depth, drawn: version.drawn, follow: Math.floor(random() * version.follow.length) },
      ...{ text: "", said: "", points: version.rubric.map(() => false), missed: [], scored: false, had: null },
    };
  });
  return { began: now, left: SECONDS, at: 0, stage: "ask", over: null, asked };
}

/**
 * The interview at the candidate's next step; after the last question it is over.
 * @param {Mock} mock
 * @param {number} now
 * @returns {Mock}
 */
export function advanced(mock, now) {
  if (mock.stage === "ask") return { ...mock, stage: "score" };
  if (mock.stage === "score") return { ...mock, stage: "follow" };
  if (mock.stage === "follow") return { ...mock, stage: "had" };
  if (mock.at + 1 === mock.asked.length) return { ...mock, over: now };
  return { ...mock, at: mock.at + 1, stage: "ask" };
}

/**
 * The interview with what has changed in the question that is asked.
 * @param {Mock} mock
 * @param {Partial<Asked>} change
 * @returns {Mock}
 */
export const changed = (mock, change) => ({
  ...mock,
  asked: mock.asked.map((one, index) => (index === mock.at ? { ...one, ...change } : one)),
});

/**
 * All points of an interview, and what to revisit: the questions that were weak, by lab.
 * @param {Mock} mock
 */
export function result({ asked }) {
  const scored = asked.filter((one) => one.scored).map((one) => ({ ...one, ...points(one) }));
  const weak = scored.filter(({ got, of }) => got / of < ENOUGH);
  return {
    scored,
    unreached: asked.filter((one) => !one.scored),
    got: scored.reduce((sum, { got }) => sum + got, 0),
    of: scored.reduce((sum, { of }) => sum + of, 0),
    revisit: [...new Set(weak.map(({ lab }) => lab))].map((lab) => ({ lab, weak: weak.filter((one) => one.lab === lab) })),
  };
}

/**
 * @template Choice
 * @param {Choice[]} choices
 * @param {number[]} weights
 * @param {number} share between 0 and 1
 */
function weighted(choices, weights, share) {
  let left = share * weights.reduce((sum, weight) => sum + weight, 0);
  return choices.find((_, index) => (left -= weights[index]) < 0) ?? choices[choices.length - 1];
}

/**
 * Random numbers between 0 and 1 that a seed decides: mulberry32.
 * @param {number} seed
 */
function mulberry(seed) {
  let state = seed % 2 ** 32;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
