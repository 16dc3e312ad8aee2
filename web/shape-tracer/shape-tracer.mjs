// @ts-check
// The shape tracer: a request, and its way through one model family or two.
// The model holds `atlas` (the table), `request`, and `other` (a second family and library, or null).
import { make } from "../elements.mjs";
import { BYTES, LIBRARIES, LIMITS, takes, trace } from "./trace.mjs";
import palette from "../../code/latentlab/figure.css";
import style from "./shape-tracer.css";

/** @typedef {import("./trace.mjs").Atlas} Atlas */
/** @typedef {import("./trace.mjs").Family} Family */
/** @typedef {import("./trace.mjs").Request} Request */
/** @typedef {import("./trace.mjs").SizeName} SizeName */
/** @typedef {import("./trace.mjs").Step} Step */
/** @typedef {{ family: string, library: string }} Other the second family and its library */

/** @type {SizeName[]} */
const SIZES = ["height", "width", "frames", "batch"];
const POLICIES = {
  error: "Refuse it",
  library: "Do what the library does",
  nearest: "Take the nearest valid",
};
const UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"];

export default { render };

/** @param {import("../part.d.ts").Place} place */
function render({ model, el }) {
  const atlas = model.get("atlas");
  const form = new Form(atlas, el);
  // A link may ask for what there is not; its place is then taken by the page's own example.
  if (model.get("initial")) form.fill(model.get("initial"), null);
  // What is being typed, perhaps half a number, is not written over by its own echo.
  let taking = false;
  const show = () => {
    if (taking) return;
    form.fill(model.get("request"), model.get("other"));
    form.show();
  };
  const take = () => {
    const { request, other } = form.read();
    taking = true;
    model.set("request", request);
    model.set("other", other);
    model.save_changes();
    taking = false;
    form.show();
  };
  form.root.addEventListener("input", take);
  form.root.addEventListener("click", async (event) => {
    const target = /** @type {Element} */ (event.target);
    if (target.matches("[data-nearest]")) {
      form.takeNearest();
      take();
      form.inputs.height.focus();
    } else if (target.matches("[data-link]")) {
      model.save_changes();
      target.textContent = await copied(location.href);
      setTimeout(() => (target.textContent = "Copy a link to this"), 2000);
    }
  });
  if (model.get("linked")) form.root.append(make("button", { type: "button", "data-link": true }, "Copy a link to this"));
  model.on("change:request", show);
  model.on("change:other", show);
  show();
  return () => {
    model.off("change:request", show);
    model.off("change:other", show);
  };
}

/** @param {string} text */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return "Copied";
  } catch {
    return "Copy it from the address bar";
  }
}

class Form {
  /**
   * @param {Atlas} atlas
   * @param {HTMLElement} el
   */
  constructor(atlas, el) {
    this.atlas = atlas;
    /** @type {HTMLElement[]} */
    this.drawn = [];
    /** @type {string[]} */
    this.strays = [];
    const names = Object.fromEntries(Object.keys(atlas).map((name) => [name, atlas[name].title]));
    const dtypes = Object.fromEntries(Object.keys(BYTES).map((name) => [name, name]));
    const choice = (/** @type {string} */ label, /** @type {Record<string, string>} */ options) => {
      const items = Object.entries(options).map(([value, text]) => make("option", { value }, text));
      return { label, input: make("select", {}, ...items) };
    };
    const count = (/** @type {string} */ label) => {
      const rules = { type: "number", min: 1, step: 1, inputmode: "numeric", required: true };
      return { label, input: make("input", rules) };
    };
    /** @type {Record<string, { label: string, input: HTMLInputElement | HTMLSelectElement }>} */
    const fields = {
      family: choice("Family", names),
      library: choice("Library", LIBRARIES),
      height: count("Height"),
      width: count("Width"),
      frames: count("Frames"),
      batch: count("Batch"),
      dtype: choice("dtype", dtypes),
      on_invalid: choice("A size off the rule", POLICIES),
      compare: { label: "Compare with", input: make("input", { type: "checkbox" }) },
      otherFamily: choice("Second family", names),
      otherLibrary: choice("Its library", LIBRARIES),
    };
    this.labels = Object.fromEntries(Object.entries(fields).map(([name, { label }]) => [name, label]));
    this.inputs = Object.fromEntries(Object.entries(fields).map(([name, { input }]) => [name, input]));
    const row = (/** @type {string[]} */ ...wanted) =>
      make(
        "div",
        { class: "ls-fields" },
        ...wanted.map((name) =>
          make(
            "label",
            { "data-field": name },
            make("span", {}, fields[name].label),
            fields[name].input,
          ),
        ),
      );
    this.problem = make("div", { class: "ls-problem", role: "alert" });
    this.lanes = make("div", { class: "ls-lanes", "aria-live": "polite" });
    this.root = make(
      "form",
      { class: "ls-figure ls-tracer", "aria-label": "Shape tracer", autocomplete: "off" },
      make("style", {}, palette + style),
      row("family", "library", "on_invalid"),
      row("height", "width", "frames", "batch", "dtype"),
      row("compare", "otherFamily", "otherLibrary"),
      this.problem,
      this.lanes,
    );
    this.root.addEventListener("submit", (event) => event.preventDefault());
    el.replaceChildren(this.root);
  }

  /**
   * @param {Request} request
   * @param {Other | null} other
   */
  fill(request, other) {
    this.strays = [];
    for (const [name, value] of Object.entries(request)) {
      if (name in this.inputs) this.set(name, value);
    }
    this.compare.checked = Boolean(other);
    this.set("otherFamily", other?.family ?? this.inputs.family.value);
    this.set("otherLibrary", other?.library ?? "diffusers");
    this.offer("family", "library", request.library);
    this.offer("otherFamily", "otherLibrary", other?.library);
  }

  get compare() {
    return /** @type {HTMLInputElement} */ (this.inputs.compare);
  }

  /**
   * A value that the control cannot hold is told, and the control keeps what it has.
   * @param {string} name
   * @param {string | number | null} value
   */
  set(name, value) {
    const input = this.inputs[name];
    const before = input.value;
    input.value = String(value ?? "");
    if (input.value === String(value ?? "")) return;
    input.value = before;
    const shown = input instanceof HTMLSelectElement ? input.selectedOptions[0].textContent : before;
    const label = this.labels[name].toLowerCase();
    this.strays.push(`the link asks for ${label} '${value}', which does not exist; it stays ${shown}`);
  }

  read() {
    const { inputs } = this;
    const size = (/** @type {string} */ name) => (inputs[name].value === "" ? null : Number(inputs[name].value));
    const words = ["family", "library", "dtype", "on_invalid"];
    /** @type {any} */
    const request = Object.fromEntries([
      ...words.map((name) => [name, inputs[name].value]),
      ...SIZES.map((name) => [name, size(name)]),
    ]);
    const second = { family: inputs.otherFamily.value, library: inputs.otherLibrary.value };
    return { request: /** @type {Request} */ (request), other: this.compare.checked ? second : null };
  }

  /**
   * An image family takes no frames; what was typed there waits for the next video family.
   * @param {string} family
   * @param {string} library
   * @returns {Request & Other}
   */
  ask(family, library) {
    const { request } = this.read();
    return { ...request, family, library, ...(this.isImage(family) ? { frames: null } : {}) };
  }

  /** @param {string} family */
  isImage(family) {
    return this.atlas[family]?.medium === "image";
  }

  asked() {
    const { request, other } = this.read();
    const both = /** @type {Other[]} */ ([request, ...(other ? [other] : [])]);
    return both.map(({ family, library }) => this.ask(family, library));
  }

  // What does not fit is told; the last way that could be followed stays in view, paler.
  show() {
    const { inputs, atlas } = this;
    this.offer("family", "library");
    this.offer("otherFamily", "otherLibrary");
    inputs.frames.disabled = this.asked().every(({ family }) => this.isImage(family));
    inputs.otherFamily.disabled = !this.compare.checked;
    if (!this.compare.checked) inputs.otherLibrary.disabled = true;
    const problems = this.strays;
    this.strays = [];
    /** @type {Set<SizeName>} */
    const wrong = new Set();
    const asked = this.asked();
    for (const [index, request] of asked.entries()) {
      try {
        this.drawn[index] = lane(atlas, request, trace(atlas, request));
      } catch (caught) {
        const error = /** @type {Error & { fields?: SizeName[] }} */ (caught);
        problems.push(error.message.replaceAll("`", ""));
        error.fields?.forEach((name) => wrong.add(name));
        this.drawn[index]?.classList.add("ls-stale");
      }
    }
    for (const name of SIZES) inputs[name].setAttribute("aria-invalid", String(wrong.has(name)));
    /** @type {HTMLElement[]} */
    const words = [...new Set(problems)].map((text) => make("p", {}, sentence(text)));
    if (wrong.size && this.nearest()) {
      words.push(make("button", { type: "button", "data-nearest": true }, "Take the nearest valid"));
    } else if (wrong.size && asked.length > 1) {
      words.push(make("p", {}, "No request nearby suits both families."));
    }
    this.problem.replaceChildren(...words);
    this.lanes.replaceChildren(...asked.map((_, index) => this.drawn[index] ?? ""));
  }

  /**
   * DiffSynth-Studio can be chosen where it was read.
   * @param {string} family
   * @param {string} library
   * @param {string} [wanted]
   */
  offer(family, library, wanted) {
    const entry = this.atlas[this.inputs[family].value];
    const known = Boolean(entry.diffsynth);
    const select = this.inputs[library];
    if (!known) select.value = "diffusers";
    if (!known && wanted === "diffsynth") {
      this.strays.push(`${entry.title} in DiffSynth-Studio is not in the atlas; this is diffusers`);
    }
    select.disabled = !known;
  }

  /**
   * The nearest sizes that all chosen families take; null where there are none nearby.
   * @returns {Record<SizeName, number> | null}
   */
  nearest() {
    const { request } = this.read();
    const asked = this.asked();
    /** @type {any} */
    const sizes = {};
    for (const name of SIZES) {
      const families = asked.filter(({ family }) => name !== "frames" || !this.isImage(family));
      const middle = Math.min(Math.max(1, Math.round(request[name] ?? 1)), LIMITS[name]);
      const suits = (/** @type {number} */ n) => n > 0 && families.every((one) => takes(this.atlas, one, name, n));
      const steps = [...Array(1024).keys()].flatMap((step) => [middle - step, middle + step]);
      sizes[name] = families.length ? steps.find(suits) : middle;
      if (!sizes[name]) return null;
    }
    try {
      for (const one of asked) {
        const frames = this.isImage(one.family) ? null : sizes.frames;
        const wanted = { ...one, ...sizes, frames, on_invalid: "nearest" };
        Object.assign(sizes, sizesOf(trace(this.atlas, wanted).steps[0]));
      }
      for (const one of asked) {
        const frames = this.isImage(one.family) ? null : sizes.frames;
        trace(this.atlas, { ...one, ...sizes, frames, on_invalid: "error" });
      }
    } catch {
      return null;
    }
    return sizes;
  }

  takeNearest() {
    for (const [name, value] of Object.entries(this.nearest() ?? {})) this.inputs[name].value = String(value);
  }
}

/** @param {Step} step */
function sizesOf({ shape, axes }) {
  /** @type {Record<string, SizeName>} */
  const letters = { B: "batch", T: "frames", H: "height", W: "width" };
  const named = axes.split(" ").map((letter, i) => [letters[letter], shape[i]]);
  return Object.fromEntries(named.filter(([name]) => name));
}

/**
 * @param {Atlas} atlas
 * @param {Request} request
 * @param {import("./trace.mjs").Way} way
 */
function lane(atlas, request, { steps, warnings }) {
  const entry = atlas[request.family];
  const items = [];
  for (const [index, step] of steps.entries()) {
    const before = steps[index - 1];
    const same = before && step.axes === before.axes && String(step.shape) === String(before.shape);
    if (same && step.name === "pipeline") continue;
    if (before) items.push(make("li", { class: "ls-arrow" }, arrow(entry, step, before)));
    const place = make("span", { class: "ls-place" }, `${step.name}, ${size(step.bytes)}`);
    items.push(make("li", {}, chips(step), " ", place));
  }
  const library = request.library === "diffsynth" ? ` in ${LIBRARIES.diffsynth}` : "";
  return make(
    "div",
    {},
    make("p", { class: "ls-title" }, entry.title + library, make("span", {}, " · the last valid request")),
    make("ul", { class: "ls-path" }, ...items),
    summary(entry, steps),
    ...(warnings.length ? [make("ul", { class: "ls-warnings" }, ...warnings.map(warning))] : []),
  );
}

/** @param {string} text */
const warning = (text) => make("li", {}, sentence(text));

/**
 * @param {Family} entry
 * @param {Step} step
 * @param {Step} before
 */
function arrow({ pipeline_axes, patch, space, time }, { name }, before) {
  const cell = time ? `${time.factor} frames of ${space.factor} × ${space.factor} pixels` : null;
  /** @type {Record<string, string>} */
  const words = {
    folded: "fold the frames into the batch",
    latent: `encode: ${cell ?? `${space.factor} × ${space.factor} pixels`} a cell`,
    pipeline: `arrange as ${pipeline_axes}`,
    packed: `move ${patch?.slice(1).join(" × ")} cells into the channels`,
    tokens: `cut into patches of ${patch?.join(" × ")} cells, one token each`,
    decoded: before.name === "latent" ? "decode" : "back to the latent, and decode",
  };
  return words[name];
}

/** @param {Step} step */
function chips({ shape, axes }) {
  const letters = axes.split(" ");
  const drawn = shape.map((n, i) =>
    make(
      "span",
      { class: "ls-dim", style: `--axis:var(--ls-${letters[i]})` },
      `${n} `,
      make("small", {}, letters[i]),
    ),
  );
  return make("span", { class: "ls-shape" }, ...drawn.flatMap((chip) => [chip, " "]));
}

/**
 * @param {Family} entry
 * @param {Step[]} steps
 */
function summary(entry, steps) {
  const step = (/** @type {string} */ name) => steps.find((found) => found.name === name);
  const count = (/** @type {string} */ name) => (step(name)?.shape ?? []).reduce((a, b) => a * b, 1);
  const fewer = count("pixels") / count("latent");
  const times = (/** @type {number} */ n) => `${n.toLocaleString("en-US", { maximumSignificantDigits: 4 })}×`;
  const facts = [
    ["fewer numbers", times(fewer)],
    ["fewer positions", times((fewer * entry.latent_channels) / 3)],
  ];
  const tokens = step("tokens");
  if (tokens) {
    const [, length, width] = tokens.shape;
    facts.push(["tokens", length.toLocaleString("en-US")], ["numbers a token", String(width)]);
  }
  const pairs = facts.map(([term, value]) => make("div", {}, make("dt", {}, term), make("dd", {}, value)));
  return make("dl", { class: "ls-facts" }, ...pairs);
}

/** @param {number} bytes */
function size(bytes) {
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), UNITS.length - 1);
  const value = bytes / 1024 ** power;
  return `${value.toLocaleString("en-US", { maximumSignificantDigits: 4 })} ${UNITS[power]}`;
}

/** @param {string} text */
const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`;
