"""Write a comparison for a terminal, for a pull request, or for a program."""

from __future__ import annotations

from collections.abc import Sequence

from harness.diff import Comparison, LanguageDifference, TargetDifference

_HEAD = ("", "n", "first", "second", "difference", "95% interval", "only first", "only second", "McNemar p")


def text(comparison: Comparison) -> str:
    """Return aligned columns."""
    blocks = [_heading(comparison)]
    for target in comparison.targets:
        rows = [_head(comparison), *_rows(target)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
        lines = [
            "  ".join([row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))]).rstrip()
            for row in rows
        ]
        blocks.append("\n".join([f"{target.target} ({target.metric}, points)", *(f"  {line}" for line in lines), *_remarks(target)]))
    return "\n\n".join([*blocks, *_unshared(comparison)]) + "\n"


def markdown(comparison: Comparison) -> str:
    """Return one table a target, ready for a pull request."""
    blocks = [f"### {_escape(comparison.first)} → {_escape(comparison.second)}"]
    for target in comparison.targets:
        head, *rows = [_head(comparison), *_rows(target)]
        lines = [_markdown_row(head), "|" + "|".join([" :-- ", *[" --: "] * (len(_HEAD) - 1)]) + "|", *map(_markdown_row, rows)]
        blocks.append("\n".join([f"**{target.target}** ({target.metric}, points)", "", *lines, "", *_remarks(target)]))
    return "\n\n".join([*blocks, *_unshared(comparison)]) + "\n"


def json(comparison: Comparison) -> str:
    """Return the comparison's record."""
    return comparison.model_dump_json(indent=2) + "\n"


def verdict(target: TargetDifference) -> str:
    """Return the target's difference in one line, with what may be said of it."""
    return (
        f"{target.target}: {target.first:.2f} → {target.second:.2f}, {target.difference:+.2f} "
        f"[{target.interval[0]:+.2f}, {target.interval[1]:+.2f}] over {len(target.languages)} languages: {target.verdict} "
        f"(these checkpoints, these languages)"
    )


def _heading(comparison: Comparison) -> str:
    return f"first: {comparison.first}\nsecond: {comparison.second}"


def _head(comparison: Comparison) -> tuple[str, ...]:
    return tuple(f"{100 * comparison.level:g}% interval" if cell == "95% interval" else cell for cell in _HEAD)


def _rows(target: TargetDifference) -> list[tuple[str, ...]]:
    mean = ("mean", "", f"{target.first:.2f}", f"{target.second:.2f}", f"{target.difference:+.2f}", _interval(target.interval), "", "", "")
    return [*(_row(language) for language in target.languages), mean]


def _row(row: LanguageDifference) -> tuple[str, ...]:
    p = "" if row.p is None else ("<0.0001" if row.p < 0.0001 else f"{row.p:.4f}")
    counts = ("" if count is None else str(count) for count in (row.only_first, row.only_second))
    return (
        row.language,
        str(row.n),
        f"{row.first:.2f}",
        f"{row.second:.2f}",
        f"{row.difference:+.2f}",
        _interval(row.interval),
        *counts,
        p,
    )


def _interval(interval: tuple[float, float]) -> str:
    return f"[{interval[0]:+.2f}, {interval[1]:+.2f}]"


def _remarks(target: TargetDifference) -> list[str]:
    remarks = [verdict(target)]
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


def _escape(cell: str) -> str:
    return cell.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


def _markdown_row(row: Sequence[str]) -> str:
    return "| " + " | ".join(map(_escape, row)) + " |"
