// @ts-check
// What a run says of an answer.

/** @typedef {{ state: "solved" | "wrong" | "untouched", message: string }} Verdict */

/**
 * The verdict of a run. There is none where the program failed before it had a right answer: then its
 * traceback says what is wrong.
 * @param {{ ok: boolean, result: Verdict | null }} told
 * @param {string} name of the exercise
 * @returns {Verdict | null}
 */
export function judged({ ok, result }, name) {
  if (result?.state === "solved") return result;
  if (!ok) return null;
  return result ?? { state: "wrong", message: `Not yet: the program has nothing called ${name}.` };
}
