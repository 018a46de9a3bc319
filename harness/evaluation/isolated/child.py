"""The child process that evaluates: `python -P -m harness.evaluation.isolated REQUEST DATASETS…`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

REPLY = "reply.json"


def link_datasets(folders: Sequence[str], target: Path) -> None:
    """Create copies of read-only dataset folders in `target`, with symbolic links to their files.

    `datasets` writes lock files next to the files that it reads.
    """
    for folder in map(Path, folders):
        for path in folder.rglob("*"):
            if path.is_file() and path.suffix != ".lock":
                link = target / folder.name / path.relative_to(folder)
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(path)


def main(request_file: str, *datasets: str) -> None:
    """Evaluate, or estimate, as the request file describes, and write the reply to its cache folder."""
    if datasets:
        link_datasets(datasets, Path(os.environ["HF_DATASETS_CACHE"]))
    from harness.downloading import reporting_downloads  # noqa: PLC0415
    from harness.errors import StiltboardError, naming_failures  # noqa: PLC0415
    from harness.evaluation.estimate import estimate  # noqa: PLC0415
    from harness.evaluation.isolated.protocol import LineReporter, Reply, Request  # noqa: PLC0415 - libraries read the environment at import
    from harness.evaluation.story import evaluate  # noqa: PLC0415
    from harness.verbosity import Verbosity, verbosity  # noqa: PLC0415

    request = Request.from_json(Path(request_file).read_bytes())
    reporter = LineReporter()
    arguments = (request.folder, request.targets, request.languages, request.options, reporter)
    try:
        wall = naming_failures(f"{request.folder.name} could not be evaluated")
        with wall, verbosity(Verbosity()), reporting_downloads(reporter.report):
            if request.only_estimate:
                reply = Reply(estimate=estimate(*arguments))
            else:
                reply = Reply(evaluate(*arguments))
    except StiltboardError as error:
        reply = Reply.of(error)
    assert request.options.cache is not None  # every request sets one
    (request.options.cache / REPLY).write_bytes(reply.to_json())
