// @ts-check
// What a reader did, kept in this browser. Every key is an entry of localStorage of its own, so that
// two open tabs never overwrite each other's; for the same key the later write wins. What the browser
// does not keep lives until the page is closed, and `problem` says so.
//
//   answer/lab-09-voxel-latents/numbers   a question     solved/lab-09-voxel-latents/latent_of
//   edit/lab-09-voxel-latents             the starter    draft/lab-09-voxel-latents/latent_of
//   run/lab-09-voxel-latents                             read/lab-09-voxel-latents, read/09-voxel-latents
//   card/wan-request                      of the drill   mock/2026-11-22T10-00-00-000Z
//   written/wan-request                                  setting/drill, setting/way

/** @typedef {null | boolean | number | string | Json[] | { [name: string]: Json }} Json */
/** @typedef {{ at: number, value: Json }} Entry when it was written, in ms since 1970, and what */
/** @typedef {EventTarget & { localStorage?: Storage & { forgetful?: unknown } }} Page a window */

const VERSION = 1;
const KEPT = "latent-shapes/";
const UNREADABLE = "latent-shapes-unreadable/";
const KEY = /^[a-z]+(\/[A-Za-z0-9_-]+){1,2}$/;
const DISABLED = "This browser lets the site keep nothing, so what you do here lasts until the page is closed.";
const FULL = "The browser's storage for this site is full, so what you do now lasts until the page is closed.";

export class Store {
  #events = new EventTarget();
  /** @type {Map<string, string>} what could not be written, as it would be stored */
  #waiting = new Map();
  /** @type {Storage | null} */
  #storage;

  /** @param {Page} page */
  constructor(page) {
    this.#storage = storageOf(page);
    page.addEventListener("storage", (event) => {
      const { key, newValue, storageArea } = /** @type {StorageEvent} */ (event);
      if (storageArea !== this.#storage) return;
      if (key === null) this.#tell("");
      if (!key?.startsWith(KEPT)) return;
      if (newValue === null) this.#waiting.delete(key.slice(KEPT.length));
      this.#tell(key.slice(KEPT.length));
    });
    // A page that comes back from the browser's cache has missed what other tabs wrote meanwhile.
    page.addEventListener("pageshow", (event) => {
      if (/** @type {PageTransitionEvent} */ (event).persisted) this.#tell("");
    });
  }

  /**
   * Why something is not kept, in one sentence, or null.
   * @returns {string | null}
   */
  get problem() {
    if (!this.#storage) return DISABLED;
    return this.#waiting.size ? FULL : null;
  }

  /**
   * The value of a key: undefined where there is none.
   * @param {string} key
   * @returns {any}
   */
  get(key) {
    return this.entry(key)?.value;
  }

  /**
   * @param {string} key
   * @param {Json} value
   */
  set(key, value) {
    const before = this.entry(key)?.at ?? 0;
    this.#write(key, { at: Math.max(Date.now(), before + 1), value });
  }

  /** @param {string} key */
  remove(key) {
    this.#waiting.delete(key);
    if (this.#stored(key)) this.#storage?.removeItem(KEPT + key);
    this.#flush();
    this.#tell(key);
  }

  /**
   * The keys that have a value and begin so, in order.
   * @param {string} prefix
   * @returns {string[]}
   */
  keys(prefix = "") {
    const stored = this.#names(KEPT).filter((key) => this.#stored(key));
    const all = new Set([...stored, ...this.#waiting.keys()]);
    return [...all].filter((key) => key.startsWith(prefix)).sort();
  }

  /**
   * Listen to changes, of this page and of other tabs. The listener gets the key, or "" where any
   * may have changed.
   * @param {(key: string) => void} listener
   * @returns {() => void} stops it
   */
  on(listener) {
    /** @param {Event} event */
    const heard = (event) => listener(/** @type {CustomEvent<string>} */ (event).detail);
    this.#events.addEventListener("change", heard);
    return () => this.#events.removeEventListener("change", heard);
  }

  /**
   * A value with the time at which it was written.
   * @param {string} key
   * @returns {Entry | undefined}
   */
  entry(key) {
    checkKey(key);
    const [waiting, stored] = [this.#waiting.get(key), this.#stored(key)];
    const kept = waiting === undefined ? undefined : parsed(waiting);
    return later(kept, stored) ? kept : stored;
  }

  /**
   * Write an entry as it was written elsewhere or before, unless there is one as late or later.
   * @param {string} key
   * @param {Entry} entry
   */
  merge(key, entry) {
    if (!later(this.entry(key), entry)) this.#write(key, entry);
  }

  /** @returns {Map<string, Entry>} everything, in the order of the keys */
  entries() {
    return new Map(this.keys().map((key) => [key, /** @type {Entry} */ (this.entry(key))]));
  }

  /**
   * Remove everything, also what cannot be read.
   * @returns {() => void} brings it back
   */
  erase() {
    const [entries, unreadable] = [this.entries(), this.unreadable()];
    for (const prefix of [KEPT, UNREADABLE]) {
      for (const name of this.#names(prefix)) this.#storage?.removeItem(prefix + name);
    }
    this.#waiting.clear();
    this.#tell("");
    return () => {
      for (const [key, entry] of entries) this.merge(key, entry);
      for (const { key, text } of unreadable) this.#setAside(key, text);
      this.#tell("");
    };
  }

  /**
   * What was found and could not be read, as it was found.
   * @returns {{ key: string, text: string }[]}
   */
  unreadable() {
    this.keys(); // sets aside what has not been looked at yet
    const aside = this.#names(UNREADABLE).map((name) => [name, UNREADABLE + name]);
    const inPlace = this.#names(KEPT).map((name) => [name, KEPT + name]);
    return [...aside, ...inPlace]
      .map(([key, place]) => ({ key, place, text: this.#storage?.getItem(place) ?? "" }))
      .filter(({ key, place, text }) => place.startsWith(UNREADABLE) || !isKey(key) || !parsed(text))
      .map(({ key, text }) => ({ key, text }));
  }

  /**
   * @param {string} key
   * @param {Entry} entry
   */
  #write(key, { at, value }) {
    checkKey(key);
    if (value === undefined) throw new TypeError(`${key} is set to undefined: expected a JSON value`);
    this.#waiting.set(key, JSON.stringify({ version: VERSION, at, value }));
    this.#flush();
    this.#tell(key);
  }

  // Write what waits, except where another tab has written later.
  #flush() {
    if (!this.#storage) return;
    for (const [key, text] of this.#waiting) {
      const stored = this.#stored(key);
      if (later(parsed(text), stored)) {
        if (!stored && this.#storage.getItem(KEPT + key) !== null) continue; // unreadable, and no room to move it
        if (!this.#put(KEPT + key, text)) continue;
      }
      this.#waiting.delete(key);
    }
  }

  /**
   * What is stored under a key. What cannot be read is moved, so that nothing overwrites it.
   * @param {string} key
   * @returns {Entry | undefined}
   */
  #stored(key) {
    const text = this.#storage?.getItem(KEPT + key) ?? null;
    if (text === null) return undefined;
    const entry = isKey(key) ? parsed(text) : undefined;
    if (!entry && this.#setAside(key, text)) this.#storage?.removeItem(KEPT + key);
    return entry;
  }

  /**
   * @param {string} key
   * @param {string} text
   */
  #setAside(key, text) {
    const taken = new Set(this.#names(UNREADABLE));
    let name = key;
    for (let n = 2; taken.has(name); n += 1) name = `${key}#${n}`;
    return this.#put(UNREADABLE + name, text);
  }

  /**
   * @param {string} place
   * @param {string} text
   * @returns {boolean} whether it was kept
   */
  #put(place, text) {
    try {
      this.#storage?.setItem(place, text);
      return true;
    } catch {
      return false; // full, which `problem` says while something waits
    }
  }

  /** @param {string} prefix */
  #names(prefix) {
    const storage = this.#storage;
    const places = Array.from({ length: storage?.length ?? 0 }, (_, i) => storage?.key(i) ?? "");
    return places.filter((place) => place.startsWith(prefix)).map((place) => place.slice(prefix.length));
  }

  /** @param {string} key */
  #tell(key) {
    this.#events.dispatchEvent(new CustomEvent("change", { detail: key }));
  }
}

/**
 * Whether a store would take such a key.
 * @param {string} key
 */
export const isKey = (key) => KEY.test(key);

/** @param {string} key */
function checkKey(key) {
  if (!isKey(key)) throw new TypeError(`'${key}' is no key: expected kind/lab or kind/lab/name`);
}

/**
 * @param {Page} page
 * @returns {Storage | null}
 */
function storageOf(page) {
  try {
    const storage = page.localStorage ?? null;
    storage?.getItem(KEPT);
    return storage?.forgetful === true ? null : storage; // see _static/before-paint.js
  } catch {
    return null; // switched off, which `problem` says
  }
}

/**
 * @param {string} text
 * @returns {Entry | undefined}
 */
function parsed(text) {
  let found;
  try {
    found = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { version, at, value } = found ?? {};
  return version === VERSION && isTime(at) && value !== undefined ? { at, value } : undefined;
}

/**
 * Whether an entry can have been written at such a time.
 * @param {unknown} at
 */
export const isTime = (at) => typeof at === "number" && at >= 0 && at < 1e15;

/**
 * @param {Entry | undefined} one
 * @param {Entry | undefined} other
 */
const later = (one, other) => one !== undefined && (other === undefined || one.at >= other.at);

// Each part is bundled with its own copy of this module, and all of them share the page's one store.
const SHARED = Symbol.for("latent-shapes/store");
const page = /** @type {Page & { [SHARED]?: Store }} */ (globalThis.window ?? new EventTarget());

/** @type {Store} */
export const store = (page[SHARED] ??= new Store(page));
