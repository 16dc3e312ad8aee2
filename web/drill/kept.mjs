// @ts-check
// What the drill keeps: a card for each question that was rated, and a mock interview. What stands in
// the store may be of any form: only what passes here is used. Nothing here is drawn.

/** @typedef {{ at: number, got: number, of: number, rating: number }} Review points of the rubric, of none where they were not counted, and how it was rated */

/**
 * A question in the reader's memory, as FSRS has it, with times in ms since 1970; `first` is when it
 * was learned, `drawn` the numbers it was last asked with, `past` its last reviews.
 * @typedef {{
 *   due: number, last: number, first: number, stability: number, difficulty: number, days: number,
 *   step: number, reps: number, lapses: number, state: number, drawn: string, past: Review[],
 * }} Card
 */

/**
 * @typedef {{
 *   id: string, lab: string, title: string, depth: string, drawn: string, follow: number, text: string, said: string,
 *   points: boolean[], missed: string[], scored: boolean, had: boolean | null,
 * }} Asked a question of an interview: `missed` are the points that were not made, in words,
 * `text` and `said` what was written to the question and to its follow-up, `had` whether that was answered
 * @typedef {"ask" | "score" | "follow" | "had"} Stage
 * @typedef {{ began: number, left: number, at: number, stage: Stage, over: number | null, asked: Asked[] }} Mock
 */

export const PAST = 5; // reviews that a card remembers
export const [AGAIN, HARD, GOOD, EASY] = /** @type {const} */ ([1, 2, 3, 4]); // as FSRS counts them
const STAGES = ["ask", "score", "follow", "had"];

/**
 * The card that was kept, or nothing where it is none.
 * @param {any} kept
 * @returns {Card | undefined}
 */
export function cardOf(kept) {
  const good =
    isRecord(kept) &&
    [kept.due, kept.last, kept.first].every((at) => isNumber(at, 0, 1e15)) &&
    isNumber(kept.stability, 0, 1e6) &&
    kept.stability > 0 &&
    isNumber(kept.difficulty, 1, 10) &&
    [kept.days, kept.step, kept.reps, kept.lapses].every((count) => isCount(count)) &&
    [1, 2, 3].includes(kept.state) &&
    typeof kept.drawn === "string" &&
    Array.isArray(kept.past) &&
    kept.past.length > 0 &&
    kept.past.length <= PAST &&
    kept.past.every(isReview);
  return good ? kept : undefined;
}

/**
 * The interview that was kept, or nothing where it is none.
 * @param {any} kept
 * @returns {Mock | undefined}
 */
export function mockOf(kept) {
  const good =
    isRecord(kept) &&
    isNumber(kept.began, 0, 1e15) &&
    isNumber(kept.left, -1e6, 1e6) &&
    (kept.over === null || isNumber(kept.over, 0, 1e15)) &&
    STAGES.includes(kept.stage) &&
    Array.isArray(kept.asked) &&
    kept.asked.every(isAsked) &&
    isCount(kept.at) &&
    kept.at < kept.asked.length;
  return good ? kept : undefined;
}

/**
 * What is wrong with a value under such a key, in words; nothing where it may stand there.
 * @param {string} key
 * @param {unknown} value
 * @returns {string | undefined}
 */
export function fault(key, value) {
  if (key.startsWith("card/") && !cardOf(value)) return "is no card of the drill";
  if (key.startsWith("mock/") && !mockOf(value)) return "is no mock interview";
  return undefined;
}

/**
 * The points of a question, with one for the follow-up once that was scored.
 * @param {Asked} asked
 */
export const points = ({ points: made, had }) => ({
  got: made.filter(Boolean).length + Number(had === true),
  of: made.length + Number(had !== null),
});

/** @param {any} review */
const isReview = (review) =>
  isRecord(review) &&
  isNumber(review.at, 0, 1e15) &&
  isCount(review.got) &&
  isCount(review.of) &&
  review.got <= review.of &&
  [AGAIN, HARD, GOOD, EASY].includes(review.rating);

/** @param {any} asked */
const isAsked = (asked) =>
  isRecord(asked) &&
  [asked.id, asked.lab, asked.title, asked.depth, asked.drawn, asked.text, asked.said].every((text) => typeof text === "string") &&
  [0, 1].includes(asked.follow) &&
  Array.isArray(asked.points) &&
  asked.points.every((/** @type {unknown} */ point) => typeof point === "boolean") &&
  Array.isArray(asked.missed) &&
  asked.missed.every((/** @type {unknown} */ words) => typeof words === "string") &&
  typeof asked.scored === "boolean" &&
  [true, false, null].includes(asked.had);

/** @param {unknown} found */
const isRecord = (found) => typeof found === "object" && found !== null && !Array.isArray(found);

/** @param {unknown} found */
const isCount = (found) => Number.isInteger(found) && /** @type {number} */ (found) >= 0;

/**
 * @param {unknown} found
 * @param {number} least
 * @param {number} most
 */
const isNumber = (found, least, most) => typeof found === "number" && found >= least && found <= most;
