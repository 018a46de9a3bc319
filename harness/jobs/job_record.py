"""What crosses between processes, as JSON: a job, and its reply."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from harness.errors import CheckFailed, Fault, StiltboardError, of_exit_code
from harness.evaluation.heads import UntrainedHead
from harness.evaluation.isolated import Apart
from harness.evaluation.run import AbsolutePath, Options
from harness.records import Result, TrainedSeed
from harness.training.intermediate.story import Trainee, TrainingOptions
from harness.verification.findings import Verified
from harness.verification.story import VerificationPlan

# The exit code of a job that ended on request: what shells report after SIGINT.
STOPPED = 130


@dataclass(frozen=True, kw_only=True)
class Job:
    """What every job states.

    `cost` is relative to that of other jobs of the run; `log` receives what the worker reports; `run` is the
    folder of the run; `version` is that of the process that made the job. Jobs with the same `head`, if any,
    predict with one head, which the first of them trains.
    """

    name: str
    targets: tuple[str, ...]
    cost: float
    log: AbsolutePath
    run: AbsolutePath | None = None
    head: str = ""
    version: str = version("stiltboard")

    def to_json(self) -> str:
        """Return the job as JSON, with absolute paths."""
        return _JOB.dump_json(self).decode()  # type: ignore[arg-type]  # one of AnyJob


@dataclass(frozen=True, kw_only=True)
class EvaluationJob(Job):
    """A submission's checkpoint on all targets that share its passes, or on one target with a head.

    `options.seeds` names the checkpoint; it is empty where all of them have to be measured in one piece.
    """

    kind: Literal["evaluation"] = "evaluation"
    folder: AbsolutePath
    languages: tuple[str, ...]
    options: Options
    isolation: Apart | None = None


@dataclass(frozen=True, kw_only=True)
class TrainingJob(Job):
    """One training: a recipe at one depth with one seed, with so many threads."""

    kind: Literal["training"] = "training"
    trainee: Trainee
    options: TrainingOptions
    threads: int


@dataclass(frozen=True, kw_only=True)
class VerificationJob(Job):
    """One result file that is verified."""

    kind: Literal["verification"] = "verification"
    path: Path  # as it was given, since findings name it
    plan: VerificationPlan


AnyJob = EvaluationJob | TrainingJob | VerificationJob
_JOB: TypeAdapter[AnyJob] = TypeAdapter(Annotated[AnyJob, Field(discriminator="kind")])


def job_from_json(text: str) -> AnyJob:
    """Parse a job; pydantic's ValidationError where it is none."""
    return _JOB.validate_json(text)


@dataclass(frozen=True)
class JobReply:
    """How a job ended: with what it measured or trained, with an error, or on request.

    Results of an evaluation are on disk, except those of a trial. `untrained` says that the error is of the
    training of a head.
    """

    results: tuple[Result, ...] = ()
    trained: TrainedSeed | None = None
    verified: Verified | None = None
    faults: tuple[Fault, ...] = ()
    exit_code: Annotated[int, Field(ge=0, le=255)] = 0
    untrained: bool = False

    @classmethod
    def of(cls, error: StiltboardError) -> JobReply:
        """Return the reply that carries an error."""
        return cls(faults=error.faults, exit_code=error.exit_code, untrained=isinstance(error, UntrainedHead))

    @property
    def error(self) -> StiltboardError | None:
        """Return the error."""
        return of_exit_code(self.exit_code, self.faults) if self.faults else None

    def to_json(self) -> str:
        """Return the reply as JSON, under the field names of result files."""
        return _REPLY.dump_json(self, by_alias=True).decode()

    @classmethod
    def from_json(cls, text: str) -> JobReply:
        """Parse a reply; raises CheckFailed for anything that this harness did not write."""
        try:
            return _REPLY.validate_json(text)
        except ValueError:
            raise CheckFailed("the worker sent no reply that this version of stiltboard reads") from None


_REPLY = TypeAdapter(JobReply)
