// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { AGAIN, cardOf, EASY, GOOD, HARD, PAST } from "./kept.mjs";
import { rated, RATINGS, suggested } from "./schedule.mjs";

const NOW = Date.UTC(2026, 10, 22, 10);
const [MINUTE, DAY] = [60_000, 86_400_000];

/** @param {number} now */
const review = (now) => ({ now, drawn: "frames=81", got: 3, of: 4 });

test("a new question comes back within the session when it was not known, and after days when it was", () => {
  const [again, hard, good, easy] = RATINGS.map(([rating]) => rated(undefined, rating, review(NOW)).due - NOW);
  assert.equal(again, 10 * MINUTE);
  assert.ok(again < hard && hard < DAY && DAY <= good && good < easy);
});

test("the same ratings at the same times give the same card", () => {
  const ratings = /** @type {const} */ ([GOOD, HARD, AGAIN, GOOD, EASY, GOOD]);
  const played = () => ratings.reduce((card, rating) => rated(card, rating, review(card?.due ?? NOW)), /** @type {any} */ (undefined));
  assert.deepEqual(played(), played());
  assert.deepEqual(cardOf(JSON.parse(JSON.stringify(played()))), played(), "and it can be kept");
  assert.equal(played().past.length, PAST);
  assert.equal(played().first, NOW);
  assert.equal(played().lapses, 1);
});

test("who knows a question again and again is asked ever later, and after about a year at the latest", () => {
  let card = rated(undefined, GOOD, review(NOW));
  let wait = card.due - NOW;
  for (let n = 0; n < 12; n += 1) {
    const after = rated(card, GOOD, review(card.due));
    assert.ok(after.due - card.due >= wait);
    wait = after.due - card.due;
    card = after;
  }
  assert.ok(wait >= 365 * DAY && wait < 367 * DAY);
});

test("a forgotten question comes back soon, and from then on earlier than before", () => {
  const known = rated(rated(undefined, GOOD, review(NOW)), GOOD, review(NOW + 3 * DAY));
  const forgotten = rated(known, AGAIN, review(known.due));
  assert.equal(forgotten.due - known.due, 10 * MINUTE);
  const relearned = rated(forgotten, GOOD, review(forgotten.due));
  assert.ok(relearned.due - forgotten.due < known.due - known.last);
});

test("a score suggests a rating", () => {
  const all = (/** @type {number} */ of) => Array.from({ length: of + 1 }, (_, got) => suggested(got, of));
  assert.deepEqual(all(3), [AGAIN, AGAIN, HARD, EASY]);
  assert.deepEqual(all(4), [AGAIN, AGAIN, HARD, GOOD, EASY]);
  assert.deepEqual(all(5), [AGAIN, AGAIN, AGAIN, HARD, GOOD, EASY]);
});
