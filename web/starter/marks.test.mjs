import assert from "node:assert/strict";
import { test } from "node:test";
import { numberAt, numbered } from "./marks.mjs";

const CODE = `"""A file."""

# (1) The contract.
#     It has two lines.
FRAMES = 81


# (2) The transition.
def latent():
    return 1  # (1) inside a line counts for nothing


if __name__ == "__main__":
    print(latent())
`;

test("a numbered comment reaches to the next one, without the blank lines between", () => {
  assert.deepEqual([...numbered(CODE)], [
    [1, { from: 3, to: 5 }],
    [2, { from: 8, to: 10 }],
  ]);
});

test("a line belongs to the comment above it, or to none", () => {
  assert.deepEqual([1, 4, 6, 10, 13].map((line) => numberAt(CODE, line)), [null, 1, null, 2, null]);
});

test("a file without numbers has none", () => {
  assert.equal(numbered("x = 1\n").size, 0);
  assert.equal(numbered("").size, 0);
});

test("a comment at the end of the file reaches to its last line", () => {
  assert.deepEqual(numbered("# (7) Last.").get(7), { from: 1, to: 1 });
});
