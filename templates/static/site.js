// Sorting of tables, and what the scripts of several pages write alike. Every table is complete and in order without it.
"use strict";

// A number of parameters in three digits: 278 M.
function compact(count) {
  const [unit, size] = [["T", 1e12], ["B", 1e9], ["M", 1e6], ["k", 1e3]].find(([, size]) => count >= 0.9995 * size) ?? ["", 1];
  return `${Number((count / size).toPrecision(3))} ${unit}`.trim();
}

// One locale: the same click gives every reader the same order. Made when it is asked for: that takes longer than the rest of this file.
let collator = null;

function compareWords(a, b) {
  collator ??= new Intl.Collator("en", { numeric: true });
  return collator.compare(a, b);
}

// A cell's number, else its text; of a submission its title, without the family below it.
function value(row, column) {
  const cell = row.cells[column];
  if (cell.dataset.value !== undefined) {
    return cell.dataset.value === "" ? null : Number(cell.dataset.value);
  }
  const text = (cell.querySelector("a") ?? cell).textContent.trim();
  return text === "" || text === "–" ? null : text;
}

// A body's rows but those that only divide it.
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
  // Each body by itself: what others reported never moves among what was measured.
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
  for (const header of table.tHead.rows[0].cells) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    header.append(button);
    // Scores and sizes are asked for largest first; ranks and names are not.
    const firstSign = header.classList.contains("number") && header.cellIndex > 0 ? -1 : 1;
    button.addEventListener("click", () => {
      const now = header.getAttribute("aria-sort");
      sort(table, header, now === null ? firstSign : now === "ascending" ? -1 : 1);
    });
  }
}
