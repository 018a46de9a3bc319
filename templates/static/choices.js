// A scaling figure's choices: one family or two, parameters outside the embeddings or in total; the sizes move the gap too.
// All curves are in data/curves/, loaded at the first choice; without this file a figure shows the curves in its page.
"use strict";

const curves = new Map(); // by target, the promise of its curves and its resolve function
const MARGINS = { left: 62, right: 16, top: 14, bottom: 58 };
const SVG = "http://www.w3.org/2000/svg";

// Called by data/curves/*.js.
window.stiltboardCurves = (target, found) => curves.get(target).resolve(found);

function load(form) {
  const { target } = form.dataset;
  if (!curves.has(target)) {
    const waited = {};
    waited.found = new Promise((resolve, reject) => {
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
  return curves.get(target).found;
}

// Ticks at 1 and 3 × 10ⁿ, or at 1, 2 and 5 where that gives fewer than three.
function sizeTicks(low, high) {
  const at = (steps) => {
    const found = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power += 1) {
      found.push(...steps.map((step) => step * 10 ** power).filter((tick) => low <= tick && tick <= high));
    }
    return found;
  };
  return at([1, 3]).length < 3 ? at([1, 2, 5]) : at([1, 3]);
}

// At most eight round ticks.
function pointTicks(low, high) {
  const step = [0.5, 1, 2, 5, 10, 20].find((width) => (high - low) / width <= 8) ?? 50;
  const found = [];
  for (let tick = Math.ceil(low / step); tick * step <= high; tick += 1) {
    found.push(tick * step);
  }
  return found;
}

function node(name, attributes, ...children) {
  const made = document.createElementNS(SVG, name);
  Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
  made.append(...children);
  return made;
}

// The positions of values on a canvas; symbols of several curves at one size are drawn next to each other.
function positions(parts, width, height) {
  const { left, right, top, bottom } = MARGINS;
  const ends = (axis) => [Math.min(...parts.map((part) => part[axis][0])), Math.max(...parts.map((part) => part[axis][1]))];
  const [[x0, x1], [y0, y1]] = [ends("x").map(Math.log10), ends("y")];
  const x = (value) => left + ((Math.log10(value) - x0) / (x1 - x0)) * (width - left - right);
  const y = (value) => height - bottom - ((value - y0) / (y1 - y0)) * (height - top - bottom);
  const beside = new Map();
  parts.flatMap((part) => part.curves).forEach((curve, number) => {
    for (const at of new Set(curve.points.map((point) => x(point[0]).toFixed(1)))) {
      beside.set(at, [...(beside.get(at) ?? []), number]);
    }
  });
  const moved = (number, value) => {
    const others = beside.get(x(value).toFixed(1));
    const step = Math.min(9, 36 / Math.max(1, others.length - 1));
    return x(value) + (others.indexOf(number) - (others.length - 1) / 2) * step;
  };
  return { x, y, moved, ends };
}

function drawnCurve(curve, number, isOpen, { x, y, moved }) {
  const group = node("g", { "data-line": number, fill: curve.colour, stroke: curve.colour });
  const line = (points) => points.map(([a, b], i) => `${i ? "L" : "M"}${a.toFixed(1)} ${b.toFixed(1)}`).join("");
  if (curve.band.length) {
    const outline = [...curve.band.map(([at, , high]) => [x(at), y(high)]), ...curve.band.toReversed().map(([at, low]) => [x(at), y(low)])];
    group.append(node("path", { d: `${line(outline)}Z`, "fill-opacity": 0.16, stroke: "none" }));
  }
  const path = curve.joined ? curve.points.map((point) => [moved(number, point[0]), y(point[1])]) : curve.trend.map(([at, value]) => [x(at), y(value)]);
  if (path.length) {
    group.append(node("path", { d: line(path), fill: "none", "stroke-width": 2, ...(curve.dash ? { "stroke-dasharray": curve.dash } : {}) }));
  }
  for (const [at, , , , seeds] of curve.points) {
    group.append(...seeds.map((score) => node("circle", { cx: moved(number, at).toFixed(1), cy: y(score).toFixed(1), r: 2.6, "fill-opacity": 0.75, stroke: "none" })));
  }
  for (const [at, value, text, to, , interval] of curve.points) {
    const place = moved(number, at);
    if (interval) {
      const [low, high] = interval.map(y);
      group.append(node("path", { d: `M${place - 4} ${high}h8m-4 0V${low}m-4 0h8`, fill: "none", "stroke-width": 1.6 }));
    }
    const title = node("title", {}, text);
    const shape = { d: curve.symbol, transform: `translate(${place.toFixed(1)} ${y(value).toFixed(1)})`, class: isOpen ? "open" : "filled", "stroke-width": 1.6 };
    group.append(node("path", to ? { ...shape, "data-link": to } : shape, title));
  }
  return group;
}

// Draw the curves of these parts on one canvas, in place of what it shows.
function redraw(svg, parts, opened) {
  const [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
  const isNarrow = svg.classList.contains("narrow");
  const { left, right, top, bottom } = MARGINS;
  const placed = positions(parts, width, height);
  const { x, y, ends } = placed;
  const [xs, ys] = [sizeTicks(...ends("x")), pointTicks(...ends("y"))];
  const grid = node("g", { class: "grid" }, ...xs.map((at) => node("path", { d: `M${x(at)} ${top}V${height - bottom}` })), ...ys.map((at) => node("path", { d: `M${left} ${y(at)}H${width - right}` })));
  const label = (words, attributes) => node("text", attributes, words);
  const sides = parts[0].sides;
  const sign = (value) => (sides && value ? `${value < 0 ? "−" : "+"}${Math.abs(value)}` : `${value}`);
  const spaced = xs.filter((at, i) => i === 0 || x(at) - x(xs[i - 1]) >= 40);
  const [xTitle, yTitle] = parts[0].titles;
  const labels = node("g", { class: "labels" },
    ...spaced.map((at) => label(compact(at), { x: x(at), y: height - bottom + 20, "text-anchor": "middle" })),
    ...ys.map((at) => label(sign(at), { x: left - 10, y: y(at) + 4.5, "text-anchor": "end" })),
    label(isNarrow ? xTitle.replace(" (log scale)", "") : xTitle, { x: (left + width - right) / 2, y: height - 10, "text-anchor": "middle" }),
    label(yTitle, { transform: `translate(15 ${(top + height - bottom) / 2}) rotate(-90)`, "text-anchor": "middle" }),
    ...(sides ? [label(sides[0], { class: "side", x: left + 6, y: top + 14 }), label(sides[1], { class: "side", x: left + 6, y: height - bottom - 7 })] : []));
  const zero = sides ? [node("path", { class: "zero", d: `M${left} ${y(0)}H${width - right}` })] : [];
  let number = -1;
  const groups = parts.flatMap((part, family) => part.curves.map((curve) => drawnCurve(curve, (number += 1), opened && family > 0, placed)));
  svg.replaceChildren(grid, ...zero, labels, ...groups);
}

function legend(figure, parts, opened) {
  const list = figure.querySelector(".legend");
  let number = -1;
  list.replaceChildren(
    ...parts.flatMap((part, family) =>
      part.curves.map((curve) => {
        const item = document.createElement("li");
        item.dataset.line = number += 1;
        const look = { fill: curve.colour, stroke: curve.colour, "stroke-width": 1.6 };
        const line = node("path", { d: "M0 7h40", fill: "none", "stroke-width": 2, ...(curve.dash ? { "stroke-dasharray": curve.dash } : {}) });
        const sign = node("path", { d: curve.symbol, transform: "translate(20 7) scale(0.84)", class: opened && family > 0 ? "open" : "filled" });
        const words = document.createElement("span");
        words.append(curve.label);
        item.append(node("svg", { class: "swatch", viewBox: "0 0 40 14", "aria-hidden": "true" }, node("g", look, ...(curve.joined || curve.trend.length ? [line] : []), sign)), words);
        return item;
      }),
    ),
  );
  switches(figure);
}

function table(figure, parts) {
  const root = figure.dataset.root;
  figure.querySelector("figcaption tbody").replaceChildren(
    ...parts.flatMap((part) => part.lines).map(([curve, title, size, score, seeds, link]) => {
      const row = document.createElement("tr");
      const cells = [curve, title, size, score, seeds].map((text, i) => {
        const cell = document.createElement(i === 1 ? "th" : "td");
        cell.className = i === 2 || i === 3 ? "number" : "";
        cell.append(text);
        return cell;
      });
      const name = document.createElement("a");
      name.href = root + link;
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
    const { families, gap } = await load(form);
    const { first, second, size } = Object.fromEntries(new FormData(form));
    const chosen = [...new Set([first, second].filter(Boolean))];
    const parts = chosen.map((family) => families[family][size]);
    const others = document.getElementById(`gap-${form.dataset.target}`);
    for (const svg of figure.querySelectorAll(".plot svg")) {
      redraw(svg, parts, true);
    }
    for (const svg of gap[size] ? (others?.querySelectorAll(".plot svg") ?? []) : []) {
      redraw(svg, [gap[size]], false);
    }
    legend(figure, parts, true);
    table(figure, parts);
    const count = parts.reduce((sum, part) => sum + part.curves.length, 0);
    said.value = `${count} ${count === 1 ? "curve" : "curves"} of ${chosen.join(" and ")}`;
  } catch {
    said.value = "The curves could not be loaded.";
  }
}

for (const form of document.querySelectorAll("form[data-choices]")) {
  const figure = document.getElementById(form.dataset.choices);
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", () => {
    choose(form);
    setFigureState(figure, { ...Object.fromEntries(new FormData(form)), hide: "" });
  });
  const { name, state } = figureState();
  if (name === figure.id && ["first", "second", "size"].some((key) => state.has(key))) {
    for (const [key, value] of state) {
      if (form.elements[key]) {
        form.elements[key].value = value;
      }
    }
    choose(form).then(() => setHidden(figure, (state.get("hide") ?? "").split(".").filter(Boolean)));
  }
}
