// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { clock, counted, labNumber, span, when } from "./words.mjs";

const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000];

test("a span is told in its largest unit", () => {
  const told = [0, MINUTE, 10 * MINUTE, 3 * HOUR, DAY, 2 * DAY, 45 * DAY, 365 * DAY].map(span);
  assert.deepEqual(told, ["1 minute", "1 minute", "10 minutes", "3 hours", "1 day", "2 days", "2 months", "1 year"]);
});

test("the clock runs down to nothing, and then counts what is over", () => {
  assert.deepEqual([1200, 65.2, 9, 0.4, 0, -0.5, -1, -75].map(clock), ["20:00", "1:06", "0:09", "0:01", "0:00", "0:00", "+0:01", "+1:15"]);
});

test("today has a time, later days a date", () => {
  const now = new Date(2026, 10, 22, 10).getTime();
  assert.match(when(now + HOUR, now), /^at 11:00\sAM$/);
  assert.equal(when(now + 3 * DAY, now), "on Nov 25, 2026");
});

test("counts and labs in words", () => {
  assert.deepEqual([counted(1, "question"), counted(0, "question"), counted(2, "entry", "entries")], ["1 question", "0 questions", "2 entries"]);
  assert.equal(labNumber("lab-04-frame-rules"), "Lab 04");
});
