// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { asked, committed, renewed, restored, shown } from "./record.mjs";

const RULE = "the first frame is forgotten";
const OTHER = "every frame is counted";

/** @param {string} drawn */
const instance = (drawn) => ({
  drawn,
  prompt: `${drawn} frames?`,
  options: [
    { answer: "19", rule: RULE },
    { answer: "20", rule: null },
    { answer: "80", rule: OTHER },
  ],
  because: "1 + 19.",
  run: null,
});
const question = { lab: "lab-03", id: "eighty", title: "Eighty", instances: ["80", "50", "30"].map(instance) };
const [wrong, right, other] = question.instances[0].options;
const fresh = restored(undefined, question);

test("a reader is first asked with the first numbers, and nothing is answered", () => {
  assert.deepEqual(fresh, { tries: 0, instance: "80", tried: [], over: null });
  assert.equal(asked(fresh, question).prompt, "80 frames?");
});

test("a wrong answer keeps its rule, and the question stays open", () => {
  const answer = committed(fresh, wrong);
  assert.deepEqual(answer, { first: RULE, last: RULE, tries: 1, instance: "80", tried: [RULE], over: null });
});

test("the first answer is remembered whatever follows", () => {
  const answer = committed(committed(committed(fresh, wrong), other), right);
  assert.deepEqual([answer.first, answer.last, answer.tries, answer.over], [RULE, "right", 3, "right"]);
  assert.deepEqual(answer.tried, [RULE, OTHER]);
});

test("who has the answer shown was not right", () => {
  const answer = shown(committed(fresh, wrong));
  assert.deepEqual([answer.last, answer.tries, answer.over], [RULE, 1, "shown"]);
});

test("new numbers are the next ones, and after the last the first", () => {
  let answer = committed(fresh, right);
  const seen = [];
  for (let n = 0; n < 3; n += 1) {
    answer = renewed(answer, question);
    seen.push(answer.instance);
    assert.deepEqual([answer.tried, answer.over, answer.first], [[], null, "right"]);
  }
  assert.deepEqual(seen, ["50", "30", "80"]);
});

test("what was kept comes back as it was", () => {
  for (const answer of [committed(fresh, wrong), shown(committed(fresh, other)), renewed(committed(fresh, right), question)]) {
    assert.deepEqual(restored(JSON.parse(JSON.stringify(answer)), question), answer);
  }
});

test("numbers or rules that the question no longer has begin anew, and tries still count", () => {
  const answer = committed(fresh, wrong);
  for (const changed of [{ instance: "81" }, { tried: ["a rule of old"] }, { over: "maybe" }, { tried: RULE }]) {
    const again = restored({ ...answer, ...changed }, question);
    assert.deepEqual(again, { first: RULE, last: RULE, tries: 1, instance: "80", tried: [], over: null });
  }
});

test("what is no answer at all is taken for none", () => {
  for (const kept of [null, 7, "right", [], {}, { tries: -1 }, { tries: "3" }]) {
    assert.deepEqual(restored(kept, question), fresh);
  }
});
