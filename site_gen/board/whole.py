"""A submission with the complete content of its files, from which its page and downloads are made; pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from harness.catalog import target_of
from harness.records import Notice, Result, StepCurve, Submission, Sweep, Target, Training, Verification
from harness.scoring.statistics.entrant import Entrant
from site_gen.board.language_examples import LanguageExamples
from site_gen.board.mining_curves import MinedCurve
from site_gen.board.trust import Trust, trust_of


@dataclass(frozen=True)
class WholeEntry:
    """One stored submission.

    By target: `mined` has precision-recall curves of mining, `entrants` the paired ranking input of complete
    results whose outcomes were read, `examples` what single examples of these brought, `digests` the digest
    of each result file, by which `verification` names it.
    """

    slug: str
    submission: Submission
    results: tuple[Result, ...]
    sweeps: tuple[Sweep, ...] = ()
    mined: Mapping[str, tuple[MinedCurve, ...]] = field(default_factory=dict)
    entrants: Mapping[str, Entrant] = field(default_factory=dict)
    examples: Mapping[str, tuple[LanguageExamples, ...]] = field(default_factory=dict)
    training: Training | None = None
    verification: Verification | None = None
    digests: Mapping[str, str] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()
    curves: tuple[StepCurve, ...] = ()


@dataclass(frozen=True)
class WholeCell:
    """A submission on one target, with all measurements."""

    target: Target
    result: Result
    sweep: Sweep | None = None
    mined: tuple[MinedCurve, ...] = ()
    entrant: Entrant | None = None
    trust: Trust = field(default_factory=Trust)
    examples: tuple[LanguageExamples, ...] = ()
    curve: StepCurve | None = None


@dataclass(frozen=True)
class WholeRow:
    """A submission with its complete cells by target."""

    slug: str
    submission: Submission
    cells: Mapping[str, WholeCell]
    training: Training | None = None
    notices: tuple[Notice, ...] = ()


def whole_row(entry: WholeEntry, find: Callable[[Result], Target] = target_of) -> WholeRow:
    """Return an entry by target; user-provided targets cover the languages of the entry's results only."""
    sweeps = {sweep.target: sweep for sweep in entry.sweeps}
    curves = {curve.target: curve for curve in entry.curves}
    cells = {}
    for result in entry.results:
        target = find(result)
        name = target.name
        trust = trust_of(
            entry.submission,
            target,
            entry.digests.get(name),
            entry.verification,
            entry.training,
            entry.notices,
        )
        cells[name] = WholeCell(
            target,
            result,
            sweeps.get(name),
            entry.mined.get(name, ()),
            entry.entrants.get(name),
            trust,
            entry.examples.get(name, ()),
            curves.get(name),
        )
    return WholeRow(entry.slug, entry.submission, cells, entry.training, entry.notices)
