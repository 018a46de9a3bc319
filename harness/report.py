"""Write comparisons for a terminal, for a pull request, or for a program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import click
from pydantic import Field

from harness.diff import Comparison, LanguageDifference, TargetDifference, Verdict
from harness.records import Record

# GitHub refuses a comment of more than 65,536 characters.
MARKDOWN_LIMIT = 60_000

_HEAD = ("", "n", "first", "second", "difference", "95% interval", "only first", "only second", "p", "q")
_COLOURS: dict[Verdict, str] = {"better": "green", "worse": "red"}


class Refused(Record):
    """A submission that changed and cannot be read or compared with what it was, with the reason."""

    submission: str
    reason: str


class Report(Record):
    """All that one `diff` found: one comparison, or one for each submission that a range of revisions changed."""

    schema_: Annotated[Literal[1], Field(alias="schema")] = 1
    comparisons: tuple[Comparison, ...]
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    refused: tuple[Refused, ...] = ()


def text(report: Report, *, colour: bool = False) -> str:
    """Return aligned columns; with `colour`, what became better or worse is marked."""
    blocks = []
    for comparison in report.comparisons:
        blocks.append(f"first: {comparison.first}\nsecond: {comparison.second}")
        for target in comparison.targets:
            rows = [_head(comparison), *_rows(target)]
            widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
            lines = [
                "  ".join([row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))]).rstrip()
                for row in rows
            ]
            remarks = [_coloured(target, line) if colour and number == 0 else line for number, line in enumerate(_remarks(target))]
            blocks.append("\n".join([f"{target.target} ({target.metric}, points)", *(f"  {line}" for line in lines), *remarks]))
        blocks += _unshared(comparison)
    return "\n\n".join([*blocks, *_beside(report)]) + "\n"


def markdown(report: Report) -> str:
    """Return a summary and one folded table a target, ready for a pull request's comment whatever the size."""
    head = [_escape(line) for line in _beside(report)]
    summaries, tables = [], []
    for comparison in report.comparisons:
        lines = [f"### {_escape(comparison.first)} → {_escape(comparison.second)}"]
        lines += [
            f"- **{_escape(verdict(target))}**" if _changed(target) else f"- {_escape(verdict(target))}" for target in comparison.targets
        ]
        lines += [f"- {_escape(line)}" for line in _unshared(comparison)]
        summaries.append("\n".join(lines))
        tables += [_folded(comparison, target) for target in comparison.targets]
    return _within_limit([*head, *summaries], tables)


def json(report: Report) -> str:
    """Return the report's record, whose schema docs/schema/diff.json holds."""
    return report.model_dump_json(indent=2, by_alias=True) + "\n"


def verdict(target: TargetDifference) -> str:
    """Return the target's difference in one line, with what may be said of it and how far the claim reaches."""
    claim = "the recipes" if target.recipe else "these checkpoints"
    count = len(target.languages)
    languages = f"{count} {'language' if count == 1 else 'languages'}"
    corrected = f", {_p(target.holm)} after Holm" if target.holm != target.p else ""
    return (
        f"{target.target}: {target.first:.2f} → {target.second:.2f}, {target.difference:+.2f} "
        f"{_interval(target.interval)} over {languages}, p {_p(target.p)}{corrected}: {target.verdict} "
        f"({claim}, on {'this language' if count == 1 else 'these languages'})"
    )


# ---- parts -------------------------------------------------------------------------------------


def _changed(target: TargetDifference) -> bool:
    return target.verdict != "no difference shown"


def _coloured(target: TargetDifference, line: str) -> str:
    colour = _COLOURS.get(target.verdict)
    return click.style(line, fg=colour, bold=True) if colour else line


def _head(comparison: Comparison) -> tuple[str, ...]:
    return tuple(f"{100 * comparison.level:g}% interval" if cell == "95% interval" else cell for cell in _HEAD)


def _rows(target: TargetDifference) -> list[tuple[str, ...]]:
    scores = (f"{target.first:.2f}", f"{target.second:.2f}", f"{target.difference:+.2f}")
    mean = ("mean", "", *scores, _interval(target.interval), "", "", _p(target.p), "")
    return [*(_row(language) for language in target.languages), mean]


def _row(row: LanguageDifference) -> tuple[str, ...]:
    counts = ("" if count is None else str(count) for count in (row.only_first, row.only_second))
    scores = (f"{row.first:.2f}", f"{row.second:.2f}", f"{row.difference:+.2f}")
    return (row.language, str(row.n), *scores, _interval(row.interval), *counts, _p(row.p), _p(row.q))


def _interval(interval: tuple[float, float]) -> str:
    return f"[{interval[0]:+.2f}, {interval[1]:+.2f}]"


def _p(value: float) -> str:
    return "<0.0001" if value < 0.0001 else f"{value:.4f}"


def _remarks(target: TargetDifference) -> list[str]:
    remarks = [verdict(target)]
    if target.general is not None and target.general_p is not None:
        remarks.append(f"for languages in general: {target.difference:+.2f} {_interval(target.general)}, p {_p(target.general_p)}")
    if not target.recipe:
        first, second = target.seeds
        remarks.append(f"nothing is said of the recipes: that takes several seeds a side, here {first} and {second}")
    if len(target.languages) < target.of:
        remarks.append(f"incomplete: {len(target.languages)} of {target.of} languages; this mean is not the target's score")
    if target.missing:
        remarks.append(f"missing in the second: {' '.join(target.missing)}")
    if target.added:
        remarks.append(f"only in the second: {' '.join(target.added)}")
    if target.first_signature != target.second_signature:
        remarks.append(f"encoded differently: {target.first_signature} → {target.second_signature}")
    return remarks


def _unshared(comparison: Comparison) -> Sequence[str]:
    lines = []
    if comparison.missing:
        lines.append(f"targets missing in the second: {', '.join(comparison.missing)}")
    if comparison.added:
        lines.append(f"targets only in the second: {', '.join(comparison.added)}")
    return ["\n".join(lines)] if lines else []


def _beside(report: Report) -> list[str]:
    """Say what a range of revisions holds beside comparisons."""
    lines = [f"{name}: new" for name in report.added] + [f"{name}: removed" for name in report.removed]
    lines += [f"{refused.submission}: not comparable: {refused.reason}" for refused in report.refused]
    if not lines and not report.comparisons:
        lines = ["no submission's results changed"]
    return ["\n".join(lines)] if lines else []


def _folded(comparison: Comparison, target: TargetDifference) -> str:
    head, *rows = [_head(comparison), *_rows(target)]
    lines = [_markdown_row(head), "|" + "|".join([" :-- ", *[" --: "] * (len(_HEAD) - 1)]) + "|", *map(_markdown_row, rows)]
    title = f"{_escape(comparison.second)}: {target.target} ({target.metric}, points)"
    remarks = "\n".join(f"- {_escape(line)}" for line in _remarks(target)[1:])
    parts = [f"<details><summary>{title}</summary>", "\n".join(lines), *([remarks] if remarks else []), "</details>"]
    return "\n\n".join(parts)


def _within_limit(summaries: Sequence[str], tables: Sequence[str]) -> str:
    """Join as many blocks as a comment takes, summaries first, and say how many are left out."""
    room = MARKDOWN_LIMIT - 200  # for the closing line
    kept: list[str] = []
    left = 0
    for block in (*summaries, *tables):
        size = len(block.encode()) + 2
        if left or size > room:
            left += 1
        else:
            kept.append(block)
            room -= size
    if left:
        kept.append(
            f"{left} more {'part' if left == 1 else 'parts'} left out: a comment holds no more; `stiltboard diff` prints everything."
        )
    return "\n\n".join(kept) + "\n"


def _escape(cell: str) -> str:
    return cell.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


def _markdown_row(row: Sequence[str]) -> str:
    return "| " + " | ".join(map(_escape, row)) + " |"
