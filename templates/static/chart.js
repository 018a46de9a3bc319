// What a pointer can ask of a drawing: its values, its rows, its lines one by one, and files of it.
// Without this file the drawings are complete, and each lists its numbers in a table below.
"use strict";

const tip = document.createElement("div");
tip.className = "tip";
tip.hidden = true;
document.body.append(tip);

// ---- the address ------------------------------------------------------------------------------

// The state of a figure is written after its name: #scaling-tatoeba?hide=0.2&size=total
function figureState() {
  const [name, text] = location.hash.slice(1).split("?");
  return { name, state: new URLSearchParams(text ?? "") };
}

function setFigureState(figure, changes) {
  const { name, state } = figureState();
  const kept = name === figure.id ? state : new URLSearchParams();
  for (const [key, value] of Object.entries(changes)) {
    if (value === "") {
      kept.delete(key);
    } else {
      kept.set(key, value);
    }
  }
  const text = kept.toString();
  history.replaceState(null, "", `#${figure.id}${text ? `?${text}` : ""}`);
}

// ---- values and rows --------------------------------------------------------------------------

function showTip(symbol) {
  const title = symbol.dataset.tip ?? symbol.querySelector("title").textContent;
  symbol.dataset.tip = title;
  symbol.querySelector("title")?.remove(); // the browser's own tooltip would cover ours
  tip.replaceChildren(
    ...title.split("\n").map((line) => {
      const made = document.createElement("div");
      made.append(line);
      return made;
    }),
  );
  tip.hidden = false;
  const box = symbol.getBoundingClientRect();
  const left = Math.min(box.right + 10, document.documentElement.clientWidth - tip.offsetWidth - 8);
  tip.style.left = `${Math.max(8, left) + scrollX}px`;
  tip.style.top = `${box.bottom + 10 + scrollY}px`;
}

// A finger or a pointer near a symbol means the nearest one.
function nearest(svg, event) {
  const REACH = 18;
  let best = null;
  let least = REACH;
  for (const symbol of svg.querySelectorAll("g[data-line]:not([hidden]) path.open, g[data-line]:not([hidden]) path.filled")) {
    const box = symbol.getBoundingClientRect();
    const distance = Math.hypot(event.clientX - (box.left + box.right) / 2, event.clientY - (box.top + box.bottom) / 2);
    if (distance < least) {
      [best, least] = [symbol, distance];
    }
  }
  return best;
}

function listen(figure) {
  const plot = figure.querySelector(".plot");
  plot.addEventListener("pointermove", (event) => {
    const svg = event.target.closest("svg");
    const symbol = svg && nearest(svg, event);
    plot.classList.toggle("at-link", Boolean(symbol?.dataset.link));
    if (symbol) {
      showTip(symbol);
    } else {
      tip.hidden = true;
    }
  });
  plot.addEventListener("pointerleave", () => {
    tip.hidden = true;
  });
  plot.addEventListener("click", (event) => {
    const svg = event.target.closest("svg");
    const symbol = svg && nearest(svg, event);
    if (symbol?.dataset.link) {
      location.href = figure.dataset.root + symbol.dataset.link;
    }
  });
}

// ---- the legend -------------------------------------------------------------------------------

function setHidden(figure, hidden) {
  for (const item of figure.querySelectorAll(".legend li")) {
    item.querySelector("button").setAttribute("aria-pressed", `${!hidden.includes(item.dataset.line)}`);
  }
  for (const group of figure.querySelectorAll("g[data-line]")) {
    group.toggleAttribute("hidden", hidden.includes(group.dataset.line));
  }
}

function hiddenLines(figure) {
  return [...figure.querySelectorAll(".legend button[aria-pressed=false]")].map((button) => button.parentElement.dataset.line);
}

// Make every entry of the legend a switch of its line.
function switches(figure) {
  for (const item of figure.querySelectorAll(".legend li")) {
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-pressed", "true");
    button.append(...item.childNodes);
    item.append(button);
    button.addEventListener("click", () => {
      const now = button.getAttribute("aria-pressed") === "true";
      button.setAttribute("aria-pressed", `${!now}`);
      setHidden(figure, hiddenLines(figure));
      setFigureState(figure, { hide: hiddenLines(figure).join(".") });
    });
  }
}

// ---- files ------------------------------------------------------------------------------------

const STYLES = ["fill", "stroke", "stroke-width", "stroke-dasharray", "fill-opacity", "font-family", "font-size", "font-weight"];

// The wide drawing as a document of its own: title and legend on top, all looks written into it.
function svgDocument(figure) {
  const drawn = figure.querySelector("svg.wide");
  const made = drawn.cloneNode(true);
  const [, , width, height] = drawn.getAttribute("viewBox").split(" ").map(Number);
  const shownBefore = drawn.style.display;
  drawn.style.display = "block"; // a hidden drawing has no computed looks
  const sources = [...drawn.querySelectorAll("*")];
  [...made.querySelectorAll("*")].forEach((node, i) => {
    const looks = getComputedStyle(sources[i]);
    STYLES.forEach((name) => node.setAttribute(name, looks.getPropertyValue(name)));
    node.removeAttribute("class");
  });
  drawn.style.display = shownBefore;
  made.querySelectorAll("g[data-line][hidden]").forEach((node) => node.remove());
  const ink = getComputedStyle(document.body).color;
  const text = (words, x, y, size) => {
    const node = document.createElementNS(made.namespaceURI, "text");
    Object.entries({ x, y, fill: ink, "font-size": size, "font-family": "sans-serif" }).forEach(([name, value]) => node.setAttribute(name, value));
    node.append(words);
    return node;
  };
  const items = [...figure.querySelectorAll(".legend li")].filter((item) => item.querySelector("button").getAttribute("aria-pressed") === "true");
  const top = 34 + 20 * items.length;
  const body = document.createElementNS(made.namespaceURI, "g");
  body.setAttribute("transform", `translate(0 ${top})`);
  body.append(...made.childNodes);
  const paper = document.createElementNS(made.namespaceURI, "rect");
  Object.entries({ width, height: height + top, fill: getComputedStyle(document.documentElement).backgroundColor }).forEach(([name, value]) => paper.setAttribute(name, value));
  const keys = items.flatMap((item, i) => {
    const swatch = item.querySelector("svg").cloneNode(true);
    const looks = [...item.querySelectorAll("svg *")];
    [...swatch.querySelectorAll("*")].forEach((node, j) => STYLES.forEach((name) => node.setAttribute(name, getComputedStyle(looks[j]).getPropertyValue(name))));
    Object.entries({ x: 16, y: 33 + 20 * i, width: 40, height: 14 }).forEach(([name, value]) => swatch.setAttribute(name, value));
    return [swatch, text(item.textContent.trim(), 64, 45 + 20 * i, "13px")];
  });
  made.replaceChildren(paper, text(figure.querySelector(".figure-title").textContent, 16, 22, "16px"), ...keys, body);
  made.setAttribute("viewBox", `0 0 ${width} ${height + top}`);
  made.setAttribute("width", width);
  made.setAttribute("height", height + top);
  made.removeAttribute("class");
  return new XMLSerializer().serializeToString(made);
}

async function png(figure) {
  const address = URL.createObjectURL(new Blob([svgDocument(figure)], { type: "image/svg+xml" }));
  const image = new Image();
  image.src = address;
  await image.decode();
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: 2 * image.width, height: 2 * image.height });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(address);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

function numbers(figure) {
  const rows = [...figure.querySelectorAll("figcaption table tr")];
  return `${rows.map((row) => [...row.cells].map((cell) => csv(cell.textContent.replaceAll("−", "-"))).join(",")).join("\r\n")}\r\n`;
}

async function saveFigure(figure, format) {
  if (format === "link") {
    setFigureState(figure, {});
    await copy(location.href);
    figure.querySelector(".tools output").value = "Link copied";
    return;
  }
  const makers = { svg: svgDocument, png, csv: numbers };
  save(`${figure.id}.${format}`, await makers[format](figure), format === "svg" ? "image/svg+xml" : "text/csv");
}

// ---- start ------------------------------------------------------------------------------------

for (const figure of document.querySelectorAll("figure.chart")) {
  listen(figure);
  switches(figure);
  const tools = figure.querySelector(".tools");
  tools.hidden = false;
  for (const button of tools.querySelectorAll("[data-save]")) {
    button.addEventListener("click", () => saveFigure(figure, button.dataset.save));
  }
  const { name, state } = figureState();
  if (name === figure.id) {
    setHidden(figure, (state.get("hide") ?? "").split(".").filter(Boolean));
    figure.scrollIntoView({ behavior: "instant" });
  }
  figure.classList.add("ready");
}
