// @ts-check
// A file of known size and hash, fetched with progress. One that is not whole is refused in words.

/** @typedef {{ name: string, address: string, bytes: number, sha256: string }} File */
/** @typedef {{ count?: (bytes: number) => void, cache?: RequestCache, signal?: AbortSignal }} Options */

/**
 * @param {File} file
 * @param {Options} options `count` is told of every piece how many bytes it has
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
export async function fetched({ name, address, bytes, sha256 }, { count, cache = "default", signal } = {}) {
  const response = await fetch(address, { cache, signal }).catch((error) => {
    throw broken(error, `${name} could not be loaded: the connection failed.`);
  });
  if (!response.ok || !response.body) {
    throw new Error(`${name} could not be loaded: the server answered ${response.status}.`);
  }
  const content = new Uint8Array(bytes);
  let filled = 0;
  const reader = response.body.getReader();
  for (;;) {
    const chunk = await reader.read().catch((error) => {
      throw broken(error, `${name} could not be loaded: the connection broke off.`);
    });
    if (chunk.done) break;
    if (filled + chunk.value.length > bytes) {
      throw new Error(`${name} is damaged: it has more than the expected ${bytes} bytes.`);
    }
    content.set(chunk.value, filled);
    filled += chunk.value.length;
    count?.(chunk.value.length);
  }
  if (filled < bytes) throw new Error(`${name} is damaged: it has ${filled} bytes instead of ${bytes}.`);
  await check(name, content, sha256);
  return content;
}

// Who breaks off himself is told nothing new.
/**
 * @param {Error} error
 * @param {string} sentence
 */
const broken = (error, sentence) => (error.name === "AbortError" ? error : new Error(sentence));

// Browsers offer hashes on https and on this computer alone; elsewhere the length has to do.
/**
 * @param {string} name
 * @param {Uint8Array<ArrayBuffer>} content
 * @param {string} expected
 */
async function check(name, content, expected) {
  if (!crypto.subtle) return;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", content));
  const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (found !== expected) {
    throw new Error(`${name} is damaged: its SHA-256 hash should be ${expected} but is ${found}.`);
  }
}
