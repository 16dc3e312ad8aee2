// @ts-check
// What a run says of an answer.

/** @typedef {{ state: "solved" | "wrong" | "untouched", message: string }} Verdict */

/**
 * The verdict of a run. There is none where the program failed before it had an answer: then its
 * traceback says what is wrong.
 * @param {{ ok: boolean, result: Verdict | null }} told
 * @param {string} name of the exercise
 * @returns {Verdict | null}
 */
export function judged({ ok, result }, name) {
  const missing = { state: /** @type {const} */ ("wrong"), message: `Not yet: the program has nothing called ${name}.` };
  return result ?? (ok ? missing : null);
}
