// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { GOOD, mockOf } from "./kept.mjs";
import { advanced, begun, changed, drawn, result, SECONDS, SPREAD } from "./mock.mjs";
import { DEPTHS, Memory } from "./queue.mjs";
import { rated } from "./schedule.mjs";

const version = { drawn: "", ask: "?", answer: "!", steps: [], rubric: ["one", "two", "three"], follow: [{ ask: "?", answer: "!" }, { ask: "??", answer: "!!" }] };
const BANK = Array.from({ length: 48 }, (_, index) => ({
  id: `q-${index}`,
  lab: `lab-${String(Math.floor(index / 4)).padStart(2, "0")}-x`,
  depth: DEPTHS[Math.min(index % 4, 2)],
  title: `Question ${index}`,
  probes: "",
  sources: [],
  versions: [version, { ...version, drawn: "other" }],
}));

/** @param {Record<string, unknown>} values */
const memory = (values = {}) =>
  new Memory({ get: (key) => values[key], keys: (prefix) => Object.keys(values).filter((key) => key.startsWith(prefix)) });
const seeds = Array.from({ length: 300 }, (_, index) => 1_795_000_000_000 + index * 977);

test("six different questions from easy to hard, each of another lab; a seed draws the same", () => {
  for (const seed of seeds) {
    const taken = drawn(BANK, memory(), seed);
    assert.deepEqual(taken.map(({ depth }) => depth), SPREAD);
    assert.equal(new Set(taken.map(({ lab }) => lab)).size, 6);
    assert.deepEqual(drawn(BANK, memory(), seed), taken);
  }
});

test("every question is drawn at some time, weak ones more often, those just asked less", () => {
  const weak = rated(undefined, GOOD, { now: 1, drawn: "", got: 1, of: 4 });
  const last = begun([BANK[2]], 5);
  const times = (/** @type {Memory} */ kept, /** @type {string} */ id) =>
    seeds.filter((seed) => drawn(BANK, kept, seed).some((one) => one.id === id)).length;
  const all = new Set(seeds.flatMap((seed) => drawn(BANK, memory(), seed).map(({ id }) => id)));
  assert.equal(all.size, BANK.length);
  assert.ok(times(memory({ "card/q-2": weak }), "q-2") > 2 * times(memory(), "q-2"));
  assert.ok(times(memory({ "mock/m": last }), "q-2") < times(memory(), "q-2") / 2);
});

test("a bank that is small, or lacks a depth, gives what it has", () => {
  assert.equal(drawn(BANK.slice(0, 3), memory(), 1).length, 3);
  const easy = BANK.filter(({ depth }) => depth === "warm-up");
  assert.equal(new Set(drawn(easy, memory(), 1).map(({ id }) => id)).size, 6);
  assert.deepEqual(drawn([], memory(), 1), []);
});

test("an interview goes from question to question, and is over after the last follow-up", () => {
  let mock = begun(BANK.slice(0, 2), 1000);
  const seen = [];
  while (mock.over === null) {
    assert.deepEqual(mockOf(JSON.parse(JSON.stringify(mock))), mock, "every step can be kept");
    seen.push(`${mock.at} ${mock.stage}`);
    mock = advanced(mock, 2000);
  }
  assert.deepEqual(seen, [0, 1].flatMap((at) => ["ask", "score", "follow", "had"].map((stage) => `${at} ${stage}`)));
  assert.deepEqual([mock.over, mock.left], [2000, SECONDS]);
});

test("a report counts points, follow-ups and what was not reached, and says what to revisit", () => {
  let mock = begun(BANK.slice(0, 6), 1000);
  mock = changed(mock, { points: [true, false, false], missed: ["two", "three"], scored: true, had: false });
  mock = changed({ ...mock, at: 1 }, { points: [true, true, true], scored: true, had: true });
  mock = changed({ ...mock, at: 4 }, { points: [false, true, true], missed: ["one"], scored: true });
  const { got, of, unreached, revisit } = result(mock);
  assert.deepEqual([got, of, unreached.length], [7, 11, 3]);
  assert.deepEqual(revisit.map(({ lab, weak }) => [lab, weak.map(({ id }) => id)]), [["lab-00-x", ["q-0"]], ["lab-01-x", ["q-4"]]]);
});
