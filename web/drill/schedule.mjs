// @ts-check
// When a question comes back: FSRS, without chance, so that the same ratings give the same dates.
// What was forgotten comes back within the session, everything else after a day or more.
import { createEmptyCard, fsrs } from "ts-fsrs";
import { AGAIN, EASY, GOOD, HARD, PAST } from "./kept.mjs";

/** @typedef {import("./kept.mjs").Card} Card */
/** @typedef {1 | 2 | 3 | 4} Rating */

export const RATINGS = /** @type {[Rating, string][]} */ ([
  [AGAIN, "Again"],
  [HARD, "Hard"],
  [GOOD, "Good"],
  [EASY, "Easy"],
]);
const YEAR = 365; // days; nobody prepares for an interview longer than that

const scheduler = fsrs({
  enable_fuzz: false,
  learning_steps: ["10m"],
  relearning_steps: ["10m"],
  maximum_interval: YEAR,
});

/**
 * The card after a rating. Without a card, the question is new.
 * @param {Card | undefined} card
 * @param {Rating} rating
 * @param {{ now: number, drawn: string, got: number, of: number }} review
 * @returns {Card}
 */
export function rated(card, rating, { now, drawn, got, of }) {
  const before = card ? asFsrs(card) : createEmptyCard(new Date(now));
  const { card: after } = scheduler.next(before, new Date(now), rating);
  return {
    due: after.due.getTime(),
    last: now,
    first: card?.first ?? now,
    stability: after.stability,
    difficulty: after.difficulty,
    days: after.scheduled_days,
    step: after.learning_steps,
    reps: after.reps,
    lapses: after.lapses,
    state: after.state,
    drawn,
    past: [...(card?.past ?? []), { at: now, got, of, rating }].slice(-PAST),
  };
}

/**
 * The rating that a score suggests: all points, all but a few, half of them, fewer.
 * @param {number} got
 * @param {number} of
 * @returns {Rating}
 */
export function suggested(got, of) {
  const share = got / of;
  if (share < 1 / 2) return AGAIN;
  if (share < 3 / 4) return HARD;
  return share < 1 ? GOOD : EASY;
}

/** @param {Card} card */
const asFsrs = ({ due, last, stability, difficulty, days, step, reps, lapses, state }) => ({
  due: new Date(due),
  last_review: new Date(last),
  stability,
  difficulty,
  elapsed_days: 0,
  scheduled_days: days,
  learning_steps: step,
  reps,
  lapses,
  state,
});
