import assert from "node:assert/strict";
import { test } from "node:test";
import { FakePage, FakeStorage } from "./fake-storage.mjs";
import { isKey, store as shared, Store } from "./store.mjs";

const LAB = "lab-09-voxel-latents";
const ANSWER = `answer/${LAB}/numbers`;
const PLACE = `latent-shapes/${ANSWER}`;
const ASIDE = `latent-shapes-unreadable/${ANSWER}`;

/**
 * A store in a tab.
 * @param {FakeStorage} storage
 */
const tab = (storage) => new Store(new FakePage(storage));

test("a value is kept, found again by another visit, and removed", () => {
  const storage = new FakeStorage();
  const one = tab(storage);
  assert.equal(one.get(ANSWER), undefined);
  one.set(ANSWER, { first: "right", tries: 1 });
  one.set(`read/${LAB}`, null);
  const two = tab(storage);
  assert.deepEqual(two.get(ANSWER), { first: "right", tries: 1 });
  assert.equal(two.get(`read/${LAB}`), null);
  assert.deepEqual(two.keys(), [ANSWER, `read/${LAB}`]);
  assert.deepEqual(two.keys("answer/"), [ANSWER]);
  two.remove(ANSWER);
  assert.equal(one.get(ANSWER), undefined);
  assert.deepEqual(one.keys(), [`read/${LAB}`]);
  assert.equal(one.problem, null);
});

test("each key is an entry of its own with version, time and value", () => {
  const storage = new FakeStorage();
  const before = Date.now();
  tab(storage).set(ANSWER, "right");
  const { at, ...rest } = JSON.parse(storage.getItem(PLACE) ?? "");
  assert.deepEqual(rest, { version: 1, value: "right" });
  assert.ok(at >= before && at <= Date.now() + 1);
});

test("a value that comes back is the caller's own", () => {
  const store = tab(new FakeStorage(0));
  const value = { tries: 1 };
  store.set(ANSWER, value);
  value.tries = 2;
  store.get(ANSWER).tries = 3;
  assert.deepEqual(store.get(ANSWER), { tries: 1 });
});

test("two tabs: other keys stay, and for one key the later write wins", () => {
  const storage = new FakeStorage();
  const [one, two] = [tab(storage), tab(storage)];
  one.set(`read/${LAB}`, 1);
  two.set(`run/${LAB}`, { runs: 1, ok: 1 });
  one.set(ANSWER, "first");
  two.set(ANSWER, "second");
  assert.equal(one.get(ANSWER), "second");
  assert.equal(one.get(`read/${LAB}`), 1);
  assert.deepEqual(one.get(`run/${LAB}`), { runs: 1, ok: 1 });
});

test("a write is the later one although the clock went back", () => {
  const storage = new FakeStorage();
  storage.setItem(PLACE, JSON.stringify({ version: 1, at: Date.now() + 1e9, value: "old" }));
  const store = tab(storage);
  store.set(ANSWER, "new");
  assert.equal(store.get(ANSWER), "new");
  store.merge(ANSWER, { at: Date.now(), value: "imported" });
  assert.equal(store.get(ANSWER), "new");
});

test("an entry is merged where it is later", () => {
  const store = tab(new FakeStorage());
  store.merge(ANSWER, { at: 2, value: "two" });
  store.merge(ANSWER, { at: 1, value: "one" });
  assert.deepEqual(store.entry(ANSWER), { at: 2, value: "two" });
  store.merge(ANSWER, { at: 3, value: "three" });
  assert.deepEqual(store.entry(ANSWER), { at: 3, value: "three" });
});

test("listeners hear of this tab and of the other one, until they stop", () => {
  const storage = new FakeStorage();
  const [one, two] = [tab(storage), tab(storage)];
  /** @type {string[]} */
  const heard = [];
  const stop = one.on((key) => heard.push(key));
  one.set(ANSWER, 1);
  two.set(ANSWER, 2);
  two.remove(ANSWER);
  assert.deepEqual(heard, [ANSWER, ANSWER, ANSWER]);
  stop();
  two.set(ANSWER, 3);
  assert.equal(heard.length, 3);
});

test("listeners hear that everything may have changed", () => {
  const storage = new FakeStorage();
  const page = new FakePage(storage);
  const store = new Store(page);
  /** @type {string[]} */
  const heard = [];
  store.on((key) => heard.push(key));
  page.hear({ key: null, newValue: null }); // the other tab has cleared the storage
  page.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
  page.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: false }));
  page.hear({ key: "somebody-else", newValue: "1" });
  assert.deepEqual(heard, ["", ""]);
});

const CORRUPT = [
  "{not json",
  "",
  "null",
  "17",
  '"text"',
  "[1, 2]",
  '{"at": 1, "value": 1}',
  '{"version": 0, "at": 1, "value": 1}',
  '{"version": 2, "at": 1, "value": 1}',
  '{"version": 1, "at": "yesterday", "value": 1}',
  '{"version": 1, "at": 1e300, "value": 1}',
  '{"version": 1, "at": -1, "value": 1}',
  '{"version": 1, "at": 1}',
];
for (const text of CORRUPT) {
  test(`what cannot be read is set aside: ${text}`, () => {
    const storage = new FakeStorage();
    storage.setItem(PLACE, text);
    const store = tab(storage);
    assert.equal(store.get(ANSWER), undefined);
    assert.equal(storage.getItem(PLACE), null);
    assert.equal(storage.getItem(ASIDE), text);
    store.set(ANSWER, "new");
    assert.equal(store.get(ANSWER), "new");
    assert.deepEqual(store.unreadable(), [{ key: ANSWER, text }]);
  });
}

test("what is set aside later does not take the place of what was before", () => {
  const storage = new FakeStorage();
  const store = tab(storage);
  for (const text of ["one", "two", "three"]) {
    storage.setItem(PLACE, text);
    store.keys();
  }
  const texts = store.unreadable().map(({ text }) => text);
  assert.deepEqual(texts, ["one", "two", "three"]);
});

test("an entry whose name is no key is set aside, too", () => {
  const storage = new FakeStorage();
  storage.setItem("latent-shapes/weird key", '{"version":1,"at":1,"value":1}');
  const store = tab(storage);
  assert.deepEqual(store.keys(), []);
  assert.deepEqual(store.unreadable().map(({ key }) => key), ["weird key"]);
});

test("a full storage: values live in the page, and it says so", () => {
  const storage = new FakeStorage(200);
  const store = tab(storage);
  store.set(`read/${LAB}`, 1);
  assert.equal(store.problem, null);
  store.set(`edit/${LAB}`, "x".repeat(500));
  assert.match(store.problem ?? "", /full/);
  assert.equal(store.get(`edit/${LAB}`).length, 500);
  assert.equal(store.get(`read/${LAB}`), 1);
  assert.deepEqual(store.keys(), [`edit/${LAB}`, `read/${LAB}`]);
  assert.deepEqual(tab(storage).keys(), [`read/${LAB}`]);
});

test("what waited is written when there is room again", () => {
  const storage = new FakeStorage(200);
  const store = tab(storage);
  store.set(`edit/${LAB}`, "x".repeat(500));
  storage.room = 1000;
  store.remove(`run/${LAB}`);
  assert.equal(store.problem, null);
  assert.equal(tab(storage).get(`edit/${LAB}`).length, 500);
});

test("what waited does not overwrite what another tab wrote later, nor come back when that is removed", () => {
  const storage = new FakeStorage(0);
  const [one, two] = [tab(storage), tab(storage)];
  one.set(ANSWER, "waits");
  storage.room = 1000;
  two.merge(ANSWER, { at: Date.now() + 10, value: "later" });
  assert.equal(one.get(ANSWER), "later");
  one.set(`read/${LAB}`, 1);
  assert.equal(two.get(ANSWER), "later");
  two.remove(ANSWER);
  assert.equal(one.get(ANSWER), undefined);
});

test("a full storage does not lose what cannot be read", () => {
  const storage = new FakeStorage();
  storage.setItem(PLACE, "{not json");
  storage.room = 80;
  const store = tab(storage);
  assert.equal(store.get(ANSWER), undefined);
  store.set(ANSWER, "new");
  store.remove(ANSWER);
  store.set(ANSWER, "newer");
  assert.equal(store.get(ANSWER), "newer");
  assert.match(store.problem ?? "", /full/);
  assert.equal(storage.getItem(PLACE), "{not json");
  assert.deepEqual(store.unreadable(), [{ key: ANSWER, text: "{not json" }]);
  storage.room = 1000;
  store.keys();
  store.set(`read/${LAB}`, 1);
  assert.equal(tab(storage).get(ANSWER), "newer");
  assert.deepEqual(store.unreadable(), [{ key: ANSWER, text: "{not json" }]);
});

test("everything is erased and brought back, also what cannot be read", () => {
  const storage = new FakeStorage();
  const store = tab(storage);
  storage.setItem("somebody-else", "stays");
  storage.setItem(PLACE, "{not json");
  store.merge(`read/${LAB}`, { at: 5, value: true });
  store.set(`edit/${LAB}`, "code");
  const [entries, unreadable] = [store.entries(), store.unreadable()];
  assert.deepEqual([...entries.keys()], [`edit/${LAB}`, `read/${LAB}`]);
  /** @type {string[]} */
  const heard = [];
  store.on((key) => heard.push(key));
  const undo = store.erase();
  assert.deepEqual(heard, [""]);
  assert.deepEqual([storage.length, storage.getItem("somebody-else")], [1, "stays"]);
  assert.deepEqual([store.keys(), store.unreadable()], [[], []]);
  store.set(`edit/${LAB}`, "written since");
  undo();
  assert.deepEqual(store.entry(`read/${LAB}`), { at: 5, value: true });
  assert.equal(store.get(`edit/${LAB}`), "written since");
  assert.deepEqual(store.unreadable(), unreadable);
});

test("what only waited is erased and brought back, too", () => {
  const store = tab(new FakeStorage(0));
  store.set(`edit/${LAB}`, "code");
  const undo = store.erase();
  assert.deepEqual([store.keys(), store.problem], [[], null]);
  undo();
  assert.equal(store.get(`edit/${LAB}`), "code");
});

const refuse = () => {
  throw new DOMException("The operation is insecure.", "SecurityError");
};
const FORGETFUL = Object.assign(new FakeStorage(), { forgetful: true });
/** @type {[string, object][]} */
const DISABLED = [
  ["its getter throws", Object.defineProperty(new EventTarget(), "localStorage", { get: refuse })],
  ["it throws when read", Object.assign(new EventTarget(), { localStorage: { getItem: refuse } })],
  ["one that forgets stands in for it", Object.assign(new EventTarget(), { localStorage: FORGETFUL })],
  ["it is null", Object.assign(new EventTarget(), { localStorage: null })],
  ["there is none", new EventTarget()],
];
for (const [how, page] of DISABLED) {
  test(`storage is switched off: ${how}`, () => {
    const store = new Store(/** @type {EventTarget} */ (page));
    assert.match(store.problem ?? "", /lasts until the page is closed/);
    store.set(ANSWER, "right");
    assert.equal(store.get(ANSWER), "right");
    assert.deepEqual(store.keys("answer/"), [ANSWER]);
    assert.deepEqual(store.unreadable(), []);
    store.remove(ANSWER);
    assert.deepEqual(store.keys(), []);
  });
}

test("keys have a kind, a lab and perhaps a name", () => {
  for (const key of [ANSWER, `edit/${LAB}`, "read/09-voxel-latents", `solved/${LAB}/latent_of`]) {
    assert.ok(isKey(key), key);
  }
  for (const key of ["", "read", "read/", "read/a/b/c", "read/a b", "../x", "READ/x"]) {
    assert.ok(!isKey(key), key);
    assert.throws(() => shared.get(key), TypeError);
    assert.throws(() => shared.set(key, 1), { message: /expected kind\/lab/ });
  }
});

test("undefined is refused", () => {
  assert.throws(() => shared.set(ANSWER, /** @type {any} */ (undefined)), /expected a JSON value/);
});

test("all copies of this module on one page have one store", async () => {
  Object.assign(globalThis, { window: new FakePage(new FakeStorage(0)) });
  const copy = async (/** @type {string} */ name) => (await import(`${import.meta.resolve("./store.mjs")}?${name}`)).store;
  const [one, two] = [await copy("one"), await copy("two")];
  one.set(ANSWER, "waits");
  assert.equal(two.get(ANSWER), "waits");
  assert.equal(two.problem, one.problem);
  assert.notEqual(shared, one);
});
