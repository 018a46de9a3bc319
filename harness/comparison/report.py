"""Write comparisons for a terminal, for a pull request, or for a program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, NamedTuple

import click
from pydantic import Field

from harness.comparison.compare import Comparison, LanguageDifference, TargetDifference, Verdict
from harness.comparison.markdown import code, code_element, escaped, table, within_limit
from harness.records import Record

# Of submissions that are new, gone or left out a comment names so many.
_NAMED = 20
_HEAD = ("", "n", "first", "second", "difference", "95% interval", "only first", "only second", "p", "q")
_COLOURS: dict[Verdict, str] = {"better": "green", "worse": "red"}


class Refused(Record):
    """A submission that changed and cannot be read or compared with what it was, with the reason."""

    submission: str
    reason: str


class ComparisonReport(Record):
    """All that one `diff` found: one comparison, or one for each submission that a range of revisions changed.

    `left_out` are submissions that changed, but not in what the filters ask for.
    """

    schema_: Annotated[Literal[1], Field(alias="schema")] = 1
    comparisons: tuple[Comparison, ...]
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    refused: tuple[Refused, ...] = ()
    left_out: tuple[str, ...] = ()


class _Said(NamedTuple):
    """A line of our own words, with a {} for each of the texts that strangers chose."""

    words: str
    foreign: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return self.words.format(*self.foreign)

    @property
    def markdown(self) -> str:
        return escaped(self.words).format(*map(code, self.foreign))


def text(report: ComparisonReport, *, colour: bool = False) -> str:
    """Return aligned columns; with `colour`, what became better or worse is marked."""
    blocks = []
    for comparison in report.comparisons:
        blocks.append(f"first: {comparison.first}\nsecond: {comparison.second}")
        for target in comparison.targets:
            rows = [_head(comparison), *_rows(target)]
            widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
            lines = [
                "  ".join(
                    [
                        row[0].ljust(widths[0]),
                        *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True)),
                    ]
                ).rstrip()
                for row in rows
            ]
            remarks = [
                _coloured(target, line.text) if colour and not number else line.text
                for number, line in enumerate(_remarks(target))
            ]
            blocks.append(
                "\n".join(
                    [f"{target.target} ({target.metric}, points)", *(f"  {line}" for line in lines), *remarks]
                )
            )
        if unshared := _unshared(comparison):
            blocks.append("\n".join(line.text for line in unshared))
    if beside := _beside(report):
        blocks.append("\n".join(line.text for line in beside))
    return "\n\n".join(blocks) + "\n"


def markdown(report: ComparisonReport) -> str:
    """Return all verdicts, then what could not be compared, then one folded table a target, as much as a comment holds.

    Comparisons in which something fell come first.
    """
    summaries, tables = [], []
    for comparison in sorted(
        report.comparisons, key=lambda one: all(target.verdict != "worse" for target in one.targets)
    ):
        lines = [f"### {code(comparison.first)} → {code(comparison.second)}"]
        verdicts = [(_verdict(target).markdown, _changed(target)) for target in comparison.targets]
        lines += [f"- **{line}**" if changed else f"- {line}" for line, changed in verdicts]
        lines += [f"- {line.markdown}" for line in _unshared(comparison)]
        summaries.append("\n".join(lines))
        tables += [_folded(comparison, target) for target in comparison.targets]
    refused = [f"- {line.markdown}" for line in _refused(report)]
    beside = [f"- {line.markdown}" for line in _named(report)]
    return within_limit([*summaries, *refused, *beside, *tables])


def json(report: ComparisonReport) -> str:
    """Return the report's record, whose schema docs/schema/diff.json holds."""
    return report.model_dump_json(indent=2, by_alias=True) + "\n"


def verdict(target: TargetDifference) -> str:
    """Return the target's difference in one line, with what may be said of it and how far the claim reaches."""
    return _verdict(target).text


def missing(report: ComparisonReport) -> list[str]:
    """Name what the second side lacks: submissions, their targets, and languages of these."""
    lines = [f"{name}: removed" for name in report.removed]
    for comparison in report.comparisons:
        lines += [f"{comparison.second}: {name}" for name in comparison.missing]
        lines += [
            f"{comparison.second}: {target.target} {' '.join(target.missing)}"
            for target in comparison.targets
            if target.missing
        ]
    return lines


# ---- parts -------------------------------------------------------------------------------------


def _verdict(target: TargetDifference) -> _Said:
    claim = "the recipes" if target.recipe else "these checkpoints"
    count = len(target.languages)
    languages = f"{count} {'language' if count == 1 else 'languages'}"
    corrected = f", {_p(target.holm)} after Holm" if target.holm != target.p else ""
    words = (
        f"{{}}: {target.first:.2f} → {target.second:.2f}, {_signed(target.difference)} "
        f"{_interval(target.interval)} over {languages}, p {_p(target.p)}{corrected}: {target.verdict} "
        f"({claim}, on {'this language' if count == 1 else 'these languages'})"
    )
    return _Said(words, (target.target,))


def _changed(target: TargetDifference) -> bool:
    return target.verdict != "no difference shown"


def _coloured(target: TargetDifference, line: str) -> str:
    colour = _COLOURS.get(target.verdict)
    return click.style(line, fg=colour, bold=True) if colour else line


def _head(comparison: Comparison) -> tuple[str, ...]:
    return tuple(
        f"{100 * comparison.level:g}% interval" if cell == "95% interval" else cell for cell in _HEAD
    )


def _rows(target: TargetDifference) -> list[tuple[str, ...]]:
    scores = (f"{target.first:.2f}", f"{target.second:.2f}", _signed(target.difference))
    mean = ("mean", "", *scores, _interval(target.interval), "", "", _p(target.p), "")
    return [*(_row(language) for language in target.languages), mean]


def _row(row: LanguageDifference) -> tuple[str, ...]:
    counts = ("" if count is None else str(count) for count in (row.only_first, row.only_second))
    scores = (f"{row.first:.2f}", f"{row.second:.2f}", _signed(row.difference))
    return (row.language, str(row.n), *scores, _interval(row.interval), *counts, _p(row.p), _p(row.q))


def _signed(points: float) -> str:
    return f"{points:+z.2f}"


def _interval(interval: tuple[float, float]) -> str:
    return f"[{_signed(interval[0])}, {_signed(interval[1])}]"


def _p(value: float) -> str:
    return "<0.0001" if value < 0.0001 else f"{value:.4f}"


def _remarks(target: TargetDifference) -> list[_Said]:
    remarks = [_verdict(target)]
    if target.general is not None and target.general_p is not None:
        general = f"{_signed(target.difference)} {_interval(target.general)}, p {_p(target.general_p)}"
        remarks.append(_Said(f"for languages in general: {general}"))
    if not target.recipe:
        first, second = target.seeds
        remarks.append(
            _Said(
                f"nothing is said of the recipes: that takes several seeds a side, here {first} and {second}"
            )
        )
    if target.matched:
        remarks.append(
            _Said(
                f"the {target.seeds[0]} seeds are matched: both sides were trained alike but for the languages"
            )
        )
    if len(target.languages) < target.of:
        remarks.append(
            _Said(
                f"incomplete: {len(target.languages)} of {target.of} languages; this mean is not the target's score"
            )
        )
    for words, names in (("first", target.first_seen), ("second", target.second_seen)):
        if names:
            remarks.append(
                _Said(f"the {words} saw dev or test data of this target in training: {_places(names)}", names)
            )
    if target.missing:
        remarks.append(_Said(f"missing in the second: {' '.join(target.missing)}"))
    if target.added:
        remarks.append(_Said(f"only in the second: {' '.join(target.added)}"))
    if target.first_signature != target.second_signature:
        remarks.append(
            _Said("encoded differently: {} → {}", (target.first_signature, target.second_signature))
        )
    return remarks


def _unshared(comparison: Comparison) -> list[_Said]:
    found = (
        ("targets missing in the second", comparison.missing),
        ("targets only in the second", comparison.added),
        ("left out by the filters", comparison.left_out),
    )
    return [_Said(f"{words}: {_places(names)}", tuple(names)) for words, names in found if names]


def _places(names: Sequence[str]) -> str:
    return ", ".join(["{}"] * len(names))


def _beside(report: ComparisonReport) -> list[_Said]:
    """Say what a range of revisions holds beside comparisons."""
    found = ((report.added, "new"), (report.removed, "removed"), (report.left_out, "left out by the filters"))
    lines = [_Said(f"{{}}: {words}", (name,)) for names, words in found for name in names] + _refused(report)
    return lines if lines or report.comparisons else [_Said("no submission's results changed")]


def _refused(report: ComparisonReport) -> list[_Said]:
    return [
        _Said("{}: not comparable: {}", (refused.submission, refused.reason)) for refused in report.refused
    ]


def _named(report: ComparisonReport) -> list[_Said]:
    """Say the same as `_beside`, but what was refused, in a few lines whatever the number."""
    lines = []
    for names, words in (
        (report.removed, "removed"),
        (report.added, "new"),
        (report.left_out, "left out by the filters"),
    ):
        if names:
            more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
            lines.append(_Said(f"{words}: {_places(names[:_NAMED])}{more}", tuple(names[:_NAMED])))
    return (
        lines if lines or report.comparisons or report.refused else [_Said("no submission's results changed")]
    )


def _folded(comparison: Comparison, target: TargetDifference) -> str:
    title = f"{code_element(comparison.second)}: {code_element(target.target)} ({target.metric}, points)"
    remarks = "\n".join(f"- {line.markdown}" for line in _remarks(target)[1:])
    rows = table(_head(comparison), _rows(target))
    return "\n\n".join(
        [f"<details><summary>{title}</summary>", rows, *([remarks] if remarks else []), "</details>"]
    )
