// @ts-check
// One channel as a heat map that can be painted on, with the mouse or with the keyboard.
import { make } from "../elements.mjs";

/**
 * @typedef {[row: number, column: number]} Cell
 * @typedef {{ does: "look" | "paint" | "erase", size: number }} Brush
 */

/** @type {Record<string, [down: number, right: number]>} */
const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

export class ChannelMap {
  #canvas = make("canvas", { tabindex: 0, role: "application" });
  #cursor = make("div", { class: "ls-cursor" });
  #frame = make("div", { class: "ls-map" }, this.#canvas, this.#cursor);
  /** @type {Float32Array} */
  #values = new Float32Array();
  #height = 0;
  #width = 0;
  /** @type {Cell} */
  #at = [0, 0];
  #stroke = false;

  /**
   * @param {{
   *   channel: number,
   *   colors: string[],
   *   brush: () => Brush,
   *   onPaint: (cells: number[], erase: boolean) => void,
   *   onRead: (sentence: string) => void,
   *   onSelect: () => void,
   * }} told `colors` run from the lowest to the highest; `onPaint` gets the cells under the brush,
   *   `onRead` a sentence about one cell, and `onSelect` is told of every press
   */
  constructor({ channel, colors, brush, onPaint, onRead, onSelect }) {
    this.channel = channel;
    this.colors = colors.map((hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)));
    this.brush = brush;
    this.onPaint = onPaint;
    this.onRead = onRead;
    this.onSelect = onSelect;
    this.element = this.#frame;
    this.#canvas.addEventListener("keydown", (event) => this.#key(event));
    this.#canvas.addEventListener("pointerdown", (event) => this.#press(event));
    this.#canvas.addEventListener("pointermove", (event) => this.#drag(event));
    for (const end of ["pointerup", "pointercancel"]) {
      this.#canvas.addEventListener(end, () => (this.#stroke = false));
    }
  }

  /**
   * @param {Float32Array} values
   * @param {number} height
   * @param {number} width
   * @param {number} limit the value of the strongest colors
   */
  show(values, height, width, limit) {
    [this.#values, this.#height, this.#width] = [values, height, width];
    this.#at = [Math.min(this.#at[0], height - 1), Math.min(this.#at[1], width - 1)];
    Object.assign(this.#canvas, { height, width });
    const label = `Channel ${this.channel}, ${height} by ${width} cells. Arrow keys move, Space paints, Delete erases.`;
    this.#canvas.setAttribute("aria-label", label);
    const shown = new ImageData(width, height);
    const top = this.colors.length - 1;
    values.forEach((value, cell) => {
      const place = Math.min(1, Math.max(0, value / (2 * limit) + 0.5)) * top;
      const low = Math.min(top - 1, Math.floor(place));
      const mix = (/** @type {number} */ i) => this.colors[low][i] + (place - low) * (this.colors[low + 1][i] - this.colors[low][i]);
      shown.data.set([mix(0), mix(1), mix(2), 255], 4 * cell);
    });
    this.#canvas.getContext("2d")?.putImageData(shown, 0, 0);
    this.#move(this.#at);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key in MOVES) {
      const [down, right] = MOVES[event.key];
      const clamp = (/** @type {number} */ n, /** @type {number} */ count) => Math.min(count - 1, Math.max(0, n));
      this.#move([clamp(this.#at[0] + down, this.#height), clamp(this.#at[1] + right, this.#width)]);
      this.tell();
    } else if (event.key === " " || event.key === "Enter") {
      this.#paint([this.#at], false);
    } else if (event.key === "Delete" || event.key === "Backspace") {
      this.#paint([this.#at], true);
    } else {
      return;
    }
    event.preventDefault();
  }

  /** @param {PointerEvent} event */
  #press(event) {
    this.onSelect();
    this.#move(this.#cell(event));
    if (this.brush().does === "look") return this.tell();
    this.#canvas.setPointerCapture(event.pointerId);
    this.#stroke = true;
    this.#paint([this.#at], this.brush().does === "erase");
  }

  /** @param {PointerEvent} event */
  #drag(event) {
    if (!this.#stroke) return;
    const from = this.#at;
    const to = this.#cell(event);
    const steps = Math.max(...to.map((end, axis) => Math.abs(end - from[axis])));
    if (!steps) return;
    const between = (/** @type {number} */ i, /** @type {0 | 1} */ axis) =>
      Math.round(from[axis] + ((i + 1) / steps) * (to[axis] - from[axis]));
    const points = Array.from({ length: steps }, (_, i) => /** @type {Cell} */ ([between(i, 0), between(i, 1)]));
    this.#paint(points, this.brush().does === "erase");
  }

  /**
   * @param {PointerEvent} event
   * @returns {Cell}
   */
  #cell({ clientX, clientY }) {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect();
    /** @type {(offset: number, length: number, count: number) => number} */
    const place = (offset, length, count) => Math.min(count - 1, Math.max(0, Math.floor((offset / length) * count)));
    return [place(clientY - top, height, this.#height), place(clientX - left, width, this.#width)];
  }

  /** @param {Cell} cell */
  #move([row, column]) {
    this.#at = [row, column];
    const cursor = this.#cursor.style;
    cursor.width = `${100 / this.#width}%`;
    cursor.height = `${100 / this.#height}%`;
    cursor.left = `${(100 * column) / this.#width}%`;
    cursor.top = `${(100 * row) / this.#height}%`;
  }

  /**
   * The brush at each of these points; the cursor ends at the last one.
   * @param {Cell[]} points
   * @param {boolean} erase
   */
  #paint(points, erase) {
    const { size } = this.brush();
    const near = Array.from({ length: size }, (_, i) => i - (size - 1) / 2);
    const cells = points.flatMap(([row, column]) =>
      near.flatMap((down) => near.map((right) => [row + down, column + right])),
    );
    this.#move(points[points.length - 1]);
    const inside = cells.filter(([r, c]) => r >= 0 && c >= 0 && r < this.#height && c < this.#width);
    this.onPaint(inside.map(([r, c]) => r * this.#width + c), erase);
    this.tell();
  }

  // Read the cell that the cursor is at.
  tell() {
    const [row, column] = this.#at;
    const value = this.#values[row * this.#width + column];
    this.onRead(`Channel ${this.channel}, row ${row}, column ${column}: ${value.toFixed(2)}`);
  }
}
