// Makes the table of families sortable and searchable. Without it the table is whole, in its order.

export default { render };

function render({ el }) {
  const table = el.querySelector("table");
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const headers = [...table.tHead.rows[0].cells];
  const status = document.createElement("span");
  status.setAttribute("role", "status");

  const search = field("input", "Find", { type: "search", placeholder: "wan, 8k+1, AutoencoderKL…" });
  const medium = field("select", "Show");
  for (const name of ["all", "images", "video"]) medium.add(new Option(name, name));
  const tools = document.createElement("div");
  tools.className = "ls-table-tools";
  tools.append(search.parentElement, medium.parentElement, status);
  el.prepend(tools);

  const show = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) {
      const text = `${row.textContent} ${row.dataset.names}`.toLowerCase();
      const fits = medium.value === "all" || row.dataset.medium === medium.value;
      row.hidden = !(fits && words.every((word) => text.includes(word)));
    }
    const left = rows.filter((row) => !row.hidden).length;
    status.textContent = left ? `${left} of ${rows.length} families` : "No family has all of these words.";
  };
  search.addEventListener("input", show);
  medium.addEventListener("input", show);
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
      const empty = (row) => (key(row, column) === "" ? 1 : 0);
      const order = (a, b) => empty(a) - empty(b) || (upward ? 1 : -1) * compare(a, b, column);
      body.append(...rows.toSorted(order));
    });
  }
}

function field(tag, label, attributes = {}) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  const wrapper = document.createElement("label");
  wrapper.append(`${label} `, element);
  return element;
}

// By number where both cells have one (a latent by how many numbers it holds), else by word. Empty
// cells stay at the end either way.
function compare(a, b, column) {
  const [first, second] = [key(a, column), key(b, column)];
  const [x, y] = [Number(first), Number(second)];
  if (!Number.isNaN(x) && !Number.isNaN(y)) return x - y;
  return first.localeCompare(second, "en", { numeric: true });
}

const key = (row, column) => row.cells[column].dataset.sort ?? row.cells[column].textContent;
