// Puts the parts of a page in their places: <div data-part="name"> with its data as JSON inside.
// A part exports { render({ model, el }) }, as for anywidget, and so works in a notebook unchanged.

class PageModel {
  #values;
  #listeners = new Map();

  constructor(values) {
    this.#values = values;
  }

  get(name) {
    return this.#values[name];
  }

  set(name, value) {
    this.#values[name] = value;
  }

  on(event, listen) {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listen]);
  }

  off(event, listen) {
    this.#listeners.set(event, (this.#listeners.get(event) ?? []).filter((other) => other !== listen));
  }

  // The part's state is the address, so that a link brings it back.
  save_changes() {
    const state = new URLSearchParams();
    for (const name of this.#values.linked ?? []) {
      for (const [key, value] of Object.entries(this.#values[name] ?? {})) {
        if (value !== null) state.set(`${name}.${key}`, value);
      }
    }
    const query = state.size ? `?${state}` : "";
    history.replaceState(history.state, "", `${location.pathname}${query}${location.hash}`);
  }
}

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

for (const el of document.querySelectorAll("[data-part]")) {
  const data = JSON.parse(el.querySelector("script[type='application/json']")?.textContent ?? "{}");
  const address = new URL(`${el.dataset.part}.mjs`, import.meta.url);
  const { default: part } = await import(address);
  part.render({ model: new PageModel(restored(data)), el });
}
