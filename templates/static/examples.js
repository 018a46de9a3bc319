// Single examples of a result, by their ids: the wrong answers of a row, and what only one of two rows gets right. The text is in no file of the site.
"use strict";

// The values of an example in steps, a character each, as site_gen/board/language_examples.py writes them.
const STEPS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const RIGHT = STEPS.length - 1;
const LISTED = 10;
const stored = new Map(); // by slug and target, the languages

// Called by data/examples/*/*.js.
window.stiltboardExamples = (slug, target, languages) => stored.set(`${slug}/${target}`, languages);

async function examplesOf(root, slug, target) {
  await loadScript(`${root}data/examples/${slug}/${target}.js`);
  return stored.get(`${slug}/${target}`);
}

function exampleTable(caption, head, lines) {
  return element("table", [
    element("caption", caption),
    element("thead", element("tr", head.map((words) => element("th", words, { scope: "col" })))),
    element("tbody", lines.map(([first, ...cells]) => element("tr", [element("th", first, { scope: "row" }), ...cells.map((cell) => element("td", cell))]))),
  ], { class: "examples" });
}

// ---- the wrong answers of a row -----------------------------------------------------------------

const COLUMNS = [
  ["Points, mean over seeds", ([, value]) => (value > 0 ? value.toFixed(2) : "")],
  ["Answer given", ([, , given]) => given],
  ["Right answer", ([, , , right]) => right],
  ["Ranks of the right answers", ([, , , , ranks]) => ranks.map((rank) => (rank > 0 ? rank : "not found")).join(", ")],
  ["Margin", ([, , , , , margin]) => (margin === null ? "" : margin.toFixed(4))],
];

function wrongTable({ language, name: words, values, count, wrong }) {
  const shown = COLUMNS.filter(([, write]) => wrong.some((line) => write(line) !== ""));
  const name = `${words} (${language})`;
  const caption = `${name}: ${count.toLocaleString("en")} of ${values.length.toLocaleString("en")} examples are not right on every seed${count > wrong.length ? `; the worst ${wrong.length}` : ""}`;
  return exampleTable(caption, ["Example", ...shown.map(([words]) => words)], wrong.map((line) => [line[0], ...shown.map(([, write]) => write(line) || "–")]));
}

async function listWrong(details) {
  const { root, slug, target } = details.dataset;
  const said = details.querySelector("p");
  try {
    const languages = await examplesOf(root, slug, target);
    const place = element("div", [], { class: "scroll", tabindex: "0", role: "region", "aria-label": "Wrong answers" });
    const choice = element("select", languages.map(({ language, name, count }) => element("option", `${name}: ${count.toLocaleString("en")}`, { value: language })));
    const label = element("label", ["Language ", choice]);
    const show = () => place.replaceChildren(wrongTable(languages[choice.selectedIndex]));
    choice.addEventListener("change", show);
    const words = "An example is named as in the outcomes; a number counts from 0. Of several seeds, the answer is that of the worst one.";
    said.replaceWith(element("p", words), element("div", element("p", label, { class: "line" }), { class: "controls" }), place);
    show();
  } catch (error) {
    said.textContent = `${error.message} could not be loaded.`;
  }
}

for (const details of document.querySelectorAll("details[data-target]")) {
  details.addEventListener("toggle", () => details.open && listWrong(details), { once: true });
}

// ---- what only one of two rows gets right -------------------------------------------------------

// Ids, and by id the step; a sentence that a side has no pair of is right there.
function byId({ values, ids }) {
  return new Map([...values].map((step, at) => [ids?.[at] ?? String(at), STEPS.indexOf(step)]));
}

// For each language of both: its name, and the ids that only the first and only the second gets right, the largest difference first.
function oneSided(first, second) {
  const others = new Map(second.map((each) => [each.language, each]));
  return first.filter(({ language }) => others.has(language)).map((each) => {
    const [left, right] = [byId(each), byId(others.get(each.language))];
    const differences = [...new Set([...left.keys(), ...right.keys()])].map((id) => [id, (left.get(id) ?? RIGHT) - (right.get(id) ?? RIGHT)]);
    const only = (sign) => differences.filter(([, by]) => 2 * sign * by > RIGHT).sort(([, a], [, b]) => sign * (b - a)).map(([id]) => id);
    return [`${each.name} (${each.language})`, only(1), only(-1)];
  });
}

const firstOf = (ids) => `${ids.slice(0, LISTED).join(", ")}${ids.length > LISTED ? ", …" : ""}` || "–";

async function oneSidedTable(root, slugs, titles, target) {
  const sides = await Promise.all(slugs.map((slug) => examplesOf(root, slug, target)));
  const lines = oneSided(...sides).map(([name, ...only]) => [name, ...only.flatMap((ids) => [ids.length.toLocaleString("en"), firstOf(ids)])]);
  return exampleTable("Examples that only one side gets right: how many, and which", ["Language", ...titles.flatMap((title) => [`Only ${title}`, "Such as"])], lines);
}
