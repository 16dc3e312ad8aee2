// @ts-check
// Makes the table of families sortable and searchable. Without it the table is whole, in its order.
import { make } from "../elements.mjs";

export default { render };

/** @param {import("../part.d.ts").Place} place */
function render({ el }) {
  const table = /** @type {HTMLTableElement} */ (el.querySelector("table"));
  const [head, body] = /** @type {HTMLTableSectionElement[]} */ ([table.tHead, table.tBodies[0]]);
  const rows = [...body.rows];
  const headers = [...head.rows[0].cells];
  const status = document.createElement("span");
  status.setAttribute("role", "status");

  const search = field("input", "Find", { type: "search", placeholder: "wan, 8k+1, AutoencoderKL…" });
  const medium = field("select", "Show");
  for (const name of ["all", "images", "video"]) medium.element.add(new Option(name, name));
  const tools = document.createElement("div");
  tools.className = "ls-table-tools";
  tools.append(search.label, medium.label, status);
  el.prepend(tools);

  const show = () => {
    const words = search.element.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) {
      const text = `${row.textContent} ${row.dataset.names}`.toLowerCase();
      const fits = medium.element.value === "all" || row.dataset.medium === medium.element.value;
      row.hidden = !(fits && words.every((/** @type {string} */ word) => text.includes(word)));
    }
    const left = rows.filter((row) => !row.hidden).length;
    status.textContent = left ? `${left} of ${rows.length} families` : "No family has all of these words.";
  };
  search.element.addEventListener("input", show);
  medium.element.addEventListener("input", show);
  show();

  for (const [column, header] of headers.entries()) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    header.append(button);
    button.addEventListener("click", () => {
      const upward = header.getAttribute("aria-sort") !== "ascending";
      headers.forEach((other) => other.removeAttribute("aria-sort"));
      header.setAttribute("aria-sort", upward ? "ascending" : "descending");
      const empty = (/** @type {HTMLTableRowElement} */ row) => (key(row, column) === "" ? 1 : 0);
      /** @type {(a: HTMLTableRowElement, b: HTMLTableRowElement) => number} */
      const order = (a, b) => empty(a) - empty(b) || (upward ? 1 : -1) * compare(a, b, column);
      body.append(...rows.toSorted(order));
    });
  }
}

/**
 * @template {"input" | "select"} Tag
 * @param {Tag} tag
 * @param {string} words
 * @param {Record<string, string>} attributes
 */
function field(tag, words, attributes = {}) {
  const element = make(tag, attributes);
  return { element, label: make("label", {}, `${words} `, element) };
}

/**
 * By number where both cells have one (a latent by how many numbers it holds), else by word. Empty
 * cells stay at the end either way.
 * @param {HTMLTableRowElement} a
 * @param {HTMLTableRowElement} b
 * @param {number} column
 */
function compare(a, b, column) {
  const [first, second] = [key(a, column), key(b, column)];
  const [x, y] = [Number(first), Number(second)];
  if (!Number.isNaN(x) && !Number.isNaN(y)) return x - y;
  return first.localeCompare(second, "en", { numeric: true });
}

/**
 * @param {HTMLTableRowElement} row
 * @param {number} column
 */
const key = (row, column) => row.cells[column].dataset.sort ?? row.cells[column].textContent;
