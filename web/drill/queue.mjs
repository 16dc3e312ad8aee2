// @ts-check
// Which questions are asked, and in which order.
import { cardOf, mockOf, points, AGAIN } from "./kept.mjs";
import { dayOf } from "./words.mjs";

/** @typedef {import("./kept.mjs").Card} Card */
/** @typedef {import("./kept.mjs").Mock} Mock */
/** @typedef {{ get: (key: string) => any, keys: (prefix: string) => string[] }} Kept */
/** @typedef {{ id: string, lab: string, depth: string, title: string }} Entry a question, as a list names it */
/** @typedef {{ lab?: string | null, depth?: string | null, weak?: string | boolean | null }} Filter */
/** @typedef {{ fresh: number, size: number }} Sizes new questions a day, questions a session */

export const DEPTHS = ["warm-up", "core", "expert"];
export const ENOUGH = 3 / 4; // of the points: less is weak
const RECENT = 3; // reviews in which forgetting counts as weak
export const SIZES = { fresh: 5, size: 15 };
const MOST = 100;

/** What the reader's store says about the questions of the bank. */
export class Memory {
  /** @type {Map<string, Card>} */
  cards = new Map();
  /** @type {Map<string, Mock>} */
  mocks = new Map();
  /** @type {string[]} keys whose value is of no use */
  damaged = [];

  /** @param {Kept} store */
  constructor(store) {
    for (const key of store.keys("card/")) {
      const card = cardOf(store.get(key));
      if (card) this.cards.set(key.slice("card/".length), card);
      else this.damaged.push(key);
    }
    for (const key of store.keys("mock/")) {
      const mock = mockOf(store.get(key));
      if (mock) this.mocks.set(key, mock);
      else this.damaged.push(key);
    }
  }

  /**
   * Whether a question is weak: its last answer made fewer than three quarters of the points, be it in
   * a review or in an interview, or it was forgotten in one of its last three reviews.
   * @param {string} id
   */
  weak(id) {
    const past = this.cards.get(id)?.past ?? [];
    const answers = past.filter(({ of }) => of).map(({ at, got, of }) => ({ at, share: got / of }));
    for (const { began, asked } of this.mocks.values()) {
      const found = asked.find((one) => one.id === id && one.scored);
      if (found) answers.push({ at: began, share: points(found).got / points(found).of });
    }
    const last = answers.toSorted((a, b) => a.at - b.at).at(-1);
    return (last?.share ?? 1) < ENOUGH || past.slice(-RECENT).some(({ rating }) => rating === AGAIN);
  }

  /**
   * The interviews that came to their end, the latest first, and those that did not.
   * @param {boolean} over
   */
  interviews(over) {
    return [...this.mocks]
      .filter(([, mock]) => (mock.over !== null) === over)
      .toSorted(([, a], [, b]) => b.began - a.began);
  }

  /**
   * What there is to do now, of the questions that are `wanted`: `due` by when it was due, then `fresh`, as many new ones as the day has
   * left; `rest` are the other new ones, and `ahead` what is learned and not due yet.
   * @param {Entry[]} entries
   * @param {Filter} filter
   * @param {number} fresh new questions a day
   * @param {number} now
   */
  plan(entries, filter, fresh, now) {
    const wanted = entries.filter((entry) => this.#passes(entry, filter));
    const when = (/** @type {Entry} */ { id }) => this.cards.get(id)?.due ?? Infinity;
    const learned = wanted.filter(({ id }) => this.cards.has(id)).sort((a, b) => when(a) - when(b));
    const unseen = wanted
      .filter(({ id }) => !this.cards.has(id))
      .sort((a, b) => Number(this.weak(b.id)) - Number(this.weak(a.id)));
    const today = [...this.cards.values()].filter(({ first }) => dayOf(first) === dayOf(now)).length;
    const left = Math.max(0, fresh - today);
    return {
      wanted,
      due: learned.filter((entry) => when(entry) <= now),
      ahead: learned.filter((entry) => when(entry) > now),
      fresh: unseen.slice(0, left),
      rest: unseen.slice(left),
      next: Math.min(...learned.map(when).filter((due) => due > now)),
    };
  }

  /**
   * @param {Entry} entry
   * @param {Filter} filter
   */
  #passes({ id, lab, depth: its }, { lab: wanted, depth, weak }) {
    return (!wanted || lab === wanted) && (!depth || its === depth) && (!weak || this.weak(id));
  }
}

/**
 * The questions in the order in which they are learned: lab by lab as the book has them, the easy first.
 * @param {Entry[]} entries
 */
export function inOrder(entries) {
  const labs = [...new Set(entries.map(({ lab }) => lab))];
  const place = (/** @type {Entry} */ { lab, depth }) => labs.indexOf(lab) * DEPTHS.length + DEPTHS.indexOf(depth);
  return entries.toSorted((a, b) => place(a) - place(b));
}

/**
 * The sizes that were kept; what is none is the usual.
 * @param {any} kept
 * @returns {Sizes}
 */
export function sizesOf(kept) {
  const size = (/** @type {"fresh" | "size"} */ name, /** @type {number} */ least) =>
    Number.isInteger(kept?.[name]) && kept[name] >= least && kept[name] <= MOST ? kept[name] : SIZES[name];
  return { fresh: size("fresh", 0), size: size("size", 1) };
}

/**
 * The numbers that come after those that were last asked.
 * @template {{ drawn: string }} Version
 * @param {Version[]} versions
 * @param {string | undefined} drawn
 */
export const nextVersion = (versions, drawn) =>
  versions[(versions.findIndex((version) => version.drawn === drawn) + 1) % versions.length];
