// @ts-check
// The reader's voice: recorded when asked to, heard again, and gone with the question. It never leaves
// the page: there is an address for it in this tab alone, until it is discarded.
import { button, make } from "./parts.mjs";
import { clock } from "./words.mjs";

const REFUSED = "The microphone was not allowed. Allow it in the browser's settings for this site, or answer in your head or in writing.";
const NONE = "No microphone was found. Connect one, or answer in your head or in writing.";
const UNABLE = "This browser cannot record here: it needs a secure address (https, or this computer). Answer in your head or in writing.";
const BUSY = "The microphone could not be used: another program may have it. Try again, or answer in your head or in writing.";

export class Recorder {
  /** @type {MediaRecorder | null} */
  #running = null;
  #address = "";
  #gone = false;
  #ticking = 0;
  #time = make("span", { class: "ls-time", role: "timer", "aria-label": "Speaking for" });
  #told = make("p", { role: "status" });
  #heard = make("div");
  #toggle = button("Record", () => (this.#running ? this.stop() : this.#start()), { class: "ls-record" });

  constructor() {
    this.root = make("div", { class: "ls-aloud" }, make("div", { class: "ls-buttons" }, this.#toggle, this.#time), this.#told, this.#heard);
    // Who leaves the page leaves nothing behind; it may come back from the browser's cache.
    addEventListener("pagehide", this.#leave);
  }

  /** What was recorded, to be heard; nothing where nothing was. */
  get player() {
    return this.#address ? make("audio", { controls: true, src: this.#address, "aria-label": "Your answer" }) : null;
  }

  /** @returns {Promise<void>} once what was said can be heard */
  stop() {
    const running = this.#running;
    if (!running) return Promise.resolve();
    return new Promise((done) => {
      running.addEventListener("stop", () => done(), { once: true });
      running.stop();
    });
  }

  /** Forget what was recorded, and let go of the microphone. */
  discard() {
    this.#gone = true;
    removeEventListener("pagehide", this.#leave);
    this.#release();
    this.#forget();
  }

  #leave = () => {
    this.#release();
    this.#forget();
  };

  async #start() {
    this.#told.textContent = "";
    if (!globalThis.MediaRecorder || !navigator.mediaDevices) {
      this.#told.textContent = UNABLE;
      return;
    }
    this.#toggle.disabled = true;
    try {
      this.#record(await navigator.mediaDevices.getUserMedia({ audio: true }));
    } catch (error) {
      const { name } = /** @type {Error} */ (error);
      this.#told.textContent = name === "NotFoundError" ? NONE : name === "NotAllowedError" ? REFUSED : BUSY;
    }
    const lost = document.activeElement === document.body;
    this.#toggle.disabled = false;
    if (lost && this.#toggle.isConnected) this.#toggle.focus();
  }

  /** @param {MediaStream} stream */
  #record(stream) {
    const running = new MediaRecorder(stream);
    if (this.#gone) {
      for (const track of stream.getTracks()) track.stop();
      return;
    }
    this.#forget();
    this.#running = running;
    /** @type {Blob[]} */
    const pieces = [];
    running.addEventListener("dataavailable", ({ data }) => pieces.push(data));
    running.addEventListener("stop", () => {
      if (this.#running !== running) return; // let go of already, with what was said
      this.#release();
      this.#address = URL.createObjectURL(new Blob(pieces, { type: running.mimeType }));
      if (this.player) this.#heard.replaceChildren(this.player);
      this.#told.textContent = "Recorded. It stays in this tab until the next question.";
    });
    running.start();
    const began = performance.now();
    const tick = () => (this.#time.textContent = clock(Math.floor((performance.now() - began) / 1000)));
    tick();
    this.#ticking = window.setInterval(tick, 250);
    this.#toggle.textContent = "Stop";
    this.#toggle.dataset.running = "";
  }

  #release() {
    clearInterval(this.#ticking);
    const running = this.#running;
    this.#running = null;
    if (running && running.state !== "inactive") running.stop();
    for (const track of running?.stream.getTracks() ?? []) track.stop();
    this.#toggle.textContent = "Record again";
    delete this.#toggle.dataset.running;
  }

  #forget() {
    if (this.#address) URL.revokeObjectURL(this.#address);
    this.#address = "";
    this.#heard.replaceChildren();
  }
}
