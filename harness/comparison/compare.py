"""Compare two submissions on the same examples; no input or output."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from harness.comparison.differences import Comparison, TargetDifference, Verdict, rounded_p
from harness.comparison.target_pair import TargetPair
from harness.errors import NotComparable
from harness.records import SeedPriors
from harness.scoring.statistics.corrections import holm
from harness.scoring.target_priors import target_priors
from harness.store.sides import Side


def compare(
    first: Side,
    second: Side,
    *,
    targets: Collection[str] | None = None,
    languages: Collection[str] | None = None,
    level: float = 0.95,
    prior: SeedPriors | None = None,
) -> Comparison:
    """Compare two sides by target and language, paired on the same examples; None selects all.

    `prior` is the board's, of the variance over seeds; without it nothing is borrowed.

    >>> from harness import load_side
    >>> sides = load_side("submissions/me5-small-l9"), load_side("submissions/me5-small-l12")
    >>> tatoeba, *_ = compare(*sides, languages=["de", "fr"]).targets
    >>> tatoeba.difference, tatoeba.interval, tatoeba.verdict
    (7.0, (5.6815, 8.3185), 'better')

    Targets without a requested language are left out. Raises NothingSelected when that leaves none, and
    NotComparable when no target is shared, or when protocol or text differ, naming each difference.
    """
    if not set(first.results) & set(second.results):
        raise NotComparable(
            f"{first.name} has results for {_names(first.results)}, "
            f"{second.name} for {_names(second.results)}: no target is shared",
            cure="evaluate both on the same target",
        )
    first_targets, second_targets = (
        [name for name in side.results if targets is None or name in targets] for side in (first, second)
    )
    shared = [name for name in first_targets if name in second_targets]
    pairs = [TargetPair(first, second, name, languages) for name in shared]
    selected = [pair for pair in pairs if pair.selected]
    if not selected:
        common = _names(name for name in first.results if name in second.results)
        raise NothingSelected(
            f"{first.name} and {second.name} share {common}: the filters leave none of it",
            cure="leave -t or -l out, or name others",
        )
    if faults := [fault for pair in selected for fault in pair.faults()]:
        raise NotComparable(faults)
    priors = prior if prior is not None else SeedPriors.none()
    differences = [pair.difference(level, target_priors(priors, pair.name)) for pair in selected]
    return Comparison(
        first=first.name,
        second=second.name,
        level=level,
        prior=priors.digest if prior is not None else None,
        targets=tuple(_with_verdicts(differences, [pair.changed for pair in selected], 1 - level)),
        missing=tuple(name for name in first_targets if name not in second_targets),
        added=tuple(name for name in second_targets if name not in first_targets),
        left_out=tuple(pair.name for pair in pairs if not pair.selected),
    )


class NothingSelected(NotComparable):
    """The filters leave nothing of two sides to compare."""


def _names(names: Iterable[str]) -> str:
    return ", ".join(names) or "nothing"


def _with_verdicts(
    differences: Sequence[TargetDifference], changed: Sequence[bool], alpha: float
) -> list[TargetDifference]:
    """Add Holm's correction over the targets and the verdict at the level alpha.

    A target whose outcomes are the same on both sides cannot be a false claim, and is not counted.
    """

    def with_verdict(target: TargetDifference, p: float) -> TargetDifference:
        verdict: Verdict = "no difference shown"
        if p < alpha and target.difference:
            verdict = "better" if target.difference > 0 else "worse"
        return target.model_copy(update={"holm": rounded_p(p), "verdict": verdict})

    adjusted = iter(holm([target.p for target, differs in zip(differences, changed, strict=True) if differs]))
    return [
        with_verdict(target, next(adjusted) if differs else target.p)
        for target, differs in zip(differences, changed, strict=True)
    ]
