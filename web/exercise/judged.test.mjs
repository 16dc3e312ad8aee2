// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { judged } from "./judged.mjs";

/** @type {import("./judged.mjs").Verdict} */
const SOLVED = { state: "solved", message: "Solved: right on all 7 cases." };
/** @type {import("./judged.mjs").Verdict} */
const WRONG = { state: "wrong", message: "Not yet." };

test("a program that ran has the verdict of check", () => {
  assert.deepEqual(judged({ ok: true, result: SOLVED }, "fold"), SOLVED);
  assert.deepEqual(judged({ ok: true, result: WRONG }, "fold"), WRONG);
});

test("a program without the answer is told its name", () => {
  assert.match(judged({ ok: true, result: null }, "fold")?.message ?? "", /nothing called fold/);
});

test("of a program that failed before, the traceback speaks", () => {
  assert.equal(judged({ ok: false, result: null }, "fold"), null);
});

test("an answer counts, whatever follows it in the program", () => {
  assert.deepEqual(judged({ ok: false, result: SOLVED }, "fold"), SOLVED);
  assert.deepEqual(judged({ ok: false, result: WRONG }, "fold"), WRONG);
});
