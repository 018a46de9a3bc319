// Sorts, searches and filters all rows of the leaderboard, and keeps the view in the address.
// Without it the page still shows the rows that it lists; the others are in data/rows.js, loaded shortly before they are needed.
"use strict";

const board = document.getElementById("leaderboard-table");

if (board !== null) {
  const controls = document.getElementById("board-controls");
  const status = document.getElementById("board-status");
  const more = document.getElementById("board-more");
  const body = board.tBodies[0];
  // Reported rows: few, always those of the page, sorted separately and never mixed with measured rows.
  const apart = [...board.querySelectorAll("tbody[data-reported] tr")];
  const divider = board.querySelector("tr.divider");
  const headers = [...board.tHead.rows[0].cells];
  const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const PAGE = Number(board.dataset.page);
  const PLAIN = { sort: "rank", down: false, q: "", regime: [], family: "", batches: "", group: "", least: "", most: "", total: false, hide: [] };

  let rows = null; // the columns of data/rows.js, with values derived from them once
  let view = { ...PLAIN };
  let shown = PAGE;
  let waiting = [];

  // ---- the address ------------------------------------------------------------------------------

  // A view is written after `#view?`: in the address of a file opened from disk no other part can be changed.
  function fromAddress() {
    const [name, text] = location.hash.slice(1).split("?");
    const given = new URLSearchParams(name === "view" ? text : "");
    const words = (key) => (given.get(key) ?? "").split(".").filter(Boolean);
    return {
      sort: given.get("sort") ?? PLAIN.sort,
      down: given.get("down") === "1",
      q: given.get("q") ?? "",
      regime: words("regime"),
      family: given.get("family") ?? "",
      batches: given.get("batches") ?? "",
      group: given.get("group") ?? "",
      least: given.get("least") ?? "",
      most: given.get("most") ?? "",
      total: given.get("total") === "1",
      hide: words("hide"),
    };
  }

  function toAddress() {
    const kept = new URLSearchParams();
    for (const [key, value] of Object.entries(view)) {
      const text = Array.isArray(value) ? value.join(".") : value === true ? "1" : value || "";
      if (text !== "" && text !== PLAIN[key]) {
        kept.set(key, text);
      }
    }
    const text = kept.toString();
    history.replaceState(null, "", text ? `#view?${text}` : location.pathname + location.search);
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
    rows.text = rows.title.map((title, i) =>
      fold([title, rows.families[rows.family[i]], rows.regimes[rows.regime[i]][0], rows.recipes[rows.recipe[i]]].join(" ")),
    );
    rows.order = new Map();
    rows.places = new Map();
    const then = waiting;
    waiting = [];
    then.forEach((call) => call());
    window.requestIdleCallback?.(() => places("title"));
  };

  // The sort values of a column: one per row, null where there is none.
  function values(key) {
    const [kind, name] = key.split(":");
    if (kind === "score" || kind === "mean") {
      return rows[kind][name];
    }
    if (kind === "size") {
      return view.total ? rows.total : rows.body;
    }
    if (kind === "title" || kind === "regime" || kind === "recipe") {
      return places(kind);
    }
    return kind === "rank" ? rows.best.map((best, i) => (best === null ? null : i)) : rows[kind];
  }

  // The position of each row's word among all words of a column; computed once, because thousands of names are slow to compare.
  function places(kind) {
    if (!rows.places.has(kind)) {
      const names = { regime: rows.regimes.map(([word]) => word), recipe: rows.recipes }[kind];
      const words = names ? rows[kind].map((i) => names[i]) : rows[kind];
      const place = new Map([...new Set(words)].sort(compareWords).map((word, i) => [word, i]));
      rows.places.set(kind, words.map((word) => (word ? place.get(word) : null)));
    }
    return rows.places.get(kind);
  }

  // All rows sorted by one column, rows without a value last in both directions; cached, because filters change more often.
  function ordered(key, down) {
    const name = `${key} ${down} ${view.total}`;
    if (!rows.order.has(name)) {
      const given = values(key);
      const found = [];
      const lacking = [];
      for (let i = 0; i < rows.count; i += 1) {
        (given[i] === null || given[i] === undefined ? lacking : found).push(i);
      }
      const sign = down ? -1 : 1;
      found.sort((a, b) => sign * (given[a] - given[b]) || a - b);
      rows.order.set(name, found.concat(lacking));
    }
    return rows.order.get(name);
  }

  function wanted() {
    const words = fold(view.q).split(/\s+/).filter(Boolean);
    const regimes = view.regime.map((name) => rows.regimes.findIndex(([, key]) => key === name));
    const family = view.family ? rows.families.indexOf(view.family) : -1;
    const sizes = view.total ? rows.total : rows.body;
    const least = view.least ? Number(view.least) * 1e6 : 0;
    const most = view.most ? Number(view.most) * 1e6 : Infinity;
    const bounded = view.least !== "" || view.most !== "";
    const group = view.group ? rows.targets.filter((target) => target[2] === view.group).map((target) => rows.score[target[0]]) : null;
    return (i) =>
      (regimes.length === 0 || regimes.includes(rows.regime[i])) &&
      (!view.family || rows.family[i] === family) &&
      (!view.batches || rows.batches[i] === view.batches) &&
      (!bounded || (sizes[i] !== null && sizes[i] >= least && sizes[i] <= most)) &&
      (group === null || group.some((scores) => scores[i] !== null)) &&
      words.every((word) => rows.text[i].includes(word));
  }

  // ---- the table --------------------------------------------------------------------------------

  const points = (value) => value.toFixed(2);
  const commas = (value) => value.toLocaleString("en-US");

  function element(name, className, ...children) {
    const made = document.createElement(name);
    if (className) {
      made.className = className;
    }
    made.append(...children);
    return made;
  }

  function part(text) {
    return element("span", "part", text);
  }

  // The mark of a row, verified or self-evaluated, as in the rows of the page.
  function markOf(words) {
    if (!words) {
      return [];
    }
    const verified = words === "verified";
    const tick = element("span", "", "✓ ");
    tick.setAttribute("aria-hidden", "true");
    return [element("span", verified ? "mark verified" : "mark", ...(verified ? [tick] : []), words)];
  }

  function seenOf(said) {
    if (!said) {
      return [];
    }
    const note = element("span", "seen", "test data seen", element("span", "unseen", `: ${said}`));
    note.title = said;
    return [note];
  }

  // What maintainers object to a score, in a word and in full.
  function flagOf(given) {
    if (!given) {
      return [];
    }
    const [words, objection] = given;
    const word = element("span", "", words);
    word.setAttribute("aria-hidden", "true");
    const note = element("span", "seen", word, element("span", "unseen", objection));
    note.title = objection;
    return [note];
  }

  function cell(key, i) {
    const [kind, name] = key.split(":");
    if (kind === "rank") {
      const best = rows.best[i];
      if (best === null) {
        const unseen = element("span", "unseen", "not ranked");
        const dash = element("span", "", "–");
        dash.setAttribute("aria-hidden", "true");
        return element("td", "number rank", dash, unseen);
      }
      return element("td", "number rank", best === rows.worst[i] ? `${best}` : `${best}–${rows.worst[i]}`);
    }
    if (kind === "title") {
      const link = element("a", "", rows.title[i]);
      link.href = `${board.dataset.root}submissions/${rows.slug[i]}.html`;
      const head = element("th", "", link, element("span", "family", `${rows.families[rows.family[i]]} `, ...markOf(rows.mark[i])));
      head.scope = "row";
      return head;
    }
    if (kind === "score") {
      const score = rows.score[name][i];
      const lacking = rows.part[name]?.[i];
      const shown = score !== null ? points(score) : lacking ? part(lacking) : "–";
      return element("td", "number score", shown, ...seenOf(rows.seen[name]?.[i]), ...flagOf(rows.flag[name]?.[i]));
    }
    if (kind === "regime") {
      const marks = document.getElementById("regime-marks").content.children;
      return element("td", "", marks[rows.regime[i]].cloneNode(true));
    }
    if (kind === "recipe") {
      return element("td", "", rows.recipes[rows.recipe[i]] || "–");
    }
    if (kind === "size") {
      const value = (view.total ? rows.total : rows.body)[i];
      if (value === null) {
        return element("td", "number", "–");
      }
      const size = element("span", "", compact(value));
      size.title = `${commas(rows.body[i])} outside the embeddings, ${commas(rows.total[i])} in total`;
      return element("td", "number", size);
    }
    if (kind === "seeds") {
      return element("td", "number", `${rows.seeds[i] || "–"}`);
    }
    const mean = rows.mean[name][i];
    return element("td", "number", mean !== null ? points(mean) : part(`${rows.covered[name][i]} of ${rows.of[name]} targets`));
  }

  function draw() {
    const keep = wanted();
    const found = ordered(view.sort, view.down).filter(keep);
    const keys = headers.map((header) => header.dataset.key);
    const hidden = hiddenColumns();
    const drawn = found.slice(0, shown).map((i) => {
      const row = document.createElement("tr");
      keys.forEach((key, column) => {
        const made = cell(key, i);
        made.hidden = hidden.has(column);
        row.append(made);
      });
      return row;
    });
    body.replaceChildren(...drawn);
    const reported = drawApart(hidden);
    const left = found.length - drawn.length;
    more.hidden = left === 0;
    more.textContent = `Show ${Math.min(PAGE, left)} more of ${commas(left)}`;
    const [some, every] = [found.length + reported, rows.count + apart.length];
    status.value = some === every ? `${commas(every)} rows` : `${commas(some)} of ${commas(every)} rows`;
    for (const link of document.querySelectorAll("[data-parts]")) {
      link.hidden = true; // the static parts have a fixed order and size
    }
  }

  // Sort and filter the reported rows by their cells and attributes; return how many are left.
  function drawApart(hidden) {
    if (apart.length === 0) {
      return 0;
    }
    const column = headers.findIndex((header) => header.dataset.key === view.sort);
    const words = fold(view.q).split(/\s+/).filter(Boolean);
    const value = (row) => {
      const given = row.cells[column].dataset.value;
      return given === undefined ? row.cells[column].textContent.trim() : given === "" ? null : Number(given);
    };
    const sign = view.down ? -1 : 1;
    const order = (a, b) => (a === null || b === null ? (a === null) - (b === null) : sign * (typeof a === "number" ? a - b : compareWords(a, b)));
    const sorted = apart.map((row) => [value(row), row]).sort(([a], [b]) => order(a, b));
    let left = 0;
    for (const [, row] of sorted) {
      const { regime, family, batches, size, groups } = row.dataset;
      const bounded = view.least !== "" || view.most !== "";
      const fits = size !== "" && size >= (Number(view.least) || 0) * 1e6 && size <= (Number(view.most) || Infinity) * 1e6;
      row.hidden = !(
        (view.regime.length === 0 || view.regime.includes(regime)) &&
        (!view.family || view.family === family) &&
        (!view.batches || view.batches === batches) &&
        (!bounded || (view.total && fits)) &&
        (!view.group || groups.split(" ").includes(view.group)) &&
        words.every((word) => fold(row.textContent).includes(word))
      );
      left += !row.hidden;
      [...row.cells].forEach((each, i) => {
        each.hidden = hidden.has(i);
      });
      row.parentElement.append(row);
    }
    divider.hidden = left === 0;
    divider.cells[0].colSpan = headers.length - hidden.size;
    return left;
  }

  function hiddenColumns() {
    const grouped = (header) => view.group && header.dataset.group !== undefined && header.dataset.group !== view.group;
    return new Set(headers.map((header, i) => (view.hide.includes(header.dataset.short) || grouped(header) ? i : -1)).filter((i) => i >= 0));
  }

  function mark() {
    const hidden = hiddenColumns();
    headers.forEach((header, i) => {
      header.hidden = hidden.has(i);
      header.removeAttribute("aria-sort");
      if (header.dataset.key === view.sort) {
        header.setAttribute("aria-sort", view.down ? "descending" : "ascending");
      }
    });
    const unit = board.querySelector("[data-size-unit]");
    unit.textContent = view.total ? "in total" : "outside the embeddings";
  }

  function show(changes, { keepShown = false } = {}) {
    view = { ...view, ...changes };
    shown = keepShown ? shown : PAGE;
    if (rows === null) {
      status.value = "Loading all rows …";
    }
    load(() => {
      mark();
      draw();
      toAddress();
    });
  }

  // ---- the controls -----------------------------------------------------------------------------

  function fill() {
    for (const field of controls.elements) {
      const key = field.name;
      if (field.type === "checkbox" && key === "regime") {
        field.checked = view.regime.includes(field.value);
      } else if (field.type === "checkbox" && key === "show") {
        field.checked = !view.hide.includes(field.value);
      } else if (field.type === "radio") {
        field.checked = (field.value === "total") === view.total;
      } else if (key in view) {
        field.value = view[key];
      }
    }
  }

  function read() {
    const checked = (key, state) => [...controls.querySelectorAll(`input[name=${key}]`)].filter((box) => box.checked === state).map((box) => box.value);
    const text = (key) => controls.elements[key]?.value ?? ""; // without rows of several kinds of batches there is no field
    return {
      q: text("q"),
      regime: checked("regime", true),
      family: text("family"),
      batches: text("batches"),
      group: text("group"),
      least: text("least"),
      most: text("most"),
      total: controls.elements.size.value === "total",
      hide: checked("show", false),
    };
  }

  for (const header of headers) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    header.append(button);
    // The first click sorts scores and sizes largest first, ranks and names smallest first.
    const largestFirst = header.classList.contains("number") && header.dataset.key !== "rank";
    button.addEventListener("click", () => {
      const again = view.sort === header.dataset.key;
      show({ sort: header.dataset.key, down: again ? !view.down : largestFirst });
    });
  }
  controls.hidden = false;
  controls.addEventListener("submit", (event) => event.preventDefault());
  controls.addEventListener("input", () => show(read()));
  controls.addEventListener("reset", () => {
    // After the browser's reset, which clears the status.
    setTimeout(() => {
      view = { ...PLAIN };
      fill();
      show({});
    });
  });
  more.addEventListener("click", () => {
    const first = body.rows.length;
    shown += PAGE;
    show({}, { keepShown: true });
    body.rows[first]?.querySelector("a").focus();
  });
  const open = () => {
    const given = fromAddress();
    const known = headers.some((header) => header.dataset.key === given.sort);
    view = known ? given : { ...given, sort: PLAIN.sort, down: false };
    fill();
    show({});
  };
  // Load the rows when the pointer or the focus comes near the controls, so that they are ready at the first click.
  for (const place of [controls, board.tHead]) {
    for (const coming of ["pointerenter", "focusin"]) {
      place.addEventListener(coming, () => load(() => {}), { once: true });
    }
  }
  window.addEventListener("hashchange", () => location.hash.startsWith("#view?") && open());
  if (location.hash.startsWith("#view?")) {
    open();
  }
}
