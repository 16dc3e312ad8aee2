// @ts-check
// When a page counts as read: its end, or four fifths of it, were on the screen, each part of it for
// three seconds. Parts are twentieths, and each counts as on the screen while its middle is.

const PARTS = 20;
const ENOUGH = 16;
const SECONDS = 3;

export class Reading {
  #seconds = Array(PARTS).fill(0);

  /**
   * One second more, in which the screen showed the page from one share of its height to another.
   * @param {number} from
   * @param {number} to
   * @returns {boolean} whether the page is read by now
   */
  second(from, to) {
    for (let part = 0; part < PARTS; part += 1) {
      const middle = (part + 0.5) / PARTS;
      if (from <= middle && middle <= to) this.#seconds[part] += 1;
    }
    const seen = this.#seconds.map((seconds) => seconds >= SECONDS);
    return seen[PARTS - 1] || seen.filter(Boolean).length >= ENOUGH;
  }
}
