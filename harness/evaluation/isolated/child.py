"""The process that evaluates: `python -m harness.evaluation.isolated REQUEST DATASETS…`. In a sandbox it can reach nothing else."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

REPLY = "reply.json"


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


def main(request_file: str, *datasets: str) -> None:
    """Carry out a request, and leave the reply in its cache."""
    if datasets:
        link_datasets(datasets, Path(os.environ["HF_DATASETS_CACHE"]))
    from harness.errors import StiltboardError  # noqa: PLC0415
    from harness.evaluation.isolated.protocol import LineReporter, Reply, Request  # noqa: PLC0415 - libraries look at the environment once
    from harness.evaluation.story import evaluate  # noqa: PLC0415

    request = Request.from_json(Path(request_file).read_bytes())
    try:
        reply = Reply(
            evaluate(request.folder, request.targets, request.languages, request.options, LineReporter())
        )
    except StiltboardError as error:
        reply = Reply.of(error)
    assert request.options.cache is not None  # every request names one
    (request.options.cache / REPLY).write_bytes(reply.to_json())
