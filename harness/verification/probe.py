"""Probe for memorised examples: are original texts singular points, are the stored answers repeated.

The examples are drawn at random, so that no checkpoint can be honest on these alone.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from harness.evaluation.plan import make_plan
from harness.evaluation.run import Options
from harness.records import Result
from harness.reporter import Reporter
from harness.scoring.outcomes import cells
from harness.verification.drawing import Draw, LanguageProbe
from harness.verification.encoder_probe import probe_encoder
from harness.verification.findings import Finding
from harness.verification.head_probe import probe_head
from harness.verification.rerun import arithmetic
from harness.verification.singularity import Singularity
from harness.verification.tolerance import tolerance
from harness.verification.unseen import Lead, over_all

EXAMPLES = 100
# A cell is flagged where at least this share of its texts is singular, and where in all cells of a result
# together chance would give one such cell at most this often. docs/verification.md lists what encoders and
# tables have.
MIN_SHARE = 0.10
ALPHA = 0.01
# The target's text is flagged as seen where at least this larger a share of it is found than of unseen text,
# in one language or over all of them.
MIN_LEAD = 0.20
MIN_LEAD_OVER_ALL = 0.07


@dataclass(frozen=True)
class ProbeReport:
    """What each seed's checkpoint did, language by language.

    In a language `allowed` of the drawn examples may bring another answer than the stored one.
    """

    seeds: tuple[tuple[int, LanguageProbe], ...]
    allowed: int

    @property
    def cells(self) -> int:
        """The number of comparisons, for which the p values are corrected."""
        return sum(len(probed.compared) for _, probed in self.seeds)

    def is_flagged(self, found: Singularity) -> bool:
        """Whether a cell has more singular texts than a model that reads."""
        return found.share >= MIN_SHARE and found.p * self.cells <= ALPHA

    def leads(self, lead: Lead, least: float = MIN_LEAD) -> bool:
        """Whether the pairs of a language, or of all, are found more often than as many unseen ones."""
        compared = 1 + sum(probed.lead is not None for _, probed in self.seeds)
        return lead.share >= least and lead.p * compared <= ALPHA


def probe(
    folder: Path, result: Result, outcomes: pa.Table, options: Options, reporter: Reporter, draw: Draw
) -> ProbeReport:
    """Probe the checkpoints of a result on examples drawn from its target; nothing is written.

    `outcomes` are the stored ones. Raises BadInput where the submission or the text cannot be read.
    """
    languages = () if result.measured == result.of else tuple(sorted(set(result.languages)))
    stored = cells(outcomes)
    with tempfile.TemporaryDirectory(prefix="stiltboard-probe-") as cache:
        plan = make_plan(folder, [result.target], languages, replace(options, cache=Path(cache)), reporter)
        (planned,) = plan.targets
        brings_head = planned.head is not None and planned.head.recipe is None
        probe_checkpoint = probe_head if brings_head else probe_encoder
        seeds: list[tuple[int, LanguageProbe]] = []
        for seed, files in planned.checkpoints.items():
            of_seed = {language: rows for (number, language), rows in stored.items() if number == seed}
            seeds += [(seed, probed) for probed in probe_checkpoint(planned, files, plan.run, draw, of_seed)]
    allowed = tolerance(arithmetic(result), (plan.run.device, plan.run.dtype)).examples
    return ProbeReport(tuple(seeds), allowed)


def findings(report: ProbeReport, file: str) -> Iterator[Finding]:
    """Yield for each seed and change the cell with most singular texts, and every cell that is flagged.

    Then yield how many drawn examples bring another answer than the stored one; failed beyond the tolerance.
    """
    for seed in dict.fromkeys(seed for seed, _ in report.seeds):
        languages = [probed for other, probed in report.seeds if other == seed]
        yield from _singular(seed, languages, report, file)
        yield from _contradicted(seed, languages, report, file)
        yield from _leading(seed, languages, report, file)


def _singular(
    seed: int, languages: Sequence[LanguageProbe], report: ProbeReport, file: str
) -> Iterator[Finding]:
    by_change: dict[str, list[tuple[Singularity, str]]] = {}
    for probed in languages:
        for (side, change), found in probed.compared.items():
            by_change.setdefault(change, []).append((found, f"{side} in {probed.language!r}"))
    for change, entries in by_change.items():
        entries.sort(key=lambda entry: -entry[0].share)
        flagged = [entry for entry in entries if report.is_flagged(entry[0])]
        for found, where in flagged or entries[:1]:
            what = (
                f"seed {seed}, {change} changed: {100 * found.share:.0f} % of {found.n} {where} are singular "
                f"({found.further} of them moved further than in a changed text, {found.nearer} less far)"
            )
            verdict = f", {MIN_SHARE:.0%} or more where originals are memorised" if flagged else ""
            yield Finding(check="probe", failed=bool(flagged), file=file, what=what + verdict)


def _contradicted(
    seed: int, languages: Sequence[LanguageProbe], report: ProbeReport, file: str
) -> Iterator[Finding]:
    repeated = [probed for probed in languages if probed.n]
    for probed in repeated:
        if probed.contradicted > report.allowed:
            what = (
                f"seed {seed} in {probed.language!r}: {probed.contradicted} of {probed.n} drawn examples "
                f"bring another answer than the stored one, {report.allowed} may"
            )
            yield Finding(check="probe", failed=True, file=file, what=what)
    if not repeated:
        what = f"seed {seed}: no stored outcome could be compared example by example; a rerun compares scores"
        yield Finding(check="probe", failed=False, file=file, what=what)


def _leading(
    seed: int, languages: Sequence[LanguageProbe], report: ProbeReport, file: str
) -> Iterator[Finding]:
    """Yield the lead over all languages, the largest of one, and every other one that is flagged."""
    leads = [(probed.lead, probed.language) for probed in languages if probed.lead is not None]
    leads.sort(key=lambda entry: -entry[0].share)
    if not leads:
        return
    entries = [
        (over_all([found for found, _ in leads]), "in all languages", MIN_LEAD_OVER_ALL),
        *((found, f"in {language!r}", MIN_LEAD) for found, language in leads),
    ]
    for number, (found, where, least) in enumerate(entries):
        flagged = report.leads(found, least)
        if flagged or number < 2:
            shares = f"{100 * found.target / found.n:.0f} % of {found.n} pairs are found, of unseen text "
            verdict = f": {100 * least:.0f} points more where it was seen in training" if flagged else ""
            what = f"seed {seed} {where}: {shares}{100 * found.unseen / found.n:.0f} %{verdict}"
            yield Finding(check="probe", failed=flagged, file=file, what=what)
