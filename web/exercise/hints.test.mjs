// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { offer } from "./hints.mjs";

test("the button counts the hints, and says when there are no more", () => {
  assert.deepEqual([0, 1, 2, 3].map((shown) => offer(shown, 3)), [
    "Hint",
    "Next hint (2 of 3)",
    "Next hint (3 of 3)",
    "Those were the 3 hints",
  ]);
  assert.equal(offer(1, 1), "That was the hint");
});
