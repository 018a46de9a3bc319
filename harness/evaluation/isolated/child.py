"""The process that evaluates: `python -m harness.evaluation.isolated TASK DATASETS…`. In a sandbox it can reach nothing else."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

REPORT = "report.json"


def link_datasets(folders: Sequence[str], place: Path) -> None:
    """Let `datasets` find prepared text that can only be read: it makes locks beside the files, so the folders are made anew.

    They hold links to the files.
    """
    for folder in map(Path, folders):
        for path in folder.rglob("*"):
            if path.is_file() and path.suffix != ".lock":
                link = place / folder.name / path.relative_to(folder)
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(path)


def main(task_file: str, *datasets: str) -> None:
    """Carry out a task, and leave a report of it in its cache."""
    if datasets:
        link_datasets(datasets, Path(os.environ["HF_DATASETS_CACHE"]))
    from harness.errors import StiltboardError  # noqa: PLC0415
    from harness.evaluation.isolated.protocol import Report, Task, Teller  # noqa: PLC0415 - libraries look at the environment once
    from harness.evaluation.story import evaluate  # noqa: PLC0415

    task = Task.from_json(Path(task_file).read_text())
    try:
        report = Report(evaluate(task.folder, task.targets, task.languages, task.options, Teller()))
    except StiltboardError as error:
        report = Report.of(error)
    assert task.options.cache is not None  # every task names one
    (task.options.cache / REPORT).write_text(report.to_json())
