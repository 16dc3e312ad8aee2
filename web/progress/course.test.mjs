import assert from "node:assert/strict";
import { test } from "node:test";
import { begunOn, doneOn, pageName, said, weakOn } from "./course.mjs";

const LAB = "lab-09-voxel-latents";
const WORK = { questions: ["numbers", "empty", "weight"], exercises: ["latent_of", "iou_each"] };

/** @param {Record<string, unknown>} values */
const kept = (values) => ({ get: (/** @type {string} */ key) => /** @type {any} */ (values[key]) });

test("an empty store: nothing is done and nothing is said", () => {
  const done = doneOn(LAB, WORK, kept({}));
  assert.deepEqual(done, { read: false, ran: false, answered: [], right: [], solved: [] });
  assert.equal(said(WORK, done), "");
  assert.deepEqual(weakOn(LAB, WORK, kept({})), []);
  assert.deepEqual(begunOn(LAB, WORK, kept({})), []);
});

test("what is done is counted, and a question by its first answer", () => {
  const store = kept({
    [`read/${LAB}`]: true,
    [`run/${LAB}`]: { runs: 3, ok: 1 },
    [`answer/${LAB}/numbers`]: { first: "right", last: "right", tries: 1 },
    [`answer/${LAB}/empty`]: { first: "depth is a channel", last: "right", tries: 2 },
    [`answer/${LAB}/removed-since`]: { first: "right", last: "right", tries: 1 },
    [`solved/${LAB}/latent_of`]: { at: 1 },
    "solved/lab-01-pixels-and-axes/fold": { at: 1 },
  });
  const done = doneOn(LAB, WORK, store);
  assert.deepEqual(done.answered, ["numbers", "empty"]);
  assert.deepEqual(done.right, ["numbers"]);
  assert.deepEqual(done.solved, ["latent_of"]);
  assert.equal(said(WORK, done), "read, predicted 2 of 3, run, solved 1 of 2");
});

test("a starter that never ran to its end is not run", () => {
  assert.equal(doneOn(LAB, WORK, kept({ [`run/${LAB}`]: { runs: 4, ok: 0 } })).ran, false);
});

test("wrong answers come with their rule, those still wrong first", () => {
  const store = kept({
    [`answer/${LAB}/numbers`]: { first: "channels are forgotten", last: "right", tries: 2 },
    [`answer/${LAB}/empty`]: { first: "right", last: "right", tries: 1, over: "shown" },
    [`answer/${LAB}/weight`]: { first: "depth is a channel", last: "depth is time", tries: 2 },
  });
  assert.deepEqual(weakOn(LAB, WORK, store), [
    { id: "weight", rule: "depth is time", open: true },
    { id: "numbers", rule: "channels are forgotten", open: false },
  ]);
});

test("an answer that was shown before one was given is worth another look, one not given yet is not", () => {
  const store = kept({
    [`answer/${LAB}/numbers`]: { tries: 0, over: "shown" },
    [`answer/${LAB}/empty`]: { tries: 0, over: null },
  });
  assert.deepEqual(weakOn(LAB, WORK, store), [{ id: "numbers", rule: null, open: true }]);
  assert.deepEqual(doneOn(LAB, WORK, store).answered, []);
});

test("an exercise with a draft is begun until it is solved", () => {
  const store = kept({
    [`draft/${LAB}/latent_of`]: "def latent_of(): ...",
    [`draft/${LAB}/iou_each`]: "",
    [`solved/${LAB}/latent_of`]: { at: 1 },
  });
  assert.deepEqual(begunOn(LAB, WORK, store), ["iou_each"]);
});

for (const stray of [null, 17, "text", [], {}, { first: 1, last: 2 }, { first: "right" }]) {
  test(`an answer that is ${JSON.stringify(stray)} counts as none`, () => {
    const store = kept({
      [`answer/${LAB}/numbers`]: stray,
      [`run/${LAB}`]: stray,
    });
    const done = doneOn(LAB, WORK, store);
    assert.deepEqual([done.answered, done.ran], [[], false]);
    assert.deepEqual(weakOn(LAB, WORK, store), []);
  });
}

test("a page is named by its address, with or without .html", () => {
  for (const path of [`/labs/${LAB}.html`, `/book/labs/${LAB}`, `${LAB}.html`]) {
    assert.equal(pageName(path), LAB);
  }
  assert.equal(pageName("/labs/"), "");
});
