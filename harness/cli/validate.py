"""Check submissions and their results, and print their schema for editors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.options import submissions_option

if TYPE_CHECKING:
    from harness.errors import Fault


@click.command("validate")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@submissions_option
@click.option(
    "--schema",
    type=click.Choice(
        [
            "submission",
            "result",
            "sweep",
            "steps",
            "recipe",
            "training",
            "verification",
            "diff",
            "review",
            "status",
            "scores",
            "seed-prior",
            "board",
        ]
    ),
    help="Print the JSON Schema of this kind of file instead.",
)
def command(paths: tuple[str, ...], submissions: Path, schema: str | None) -> None:
    """Check submissions, their results and outcomes, and stiltboard.yaml; list every fault at once.

    Weights in a folder of this machine are compared with what the results name.

    PATH is a slug, a submission's folder, or its submission.yaml; without one, all submissions are checked.
    """
    if schema is not None:
        click.echo(schema_text(schema), nl=False)
        return
    from harness.errors import BadInput
    from harness.store import checked_submission, existing_submission, find_submissions
    from harness.store.shared_weights import shared_weights, weights_of_board

    folders = [existing_submission(path, submissions) for path in paths] or [
        submissions / slug for slug in find_submissions(submissions)
    ]
    roots = {folder.absolute().parent for folder in folders} or {submissions.absolute()}
    boards = {root: weights_of_board(root) for root in roots}
    faults: list[Fault] = [fault for root in sorted(roots) for fault in _settings_faults(root)]
    for folder in folders:
        folder_faults, notes = checked_submission(folder)
        folder_faults = folder_faults or tuple(_changed_weights(folder))
        faults += folder_faults
        if not folder_faults:
            click.echo(f"{folder}: fine")
            own = folder.absolute()
            for note in (*notes, *shared_weights(own.name, boards[own.parent])):
                click.echo(f"  note: {note}")
    if faults:
        raise BadInput(faults)
    click.echo(f"{len(folders)} {'submission' if len(folders) == 1 else 'submissions'} checked, no faults")


def _settings_faults(submissions: Path) -> tuple[Fault, ...]:
    """Return the faults of the settings of the board that submissions are in."""
    from harness.errors import BadInput
    from harness.store.board_settings import load_board_settings

    try:
        load_board_settings(submissions)
    except BadInput as error:
        return error.faults
    return ()


def _changed_weights(folder: Path) -> list[Fault]:
    """Return where results name other weights than the submission's own folders hold; nothing without any."""
    from harness.records import Submission
    from harness.store import load_submission

    submission = load_submission(folder)
    if not isinstance(submission, Submission) or not any(
        checkpoint.path is not None and (folder / checkpoint.path).is_dir()
        for checkpoint in (*submission.checkpoints, *submission.finetuned.values())
    ):
        return []
    try:
        from harness.verification.checks import changed_weights
    except ModuleNotFoundError:  # without the extra eval nothing is measured, or compared, here
        return []
    from harness.cache import cache_folder
    from harness.errors import BadInput

    try:
        return list(changed_weights(folder, cache_folder()))
    except BadInput as error:
        return list(error.faults)


def schema_text(name: str) -> str:
    """Return the JSON Schema of a kind of file, or of a command's output, as in docs/schema/."""
    from harness.comparison.report import ComparisonReport
    from harness.records import (
        BoardSettings,
        Record,
        Result,
        SeedPriors,
        StepCurve,
        Sweep,
        Training,
        TrainingRecipe,
        Verification,
    )
    from harness.records.score_line import ScoreLine
    from harness.review import Review
    from harness.upkeep.backlog import Backlog

    records: dict[str, type[Record]] = {
        "result": Result,
        "sweep": Sweep,
        "steps": StepCurve,
        "recipe": TrainingRecipe,
        "training": Training,
        "verification": Verification,
        "diff": ComparisonReport,
        "review": Review,
        "status": Backlog,
        "scores": ScoreLine,
        "seed-prior": SeedPriors,
        "board": BoardSettings,
    }
    body = records[name].model_json_schema() if name in records else _submission_schema()
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:stiltboard:schema:{name}"}
    schema = {**head, **body}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _submission_schema() -> dict[str, Any]:
    """Distinguish both kinds of submission as the store does: an editor then names the faults of one only."""
    from pydantic.json_schema import models_json_schema

    from harness.records import ReportedSubmission, Submission

    references, schema = models_json_schema([(Submission, "validation"), (ReportedSubmission, "validation")])
    measured, reported = (references[record, "validation"] for record in (Submission, ReportedSubmission))
    return {
        **schema,
        "title": "Submission",
        "if": {"required": ["reported"]},
        "then": reported,
        "else": measured,
    }
