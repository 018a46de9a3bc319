"""`stiltboard list`: the models of a board, the targets of the catalog, and their languages."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.options import language_option, submissions_option, target_option
from harness.cli.targets import command as targets_command
from harness.records import Regime, Submission

if TYPE_CHECKING:
    from harness.records import Result

_json_option = click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")


@click.group("list")
def command() -> None:
    """List the models of a board, the targets that can be evaluated, or their languages."""


command.add_command(targets_command)


@command.command("models")
@target_option("Only of this target or group")
@language_option("Only those measured in this language")
@click.option(
    "--regime", type=click.Choice([regime.value for regime in Regime]), help="Trained in this way only."
)
@_json_option
@submissions_option
def models(
    targets: tuple[str, ...],
    languages: tuple[str, ...],
    regime: str | None,
    as_json: bool,
    submissions: Path,
) -> None:
    """List the submissions by slug, with their scores on the targets named.

    A score that lacks languages is in brackets: the mean of those that were measured.
    """
    from harness.catalog.lookup import languages_named, targets_named
    from harness.records.score_line import ScoreLine
    from harness.store import find_submissions, load_results, load_submission
    from harness.text_table import print_table

    selected = targets_named(targets)
    rows_of_board = []
    for slug in find_submissions(submissions):
        submission = load_submission(submissions / slug)
        if isinstance(submission, Submission):
            results = {result.target: result for result in load_results(submissions / slug)}
            rows_of_board.append((slug, submission, results))
    measured = [code for _, _, results in rows_of_board for one in results.values() for code in one.languages]
    codes = languages_named(languages, measured)
    entries = [
        _entry(
            slug,
            submission,
            results,
            [ScoreLine.of_result(result) for name, result in results.items() if name in selected],
        )
        for slug, submission, results in rows_of_board
        if _wanted(submission, results, selected, codes, regime)
    ]
    if as_json:
        click.echo(json.dumps(entries, indent=2, ensure_ascii=False))
        return
    headings = ("slug", "family", "regime", "tasks", "seeds", "measured on", *selected)
    rows = [_row(entry, selected) for entry in entries]
    print_table(headings, rows, right={"seeds", *selected})


@command.command("languages")
@target_option("Only of this target or group")
@language_option("Only this language")
@_json_option
def languages_command(targets: tuple[str, ...], languages: tuple[str, ...], as_json: bool) -> None:
    """List the languages of targets: code, name, script, family, and who has them.

    Under pre-training are the families of encoders that saw the language in pre-training; only those of XLM-R
    and multilingual-e5 are on record.
    """
    from harness.catalog import TARGETS
    from harness.catalog.languages import families_that_saw, language_facts
    from harness.catalog.lookup import english_name, languages_named, targets_named
    from harness.text_table import print_table

    selected, codes = targets_named(targets), languages_named(languages)
    having: dict[str, list[str]] = {}
    for target in TARGETS:
        if not selected or target.name in selected:
            for code in (code for code in target.languages if not codes or code in codes):
                having.setdefault(code, []).append(target.name)
    if as_json:
        entries = [
            {
                "code": code,
                "name": english_name(code),
                **language_facts(code)._asdict(),
                "pretraining": families_that_saw(code),
                "targets": names,
            }
            for code, names in sorted(having.items())
        ]
        click.echo(json.dumps(entries, indent=2, ensure_ascii=False))
        return
    rows = [
        (code, english_name(code), *language_facts(code), " ".join(families_that_saw(code)), " ".join(names))
        for code, names in sorted(having.items())
    ]
    print_table(("code", "name", "script", "family", "pre-training", "targets"), rows)


def _wanted(
    submission: Submission,
    results: Mapping[str, Result],
    targets: Sequence[str],
    languages: Sequence[str],
    regime: str | None,
) -> bool:
    if regime is not None and submission.intermediate.regime.value != regime:
        return False
    kept = [result for name, result in results.items() if not targets or name in targets]
    if targets and not kept:
        return False
    return not languages or any(language in result.languages for result in kept for language in languages)


def _entry(
    slug: str, submission: Submission, results: Mapping[str, Result], lines: Sequence[Any]
) -> dict[str, Any]:
    return {
        "slug": slug,
        "title": submission.title,
        "family": submission.family,
        "regime": submission.intermediate.regime.value,
        "tasks": list(submission.intermediate.tasks),
        "seeds": len(submission.checkpoints),
        "measured": list(results),
        "scores": {
            line.target: {"score": line.score, "mean": line.mean, "measured": line.measured, "of": line.of}
            for line in lines
        },
    }


def _row(entry: Mapping[str, Any], targets: Sequence[str]) -> tuple[str, ...]:
    fixed = (entry["slug"], entry["family"], entry["regime"], ", ".join(entry["tasks"]) or "–")
    return (
        *fixed,
        str(entry["seeds"]),
        " ".join(entry["measured"]) or "nothing",
        *(_score(entry["scores"].get(target)) for target in targets),
    )


def _score(score: Mapping[str, Any] | None) -> str:
    if score is None or score["mean"] is None:
        return "–"
    return f"{score['score']:.2f}" if score["score"] is not None else f"({score['mean']:.2f})"
