// Sorts, searches and filters all rows of the leaderboard, and keeps the view in the address.
// Without it the page still shows the rows that it lists; the others are in data/rows.js, loaded shortly before they are needed.
// Which columns there are, and what their cells hold, comes from there too: site_gen/pages/board_columns.py says it.
"use strict";

const board = document.getElementById("leaderboard-table");

if (board !== null) {
  const controls = document.getElementById("board-controls");
  const filters = document.getElementById("board-filters");
  const status = document.getElementById("board-status");
  const more = document.getElementById("board-more");
  const nothing = document.getElementById("board-nothing");
  const head = board.tHead.rows[0];
  const body = board.tBodies[0];
  const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const PAGE = Number(board.dataset.page);
  // The order of the page: by the score on the main test, best first.
  const PLAIN = { sort: board.dataset.main, down: true, q: "", regime: [], family: "", batches: "", target: "", least: "", most: "", columns: [] };
  const FILTERS = ["regime", "family", "batches", "target", "least", "most", "columns"];

  // Where little more than two columns fit, the score on the main test follows the name, so that it is in view.
  const narrow = matchMedia("(max-width: 40rem)");

  let rows = null; // data/rows.js, with values derived from it once
  let view = { ...PLAIN };
  let shown = PAGE;
  const drawnRows = new Map(); // by number, the rows that were made for the columns shown now
  let waiting = [];
  let typing = ""; // the field that the reader is typing in: one step back for all of its letters

  // ---- the address ------------------------------------------------------------------------------

  // A view is written after `#view?`: in the address of a file opened from disk no other part can be changed.
  function fromAddress() {
    const [name, text] = location.hash.slice(1).split("?");
    const given = new URLSearchParams(name === "view" ? text : "");
    const read = {};
    for (const [key, plain] of Object.entries(PLAIN)) {
      const value = given.get(key);
      read[key] = value === null ? plain : Array.isArray(plain) ? value.split(".").filter(Boolean) : value;
    }
    // Only a column that is named has a direction of its own; the plain one is sorted downwards.
    read.down = given.has("sort") ? given.get("down") === "1" : PLAIN.down;
    return read;
  }

  function address() {
    const kept = new URLSearchParams();
    for (const [key, value] of Object.entries(view)) {
      const text = Array.isArray(value) ? value.join(".") : value === true ? "1" : value || "";
      const plain = key === "sort" || key === "down" ? view.sort === PLAIN.sort && view.down === PLAIN.down : text === "";
      if (!plain && text !== "") {
        kept.set(key, text);
      }
    }
    const text = kept.toString();
    return text ? `#view?${text}` : location.pathname + location.search;
  }

  // Every change is a step that Back undoes; the letters typed into one field are one step.
  function toAddress(field) {
    const sameField = field !== "" && field === typing;
    typing = field;
    const next = address();
    if (next === location.hash || (next === location.pathname + location.search && location.hash === "")) {
      return;
    }
    history[sameField ? "replaceState" : "pushState"](null, "", next);
  }

  // ---- the rows ---------------------------------------------------------------------------------

  function load(then) {
    if (rows !== null) {
      then();
      return;
    }
    waiting.push(then);
    if (waiting.length > 1) {
      return;
    }
    const script = document.createElement("script");
    script.src = board.dataset.rows;
    script.addEventListener("error", () => {
      waiting = [];
      status.value = "The rows could not be loaded.";
    });
    document.head.append(script);
  }

  // Called by data/rows.js.
  window.stiltboardRows = (given) => {
    rows = given;
    rows.count = rows.slug.length;
    rows.column = new Map(rows.columns.map((column) => [column.key, column]));
    const always = ["title", "regime", "task"].map((key) => rows.cells[key].text);
    rows.text = rows.words.map((words, i) => fold([...always.map((texts) => texts[i]), words].join(" ")));
    rows.order = new Map();
    const then = waiting;
    waiting = [];
    then.forEach((call) => call());
    // Ready before the first click: comparing a thousand names takes longer than a reader should wait.
    for (const { key } of rows.columns) {
      window.requestIdleCallback?.(() => sortValues(key));
    }
  };

  // The sort values of a column: one per row, null where there is none. Words become their position among all words of the
  // column, because thousands of names are slow to compare.
  function sortValues(key) {
    const cells = rows.cells[key];
    if (!("value" in cells)) {
      const place = new Map([...new Set(cells.text)].sort(compareWords).map((word, i) => [word, i]));
      cells.value = cells.text.map((word) => (word === "–" ? null : place.get(word)));
    }
    return cells.value;
  }

  // All rows sorted by one column, rows without a value last in both directions; cached, because filters change more often.
  function ordered(key, down) {
    const name = `${key} ${down}`;
    if (!rows.order.has(name)) {
      const given = sortValues(key);
      const found = [];
      const lacking = [];
      for (let i = 0; i < rows.count; i += 1) {
        (given[i] === null ? lacking : found).push(i);
      }
      const sign = down ? -1 : 1;
      found.sort((a, b) => sign * (given[a] - given[b]) || a - b);
      rows.order.set(name, found.concat(lacking));
    }
    return rows.order.get(name);
  }

  function wanted() {
    const words = fold(view.q).split(/\s+/).filter(Boolean);
    const regimes = view.regime.map((name) => rows.regimes.indexOf(name));
    const family = view.family ? rows.families.indexOf(view.family) : -1;
    const sizes = rows.cells.size.value;
    const least = view.least ? Number(view.least) * 1e6 : 0;
    const most = view.most ? Number(view.most) * 1e6 : Infinity;
    const bounded = view.least !== "" || view.most !== "";
    const scores = view.target ? (rows.cells[view.target]?.value ?? []) : null;
    return (i) =>
      (regimes.length === 0 || regimes.includes(rows.regime[i])) &&
      (!view.family || rows.family[i] === family) &&
      (!view.batches || rows.batches[i] === view.batches) &&
      (!bounded || (sizes[i] !== null && sizes[i] >= least && sizes[i] <= most)) &&
      (scores === null || (scores[i] ?? null) !== null) &&
      words.every((word) => rows.text[i].includes(word));
  }

  // The columns to show: those of the page, or those that the reader chose; a test that is asked for is always among them.
  function columns() {
    const chosen = view.columns.length ? (column) => column.key === "title" || view.columns.includes(column.key) : (column) => column.shown;
    const found = rows.columns.filter((column) => chosen(column) || (view.target !== "" && column.target === view.target));
    const isMain = (column) => column.key === PLAIN.sort;
    return narrow.matches ? [found[0], ...found.filter(isMain), ...found.slice(1).filter((column) => !isMain(column))] : found;
  }

  // ---- the table --------------------------------------------------------------------------------

  const commas = (value) => value.toLocaleString("en-US");
  const isNumber = (column) => column.kind === "number" || column.kind === "score";

  function element(name, className, ...children) {
    const made = document.createElement(name);
    if (className) {
      made.className = className;
    }
    made.append(...children);
    return made;
  }

  function note([short, full]) {
    const word = element("span", "", short);
    word.setAttribute("aria-hidden", "true");
    const made = element("span", "seen", word, element("span", "unseen", full));
    made.title = full;
    return made;
  }

  function drawnBar([low, score, high]) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", "bar");
    svg.setAttribute("viewBox", "0 0 100 12");
    svg.setAttribute("aria-hidden", "true");
    for (const line of ["M0 6H100", `M${low} 6H${high}`, `M${score} 1V11`]) {
      const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
      path.setAttribute("d", line);
      svg.append(path);
    }
    return svg;
  }

  function link([words, to]) {
    const made = element("a", "", words);
    made.href = to.includes(":") ? to : board.dataset.root + to;
    return made;
  }

  function cell(column, i) {
    const cells = rows.cells[column.key];
    const notes = (cells.notes?.[i] ?? []).map(note);
    const links = (cells.links?.[i] ?? []).map(link);
    const hover = cells.hover?.[i];
    let made;
    if (column.kind === "title") {
      made = element("th", "", ...links, ...notes);
      made.scope = "row";
    } else if (column.kind === "regime") {
      made = element("td", "", document.getElementById("regime-marks").content.children[rows.regime[i]].cloneNode(true));
    } else if (column.kind === "links") {
      made = element("td", "", ...links.flatMap((one, place) => (place ? [" ", one] : [one])));
    } else {
      const kind = isNumber(column) ? `number ${column.kind}${sortValues(column.key)[i] === null ? " lacking" : ""}` : column.kind;
      const detail = cells.detail?.[i];
      const bar = cells.bar?.[i];
      made = element("td", kind, cells.text[i], ...(detail ? [" ", element("span", "interval", detail)] : []), ...(bar ? [drawnBar(bar)] : []), ...notes);
    }
    if (hover) {
      made.title = hover;
    }
    return made;
  }

  function headCell(column) {
    const made = element("th", isNumber(column) ? "number" : "", column.title, ...(column.unit ? [element("span", "unit", column.unit)] : []));
    made.scope = "col";
    made.dataset.key = column.key;
    made.title = column.meaning;
    return made;
  }

  // Draw the header anew only if other columns are shown, and tell whether: the button that was pressed keeps the focus.
  function drawHead(keys) {
    const changed = [...head.cells].map((header) => header.dataset.key).join() !== keys.map((column) => column.key).join();
    if (changed) {
      head.replaceChildren(...keys.map(headCell));
      addButtons();
    }
    for (const header of head.cells) {
      header.removeAttribute("aria-sort");
      if (header.dataset.key === view.sort) {
        header.setAttribute("aria-sort", view.down ? "descending" : "ascending");
      }
    }
    return changed;
  }

  function matching() {
    return ordered(view.sort, view.down).filter(wanted());
  }

  // A row is made once for the same columns: on a slow processor that is half of the time of a sort.
  function line(keys, i) {
    if (!drawnRows.has(i)) {
      drawnRows.set(i, element("tr", "", ...keys.map((column) => cell(column, i))));
    }
    return drawnRows.get(i);
  }

  function draw() {
    const keys = columns();
    const found = matching();
    if (drawHead(keys)) {
      drawnRows.clear();
    }
    body.replaceChildren(...found.slice(0, shown).map((i) => line(keys, i)));
    const left = found.length - Math.min(shown, found.length);
    more.hidden = left === 0;
    more.textContent = `Show ${Math.min(PAGE, left)} more of ${commas(left)}`;
    nothing.hidden = found.length > 0;
    status.value = found.length === rows.count ? `${commas(rows.count)} rows` : `${commas(found.length)} of ${commas(rows.count)} rows`;
    for (const parts of document.querySelectorAll("[data-parts]")) {
      parts.hidden = true; // the static parts have a fixed order and size
    }
  }

  function show(changes, { keepShown = false, field = "", step = true } = {}) {
    view = { ...view, ...changes };
    shown = keepShown ? shown : PAGE;
    if (rows === null) {
      status.value = "Loading all rows …";
    }
    load(() => {
      view.sort = rows.column.has(view.sort) ? view.sort : PLAIN.sort;
      draw();
      if (step) {
        toAddress(field);
      }
    });
  }

  // ---- the controls -----------------------------------------------------------------------------

  function fill() {
    for (const field of controls.elements) {
      const key = field.name;
      if (key === "regime") {
        field.checked = view.regime.includes(field.value);
      } else if (key === "show") {
        field.checked = view.columns.length ? view.columns.includes(field.value) : field.defaultChecked;
      } else if (key in view) {
        field.value = view[key];
      }
    }
  }

  function read() {
    const boxes = (key) => [...controls.querySelectorAll(`input[name=${key}]`)];
    const checked = (key) => boxes(key).filter((box) => box.checked).map((box) => box.value);
    const text = (key) => controls.elements[key]?.value ?? ""; // without rows of several kinds of batches there is no field
    const isPlain = boxes("show").every((box) => box.checked === box.defaultChecked);
    return {
      q: text("q"),
      regime: checked("regime"),
      family: text("family"),
      batches: text("batches"),
      target: text("target"),
      least: text("least"),
      most: text("most"),
      columns: isPlain ? [] : checked("show"),
    };
  }

  function addButtons() {
    for (const header of head.cells) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...header.childNodes);
      header.append(button);
      // The first click sorts scores and sizes largest first, ranks and names smallest first.
      const largestFirst = header.classList.contains("number");
      button.addEventListener("click", () => {
        const again = view.sort === header.dataset.key;
        show({ sort: header.dataset.key, down: again ? !view.down : largestFirst });
      });
    }
  }

  // The same order of columns for the rows that the page came with.
  function arrange() {
    const from = [...head.cells].findIndex((header) => header.dataset.key === PLAIN.sort);
    if (narrow.matches && from > 1) {
      for (const row of [head, ...body.rows]) {
        row.cells[0].after(row.cells[from]);
      }
    }
  }

  function clear() {
    view = { ...PLAIN };
    fill();
    show({});
  }

  // Show the view of the address; `arriving` at it brings the table, and the filters in use, into view.
  function open(arriving) {
    view = fromAddress();
    typing = "";
    fill();
    if (FILTERS.some((key) => view[key].length > 0)) {
      filters.open = true;
    }
    if (arriving) {
      document.getElementById("leaderboard").scrollIntoView({ behavior: "instant" });
    }
    show({}, { step: false });
  }

  arrange();
  narrow.addEventListener("change", () => show({}, { keepShown: true, step: false }));
  addButtons();
  [...head.cells].find((header) => header.dataset.key === PLAIN.sort)?.setAttribute("aria-sort", "descending");
  controls.hidden = false;
  controls.addEventListener("submit", (event) => event.preventDefault());
  controls.addEventListener("input", ({ target }) => {
    show(read(), { field: ["search", "number"].includes(target.type) ? target.name : "" });
  });
  controls.addEventListener("reset", () => setTimeout(clear)); // after the browser's reset, which clears the status
  document.getElementById("board-clear").addEventListener("click", clear);
  document.getElementById("board-every").addEventListener("click", () => {
    const boxes = [...controls.querySelectorAll("input[name=show]")];
    boxes.forEach((box) => {
      box.checked = true;
    });
    show({ columns: boxes.map((box) => box.value) });
  });
  more.addEventListener("click", () => {
    const first = body.rows.length;
    shown += PAGE;
    show({}, { keepShown: true });
    body.rows[first]?.querySelector("a").focus();
  });
  for (const button of controls.querySelectorAll("[data-format]")) {
    button.addEventListener("click", () => load(() => exportTable(button, { columns: columns(), found: matching(), cells: rows.cells })));
  }
  // Load the rows when the pointer or the focus comes near the controls, so that they are ready at the first click.
  for (const place of [controls, board.tHead]) {
    for (const coming of ["pointerenter", "focusin"]) {
      place.addEventListener(coming, () => load(() => {}), { once: true });
    }
  }
  // Back and forward, and an address that a reader edits.
  window.addEventListener("popstate", () => {
    if (location.hash === "" || location.hash.startsWith("#view?")) {
      open(false);
    }
  });
  if (location.hash.startsWith("#view?")) {
    open(true);
  }
}
