"""Probe for a look-up table: text that nobody would call another one must not bring a score to chance.

An encoder that has learnt sentences and their translations by heart, in whatever it calls its weights, knows
them as they are written. One that reads them hardly minds a doubled space.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from harness.evaluation.embeddings import declared_view, distinct_texts, encode_missing
from harness.evaluation.plan import TargetPlan, make_plan
from harness.evaluation.run import Options, Run
from harness.kinds.registry import EMBEDDED
from harness.models.checkpoint import CheckpointFiles
from harness.reporter import Reporter
from harness.verification.findings import Finding
from harness.verification.perturbations import CHANGES, changed

# Of what a score has above chance, at least this share must be left: docs/verification.md says what real
# encoders keep.
LEAST_KEPT = 0.25
# A score that is hardly above chance as it is has nothing to lose.
_LEAST_ABOVE_CHANCE = 0.05
# A way of changing text that leaves most of a language's as it was says nothing about it, such as case where
# there is none.
_LEAST_CHANGED = 0.5
EXAMPLES = 200


@dataclass(frozen=True)
class Probed:
    """One seed and one way of changing text: scores as fractions, means over languages, with what chance would give."""

    seed: int
    how: str
    languages: int
    before: float
    after: float
    chance: float

    @property
    def kept(self) -> float:
        """Return the share that is left of what the score had above chance."""
        return (self.after - self.chance) / max(self.before - self.chance, 1e-9)

    @property
    def falls(self) -> bool:
        """Tell whether a score that there was fell to about chance."""
        return self.before - self.chance >= _LEAST_ABOVE_CHANCE and self.kept < LEAST_KEPT


def probe(
    folder: Path, target: str, languages: Sequence[str], options: Options, reporter: Reporter, seed: str
) -> tuple[Probed, ...]:
    """Score the first examples of a target that compares vectors as they are and with their text changed; nothing is written.

    `options.limit` examples of each language are taken. Raises BadInput where the submission or the text
    cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="stiltboard-probe-") as cache:
        limited = replace(options, limit=options.limit or EXAMPLES, cache=Path(cache))
        plan = make_plan(folder, [target], languages, limited, reporter)
        seeds = [
            (planned, number, files)
            for planned in plan.embedded
            for number, files in planned.checkpoints.items()
        ]
        return tuple(
            probed
            for planned, number, files in seeds
            for probed in _seed(planned, number, files, plan.run, seed)
        )


def _seed(plan: TargetPlan, number: int, files: CheckpointFiles, run: Run, seed: str) -> Iterator[Probed]:
    """Encode all texts as they are and in every way changed in one plan, then score each way."""
    view = declared_view(run.submission.encoding, files)
    texts = distinct_texts(plan.examples.values())
    variants = [changed(text, how, seed) for how in CHANGES for text in texts]
    encoded = encode_missing(list(dict.fromkeys([*texts, *variants])), [view], files, run)
    space = encoded.spaces[view]
    kind = EMBEDDED[plan.target.kind]
    for how in CHANGES:
        scores: list[tuple[float, float, float]] = []
        for language, examples in plan.examples.items():
            own = [text for side in examples.sides.values() for text in side]
            apart = sum(changed(text, how, seed) != text for text in own) / max(1, len(own))
            if apart < _LEAST_CHANGED or encoded.why_not(view, examples):
                continue
            before = kind.headline(plan.target, examples, space.get)
            after = kind.headline(
                plan.target,
                examples,
                lambda texts, how=how: space.get([changed(text, how, seed) for text in texts]),  # type: ignore[misc]
            )
            scores.append((before, after, 1 / max(1, len(plan.examples[language]))))
        if scores:
            before, after, chance = (float(np.mean(column)) for column in zip(*scores, strict=True))
            yield Probed(number, how, len(scores), before, after, chance)
    space.close()


def findings(found: Sequence[Probed], file: str) -> Iterator[Finding]:
    """Return what a probe says, flagged where a score fell to chance."""
    for each in found:
        points = f"{100 * each.before:.2f} → {100 * each.after:.2f} points"
        kept = f"{100 * each.kept:.0f} % of what it had above chance"
        what = f"seed {each.seed}, {each.how} changed: {points} over {each.languages} languages, {kept}"
        verdict = ": falls to chance, as a table of learnt sentences would" if each.falls else ""
        yield Finding(check="probe", failed=each.falls, file=file, what=what + verdict)
