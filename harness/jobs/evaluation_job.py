"""One job: what one worker evaluates in one piece, as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version

from pydantic import TypeAdapter

from harness.evaluation.isolated import Apart
from harness.evaluation.run import AbsolutePath, Options


@dataclass(frozen=True)
class Job:
    """A submission's checkpoint on all targets that share its passes, or on one target with a head.

    `options.seeds` names the checkpoint; it is empty where all of them have to be measured in one piece.
    `cost` is relative to that of other jobs; `log` receives what the worker reports; `version` is that of the
    process that made the job.
    """

    folder: AbsolutePath
    targets: tuple[str, ...]
    languages: tuple[str, ...]
    options: Options
    cost: float
    log: AbsolutePath
    isolation: Apart | None = None
    version: str = version("stiltboard")

    @property
    def name(self) -> str:
        """Return the name that is printed."""
        seeds = "".join(f" seed {seed}" for seed in self.options.seeds)
        return f"{self.folder.name}{seeds}: {', '.join(self.targets)}"

    def to_json(self) -> str:
        """Return the job as JSON, with absolute paths."""
        return _JOB.dump_json(self).decode()

    @classmethod
    def from_json(cls, text: str) -> Job:
        """Parse a job; pydantic's ValidationError where it is none."""
        return _JOB.validate_json(text)


_JOB = TypeAdapter(Job)
