"""Format comparisons for a terminal, for a pull request, or for a program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, NamedTuple

import click
from pydantic import Field

from harness.comparison.differences import Comparison, LanguageDifference, TargetDifference, Verdict
from harness.comparison.markdown import code, code_element, escaped, table, within_limit
from harness.records import Record

# How many new, removed or left-out submissions a comment names.
_NAMED = 20
_HEAD = ("", "n", "first", "second", "difference", "95% interval", "only first", "only second", "p", "q")
_COLOURS: dict[Verdict, str] = {"better": "green", "worse": "red"}


class Refused(Record):
    """A changed submission that cannot be read or compared with its earlier state, with the reason."""

    submission: str
    reason: str


class ComparisonReport(Record):
    """The output of `diff`: one comparison, or one for each submission that a range of revisions changed.

    `left_out` are submissions whose changes are outside the filters.
    """

    schema_: Annotated[Literal[1], Field(alias="schema")] = 1
    comparisons: tuple[Comparison, ...]
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    refused: tuple[Refused, ...] = ()
    left_out: tuple[str, ...] = ()


class _Line(NamedTuple):
    """A line of trusted text, with a {} for each untrusted text in it."""

    template: str
    untrusted: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return self.template.format(*self.untrusted)

    @property
    def markdown(self) -> str:
        return escaped(self.template).format(*map(code, self.untrusted))


def text(report: ComparisonReport, *, colour: bool = False) -> str:
    """Return aligned columns; with `colour`, significant differences are coloured."""
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
    if uncompared := _uncompared(report):
        blocks.append("\n".join(line.text for line in uncompared))
    return "\n\n".join(blocks) + "\n"


def markdown(report: ComparisonReport) -> str:
    """Return all verdicts, then what could not be compared, then a folded table for each target.

    Comparisons with a regression come first; what does not fit into a comment is left out.
    """
    summaries, tables = [], []
    for comparison in sorted(
        report.comparisons,
        key=lambda comparison: all(target.verdict != "worse" for target in comparison.targets),
    ):
        lines = [f"### {code(comparison.first)} → {code(comparison.second)}"]
        verdicts = [(_verdict(target).markdown, _changed(target)) for target in comparison.targets]
        lines += [f"- **{line}**" if changed else f"- {line}" for line, changed in verdicts]
        lines += [f"- {line.markdown}" for line in _unshared(comparison)]
        summaries.append("\n".join(lines))
        tables += [_folded(comparison, target) for target in comparison.targets]
    refused = [f"- {line.markdown}" for line in _refused(report)]
    names = [f"- {line.markdown}" for line in _named(report)]
    return within_limit([*summaries, *refused, *names, *tables])


def json(report: ComparisonReport) -> str:
    """Return the report as JSON, whose schema is docs/schema/diff.json."""
    return report.model_dump_json(indent=2, by_alias=True) + "\n"


def verdict(target: TargetDifference) -> str:
    """Return the target's difference in one line, with its verdict and the scope of the claim."""
    return _verdict(target).text


def missing(report: ComparisonReport) -> list[str]:
    """Return a line for everything the second side lacks: submissions, their targets, and their languages."""
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


def _verdict(target: TargetDifference) -> _Line:
    claim = "the recipes" if target.recipe else "these checkpoints"
    count = len(target.languages)
    languages = f"{count} {'language' if count == 1 else 'languages'}"
    corrected = f", {_p(target.holm)} after Holm" if target.holm != target.p else ""
    template = (
        f"{{}}: {target.first:.2f} → {target.second:.2f}, {_signed(target.difference)} "
        f"{_interval(target.interval)} over {languages}, p {_p(target.p)}{corrected}: {target.verdict} "
        f"({claim}, on {'this language' if count == 1 else 'these languages'})"
    )
    return _Line(template, (target.target,))


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


def _remarks(target: TargetDifference) -> list[_Line]:
    remarks = [_verdict(target)]
    if target.general is not None and target.general_p is not None:
        general = f"{_signed(target.difference)} {_interval(target.general)}, p {_p(target.general_p)}"
        remarks.append(_Line(f"for languages in general: {general}"))
    if not target.recipe:
        first, second = target.seeds
        remarks.append(
            _Line(f"no claim about the recipes: that takes several seeds a side, here {first} and {second}")
        )
    if target.matched:
        remarks.append(
            _Line(f"the {target.seeds[0]} seeds are matched: both trainings differ only in their languages")
        )
    if target.borrowed:
        remarks.append(
            _Line("the variance between seeds also borrows from the board's other rows: seed-prior.yaml")
        )
    elif target.recipe and max(target.seeds) > 1:
        remarks.append(
            _Line("the variance between seeds is these rows' own: seed-prior.yaml has none for them")
        )
    if len(target.languages) < target.of:
        remarks.append(
            _Line(
                f"incomplete: {len(target.languages)} of {target.of} languages; "
                "this mean is not the target's score"
            )
        )
    for side, names in (("first", target.first_seen), ("second", target.second_seen)):
        if names:
            saw = f"the {side} saw dev or test data of this target in training: {_placeholders(names)}"
            remarks.append(_Line(saw, names))
    if target.missing:
        remarks.append(_Line(f"missing in the second: {' '.join(target.missing)}"))
    if target.added:
        remarks.append(_Line(f"only in the second: {' '.join(target.added)}"))
    if target.first_signature != target.second_signature:
        remarks.append(
            _Line("encoded differently: {} → {}", (target.first_signature, target.second_signature))
        )
    return remarks


def _unshared(comparison: Comparison) -> list[_Line]:
    groups = (
        ("targets missing in the second", comparison.missing),
        ("targets only in the second", comparison.added),
        ("left out by the filters", comparison.left_out),
    )
    return [_Line(f"{words}: {_placeholders(names)}", tuple(names)) for words, names in groups if names]


def _placeholders(names: Sequence[str]) -> str:
    return ", ".join(["{}"] * len(names))


def _uncompared(report: ComparisonReport) -> list[_Line]:
    """Return a line for every submission of a range that is not compared."""
    groups = (
        (report.added, "new"),
        (report.removed, "removed"),
        (report.left_out, "left out by the filters"),
    )
    lines = [_Line(f"{{}}: {words}", (name,)) for names, words in groups for name in names]
    lines += _refused(report)
    return lines if lines or report.comparisons else [_Line("no submission's results changed")]


def _refused(report: ComparisonReport) -> list[_Line]:
    return [
        _Line("{}: not comparable: {}", (refused.submission, refused.reason)) for refused in report.refused
    ]


def _named(report: ComparisonReport) -> list[_Line]:
    """Return the lines of `_uncompared` in short form, without refused submissions."""
    lines = []
    for names, words in (
        (report.removed, "removed"),
        (report.added, "new"),
        (report.left_out, "left out by the filters"),
    ):
        if names:
            more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
            lines.append(_Line(f"{words}: {_placeholders(names[:_NAMED])}{more}", tuple(names[:_NAMED])))
    return (
        lines if lines or report.comparisons or report.refused else [_Line("no submission's results changed")]
    )


def _folded(comparison: Comparison, target: TargetDifference) -> str:
    title = f"{code_element(comparison.second)}: {code_element(target.target)} ({target.metric}, points)"
    remarks = "\n".join(f"- {line.markdown}" for line in _remarks(target)[1:])
    rows = table(_head(comparison), _rows(target))
    return "\n\n".join(
        [f"<details><summary>{title}</summary>", rows, *([remarks] if remarks else []), "</details>"]
    )
