// @ts-check
// What is marked in a program: where an error was, what its stated shapes really are, and the lines
// that a numbered note speaks of.

/**
 * @typedef {{ from: number, to: number }} Lines of a file, counted from 1, both included
 * @typedef {{ line: number, name: string, stated: string, found: string, holds: boolean }} Shape
 * @typedef {{ error: number | null, shapes: Shape[] }} Marks
 */

const NUMBERED = /^\s*# \((\d+)\)/;
const END = /^if __name__\b/;

/**
 * The lines of each numbered comment: from it to the next one, or to what only prints.
 * @param {string} code
 * @returns {Map<number, Lines>}
 */
export function numbered(code) {
  const lines = code.split("\n");
  const starts = lines.flatMap((line, i) => (NUMBERED.test(line) || END.test(line) ? [i] : []));
  const found = starts.map((start, i) => {
    let end = (starts[i + 1] ?? lines.length) - 1;
    while (!lines[end].trim()) end -= 1;
    return [Number(NUMBERED.exec(lines[start])?.[1]), { from: start + 1, to: end + 1 }];
  });
  return new Map(/** @type {[number, Lines][]} */ (found.filter(([number]) => number)));
}

/**
 * The numbered comment that a line belongs to.
 * @param {string} code
 * @param {number} line
 * @returns {number | null}
 */
export function numberAt(code, line) {
  for (const [number, { from, to }] of numbered(code)) if (from <= line && line <= to) return number;
  return null;
}
