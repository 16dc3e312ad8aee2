// For tests: storage as a browser has it, with room for so many characters, and pages that share it.

/** @implements {Storage} */
export class FakeStorage {
  /** @type {Map<string, string>} */
  #entries = new Map();
  /** @type {Set<FakePage>} */
  pages = new Set();

  /** @param {number} room */
  constructor(room = Infinity) {
    this.room = room;
  }

  get length() {
    return this.#entries.size;
  }

  /** @param {number} index */
  key(index) {
    return [...this.#entries.keys()][index] ?? null;
  }

  /** @param {string} key */
  getItem(key) {
    return this.#entries.get(key) ?? null;
  }

  /**
   * @param {string} key
   * @param {string} value
   */
  setItem(key, value) {
    const others = [...this.#entries].filter(([other]) => other !== key);
    const size = [...others, [key, value]].flat().join("").length;
    if (size > this.room) throw new DOMException("The quota has been exceeded.", "QuotaExceededError");
    this.#entries.set(key, value);
  }

  /** @param {string} key */
  removeItem(key) {
    this.#entries.delete(key);
  }

  clear() {
    this.#entries.clear();
  }
}

// A tab of a browser. What it writes is told to the other tabs, as a browser does.
export class FakePage extends EventTarget {
  /** @param {FakeStorage} storage */
  constructor(storage) {
    super();
    storage.pages.add(this);
    this.localStorage = new Proxy(storage, {
      get: (target, name) => {
        const found = Reflect.get(target, name, target);
        if (name !== "setItem" && name !== "removeItem") {
          return typeof found === "function" ? found.bind(target) : found;
        }
        return (/** @type {string} */ key, /** @type {string} */ value) => {
          found.call(target, key, value);
          const news = { key, newValue: name === "setItem" ? value : null };
          for (const page of storage.pages) if (page !== this) page.hear(news);
        };
      },
    });
  }

  /** @param {{ key: string | null, newValue: string | null }} news */
  hear(news) {
    this.dispatchEvent(Object.assign(new Event("storage"), news, { storageArea: this.localStorage }));
  }
}
