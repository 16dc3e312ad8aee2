// @ts-check
// What a reader has answered to a question, as plain data that can be kept. Nothing here is drawn.

/** @typedef {{ answer: string, rule: string | null }} Option an answer and the wrong rule behind it */
/** @typedef {{ drawn: string, prompt: string, options: Option[], because: string, run: string | null }} Instance */
/** @typedef {{ lab: string, id: string, title: string, instances: Instance[] }} Question */

/**
 * `first` and `last` are "right" or the wrong rule that was followed, of all `tries` there were.
 * The rest is where the reader stands: the set of numbers (`instance`), the rules already `tried`
 * on it, and how it ended, if it did.
 * @typedef {{
 *   first?: string, last?: string, tries: number,
 *   instance: string, tried: string[], over: "right" | "shown" | null,
 * }} Answer
 */

export const RIGHT = "right";

/**
 * Go on from what was kept. Where the question has changed since, or what was kept is none of its
 * answers, the reader is asked anew, and earlier tries still count.
 * @param {any} kept
 * @param {Question} question
 * @returns {Answer}
 */
export function restored(kept, question) {
  const past = kept && Number.isInteger(kept.tries) && kept.tries > 0;
  const { first, last, tries } = past ? kept : { tries: 0 };
  const before = { ...(past ? { first, last } : {}), tries };
  const instance = question.instances.find(({ drawn }) => drawn === kept?.instance);
  const rules = instance?.options.map(({ rule }) => rule);
  const known = Array.isArray(kept?.tried) && kept.tried.every((/** @type {any} */ rule) => rules?.includes(rule));
  if (!instance || !known || ![RIGHT, "shown", null].includes(kept.over)) {
    return { ...before, instance: question.instances[0].drawn, tried: [], over: null };
  }
  return { ...before, instance: instance.drawn, tried: kept.tried, over: kept.over };
}

/**
 * The question with the numbers that the reader is asked with.
 * @param {Answer} answer
 * @param {Question} question
 */
export function asked({ instance }, { instances }) {
  return instances.find(({ drawn }) => drawn === instance) ?? instances[0];
}

/**
 * @param {Answer} answer
 * @param {Option} option
 * @returns {Answer}
 */
export function committed(answer, { rule }) {
  const said = rule ?? RIGHT;
  return {
    first: answer.first ?? said,
    last: said,
    tries: answer.tries + 1,
    instance: answer.instance,
    tried: rule === null ? answer.tried : [...answer.tried, rule],
    over: rule === null ? RIGHT : null,
  };
}

/**
 * The reader has given up on these numbers.
 * @param {Answer} answer
 * @returns {Answer}
 */
export const shown = (answer) => ({ ...answer, over: "shown" });

/**
 * Asked again, with the next numbers where there are more.
 * @param {Answer} answer
 * @param {Question} question
 * @returns {Answer}
 */
export function renewed(answer, { instances }) {
  const at = instances.findIndex(({ drawn }) => drawn === answer.instance);
  return { ...answer, instance: instances[(at + 1) % instances.length].drawn, tried: [], over: null };
}
