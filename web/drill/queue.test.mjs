// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { AGAIN, EASY, GOOD } from "./kept.mjs";
import { begun, changed } from "./mock.mjs";
import { inOrder, Memory, nextVersion, SIZES, sizesOf } from "./queue.mjs";
import { rated } from "./schedule.mjs";

/** @typedef {import("./schedule.mjs").Rating} Rating */

const NOW = Date.UTC(2026, 10, 22, 10);
const DAY = 86_400_000;
const ENTRIES = ["a", "b", "c", "d", "e", "f"].map((id, index) => ({
  id,
  lab: index < 3 ? "lab-01-x" : "lab-02-y",
  depth: ["expert", "core", "warm-up"][index % 3],
  title: id,
}));

/** @param {Record<string, unknown>} values */
const memory = (values) =>
  new Memory({
    get: (key) => values[key],
    keys: (prefix) => Object.keys(values).filter((key) => key.startsWith(prefix)),
  });

/**
 * @param {Rating} rating
 * @param {number} now
 * @param {number} got
 * @param {import("./kept.mjs").Card} [before]
 */
const card = (rating, now = NOW, got = 4, before = undefined) => rated(before, rating, { now, drawn: "", got, of: 4 });
const ids = (/** @type {{ id: string }[]} */ entries) => entries.map(({ id }) => id).join("");

test("nothing learned: the new ones of the day, and the rest", () => {
  const plan = memory({}).plan(ENTRIES, {}, 4, NOW);
  assert.deepEqual([ids(plan.due), ids(plan.fresh), ids(plan.rest), plan.next], ["", "abcd", "ef", Infinity]);
});

test("questions are learned lab by lab, the easy first", () => {
  assert.equal(ids(inOrder(ENTRIES)), "cbafed");
});

test("what is due comes by when it was due, and what was learned today counts against the new", () => {
  const kept = memory({
    "card/a": card(AGAIN, NOW - DAY),
    "card/b": card(AGAIN, NOW - 2 * DAY),
    "card/c": card(EASY, NOW),
    "card/of-an-old-bank": card(GOOD, NOW - 9 * DAY),
  });
  const plan = kept.plan(ENTRIES, {}, 3, NOW);
  assert.deepEqual([ids(plan.due), ids(plan.ahead), ids(plan.fresh), ids(plan.rest)], ["ba", "c", "de", "f"]);
  assert.equal(plan.next, kept.cards.get("c")?.due);
});

test("filters take labs, depths, the weak, and all of them at once", () => {
  const kept = memory({ "card/a": card(GOOD, NOW - 9 * DAY, 2), "card/d": card(GOOD, NOW - 9 * DAY, 1) });
  const due = (/** @type {import("./queue.mjs").Filter} */ filter) => ids(kept.plan(ENTRIES, filter, 9, NOW).due);
  const fresh = (/** @type {import("./queue.mjs").Filter} */ filter) => ids(kept.plan(ENTRIES, filter, 9, NOW).fresh);
  assert.deepEqual([due({ lab: "lab-02-y" }), fresh({ lab: "lab-02-y" })], ["d", "ef"]);
  assert.deepEqual([due({ depth: "core" }), fresh({ depth: "core" })], ["", "be"]);
  assert.deepEqual([due({ weak: "true" }), fresh({ weak: "true" })], ["ad", ""]);
  assert.deepEqual(due({ weak: "true", lab: "lab-01-x", depth: "expert" }), "a");
});

test("weak is who made too few points the last time, or forgot it lately, until it is known again", () => {
  assert.ok(memory({ "card/a": card(GOOD, NOW, 2) }).weak("a"));
  assert.ok(!memory({ "card/a": card(GOOD, NOW, 3) }).weak("a"));
  let kept = card(AGAIN, NOW, 4);
  for (const expected of [true, true, true, false]) {
    assert.equal(memory({ "card/a": kept }).weak("a"), expected);
    kept = card(GOOD, kept.due, 4, kept);
  }
  assert.ok(!memory({}).weak("a"));
});

test("who rates without counting points is not weak for that", () => {
  assert.ok(!memory({ "card/a": rated(undefined, GOOD, { now: NOW, drawn: "", got: 0, of: 0 }) }).weak("a"));
});

test("an interview that went badly makes weak, and a better answer after it does not", () => {
  const version = { drawn: "", ask: "", answer: "", steps: [], rubric: ["1", "2"], follow: [{ ask: "", answer: "" }] };
  const question = { ...ENTRIES[0], probes: "", sources: [], versions: [version] };
  const mock = changed(begun([question], NOW), { scored: true, points: [true, false], had: false });
  assert.ok(memory({ "mock/m": mock }).weak("a"));
  assert.equal(ids(memory({ "mock/m": mock }).plan(ENTRIES.toReversed(), {}, 9, NOW).fresh), "afedcb", "and it is learned first");
  assert.ok(!memory({ "mock/m": mock, "card/a": card(GOOD, NOW + 1) }).weak("a"));
  assert.ok(memory({ "mock/m": mock, "card/a": card(GOOD, NOW - 1) }).weak("a"));
});

test("what is damaged is set aside by name, and the rest counts", () => {
  const kept = memory({ "card/a": { due: "soon" }, "card/b": card(GOOD), "mock/m": [] });
  assert.deepEqual(kept.damaged, ["card/a", "mock/m"]);
  assert.deepEqual([...kept.cards.keys()], ["b"]);
});

test("sizes that are none are the usual ones", () => {
  assert.deepEqual(sizesOf({ fresh: 0, size: 30 }), { fresh: 0, size: 30 });
  for (const kept of [undefined, null, "5", { fresh: -1, size: 0 }, { fresh: 1.5, size: "9" }]) assert.deepEqual(sizesOf(kept), SIZES);
});

test("numbers are fresh at each review, and the last are followed by the first", () => {
  const versions = ["81", "49", "121"].map((drawn) => ({ drawn }));
  assert.equal(nextVersion(versions, undefined).drawn, "81");
  assert.equal(nextVersion(versions, "81").drawn, "49");
  assert.equal(nextVersion(versions, "121").drawn, "81");
  assert.equal(nextVersion(versions, "numbers of old").drawn, "81");
});
