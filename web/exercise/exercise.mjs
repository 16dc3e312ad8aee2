// @ts-check
// An exercise of a lab, written and checked where the page shows it. What checks it is the Python that
// checks it in the notebook, too.
import { make } from "../elements.mjs";
import { store } from "../progress/store.mjs";
import { elsewhere } from "../starter/elsewhere.mjs";
import { dress, Workbench } from "../starter/workbench.mjs";
import { fetched } from "../whole-file.mjs";
import { Hints } from "./hints.mjs";
import { judged } from "./judged.mjs";
import exercise from "../../code/latentlab/exercise.py";
import verdict from "./verdict.py";
import style from "./exercise.css";

/**
 * @typedef {import("../python/python.mjs").Outcome} Told
 * @typedef {import("../starter/workbench.mjs").Work} Work
 * @typedef {import("../whole-file.mjs").File} File
 */

const CHECK = { "latentlab/__init__.py": "", "latentlab/exercise.py": exercise, "verdict.py": verdict };
const sheet = make("style", {}, style);

export default { render };

/** @param {import("../part.d.ts").Place} place */
function render({ model, el }) {
  dress(el, "ls-exercise");
  if (!sheet.isConnected) el.append(sheet);
  const hints = new Hints(model.get("hints"));
  const places = model.get("elsewhere");
  if (places) {
    const sentence = "This exercise computes with numpy, which the page does not have. Solve it";
    const tools = make("div", { class: "ls-tools" }, hints.button);
    el.querySelector(".cell_input")?.after(elsewhere(sentence, places), tools, hints.list);
    return;
  }
  const { lab, name } = model.get("exercise");
  const file = { ...model.get("file"), key: `draft/${lab}/${name}` };
  new Workbench(file, model.get("runtime"), el, new Exercise(lab, name, model.get("exercises"), hints));
}

/** @implements {Work} */
class Exercise {
  #name;
  #file;
  #solved;
  #verdict = make("div", { role: "status" });
  inEditor = true;

  /**
   * @param {string} lab
   * @param {string} name
   * @param {File} file with the lab's exercises
   * @param {Hints} hints
   */
  constructor(lab, name, file, hints) {
    this.#name = name;
    this.#file = file;
    this.#solved = `solved/${lab}/${name}`;
    this.tools = [hints.button];
    this.beneath = [this.#verdict, hints.list];
    this.words = {
      run: "Check",
      edit: "Write",
      stop: "Stop the check",
      reset: "Start over",
      label: `Exercise ${name}`,
      changed: "The course has changed this exercise since you wrote this. It is your text; starting over shows the new one.",
      keys: "Ctrl+Enter or ⌘+Enter checks it. In the editor, Tab indents; Escape and then Tab leaves it.",
    };
    if (store.get(this.#solved)) this.#show({ state: "solved", message: "You have solved this before." });
  }

  async program() {
    const text = new TextDecoder().decode(await fetched(this.#file));
    return { files: { ...CHECK, "exercises.py": text }, report: "verdict:verdict" };
  }

  begin() {
    this.#show(null);
  }

  /** @param {Told} told */
  end(told) {
    const verdict = judged(told, this.#name);
    this.#show(verdict);
    if (verdict?.state === "solved" && !store.get(this.#solved)) store.set(this.#solved, { at: Date.now() });
    return { said: told.problem, shapes: [] };
  }

  /** @param {import("./judged.mjs").Verdict | null} verdict */
  #show(verdict) {
    this.#verdict.className = verdict ? `ls-verdict ls-${verdict.state}` : "";
    this.#verdict.textContent = verdict?.message ?? "";
  }
}
