"""The scores of one or several models as a table: for a terminal, Markdown, CSV, LaTeX, HTML or a program."""

from __future__ import annotations

import csv
import html
import io
import json
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from harness.catalog import BY_NAME
from harness.records.score_line import LanguageScore, ScoreLine

_NO_CELL = "–"
_LATEX = {
    **{char: f"\\{char}" for char in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "→": r"$\rightarrow$",
}


class _TargetTable(NamedTuple):
    """The table of one target: a column for each model, remarks below it."""

    title: str
    head: tuple[str, ...]
    languages: tuple[tuple[str, ...], ...]
    means: tuple[tuple[str, ...], ...]
    remarks: tuple[str, ...]


def text(lines: Sequence[ScoreLine], width: int | None = None) -> str:
    """Return aligned columns; models that do not fit into `width` follow in further tables."""
    return "\n".join(_aligned(table) for table in _tables(lines, width))


def markdown(lines: Sequence[ScoreLine]) -> str:
    """Return one Markdown table a target, with the remarks as a list."""

    def block(table: _TargetTable) -> str:
        align = "|".join([" :-- ", *[" --: "] * (len(table.head) - 1)])
        rows = [table.head, *table.languages, *table.means]
        first, *others = ["| " + " | ".join(map(_markdown_cell, row)) + " |" for row in rows]
        remarks = [f"- {_markdown_cell(remark)}" for remark in table.remarks]
        return "\n".join([f"**{table.title}**", "", first, f"|{align}|", *others, "", *remarks]) + "\n"

    return "\n".join(map(block, _tables(lines)))


def latex(lines: Sequence[ScoreLine]) -> str:
    """Return one tabular a target, with the rules of the package booktabs and the remarks as comments."""

    def block(table: _TargetTable) -> str:
        def row(cells: Sequence[str]) -> str:
            return " & ".join("".join(_LATEX.get(char, char) for char in cell) for cell in cells) + r" \\"

        body = [row(table.head), r"\midrule", *map(row, table.languages), r"\midrule", *map(row, table.means)]
        remarks = [f"% {line}" for line in (table.title, *table.remarks)]
        columns = "l" + "r" * (len(table.head) - 1)
        begin, end = [f"\\begin{{tabular}}{{{columns}}}", r"\toprule"], [r"\bottomrule", r"\end{tabular}"]
        return "\n".join([*remarks, *begin, *body, *end]) + "\n"

    return "\n".join(map(block, _tables(lines)))


HEAD = ("model", "target", "metric", "language", "n", "score", "low", "high", "of", "trial", "step")
"""The columns of `rows`; `low` and `high` bound the 95 % interval."""


def rows(lines: Sequence[ScoreLine]) -> Iterator[tuple[str | float | None, ...]]:
    """Yield one row a model, target and language, and one for each mean.

    `trial` is not None for a trial, and `step` for a checkpoint within a training.
    """
    for line in lines:
        for language, score in line.languages.items():
            (low, high) = next(iter(score.intervals.values())) if len(score.intervals) == 1 else (None, None)
            cells = (language, score.n, score.score, low, high, None, line.trial, line.step)
            yield (line.model, line.target, line.metric, *cells)
        if line.mean is not None:
            low, high = line.interval or (None, None)
            mean = ("mean", line.measured, line.mean, low, high, line.of, line.trial, line.step)
            yield (line.model, line.target, line.metric, *mean)


def comma_separated(lines: Sequence[ScoreLine]) -> str:
    """Return `rows` under their head."""
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\n")
    writer.writerow(HEAD)
    writer.writerows(rows(lines))
    return sink.getvalue()


def json_lines(lines: Sequence[ScoreLine]) -> str:
    """Return one JSON object a line, whose schema is docs/schema/scores.json."""
    return "".join(
        json.dumps(line.model_dump(mode="json", by_alias=True), ensure_ascii=False) + "\n" for line in lines
    )


def as_html(lines: Sequence[ScoreLine]) -> str:
    """Return HTML tables for a notebook."""

    def row(cells: Sequence[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    def block(table: _TargetTable) -> str:
        body = "".join(row(cells, "td") for cells in (*table.languages, *table.means))
        remarks = "".join(f"<br>{html.escape(remark)}" for remark in table.remarks)
        head = f"<caption>{html.escape(table.title)}</caption><thead>{row(table.head, 'th')}</thead>"
        return f"<table>{head}<tbody>{body}</tbody></table><small>{remarks.removeprefix('<br>')}</small>"

    return "".join(map(block, _tables(lines)))


FORMATS: dict[str, Callable[[Sequence[ScoreLine]], str]] = {
    "text": text,
    "markdown": markdown,
    "csv": comma_separated,
    "latex": latex,
}
"""The formats of `--format`, by name."""


def summary(line: ScoreLine) -> str:
    """Return one line: the score with its interval, or the mean over the languages measured so far."""
    head = f"{line.model}  {line.target}  "
    if line.trial is not None:
        head += f"trial of {line.trial} examples a language, no result: "
    if line.score is not None:
        return f"{head}{line.metric} {line.score:.2f}{_interval(line.interval)} over {line.of} languages"
    if line.mean is None:
        return f"{head}none of {line.of} languages is measured"
    return f"{head}{line.metric} {line.mean:.2f}, the {_partial(line)}"


# ---- the cells ---------------------------------------------------------------------------------


def _tables(lines: Sequence[ScoreLine], width: int | None = None) -> list[_TargetTable]:
    by_target: dict[str, list[ScoreLine]] = {}
    for line in lines:
        by_target.setdefault(line.target, []).append(line)
    tables = []
    for group in by_target.values():
        runs = _runs(group)
        others = [line for line in group if line.run not in runs]
        tables += [_target_table(part) for part in _fitting(others, width)]
        tables += [
            _run_table(name, run, part)
            for name, run in runs.items()
            for part in _fitting_languages(name, run, width)
        ]
    return tables


def _runs(lines: Sequence[ScoreLine]) -> dict[str, list[ScoreLine]]:
    """Return the checkpoints of each training that has several, in the order of their steps.

    A submission is part of the curve of its own training, and has its own table, too.
    """
    by_run: dict[str, list[ScoreLine]] = {}
    for line in lines:
        if line.run is not None:
            by_run.setdefault(line.run, []).append(line)
    for line in lines:
        if line.step is not None and line.run != line.model and line.model in by_run:
            by_run[line.model].append(line)
    return {
        name: sorted(run, key=lambda line: line.step or 0)
        for name, run in by_run.items()
        if len({line.step for line in run}) > 1 or name == run[0].model
    }


def _fitting(lines: Sequence[ScoreLine], width: int | None) -> list[Sequence[ScoreLine]]:
    """Return the models in groups whose tables are no wider than `width`, at least one model a group."""
    count = len(lines)
    while width is not None and count > 1 and _widest(_target_table(lines[:count])) > width:
        count -= 1
    return [lines[:count], *_fitting(lines[count:], width)] if lines else []


def _fitting_languages(name: str, run: Sequence[ScoreLine], width: int | None) -> list[Sequence[str]]:
    """Return the languages of a run in groups whose tables are no wider than `width`, at least one each."""
    languages = _languages_of(run)
    groups: list[Sequence[str]] = []
    while languages or not groups:
        count = len(languages)
        while width is not None and count > 1 and _widest(_run_table(name, run, languages[:count])) > width:
            count -= 1
        groups.append(languages[:count])
        languages = languages[count:]
    return groups


def _widest(table: _TargetTable) -> int:
    rows = (table.head, *table.languages, *table.means)
    return 2 + sum(2 + max(map(len, column)) for column in zip(*rows, strict=True)) - 2


def _languages_of(lines: Sequence[ScoreLine]) -> list[str]:
    """Return the languages that were tried, in the order of the target."""
    order = BY_NAME[lines[0].target].languages if lines[0].target in BY_NAME else ()
    measured = dict.fromkeys(language for line in lines for language in (*line.languages, *line.failed))
    return sorted(measured, key=lambda code: order.index(code) if code in order else len(order))


def _run_table(run_name: str, run: Sequence[ScoreLine], languages: Sequence[str]) -> _TargetTable:
    """Return the table of a training's checkpoints: a row for each step, with a column for each language."""
    name = run_name.rpartition("/")[2]
    rows = [
        (
            str(line.step),
            _points(line.mean) + _interval(line.interval),
            *(_step_cell(line, language) for language in languages),
        )
        for line in run
    ]
    remarks = dict.fromkeys(remark for line in run for remark in _remarks(line, name, named_file=False))
    files = [line.file for line in run if line.file is not None and line.run == run_name]
    if files:
        remarks[f"{name}: " + " … ".join(dict.fromkeys((files[0], files[-1])))] = None
    return _TargetTable(
        f"{run[0].target} ({run[0].metric}, points, [95 % interval]) by step of {name}",
        ("step", "mean", *languages),
        tuple(rows),
        (),
        tuple(remarks),
    )


def _step_cell(line: ScoreLine, language: str) -> str:
    if language in line.languages:
        return _points(line.languages[language].score)
    return "failed" if language in line.failed else _NO_CELL


def _target_table(lines: Sequence[ScoreLine]) -> _TargetTable:
    languages = _languages_of(lines)
    secondary = dict.fromkeys(name for line in lines for name in line.secondary)
    means = [("mean", "", *(_mean(line) for line in lines))]
    means += [(name, "", *(_points(line.secondary.get(name)) for line in lines)) for name in secondary]
    seeds = any(len(score.seeds) > 1 for line in lines for score in line.languages.values())
    brackets = "[95 % interval]" + (", with several seeds (lowest–highest)" if seeds else "")
    return _TargetTable(
        f"{lines[0].target} ({lines[0].metric}, points, {brackets})",
        ("", "n", *(line.model for line in lines)),
        tuple(
            (language, _examples(lines, language), *(_cell(line, language) for line in lines))
            for language in languages
        ),
        tuple(means),
        tuple(remark for line in lines for remark in _remarks(line)),
    )


def _examples(lines: Sequence[ScoreLine], language: str) -> str:
    """Return the number of examples of a language, the same for all models except in trials."""
    counts = dict.fromkeys(line.languages[language].n for line in lines if language in line.languages)
    return "/".join(map(str, counts))


def _cell(line: ScoreLine, language: str) -> str:
    if language in line.languages:
        return _language(line.languages[language])
    return "failed" if language in line.failed else _NO_CELL


def _language(score: LanguageScore) -> str:
    if len(score.intervals) == 1:
        return f"{score.score:.2f}{_interval(next(iter(score.intervals.values())))}"
    return f"{score.score:.2f} ({min(score.seeds.values()):.2f}–{max(score.seeds.values()):.2f})"


def _mean(line: ScoreLine) -> str:
    if line.score is not None and line.trial is None:
        return f"{line.score:.2f}{_interval(line.interval)}"
    return _points(line.mean) + ("" if line.mean is None else " (not the score)")


def _points(value: float | None) -> str:
    return _NO_CELL if value is None else f"{value:.2f}"


def _interval(interval: tuple[float, float] | None) -> str:
    return "" if interval is None else f" [{interval[0]:.2f}, {interval[1]:.2f}]"


def _partial(line: ScoreLine) -> str:
    return f"mean of {line.measured} of {line.of} languages, not the score"


def _remarks(line: ScoreLine, name: str = "", *, named_file: bool = True) -> list[str]:
    """Return what is said below a table of a model; of one of many checkpoints it begins with their name."""
    name = name or line.model
    remarks = [f"{name}: {line.signature}"]
    if line.trial is not None:
        what = f"a trial of at most {line.trial} examples a language: no result, and nothing was written"
        remarks.append(f"{name}: {what}")
    if line.score is None:
        remarks.append(f"{name}: {_partial(line)}")
    remarks += [f"{line.model}: {language} failed: {reason}" for language, reason in line.failed.items()]
    if named_file and line.file is not None:
        remarks.append(f"{line.model}: {line.file}")
    return remarks


def _aligned(table: _TargetTable) -> str:
    rows = (table.head, *table.languages, *table.means)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        parts = [
            cells[0].ljust(widths[0]),
            *(c.rjust(w) for c, w in zip(cells[1:], widths[1:], strict=True)),
        ]
        return ("  " + "  ".join(parts)).rstrip()

    return "\n".join([table.title, *map(line, rows), *table.remarks]) + "\n"


def _markdown_cell(cell: str) -> str:
    return cell.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
