"""Probe for a look-up table: perturbed text with the same meaning must not bring a score down to chance.

An encoder that has memorised sentences and their translations recognises only their exact text. One that
reads the text is hardly affected by a doubled space.
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

# The least share of a score above chance that must remain: docs/verification.md lists what real encoders
# retain.
MIN_RETAINED = 0.25
# A score that is hardly above chance before has nothing to lose.
_LEAST_ABOVE_CHANCE = 0.05
# A change that leaves most texts of a language unchanged is skipped, such as case in scripts without it.
_LEAST_CHANGED = 0.5
EXAMPLES = 200


@dataclass(frozen=True)
class Probed:
    """The scores of one seed before and after one change of the text.

    Scores are fractions and means over languages; `chance` is the expected score of random answers.
    """

    seed: int
    change: str
    languages: int
    before: float
    after: float
    chance: float

    @property
    def retained(self) -> float:
        """The share of the score above chance that remains after the change."""
        return (self.after - self.chance) / max(self.before - self.chance, 1e-9)

    @property
    def falls(self) -> bool:
        """Whether a score clearly above chance fell to about chance."""
        return self.before - self.chance >= _LEAST_ABOVE_CHANCE and self.retained < MIN_RETAINED


def probe(
    folder: Path, target: str, languages: Sequence[str], options: Options, reporter: Reporter, seed: str
) -> tuple[Probed, ...]:
    """Score the first examples of a target, which compares vectors, with and without changes of their text.

    `options.limit` examples of each language are used, and nothing is written. Raises BadInput where the
    submission or the text cannot be read.
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
            for probed in _probe_seed(planned, number, files, plan.run, seed)
        )


def _probe_seed(
    plan: TargetPlan, number: int, files: CheckpointFiles, run: Run, seed: str
) -> Iterator[Probed]:
    """Encode the original and all changed texts together, then score each change."""
    view = declared_view(run.submission.encoding, files)
    texts = distinct_texts(plan.examples.values())
    variants = [changed(text, change, seed) for change in CHANGES for text in texts]
    encoded = encode_missing(list(dict.fromkeys([*texts, *variants])), [view], files, run)
    space = encoded.spaces[view]
    kind = EMBEDDED[plan.target.kind]
    for change in CHANGES:
        scores: list[tuple[float, float, float]] = []
        for language, examples in plan.examples.items():
            language_texts = [text for side in examples.sides.values() for text in side]
            differing = sum(changed(text, change, seed) != text for text in language_texts)
            if differing / max(1, len(language_texts)) < _LEAST_CHANGED or encoded.why_not(view, examples):
                continue
            before = kind.headline(plan.target, examples, space.get)
            after = kind.headline(
                plan.target,
                examples,
                lambda texts, change=change: space.get([changed(text, change, seed) for text in texts]),  # type: ignore[misc]
            )
            scores.append((before, after, 1 / max(1, len(plan.examples[language]))))
        if scores:
            before, after, chance = (float(np.mean(column)) for column in zip(*scores, strict=True))
            yield Probed(number, change, len(scores), before, after, chance)
    space.close()


def findings(results: Sequence[Probed], file: str) -> Iterator[Finding]:
    """Yield a finding for each seed and change, failed where the score fell to chance."""
    for result in results:
        points = f"{100 * result.before:.2f} → {100 * result.after:.2f} points"
        retained = f"{100 * result.retained:.0f} % of the score above chance remains"
        what = (
            f"seed {result.seed}, {result.change} changed: {points} over {result.languages} languages, "
            f"{retained}"
        )
        verdict = ": falls to chance, as a table of memorised sentences would" if result.falls else ""
        yield Finding(check="probe", failed=result.falls, file=file, what=what + verdict)
