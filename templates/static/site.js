// Sorting of tables, and functions shared by the scripts of several pages. Without it every table is still complete and sorted.
"use strict";

// A number of parameters with three digits: 278 M.
function compact(count) {
  const [unit, size] = [["T", 1e12], ["B", 1e9], ["M", 1e6], ["k", 1e3]].find(([, size]) => count >= 0.9995 * size) ?? ["", 1];
  return `${Number((count / size).toPrecision(3))} ${unit}`.trim();
}

const loading = new Map(); // by address of a script, the promise that it is loaded

function loadScript(address) {
  if (!loading.has(address)) {
    loading.set(
      address,
      new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = address;
        script.addEventListener("load", resolve);
        script.addEventListener("error", () => {
          loading.delete(address); // so that the next choice tries again
          reject(new Error(address));
        });
        document.head.append(script);
      }),
    );
  }
  return loading.get(address);
}

function element(name, content = [], attributes = {}) {
  const made = document.createElement(name);
  made.append(...[content].flat());
  Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
  return made;
}

// One locale, so that every reader gets the same order. Created on first use, because that takes longer than the rest of this file.
let collator = null;

function compareWords(a, b) {
  collator ??= new Intl.Collator("en", { numeric: true });
  return collator.compare(a, b);
}

// A cell's number, else its text; for a submission its title, without the family below it.
function value(row, column) {
  const cell = row.cells[column];
  if (cell.dataset.value !== undefined) {
    return cell.dataset.value === "" ? null : Number(cell.dataset.value);
  }
  const text = (cell.querySelector("a") ?? cell).textContent.trim();
  return text === "" || text === "–" ? null : text;
}

// The rows of a body, without those that only divide it.
function lines(body) {
  return [...body.rows].filter((row) => row.querySelector("td"));
}

// Rows without a value stay last in both directions.
function compare(a, b, sign) {
  if (a === null || b === null) {
    return (a === null) - (b === null);
  }
  return sign * (typeof a === "number" ? a - b : compareWords(a, b));
}

function sort(table, header, sign) {
  const column = header.cellIndex;
  // Each body separately: reported rows are never mixed with measured ones.
  for (const body of table.tBodies) {
    const rows = lines(body).map((row) => [value(row, column), row]);
    rows.sort(([a], [b]) => compare(a, b, sign));
    body.append(...rows.map(([, row]) => row));
  }
  for (const other of header.parentElement.cells) {
    other.removeAttribute("aria-sort");
  }
  header.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
}

for (const table of document.querySelectorAll("table[data-sortable]")) {
  for (const header of [...table.tHead.rows].at(-1).cells) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    header.append(button);
    // The first click sorts scores and sizes largest first, ranks and names smallest first.
    const firstSign = header.classList.contains("number") && header.cellIndex > 0 ? -1 : 1;
    button.addEventListener("click", () => {
      const now = header.getAttribute("aria-sort");
      sort(table, header, now === null ? firstSign : now === "ascending" ? -1 : 1);
    });
  }
}
