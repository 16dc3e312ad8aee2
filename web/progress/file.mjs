// @ts-check
// Progress as a file that a reader can keep, read, and take to another browser.
import { fault } from "../drill/kept.mjs";
import { isKey, isTime } from "./store.mjs";

/** @typedef {import("./store.mjs").Entry} Entry */

const FORMAT = "latent-shapes progress";
const VERSION = 1;
export const LARGEST = 20_000_000; // bytes; a browser keeps about five

/** @type {Record<string, [one: string, many: string]>} */
const NAMES = {
  read: ["page read", "pages read"],
  place: ["bookmark", "bookmarks"],
  answer: ["answer", "answers"],
  run: ["starter that was run", "starters that were run"],
  edit: ["edited starter", "edited starters"],
  draft: ["exercise begun", "exercises begun"],
  solved: ["exercise solved", "exercises solved"],
  card: ["question learned", "questions learned"],
  written: ["written answer", "written answers"],
  mock: ["mock interview", "mock interviews"],
  setting: ["setting", "settings"],
};

/**
 * @param {Map<string, Entry>} entries
 * @param {Date} now
 */
export function written(entries, now) {
  const told = [...entries].map(([key, { at, value }]) => [key, { at: new Date(at).toISOString(), value }]);
  const file = { format: FORMAT, version: VERSION, saved: now.toISOString(), entries: Object.fromEntries(told) };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** @param {Date} now */
export const fileName = (now) => `latent-shapes-progress-${now.toISOString().slice(0, 10)}.json`;

/**
 * What a file holds. One that is foreign or damaged is refused whole, with an error in words.
 * @param {string} text
 * @returns {{ saved: Date, entries: Map<string, Entry> }}
 */
export function readBack(text) {
  const file = parsed(text);
  if (file?.format !== FORMAT) {
    throw new Error("This is JSON of another kind: expected a file that was saved on this page.");
  }
  if (file.version !== VERSION) {
    throw new Error(`This file has version ${file.version} of the format, and this page reads version ${VERSION}.`);
  }
  const { saved, entries } = file;
  if (typeof entries !== "object" || entries === null || Array.isArray(entries) || !isDate(saved)) {
    throw new Error("This progress file is damaged: it lacks its date or its entries.");
  }
  return { saved: new Date(saved), entries: new Map(Object.entries(entries).map(entryOf)) };
}

/**
 * What taking over a file would do, key by key.
 * @param {Map<string, Entry>} entries
 * @param {{ entry: (key: string) => Entry | undefined }} store
 * @returns {{ added: string[], replaced: string[], kept: string[] }}
 */
export function compared(entries, store) {
  /** @type {{ added: string[], replaced: string[], kept: string[] }} */
  const found = { added: [], replaced: [], kept: [] };
  for (const [key, { at }] of entries) {
    const own = store.entry(key);
    found[!own ? "added" : at > own.at ? "replaced" : "kept"].push(key);
  }
  return found;
}

/**
 * What these keys are, in words: "3 answers, 1 page read".
 * @param {string[]} keys
 */
export function counted(keys) {
  const kinds = keys.map((key) => key.slice(0, key.indexOf("/")));
  const known = Object.entries(NAMES).map(([kind, names]) => [kinds.filter((one) => one === kind).length, names]);
  const others = kinds.filter((kind) => !Object.hasOwn(NAMES, kind)).length;
  return /** @type {[number, [string, string]][]} */ ([...known, [others, ["other entry", "other entries"]]])
    .filter(([count]) => count)
    .map(([count, [one, many]]) => `${count} ${count === 1 ? one : many}`)
    .join(", ");
}

/**
 * @param {string} text
 * @returns {any}
 */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    const own = text.includes(FORMAT);
    throw new Error(
      own
        ? "This progress file is damaged: it ends early, or was changed. Nothing of it was taken over."
        : "This is not a progress file: expected one that was saved on this page, whose name ends in .json.",
    );
  }
}

/**
 * @param {[string, any]} found
 * @returns {[string, Entry]}
 */
function entryOf([key, entry]) {
  if (!isKey(key)) throw new Error(`This progress file is damaged: '${key}' is no name of an entry.`);
  if (!isDate(entry?.at) || entry.value === undefined) {
    throw new Error(`This progress file is damaged: its entry '${key}' lacks its time or its value.`);
  }
  const wrong = fault(key, entry.value);
  if (wrong) throw new Error(`This progress file is damaged: its entry '${key}' ${wrong}.`);
  return [key, { at: Date.parse(entry.at), value: entry.value }];
}

/** @param {unknown} text */
const isDate = (text) => typeof text === "string" && isTime(Date.parse(text));
