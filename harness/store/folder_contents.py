"""What a submission's folder holds, once it is read and checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.errors import Fault
from harness.records import (
    AnySubmission,
    Notices,
    Result,
    StepCurve,
    Sweep,
    Training,
    Verification,
)

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class FolderContents:
    """The valid contents of a submission's folder, by target where several, and the faults of the rest."""

    slug: str
    submission: AnySubmission | None = None
    results: Mapping[str, Result] = field(default_factory=dict)
    outcomes: Mapping[str, pa.Table] = field(default_factory=dict)
    sweeps: Mapping[str, Sweep] = field(default_factory=dict)
    curves: Mapping[str, StepCurve] = field(default_factory=dict)
    training: Training | None = None
    verification: Verification | None = None
    notices: Notices | None = None
    faults: tuple[Fault, ...] = ()


def every_column(_result: Result) -> Sequence[str] | None:
    """Select all columns of a result's outcomes."""
    return None
