// @ts-check
// The latent explorer: a picture, its latent channel by channel, what a reader does to them, and what
// the decoder makes of it. The model holds what the page was built with and `view`, the reader's state.
import { make } from "../elements.mjs";
import { ChannelMap } from "./channel-map.mjs";
import { apply, draw, psnr, untouched, UNTOUCHED } from "./operations.mjs";
import { image, read } from "./picture.mjs";
import { Vae } from "./vae.mjs";
import palette from "../../code/latentlab/figure.css";
import style from "./latent-explorer.css";

/** @typedef {import("../part.d.ts").Model} Model */
/** @typedef {import("./operations.mjs").Change} Change */
/** @typedef {import("./operations.mjs").Slider} Slider */
/** @typedef {{ label: string, min: number, max: number, step: number }} Range */
/** @typedef {import("./picture.mjs").Picture & { title: string, credit: string, photograph: string | null }} Picture */
/** @typedef {{ mean: Float32Array, std: Float32Array, channels: number, height: number, width: number }} Latent unscaled */
/** @typedef {{ map: ChannelMap, note: HTMLElement, radio: HTMLInputElement, tile: HTMLElement }} Tile */
/** @typedef {{ name: string, title: string, address: string, credit: string }} Photograph */

/** @type {Record<Slider, Range>} */
const SLIDERS = {
  scale: { label: "Scale", min: -2, max: 2, step: 0.05 },
  shift: { label: "Shift", min: -3, max: 3, step: 0.05 },
  blur: { label: "Blur, cells", min: 0, max: 4, step: 0.25 },
  noise: { label: "Noise", min: 0, max: 2, step: 0.05 },
};
const NAMES = /** @type {Slider[]} */ (Object.keys(SLIDERS));
const BRUSH = {
  value: { label: "Brush value", min: -3, max: 3, step: 0.1 },
  size: { label: "Brush size, cells", min: 1, max: 7, step: 2 },
};
/** @type {[value: string, text: string][]} */
const POINTER = [
  ["look", "reads values"],
  ["paint", "paints"],
  ["erase", "erases paint"],
];

export default { render };

/** @param {import("../part.d.ts").Place} place */
function render({ model, el }) {
  const explorer = new Explorer(model);
  el.replaceChildren(explorer.root);
  return () => explorer.vae?.stop();
}

/** @param {number} bytes */
const megabytes = (bytes) => (bytes / 1e6).toFixed(1);
/**
 * @param {string} text
 * @param {string} name
 */
const button = (text, name) => make("button", { type: "button", "data-do": name }, text);

/**
 * @param {string} name
 * @param {Range} range
 * @param {number} value
 */
function slider(name, { label, ...range }, value) {
  const input = make("input", { type: "range", name, value, "aria-label": label, ...range });
  return make("label", {}, make("span", {}, label), input, make("span", { class: "ls-number" }));
}

/**
 * @param {string} label
 * @param {string} name
 * @param {[value: string | number, text: string][]} options
 */
function choice(label, name, options) {
  const items = options.map(([value, text]) => make("option", { value }, text));
  return make("label", {}, make("span", {}, label), make("select", { name }, ...items));
}

class Explorer {
  /** @type {Vae | null} */
  vae = null;
  /** @type {Tile[]} */
  maps = [];
  problem = make("div", { class: "ls-problem", role: "alert" });
  status = make("p", { class: "ls-status", role: "status" });
  original = make("canvas", { role: "img" });
  decoded = make("canvas", { role: "img" });
  verdict = make("figcaption", { "aria-live": "polite" });
  credit = make("p", { class: "ls-credit" });
  readouts = make("dl", { class: "ls-facts" });
  legend = make("legend", {}, "");
  #model;
  #changes;
  #selected = 0;
  /** @type {Picture | null} */
  #picture = null;
  /** @type {Latent | null} */
  #latent = null;
  #edited = new Float32Array(); // what the decoder was asked last: scaled
  #asked = 0;
  #decoding = false;
  #again = false;
  #tasks = 0;
  /** @type {number | null} */
  #looked = null; // the channel that was read last

  /** @param {Model} model */
  constructor(model) {
    this.#model = model;
    this.#changes = untouched(this.#data("latent_channels"));
    this.stage = make("div");
    this.root = make(
      "section",
      { class: "ls-figure ls-explorer", "aria-label": "Latent explorer", "data-state": "idle" },
      make("style", {}, palette + style),
      this.stage,
    );
    this.#rest();
  }

  /** @param {string} name */
  #data(name) {
    return this.#model.get(name);
  }

  /** @param {string} message */
  #tell(message) {
    this.problem.replaceChildren(...(message ? [make("p", {}, message)] : []));
  }

  // Before anything is loaded, and after a load that was stopped or failed.
  #rest() {
    this.root.dataset.state = "idle";
    const size = megabytes(this.#total());
    const start = button(`Load the VAE and its runtime (${size} MB)`, "load");
    start.addEventListener("click", () => this.#load());
    const words =
      "The course's own VAE, run in this page. Nothing is loaded before you ask, and no picture leaves your browser.";
    this.stage.replaceChildren(make("p", {}, words), start, this.problem);
    return start;
  }

  #total() {
    const files = /** @type {import("./vae.mjs").File[]} */ (Object.values(this.#data("files")));
    return files.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  async #load() {
    this.root.dataset.state = "loading";
    this.#tell("");
    const total = this.#total();
    const bar = make("progress", { max: total, value: 0, "aria-label": "Loading the VAE" });
    const words = make("span", {}, "");
    const stop = button("Stop", "stop");
    stop.addEventListener("click", () => this.vae?.stop());
    this.stage.replaceChildren(make("div", { class: "ls-loading" }, bar, words, stop), this.problem);
    stop.focus();
    const show = (/** @type {number} */ bytes) => {
      bar.value = bytes;
      words.textContent = bytes < total ? `${megabytes(bytes)} of ${megabytes(total)} MB` : "Starting the VAE…";
    };
    show(0);
    const vae = new Vae(show);
    this.vae = vae;
    try {
      await vae.load(this.#data("files"));
    } catch (caught) {
      const error = /** @type {Error} */ (caught);
      vae.stop();
      this.#rest().focus();
      if (error.name !== "AbortError") this.#tell(`${error.message} Try again, or reload the page.`);
      return;
    }
    this.#furnish();
    const { photograph, strays } = this.#restore();
    await this.#choose(photograph);
    if (strays.length) this.#tell(`The link asks for ${strays.join(", ")} in a way that does not exist; the rest was followed.`);
    const chosen = /** @type {HTMLElement | null} */ (this.root.querySelector("input[name=photograph]:checked"));
    chosen?.focus({ preventScroll: true });
  }

  #furnish() {
    const { stage } = this;
    const channels = this.#data("latent_channels");
    this.maps = Array.from({ length: channels }, (_, channel) => this.#map(channel));
    stage.replaceChildren(
      this.#photographs(),
      this.problem,
      make(
        "div",
        { class: "ls-view" },
        make(
          "div",
          { class: "ls-pair" },
          make("figure", {}, this.original, make("figcaption", {}, "the original")),
          make("figure", {}, this.decoded, this.verdict),
        ),
        make(
          "div",
          { class: "ls-maps", role: "group", "aria-label": "Channels" },
          ...this.maps.map(({ tile }) => tile),
        ),
        this.credit,
      ),
      this.status,
      this.#controls(),
      this.readouts,
    );
    stage.addEventListener("input", (event) => this.#input(/** @type {HTMLInputElement} */ (event.target)));
    stage.addEventListener("submit", (event) => event.preventDefault());
    stage.addEventListener("click", (event) => this.#click(/** @type {HTMLElement} */ (event.target).dataset.do));
    this.root.addEventListener("dragover", (event) => event.preventDefault());
    this.root.addEventListener("drop", (event) => {
      event.preventDefault();
      if (event.dataTransfer?.files.length) this.#own(event.dataTransfer.files[0]);
    });
    this.root.addEventListener("paste", ({ clipboardData }) => {
      if (clipboardData?.files.length) this.#own(clipboardData.files[0]);
    });
  }

  #photographs() {
    const photographs = /** @type {Photograph[]} */ (this.#data("photographs"));
    const items = photographs.map(({ name, title, address }) =>
      make(
        "label",
        { title },
        make("input", { type: "radio", name: "photograph", value: name, "aria-label": title }),
        make("img", { src: address, alt: "", width: 56, height: 56 }),
      ),
    );
    const file = make("input", { type: "file", name: "own", accept: "image/*" });
    return make(
      "div",
      { class: "ls-photographs", role: "group", "aria-label": "Picture" },
      ...items,
      make("label", { class: "ls-own" }, "Your own picture…", file),
    );
  }

  /**
   * @param {number} channel
   * @returns {Tile}
   */
  #map(channel) {
    const map = new ChannelMap({
      channel,
      colors: this.#data("colors"),
      brush: () => ({ does: /** @type {any} */ (this.#field("pointer").value), size: Number(this.#field("size").value) }),
      onPaint: (cells, erase) => this.#paint(channel, cells, erase),
      onSelect: () => this.#select(channel),
      onRead: (sentence) => {
        this.#looked = channel;
        this.status.textContent = sentence;
      },
    });
    const note = make("span");
    const radio = make("input", { type: "radio", name: "channel", value: channel, checked: channel === 0 });
    return { map, note, radio, tile: make("div", {}, map.element, make("label", {}, radio, `channel ${channel}`, note)) };
  }

  #controls() {
    /** @type {[number, string][]} */
    const channels = this.#changes.map((_, channel) => [channel, `channel ${channel}`]);
    const own = this.#data("scaling_factor").toFixed(3);
    const { name, value } = this.#data("stranger");
    /** @type {[string, string][]} */
    const factors = [
      ["once", `÷ ${own}: right`],
      ["never", "never divided"],
      ["twice", `÷ ${own}, twice`],
      ["stranger", `÷ ${value}, of ${name}`],
    ];
    return make(
      "form",
      { class: "ls-controls", autocomplete: "off" },
      make(
        "fieldset",
        {},
        this.legend,
        make("div", { class: "ls-sliders" }, ...NAMES.map((name) => slider(name, SLIDERS[name], UNTOUCHED[name]))),
        make(
          "div",
          { class: "ls-buttons" },
          button("Zero", "zero"),
          button("Flip sign", "flip"),
          button("Only this one", "only"),
          choice("Swap with", "swap", [["", "…"], ...channels]),
          button("Reset channel", "reset"),
        ),
      ),
      make(
        "fieldset",
        {},
        make("legend", {}, "Paint"),
        make(
          "div",
          { class: "ls-sliders" },
          choice("Mouse or finger", "pointer", POINTER),
          slider("value", BRUSH.value, 2),
          slider("size", BRUSH.size, 3),
        ),
        make("p", {}, "With the keyboard: Tab to a map, arrows move, Space paints, Delete erases. The address keeps all but paint."),
      ),
      make(
        "fieldset",
        {},
        make("legend", {}, "The whole latent"),
        make(
          "div",
          { class: "ls-buttons" },
          choice("Take", "take", [["mean", "the mean"], ["draw", "one draw"]]),
          choice("Before decoding", "factor", factors),
          button("Reset everything", "clear"),
        ),
      ),
    );
  }

  /** @param {string} name */
  #field(name) {
    return /** @type {HTMLInputElement & HTMLSelectElement} */ (this.stage.querySelector(`[name=${name}]`));
  }

  // What happens when the reader does something.

  /** @param {HTMLInputElement} target */
  #input(target) {
    const { name, value, files } = target;
    if (name === "photograph") return this.#choose(value);
    if (name === "own") return files?.length && this.#own(files[0]);
    if (name === "channel") return this.#select(Number(value));
    if (name in SLIDERS) this.#changes[this.#selected][/** @type {Slider} */ (name)] = Number(value);
    else if (name === "swap") this.#swap(Number(value));
    else if (name === "pointer") this.root.classList.toggle("ls-painting", value !== "look");
    this.#work(this.#follow());
  }

  /** @param {string | undefined} action */
  #click(action) {
    const changes = this.#changes;
    const channel = changes[this.#selected];
    if (action === "zero") this.#silence(channel);
    else if (action === "flip") channel.scale *= -1;
    else if (action === "only") changes.filter((other) => other !== channel).forEach((other) => this.#silence(other));
    else if (action === "reset") this.#reset(this.#selected);
    else if (action === "clear") {
      this.#changes = untouched(changes.length);
      this.#field("take").value = "mean";
      this.#field("factor").value = "once";
      this.#field("pointer").value = "look";
      this.root.classList.remove("ls-painting");
    } else return;
    this.#work(this.#follow());
  }

  /** @param {number} channel */
  #select(channel) {
    this.#selected = channel;
    this.#label();
  }

  /** @param {Change} channel */
  #silence(channel) {
    Object.assign(channel, { scale: 0, shift: 0, noise: 0, paint: new Map() });
  }

  /**
   * The channel that stands here goes home, and the one that it had displaced does, too.
   * @param {number} place
   */
  #reset(place) {
    const changes = this.#changes;
    const home = changes.findIndex(({ source }) => source === place);
    changes[home].source = changes[place].source;
    changes[place] = { ...untouched(changes.length)[place] };
  }

  /** @param {number} other */
  #swap(other) {
    const [a, b] = [this.#changes[this.#selected], this.#changes[other]];
    [a.source, b.source] = [b.source, a.source];
    this.#field("swap").value = "";
  }

  /**
   * @param {number} channel
   * @param {number[]} cells
   * @param {boolean} erase
   */
  #paint(channel, cells, erase) {
    const { paint } = this.#changes[channel];
    const value = Number(this.#field("value").value);
    for (const cell of cells) {
      if (erase) paint.delete(cell);
      else paint.set(cell, value);
    }
    this.#selected = channel;
    this.#work(this.#follow());
  }

  /** @param {string} name */
  #choose(name) {
    const photographs = /** @type {Photograph[]} */ (this.#data("photographs"));
    const { title, address, credit } = /** @type {Photograph} */ (photographs.find((one) => one.name === name));
    const open = async () => {
      const response = await fetch(address).catch(() => null);
      if (!response?.ok) throw new Error(`${title} could not be loaded.`);
      return response.blob();
    };
    return this.#work(this.#take(open, title, credit, name));
  }

  /** @param {File} file */
  #own(file) {
    return this.#work(this.#take(() => file, file.name, "", null));
  }

  /**
   * What is opened becomes the picture, unless another was asked for meanwhile; what cannot be read
   * leaves the last one in place.
   * @param {() => Blob | Promise<Blob>} open
   * @param {string} title
   * @param {string} credit
   * @param {string | null} photograph
   */
  async #take(open, title, credit, photograph) {
    const asked = ++this.#asked;
    this.#tell("");
    try {
      const picture = await read(await open(), title);
      const { pixels, height, width } = picture;
      const { mean, std, shape } = await /** @type {Vae} */ (this.vae).encode(pixels, height, width);
      if (asked !== this.#asked) return;
      const moved = this.#latent && (shape[2] !== this.#latent.height || shape[3] !== this.#latent.width);
      if (moved) this.#changes.forEach(({ paint }) => paint.clear());
      this.#picture = { ...picture, title, credit, photograph };
      this.#latent = { mean, std, channels: shape[1], height: shape[2], width: shape[3] };
    } catch (caught) {
      const error = /** @type {Error} */ (caught);
      if (asked !== this.#asked || error.name === "AbortError") return;
      this.#tell(`${error.message}${this.#picture ? " The picture before it stays." : ""}`);
      this.#mark();
      return;
    }
    this.#show();
    await this.#follow();
  }

  /**
   * Until the work is done the explorer says that it is busy; it can be used meanwhile.
   * @param {Promise<void>} promise
   */
  async #work(promise) {
    this.#tasks += 1;
    this.root.dataset.state = "busy";
    await promise;
    this.#tasks -= 1;
    if (!this.#tasks) this.root.dataset.state = "ready";
  }

  // Which radio button is on.
  #mark() {
    for (const radio of /** @type {NodeListOf<HTMLInputElement>} */ (this.stage.querySelectorAll("[name=photograph]"))) {
      radio.checked = radio.value === this.#picture?.photograph;
    }
    const own = this.#field("own");
    own.value = "";
    own.parentElement?.classList.toggle("ls-chosen", this.#picture?.photograph === null);
  }

  #show() {
    const { shown, height, width, from, title, credit } = /** @type {Picture} */ (this.#picture);
    Object.assign(this.original, { height, width });
    this.original.getContext("2d")?.putImageData(shown, 0, 0);
    this.original.setAttribute("aria-label", `The original: ${title}`);
    const shrunk = from.height === height && from.width === width ? "" : `${from.width} × ${from.height}, taken at ${width} × ${height}; `;
    this.credit.textContent = credit || `${title}: ${shrunk}it stays in your browser.`;
    this.#looked = null;
    this.status.textContent = "";
    this.#mark();
  }

  // Show the latent as it now is, and decode it; while a decode runs, only the latest state waits.
  async #follow() {
    if (!this.#latent) return;
    const factor = this.#data("scaling_factor");
    const { mean, std, ...shape } = this.#latent;
    const taken = this.#field("take").value === "draw" ? draw(mean, std) : mean;
    const scaled = taken.map((value) => value * factor);
    this.#edited = apply({ values: scaled, ...shape }, this.#changes);
    this.#draw(scaled);
    this.#again = true;
    if (this.#decoding) return;
    this.#decoding = true;
    while (this.#again) {
      this.#again = false;
      await this.#decode();
    }
    this.#decoding = false;
    this.#keep();
  }

  /** @param {Float32Array} scaled */
  #draw(scaled) {
    const { height, width } = /** @type {Latent} */ (this.#latent);
    const cells = height * width;
    this.maps.forEach(({ map, note }, channel) => {
      const { source, paint } = this.#changes[channel];
      const limit = scaled.subarray(source * cells, (source + 1) * cells).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      map.show(this.#edited.subarray(channel * cells, (channel + 1) * cells), height, width, limit || 1);
      const words = [source === channel ? "" : `holds ${source}`, paint.size ? `${paint.size} painted` : ""];
      note.textContent = words.filter(Boolean).join(", ");
    });
    if (this.#looked !== null) this.maps[this.#looked].map.tell();
    this.#label();
  }

  // The controls say what the selected channel is at.
  #label() {
    this.maps.forEach(({ radio }, channel) => (radio.checked = channel === this.#selected));
    this.legend.textContent = `Channel ${this.#selected}`;
    for (const name of NAMES) this.#field(name).value = String(this.#changes[this.#selected][name]);
    for (const number of this.stage.querySelectorAll(".ls-number")) {
      number.textContent = Number(/** @type {HTMLInputElement} */ (number.previousElementSibling).value).toFixed(2).replace(/\.?0+$/, "");
    }
    for (const option of this.#field("swap").options) option.disabled = option.value === String(this.#selected);
  }

  async #decode() {
    const { pixels, height, width } = /** @type {Picture} */ (this.#picture);
    const latent = /** @type {Latent} */ (this.#latent);
    const own = this.#data("scaling_factor");
    /** @type {Record<string, number>} */
    const divisors = { once: own, never: 1, twice: own ** 2, stranger: this.#data("stranger").value };
    const divisor = divisors[this.#field("factor").value];
    const began = performance.now();
    let back;
    try {
      back = await /** @type {Vae} */ (this.vae).decode(this.#edited.map((value) => value / divisor), latent.height, latent.width);
    } catch (caught) {
      const error = /** @type {Error} */ (caught);
      if (error.name !== "AbortError") this.#tell(`The latent could not be decoded: ${error.message}`);
      return;
    }
    const milliseconds = performance.now() - began;
    Object.assign(this.decoded, { height, width });
    this.decoded.getContext("2d")?.putImageData(image(back, height, width), 0, 0);
    const quality = psnr(pixels, back);
    this.decoded.setAttribute("aria-label", `Decoded, ${quality.toFixed(1)} decibels`);
    this.verdict.textContent = `decoded, ${quality.toFixed(1)} dB`;
    this.#read(quality, milliseconds);
  }

  /**
   * @param {number} quality
   * @param {number} milliseconds
   */
  #read(quality, milliseconds) {
    const { channels, height, width } = /** @type {Latent} */ (this.#latent);
    const picture = /** @type {Picture} */ (this.#picture);
    const shape = [1, channels, height, width];
    const chips = shape.map((n, i) => {
      const letter = "BCHW"[i];
      return make("span", { class: "ls-dim", style: `--axis:var(--ls-${letter})` }, `${n}`, make("small", {}, letter));
    });
    const facts = {
      "latent": make("span", { class: "ls-shape" }, ...chips),
      "at fp16": `${((channels * height * width * 2) / 1024).toLocaleString("en-US", { maximumSignificantDigits: 3 })} KiB`,
      "the picture at 8 bits": `${((picture.height * picture.width * 3) / 1024).toLocaleString("en-US", { maximumSignificantDigits: 3 })} KiB`,
      "PSNR": `${quality.toFixed(1)} dB`,
      "decoded in": `${Math.round(milliseconds)} ms`,
    };
    const items = Object.entries(facts).map(([term, value]) => make("div", {}, make("dt", {}, term), make("dd", {}, value)));
    this.readouts.replaceChildren(...items);
  }

  // What the address says: the photograph, and all that is not as it was at first. It is written
  // when all is decoded, because browsers refuse an address that changes all the time.
  #keep() {
    /** @type {Record<string, string | number | null>} */
    const view = { photograph: /** @type {Picture} */ (this.#picture).photograph };
    for (const name of ["take", "factor"]) {
      const select = this.#field(name);
      view[name] = select.selectedIndex ? select.value : null;
    }
    this.#changes.forEach((change, channel) => {
      view[`source${channel}`] = change.source === channel ? null : change.source;
      for (const name of NAMES) {
        view[`${name}${channel}`] = change[name] === UNTOUCHED[name] ? null : change[name];
      }
    });
    this.#model.set("view", view);
    this.#model.save_changes();
  }

  // Takes what the address says as far as it can be followed, and returns what cannot.
  #restore() {
    const view = this.#data("view") ?? {};
    const strays = [];
    /** @type {(name: string, value: string) => boolean} */
    const known = (name, value) => [...this.#field(name).options].some((option) => option.value === value);
    for (const name of ["take", "factor"]) {
      if (!(name in view)) continue;
      if (known(name, view[name])) this.#field(name).value = view[name];
      else strays.push(name);
    }
    const sources = this.#changes.map((_, channel) => Number(view[`source${channel}`] ?? channel));
    const all = [...sources].sort().every((source, channel) => source === channel);
    if (!all) strays.push("source");
    this.#changes.forEach((change, channel) => {
      if (all) change.source = sources[channel];
      for (const name of NAMES) {
        const { min, max } = SLIDERS[name];
        const value = Number(view[`${name}${channel}`] ?? UNTOUCHED[name]);
        if (value >= min && value <= max) change[name] = value;
        else strays.push(`${name}${channel}`);
      }
    });
    const photographs = /** @type {Photograph[]} */ (this.#data("photographs")).map(({ name }) => name);
    const wanted = view.photograph ?? photographs[0];
    if (photographs.includes(wanted)) return { photograph: wanted, strays };
    return { photograph: photographs[0], strays: [...strays, "photograph"] };
  }
}
