import assert from "node:assert/strict";
import { test } from "node:test";
import { Reading } from "./reading.mjs";

/**
 * After how many seconds at each place a page is read, or never.
 * @param {[from: number, to: number][]} screens
 */
function readAfter(screens) {
  const reading = new Reading();
  const found = screens.findIndex(([from, to]) => reading.second(from, to));
  return found < 0 ? "never" : found + 1;
}

/**
 * @param {number} count
 * @param {[number, number]} screen
 */
const seconds = (count, screen) => Array(count).fill(screen);

test("a page that fits the screen is read after three seconds", () => {
  assert.equal(readAfter(seconds(5, [-0.1, 1.4])), 3);
});

test("the end for three seconds is enough", () => {
  assert.equal(readAfter([...seconds(10, [0, 0.1]), ...seconds(5, [0.9, 1.05])]), 13);
});

test("a glance at the end is not", () => {
  assert.equal(readAfter([...seconds(2, [0.9, 1]), ...seconds(60, [0, 0.1])]), "never");
});

test("four fifths are enough, and three quarters are not", () => {
  const upTo = (/** @type {number} */ parts) =>
    Array.from({ length: parts }, (_, part) => seconds(3, [part / 20, (part + 1) / 20])).flat();
  assert.equal(readAfter(upTo(20)), 48);
  assert.equal(readAfter(upTo(15)), "never");
});

test("scrolling through without a stop is not reading", () => {
  assert.equal(readAfter(Array.from({ length: 20 }, (_, part) => [part / 20, (part + 1) / 20])), "never");
});
