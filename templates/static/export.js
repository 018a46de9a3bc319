// Writes the rows and columns that a reader sees as Markdown, LaTeX or CSV: to the clipboard, or as a file.
// `stiltboard table` prints the same; site_gen/pages/table_text.py says how.
"use strict";

const ENDINGS = { markdown: "md", latex: "tex", csv: "csv" };
const LATEX = { "\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "–": "--", "−": "$-$", "→": "$\\rightarrow$" };

const latex = (text) => text.replace(/[\\~^–−→&%$#_{}]/gu, (sign) => LATEX[sign] ?? `\\${sign}`);
const markdown = (text) => text.replace(/[|\\*_`<>[\]]/gu, "\\$&");
// A program that opens the file must not take a title for a formula.
const csv = (text) => {
  const safe = /^[=+\-@\t\r]/u.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text;
  return /[",\n\r]/u.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

function tableText(format, { columns, found, cells }) {
  const kept = columns.filter((column) => column.kind !== "links");
  const isNumber = (column) => column.kind === "number" || column.kind === "score";
  const title = (column) => column.title;
  const text = (column, i) => cells[column.key].text[i];
  const detail = (column, i) => cells[column.key].detail?.[i] ?? "";
  if (format === "csv") {
    const bounds = (column, i) => {
      const bar = cells[column.key].bar?.[i];
      return column.kind === "score" ? [bar?.[0] ?? "", bar?.[2] ?? ""].map(String) : [];
    };
    const names = kept.flatMap((column) => [title(column), ...(column.kind === "score" ? [`${title(column)} low`, `${title(column)} high`] : [])]);
    const value = (column, i) => (isNumber(column) ? `${cells[column.key].value[i] ?? ""}` : text(column, i) === "–" ? "" : text(column, i));
    const lines = found.map((i) => kept.flatMap((column) => [value(column, i), ...bounds(column, i)]));
    return `${[names, ...lines].map((line) => line.map(csv).join(",")).join("\r\n")}\r\n`;
  }
  if (format === "markdown") {
    const line = (words) => `| ${words.join(" | ")} |`;
    const entry = (column, i) => markdown(text(column, i)) + (detail(column, i) ? ` (${detail(column, i)})` : "");
    const rule = kept.map((column) => (isNumber(column) ? "--:" : ":--"));
    const lines = found.map((i) => line(kept.map((column) => entry(column, i))));
    return `${[line(kept.map((column) => markdown(title(column)))), line(rule), ...lines].join("\n")}\n`;
  }
  const entry = (column, i) => {
    const range = detail(column, i);
    return range ? `$${text(column, i)}_{[${range.replace("–", ",\\,")}]}$` : latex(text(column, i));
  };
  const line = (words) => `${words.join(" & ")} \\\\`;
  const layout = kept.map((column) => (isNumber(column) ? "r" : "l")).join("");
  const lines = found.map((i) => line(kept.map((column) => entry(column, i))));
  return `${["% \\usepackage{booktabs}", `\\begin{tabular}{${layout}}`, "\\toprule", line(kept.map((column) => latex(title(column)))), "\\midrule", ...lines, "\\bottomrule", "\\end{tabular}"].join("\n")}\n`;
}

// Where the clipboard is closed to scripts, as on a page that is served without encryption, a selection is copied.
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

function save(name, text, type = "text/plain") {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

async function exportTable(button, table) {
  const { format, save: name } = button.dataset;
  const text = tableText(format, table);
  if (name === undefined) {
    await copy(text);
  } else {
    save(`${name}.${ENDINGS[format]}`, text);
  }
  const said = document.getElementById("board-exported");
  said.value = `${table.found.length} rows ${name === undefined ? "copied" : "saved"} as ${button.textContent.trim()}`;
}
