// @ts-check
// How far a reader has come, from what the store holds. What stands in the store may be of any form:
// what is not as expected counts as not done.

/**
 * What can be done on a page: a chapter has neither questions nor exercises.
 * @typedef {{ questions: string[], exercises: string[] }} Work
 * @typedef {{ get: (key: string) => any }} Kept
 * @typedef {{ read: boolean, ran: boolean, answered: string[], right: string[], solved: string[] }} Done
 */

/**
 * The name of the page at an address: "lab-09-voxel-latents".
 * @param {string} path
 */
export const pageName = (path) => path.slice(path.lastIndexOf("/") + 1).replace(/\.html$/, "");

/**
 * What was done on a page. A question is right if its first answer was.
 * @param {string} name
 * @param {Work} work
 * @param {Kept} store
 * @returns {Done}
 */
export function doneOn(name, { questions, exercises }, store) {
  const first = (/** @type {string} */ id) => answer(name, id, store)?.first;
  return {
    read: Boolean(store.get(`read/${name}`)),
    ran: store.get(`run/${name}`)?.ok > 0,
    answered: questions.filter(first),
    right: questions.filter((id) => first(id) === "right"),
    solved: exercises.filter((exercise) => store.get(`solved/${name}/${exercise}`)),
  };
}

/**
 * How far a page is done, in words; nothing where nothing is.
 * @param {Work} work
 * @param {Done} done
 */
export function said({ questions, exercises }, { read, ran, answered, solved }) {
  return [
    read && "read",
    answered.length && `predicted ${answered.length} of ${questions.length}`,
    ran && "run",
    solved.length && `solved ${solved.length} of ${exercises.length}`,
  ]
    .filter(Boolean)
    .join(", ");
}

/**
 * The questions of a lab that are worth another look, those that are still open first: whose first or
 * last answer was wrong, with the rule behind it, and those whose answer was shown before one was given.
 * @param {string} lab
 * @param {Work} work
 * @param {Kept} store
 * @returns {{ id: string, rule: string | null, open: boolean }[]}
 */
export function weakOn(lab, { questions }, store) {
  return questions
    .map((id) => {
      const found = answer(lab, id, store);
      if (!found) return { id, rule: null, open: store.get(`answer/${lab}/${id}`)?.over === "shown" };
      const open = found.last !== "right";
      return { id, rule: open ? found.last : found.first, open };
    })
    .filter(({ rule, open }) => open || (rule ?? "right") !== "right")
    .sort((a, b) => Number(b.open) - Number(a.open));
}

/**
 * The exercises of a lab that were begun and are not solved.
 * @param {string} lab
 * @param {Work} work
 * @param {Kept} store
 */
export function begunOn(lab, { exercises }, store) {
  const kept = (/** @type {string} */ kind, /** @type {string} */ id) => store.get(`${kind}/${lab}/${id}`);
  return exercises.filter((id) => kept("draft", id) !== undefined && !kept("solved", id));
}

/**
 * @param {string} lab
 * @param {string} id
 * @param {Kept} store
 * @returns {{ first: string, last: string } | undefined}
 */
function answer(lab, id, store) {
  const found = store.get(`answer/${lab}/${id}`);
  return typeof found?.first === "string" && typeof found.last === "string" ? found : undefined;
}
