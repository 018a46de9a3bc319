// A scaling figure's choices: one family or two, parameters outside the embeddings or in total.
// All curves are in data/curves/, loaded at the first choice; without this file a figure shows the curves in its page.
"use strict";

const curves = new Map(); // by target, the promise of all families' curves and its resolve function

// Called by data/curves/*.js.
window.stiltboardCurves = (target, families) => curves.get(target).resolve(families);

function load(form) {
  const { target } = form.dataset;
  if (!curves.has(target)) {
    const waited = {};
    waited.families = new Promise((resolve, reject) => {
      Object.assign(waited, { resolve });
      const script = document.createElement("script");
      script.src = form.dataset.curves;
      script.addEventListener("error", () => {
        curves.delete(target); // so that the next choice tries again
        reject(new Error(`${form.dataset.curves} could not be loaded`));
      });
      document.head.append(script);
    });
    curves.set(target, waited);
  }
  return curves.get(target).families;
}

// Ticks at 1 and 3 × 10ⁿ, or at 1, 2 and 5 where that gives fewer than three.
function ticks(low, high) {
  const at = (steps) => {
    const found = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power += 1) {
      found.push(...steps.map((step) => step * 10 ** power).filter((tick) => low <= tick && tick <= high));
    }
    return found;
  };
  return at([1, 3]).length < 3 ? at([1, 2, 5]) : at([1, 3]);
}

// A second family has open symbols; dotted symbols, which mark another recipe, are already open.
function opened(symbol, second) {
  return second && !symbol.endsWith("-dot") ? `${symbol}-open` : symbol;
}

// The traces of one family.
function traces(part, second) {
  if (!second) {
    return part.data;
  }
  return part.data.map((trace) =>
    trace.marker?.size === 11 // a submission, not a seed
      ? { ...trace, marker: { ...trace.marker, symbol: opened(trace.marker.symbol, true) } }
      : trace,
  );
}

function changed(parts) {
  return (figure) => {
    const ends = (axis) => [Math.min(...parts.map((part) => part[axis][0])), Math.max(...parts.map((part) => part[axis][1]))];
    const [low, high] = ends("x");
    const { xaxis, yaxis } = figure.layout;
    const places = ticks(low, high);
    Object.assign(xaxis, { range: [Math.log10(low), Math.log10(high)], tickvals: places, ticktext: places.map(compact) });
    xaxis.title.text = parts[0].title;
    Object.assign(yaxis, { range: ends("y"), tickmode: "auto", nticks: 8 });
    return { ...figure, data: parts.flatMap((part, i) => traces(part, i > 0)) };
  };
}

function legend(form, list, parts) {
  const marks = form.querySelector("template").content;
  const items = parts.flatMap((part, i) =>
    part.legend.map(([label, symbol, line]) => {
      const item = marks.querySelector(`[data-symbol="${opened(symbol, i > 0)}"]`).cloneNode(true);
      item.querySelector("span").textContent = label;
      if (!line) {
        item.querySelector("path").remove();
      }
      return item;
    }),
  );
  list.replaceChildren(...items);
}

function table(form, body, parts) {
  const rows = parts.flatMap((part) => part.lines);
  body.replaceChildren(
    ...rows.map(([curve, title, size, score, seeds, link]) => {
      const row = document.createElement("tr");
      const cells = [curve, title, size, score, seeds].map((text, i) => {
        const cell = document.createElement(i === 1 ? "th" : "td");
        cell.className = i === 2 || i === 3 ? "number" : "";
        cell.append(text);
        return cell;
      });
      const name = document.createElement("a");
      name.href = form.dataset.root + link;
      name.append(title);
      cells[1].scope = "row";
      cells[1].replaceChildren(name);
      row.append(...cells);
      return row;
    }),
  );
}

async function choose(form) {
  const figure = document.getElementById(form.dataset.choices);
  const said = form.querySelector("output");
  try {
    const every = await load(form);
    const { first, second, size } = Object.fromEntries(new FormData(form));
    const chosen = [...new Set([first, second].filter(Boolean))];
    const parts = chosen.map((family) => every[family][size]);
    await draw(figure.querySelector(".plot"), changed(parts));
    legend(form, figure.querySelector(".legend"), parts);
    table(form, figure.querySelector("figcaption tbody"), parts);
    const count = parts.reduce((sum, part) => sum + part.legend.length, 0);
    said.value = `${count} ${count === 1 ? "curve" : "curves"} of ${chosen.join(" and ")}`;
  } catch {
    said.value = "The curves could not be loaded.";
  }
}

for (const form of document.querySelectorAll("form[data-choices]")) {
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", () => choose(form));
}
