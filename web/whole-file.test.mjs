import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { afterEach, beforeEach, mock, test } from "node:test";
import { fetched } from "./whole-file.mjs";

const CONTENT = new TextEncoder().encode("the whole of it");
const FILE = {
  name: "file.bin",
  address: "/file.bin",
  bytes: CONTENT.length,
  sha256: createHash("sha256").update(CONTENT).digest("hex"),
};

/** @type {() => Promise<Response>} */
let answer;
beforeEach(() => mock.method(globalThis, "fetch", () => answer()));
afterEach(() => mock.reset());

test("a whole file arrives, and its bytes are counted", async () => {
  answer = async () => new Response(CONTENT);
  let arrived = 0;
  assert.deepEqual(await fetched(FILE, { count: (bytes) => (arrived += bytes) }), CONTENT);
  assert.equal(arrived, FILE.bytes);
});

for (const [fault, given, words] of /** @type {[string, () => Promise<Response>, RegExp][]} */ ([
  ["missing", async () => new Response("", { status: 404 }), /file.bin could not be loaded: the server answered 404.$/],
  ["unreachable", async () => Promise.reject(new TypeError("x")), /file.bin could not be loaded: the connection failed.$/],
  ["short", async () => new Response(CONTENT.slice(1)), /file.bin is damaged: it has 14 bytes instead of 15.$/],
  ["long", async () => new Response("the whole of it and more"), /file.bin is damaged: it has more than the expected 15 bytes.$/],
  ["other", async () => new Response("the whale of it"), /file.bin is damaged: its SHA-256 hash should be [0-9a-f]{64} but is [0-9a-f]{64}.$/],
])) {
  test(`a file that is ${fault} is refused in words`, async () => {
    answer = given;
    await assert.rejects(fetched(FILE), words);
  });
}

test("who breaks off himself gets that error, and no sentence", async () => {
  answer = async () => Promise.reject(new DOMException("stopped", "AbortError"));
  await assert.rejects(fetched(FILE), { name: "AbortError" });
});
