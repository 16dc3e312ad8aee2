import assert from "node:assert/strict";
import { test } from "node:test";
import { FakePage, FakeStorage } from "./fake-storage.mjs";
import { compared, counted, fileName, readBack, written } from "./file.mjs";
import { Store } from "./store.mjs";

const LAB = "lab-09-voxel-latents";
const NOW = new Date("2026-11-22T06:30:00Z");
/** @type {[string, import("./store.mjs").Entry][]} */
const ENTRIES = [
  [`answer/${LAB}/numbers`, { at: 1_700_000_000_000, value: { first: "right", last: "right", tries: 1 } }],
  [`edit/${LAB}`, { at: 1_700_000_000_001, value: { code: 'print("é ☃ </script>")\n' } }],
  [`read/${LAB}`, { at: 1_700_000_000_002, value: true }],
];
const TEXT = written(new Map(ENTRIES), NOW);

/** @param {Record<string, unknown>} changes */
const changed = (changes) => JSON.stringify({ ...JSON.parse(TEXT), ...changes });

/**
 * @param {string} key
 * @param {unknown} entry
 */
const withEntry = (key, entry) => changed({ entries: { ...JSON.parse(TEXT).entries, [key]: entry } });

test("what was written is read back, and a person can read it, too", () => {
  const { saved, entries } = readBack(TEXT);
  assert.deepEqual(saved, NOW);
  assert.deepEqual([...entries], ENTRIES);
  assert.match(TEXT, /^{\n {2}"format": "latent-shapes progress",\n {2}"version": 1,/);
  assert.match(TEXT, /"at": "2023-11-14T22:13:20.000Z"/);
  assert.equal(fileName(NOW), "latent-shapes-progress-2026-11-22.json");
});

test("whatever a store can hold comes back from a file", () => {
  const [one, two] = [new Store(new FakePage(new FakeStorage())), new Store(new FakePage(new FakeStorage()))];
  /** @type {import("./store.mjs").Json[]} */
  const values = [null, 0, false, "", "text", [1], {}, { deep: [{ deeper: null }] }];
  values.forEach((value, i) => one.set(`novel/${i}`, value));
  for (const [key, entry] of readBack(written(one.entries(), NOW)).entries) two.merge(key, entry);
  assert.equal(two.keys().length, 8);
  assert.deepEqual(two.entries(), one.entries());
});

test("an empty progress is written and read back", () => {
  assert.equal(readBack(written(new Map(), NOW)).entries.size, 0);
});

/** @type {[string, string, RegExp][]} */
const REFUSED = [
  ["nothing", "", /not a progress file/],
  ["prose", "Dear diary", /not a progress file/],
  ["a file that ends early", TEXT.slice(0, -20), /damaged: it ends early/],
  ["null", "null", /another kind/],
  ["a list", "[]", /another kind/],
  ["other JSON", '{"name": "latent-shapes-web"}', /another kind/],
  ["a newer version", changed({ version: 2 }), /version 2 .* reads version 1/],
  ["no version", changed({ version: undefined }), /version undefined/],
  ["no entries", changed({ entries: null }), /lacks its date or its entries/],
  ["a list of entries", changed({ entries: [] }), /lacks its date or its entries/],
  ["no date", changed({ saved: "yesterday" }), /lacks its date or its entries/],
  ["a stray key", withEntry("__proto__x", { at: NOW, value: true }), /'__proto__x' is no name/],
  ["an entry that is null", withEntry(`run/${LAB}`, null), /'run\/lab-09-voxel-latents' lacks/],
  ["an entry without time", withEntry(`run/${LAB}`, { value: {} }), /lacks its time/],
  ["an entry with a number as time", withEntry(`run/${LAB}`, { at: 1, value: {} }), /lacks its time/],
  ["an entry without value", withEntry(`run/${LAB}`, { at: NOW }), /or its value/],
];
for (const [what, text, told] of REFUSED) {
  test(`refused: ${what}`, () => {
    assert.throws(() => readBack(text), { message: told });
  });
}

test("before it is taken over, it is said what is new, later or older", () => {
  const store = new Store(new FakePage(new FakeStorage()));
  store.merge(`answer/${LAB}/numbers`, { at: 1, value: { first: "wrong", last: "wrong", tries: 1 } });
  store.merge(`read/${LAB}`, { at: NOW.getTime(), value: true });
  const { entries } = readBack(TEXT);
  const found = compared(entries, store);
  assert.deepEqual(found, { added: [`edit/${LAB}`], replaced: [`answer/${LAB}/numbers`], kept: [`read/${LAB}`] });
  for (const [key, entry] of entries) store.merge(key, entry);
  assert.equal(store.get(`answer/${LAB}/numbers`).first, "right");
  assert.equal(store.entry(`read/${LAB}`)?.at, NOW.getTime());
  assert.deepEqual(compared(entries, store).kept.length, 3);
});

test("keys are counted in words", () => {
  const keys = ["read/a", "read/b", "answer/a/x", "novel/a", "edit/a"];
  assert.equal(counted(keys), "2 pages read, 1 answer, 1 edited starter, 1 other entry");
  assert.equal(counted([]), "");
});
