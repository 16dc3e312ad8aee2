// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { cardOf, fault, GOOD, mockOf, points } from "./kept.mjs";
import { begun } from "./mock.mjs";
import { rated } from "./schedule.mjs";

const card = rated(undefined, GOOD, { now: 1e12, drawn: "", got: 2, of: 4 });
const version = { drawn: "", ask: "?", answer: "!", steps: [], rubric: ["a", "b", "c"], follow: [{ ask: "?", answer: "!" }] };
const question = { id: "q", lab: "lab-01-x", title: "Q", depth: "core", probes: "", sources: [], versions: [version] };
const mock = begun([question], 1e12);

test("what was kept is what comes back", () => {
  assert.deepEqual(cardOf(JSON.parse(JSON.stringify(card))), card);
  assert.deepEqual(mockOf(JSON.parse(JSON.stringify(mock))), mock);
});

test("a value that is none, or lacks any of its fields, is no card", () => {
  const others = [undefined, null, 7, "card", [], {}, [card]];
  const lacking = Object.keys(card).map((name) => ({ ...card, [name]: undefined }));
  const wrong = Object.keys(card).map((name) => ({ ...card, [name]: name === "drawn" ? 1 : "1" }));
  const past = [[], [{}], [{ ...card.past[0], got: 9 }], [{ ...card.past[0], rating: 5 }]].map((past) => ({ ...card, past }));
  const far = [{ due: NaN }, { due: 1e300 }, { difficulty: 11 }, { stability: 0 }, { state: 0 }, { reps: -1 }].map((change) => ({ ...card, ...change }));
  for (const kept of [...others, ...lacking, ...wrong, ...past, ...far]) {
    assert.equal(cardOf(kept), undefined, JSON.stringify(kept));
    assert.equal(fault("card/q", kept), "is no card of the drill");
  }
});

test("a value that is none, or lacks any of its fields, is no interview", () => {
  const asked = Object.keys(mock.asked[0]).map((name) => ({ ...mock, asked: [{ ...mock.asked[0], [name]: 3 }] }));
  const lacking = Object.keys(mock).map((name) => ({ ...mock, [name]: undefined }));
  for (const kept of [null, "mock", {}, { ...mock, at: 1 }, { ...mock, asked: [] }, { ...mock, stage: "over" }, ...asked, ...lacking]) {
    assert.equal(mockOf(kept), undefined, JSON.stringify(kept));
    assert.equal(fault("mock/m", kept), "is no mock interview");
  }
});

test("other entries are no business of the drill", () => {
  assert.equal(fault("read/lab-01", 3), undefined);
});

test("a follow-up counts once it was scored", () => {
  const [asked] = mock.asked;
  assert.deepEqual(points({ ...asked, points: [true, false, true] }), { got: 2, of: 3 });
  assert.deepEqual(points({ ...asked, points: [true, false, true], had: false }), { got: 2, of: 4 });
  assert.deepEqual(points({ ...asked, points: [true, false, true], had: true }), { got: 3, of: 4 });
});
