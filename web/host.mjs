// @ts-check
// Puts the parts of a page in their places: <div data-part="name"> with its data as JSON inside.
// A part exports { render({ model, el }) }, as for anywidget, and so works in a notebook unchanged.

import { make } from "./elements.mjs";

/** @typedef {import("./part.d.ts").Model} Model */

/** @implements {Model} */
class PageModel {
  #values;
  /** @type {Map<string, (() => void)[]>} */
  #listeners = new Map();

  /** @param {Record<string, any>} values */
  constructor(values) {
    this.#values = values;
  }

  /** @param {string} name */
  get(name) {
    return this.#values[name];
  }

  /**
   * @param {string} name
   * @param {unknown} value
   */
  set(name, value) {
    this.#values[name] = value;
  }

  /**
   * @param {string} event
   * @param {() => void} listen
   */
  on(event, listen) {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listen]);
  }

  /**
   * @param {string} event
   * @param {() => void} listen
   */
  off(event, listen) {
    this.#listeners.set(event, (this.#listeners.get(event) ?? []).filter((other) => other !== listen));
  }

  // The part's state is the address, so that a link brings it back.
  save_changes() {
    const state = new URLSearchParams();
    for (const name of this.#values.linked ?? []) {
      for (const [key, value] of Object.entries(this.#values[name] ?? {})) {
        if (value !== null) state.set(`${name}.${key}`, String(value));
      }
    }
    const query = state.size ? `?${state}` : "";
    history.replaceState(history.state, "", `${location.pathname}${query}${location.hash}`);
  }
}

/**
 * What the page was built with, and over that what its address says.
 * @param {Record<string, any>} data
 */
function restored(data) {
  data.initial = data.request;
  const state = [...new URLSearchParams(location.search)];
  for (const name of data.linked ?? []) {
    const own = state.filter(([key]) => key.startsWith(`${name}.`));
    if (!own.length) continue;
    const read = own.map(([key, value]) => [key.slice(name.length + 1), value]);
    data[name] = { ...data[name], ...Object.fromEntries(read) };
  }
  return data;
}

/** @param {HTMLElement} el */
async function fill(el) {
  const data = JSON.parse(el.querySelector("script[type='application/json']")?.textContent ?? "{}");
  const address = new URL(`${el.dataset.part}.mjs`, import.meta.url);
  const { default: part } = await import(address.href);
  part.render({ model: new PageModel(restored(data)), el });
}

for (const el of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-part]"))) {
  fill(el).catch((error) => {
    el.append(make("p", { role: "alert" }, "What answers here could not be loaded: reload the page."));
    throw error;
  });
}
