// Two to four submissions side by side. Their names are in the address, so that a comparison can be linked.
"use strict";

const form = document.getElementById("compare");
const said = document.getElementById("compare-said");
const place = document.getElementById("compared");
const inputs = [...form.elements.of];
const root = form.dataset.root;
const ALPHA = 0.05;

const given = new Map(); // by slug
let names = new Map(); // slug → title
let former = new Map(); // former slug → slug
let targets = []; // [name, title, metric]
let languageNames = {}; // by code
let published = new Set(); // slugs of numbers from elsewhere

// Called by data/compare.js and data/compare/*.js.
window.stiltboardNames = (rows, standings, renamed, spoken, elsewhere) => {
  names = new Map(rows);
  former = new Map(Object.entries(renamed));
  targets = standings;
  languageNames = spoken;
  published = new Set(elsewhere);
};
window.stiltboardCompared = (slug, document) => given.set(slug, document);

// ---- numbers --------------------------------------------------------------------------------------

const points = (value) => value.toFixed(2);
const signed = (value) => `${value < 0 ? "−" : "+"}${points(Math.abs(value))}`;
const range = (ends, write = points) => `[${ends.map(write).join(", ")}]`;

// Holm's step-down p values, by position; null where nothing was tested.
function holm(values) {
  const order = values.map((p, i) => [p, i]).filter(([p]) => p !== null).sort(([a], [b]) => a - b);
  const adjusted = values.map(() => null);
  let least = 0;
  order.forEach(([p, i], rank) => {
    least = Math.max(least, Math.min(1, p * (order.length - rank)));
    adjusted[i] = least;
  });
  return adjusted;
}

// ---- tables ---------------------------------------------------------------------------------------

function table(caption, head, lines) {
  const id = `compared-${place.querySelectorAll("caption").length + 1}`;
  const numbers = { class: "number" };
  const made = element("table", [
    element("caption", caption, { id }),
    element("thead", element("tr", head.map((cell, i) => element("th", cell, { scope: "col", ...(i > 0 ? numbers : {}) })))),
    element("tbody", lines.map(([name, ...cells]) => element("tr", [element("th", name, { scope: "row" }), ...cells.map((cell) => element("td", cell, numbers))]))),
  ], { class: "board named" });
  place.append(element("div", made, { class: "scroll", tabindex: "0", role: "region", "aria-labelledby": id }));
}

const linked = (slug) => element("a", given.get(slug).title, { href: `${root}submissions/${slug}.html` });
const unit = (text) => element("span", text, { class: "unit" });

function about(slugs) {
  const of = (write) => slugs.map((slug) => write(given.get(slug)));
  table("Submissions", ["Property", ...slugs.map(linked)], [
    ["Family", ...of((each) => each.family)],
    ["Regime", ...of((each) => each.regime)],
    ["Tasks", ...of((each) => each.recipe || "–")],
    ["Parameters outside the embeddings", ...of((each) => (each.body === null ? "–" : compact(each.body)))],
    ["Seeds", ...of((each) => String(each.seeds))],
  ]);
}

function score(found) {
  if (found === undefined || found.score === null) {
    return found === undefined ? "–" : element("span", "incomplete", { class: "part" });
  }
  return [points(found.score), ...(found.interval ? [unit(range(found.interval))] : [])];
}

// The significance of a difference, in words, so that it does not depend on colour.
function mark(difference, adjusted) {
  if (difference[3] === null) {
    return "not tested: one training run";
  }
  return adjusted < ALPHA ? `${difference[0] > 0 ? "better" : "worse"}, p ${adjusted < 0.001 ? "< 0.001" : adjusted.toFixed(3)}` : "open, can be chance";
}

function scores(slugs) {
  const [first, ...others] = slugs;
  const shown = targets.filter(([name]) => slugs.some((slug) => name in given.get(slug).targets));
  const found = shown.flatMap(([name]) => others.map((slug) => given.get(slug).against[first]?.[name]));
  const adjusted = holm(found.map((difference) => difference?.[3] ?? null));
  const lines = shown.map(([name, title], row) => [
    element("a", title, { href: `${root}targets/${name}.html` }),
    score(given.get(first).targets[name]),
    ...others.flatMap((slug, column) => {
      const at = row * others.length + column;
      const difference = found[at];
      const own = score(given.get(slug).targets[name]);
      if (difference === undefined) {
        return [own, "–"];
      }
      const words = mark(difference, adjusted[at]) + (difference[4] ? ", seeds matched" : "");
      return [own, [signed(difference[0]), unit(range(difference.slice(1, 3), signed)), unit(words)]];
    }),
  ]);
  table("Scores in points, and differences from the first", ["Target", linked(first), ...others.flatMap((slug) => [linked(slug), "Difference"])], lines);
  const unranked = slugs.flatMap((slug) =>
    Object.entries(given.get(slug).targets).filter(([, each]) => each.reason).map(([name, each]) => `${slug} on ${name}: ${each.reason}`),
  );
  if (unranked.length > 0) {
    place.append(element("p", `No rank and no difference: ${unranked.join("; ")}.`, { class: "note" }));
  }
}

function languages(slugs) {
  const shared = targets.filter(([name]) => slugs.every((slug) => name in given.get(slug).targets));
  for (const [name, title] of shared) {
    const of = slugs.map((slug) => given.get(slug).targets[name].languages);
    const codes = Object.keys(Object.assign({}, ...of));
    const lines = codes.map((code) => {
      const values = of.map((each) => each[code]);
      const best = Math.max(...values.filter((value) => value !== undefined));
      const cells = values.map((value) => (value === undefined ? "–" : value === best ? element("strong", points(value)) : points(value)));
      const difference = values.includes(undefined) ? "–" : signed(values[1] - values[0]);
      return [`${languageNames[code] ?? code} (${code})`, ...cells, ...(slugs.length === 2 ? [difference] : [])];
    });
    const inside = place;
    const details = element("details", element("summary", `${title} by language`));
    inside.append(details);
    const last = slugs.length === 2 ? ["Second minus first"] : [];
    table(`${title} by language, in points; the best is bold`, ["Language", ...slugs.map(linked), ...last], lines);
    details.append(inside.lastElementChild);
    if (slugs.length === 2) {
      place.append(examples(slugs, name, title));
    }
  }
  if (shared.length > 0) {
    const [first, second] = slugs;
    place.append(element("p", "The same comparison with a test for each language:"), element("pre", element("code", `stiltboard diff ${first} ${second}`), { tabindex: "0" }));
  }
}

// What only one of two gets right, loaded when somebody looks.
function examples(slugs, target, title) {
  const said = element("p", "Loading …");
  const details = element("details", [element("summary", `${title}: examples that only one side gets right`), said]);
  details.addEventListener("toggle", async () => {
    try {
      const sides = await oneSidedTable(root, slugs, slugs.map((slug) => given.get(slug).title), target);
      const texts = element("pre", element("code", `stiltboard diff ${slugs.join(" ")} -t ${target} --examples 20 --data DIR`), { tabindex: "0" });
      said.replaceWith(
        element("p", "Ids are those of the outcomes: numbers count from 0. A side is right and the other wrong where their values, means over seeds, differ by more than half. With the data in DIR, this prints the texts:"),
        texts,
        element("div", sides, { class: "scroll", tabindex: "0", role: "region", "aria-label": `${title}: examples` }),
      );
    } catch {
      said.textContent = "The examples of one of the two are not on this site.";
    }
  }, { once: true });
  return details;
}

// ---- the selection --------------------------------------------------------------------------------

// After `#of=`: in the address of a file opened from disk no other part can be changed.
const asked = () => (new URLSearchParams(location.hash.slice(1)).get("of") ?? "").split(",").filter(Boolean);

// A title names its submission where it is the title of one alone.
function slugOf(name) {
  const titled = [...names].filter(([, title]) => title === name).map(([slug]) => slug);
  return names.has(name) || titled.length !== 1 ? name : titled[0];
}

// Why a name takes no part; the others are compared all the same.
function notCompared(name) {
  return published.has(name)
    ? `${name}: numbers that others published are not compared. `
    : `No submission is called ${name}. `;
}

async function show(left = []) {
  const wanted = [...new Set(inputs.map((input) => input.value.trim()).filter(Boolean).map((name) => former.get(name) ?? slugOf(name)))];
  const unknown = wanted.filter((slug) => !names.has(slug));
  const slugs = wanted.filter((slug) => names.has(slug));
  history.replaceState(null, "", wanted.length > 0 ? `#of=${wanted.map(encodeURIComponent).join(",")}` : location.pathname + location.search);
  place.replaceChildren();
  const problems = unknown.map(notCompared).join("");
  if (slugs.length < 2) {
    said.value = `${problems}Choose ${slugs.length === 1 ? "one more" : "two"} of ${names.size} submissions.`;
    return;
  }
  said.value = "Loading …";
  try {
    await Promise.all(slugs.map((slug) => loadScript(`${root}data/compare/${slug}.js`)));
  } catch (error) {
    said.value = `${error.message} could not be loaded.`;
    return;
  }
  place.replaceChildren();
  about(slugs);
  scores(slugs);
  languages(slugs);
  const rest = left.length > 0 ? ` Left out, because ${inputs.length} fit side by side: ${left.join(", ")}.` : "";
  said.value = `${problems}${slugs.length} submissions compared.${rest}`;
}

function fill() {
  const slugs = asked();
  inputs.forEach((input, i) => {
    input.value = former.get(slugs[i]) ?? slugs[i] ?? "";
  });
  show(slugs.slice(inputs.length));
}

loadScript(form.dataset.names).then(
  () => {
    form.hidden = false;
    document.getElementById("compare-without").hidden = true;
    document.getElementById("compare-names").append(...[...names].map(([slug, title]) => element("option", title, { value: slug })));
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("change", () => show());
    window.addEventListener("hashchange", fill);
    fill();
  },
  () => {
    form.hidden = false;
    said.value = "The names of the submissions could not be loaded.";
  },
);
