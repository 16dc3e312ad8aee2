// @ts-check
// A lab's starter file, run and edited where the page shows it. Python and the editor are loaded when
// a reader asks for them.
import { store } from "../progress/store.mjs";
import { elsewhere } from "./elsewhere.mjs";
import { Listing } from "./listing.mjs";
import { dress, Workbench } from "./workbench.mjs";
import statedShapes from "../../code/latentlab/stated_shapes.py";

/**
 * @typedef {import("./listing.mjs").File} File
 * @typedef {import("./workbench.mjs").Work} Work
 * @typedef {import("../python/python.mjs").Outcome} Told
 */

const duration = (/** @type {number} */ seconds) => (seconds < 0.01 ? "less than 0.01 s" : `${seconds.toFixed(2)} s`);
const SHAPES = { files: { "stated_shapes.py": statedShapes }, report: "stated_shapes:compare" };

export default { render };

/** @param {import("../part.d.ts").Place} place */
function render({ model, el }) {
  dress(el, "ls-starter");
  const file = { ...model.get("file"), key: `edit/${model.get("file").lab}` };
  const places = model.get("elsewhere");
  if (places) {
    const { element } = new Listing(file, el, () => {});
    element.after(elsewhere("This file computes with numpy, which the page does not have. Run it", places));
  } else new Workbench(file, model.get("runtime"), el, new Starter(file));
}

/** @implements {Work} */
class Starter {
  #lab;
  inEditor = false;
  /** @type {HTMLElement[]} */
  tools = [];
  /** @type {HTMLElement[]} */
  beneath = [];

  /** @param {File} file */
  constructor({ lab, name }) {
    this.#lab = lab;
    this.words = {
      run: "Run",
      edit: "Edit",
      stop: "Stop",
      reset: "Reset to the original",
      label: `Run and edit ${name}`,
      changed: "The course has changed this file since you edited it. This is your text; a reset shows the new one.",
      keys: "Ctrl+Enter or ⌘+Enter runs the file. In the editor, Tab indents; Escape and then Tab leaves it.",
    };
  }

  async program() {
    return SHAPES;
  }

  begin() {}

  /** @param {Told} told */
  end({ ok, problem, seconds, result }) {
    const key = `run/${this.#lab}`;
    const before = store.get(key) ?? {};
    store.set(key, { runs: (Number(before.runs) || 0) + 1, ok: ok || before.ok === true });
    const said = [ok && `Done in ${duration(seconds ?? 0)}.`, problem].filter(Boolean).join(" ");
    return { said, shapes: result ?? [] };
  }
}
