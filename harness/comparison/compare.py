"""Compare two submissions on the same examples; no input or output."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal

import numpy as np
import pyarrow as pa

from harness.catalog import target_of
from harness.catalog.contamination import names_seen, seen
from harness.errors import Fault, NotComparable
from harness.records import Record, Result, SeedPriors
from harness.scoring.outcomes import cells
from harness.scoring.statistics.claims import Claim, Claims, difference_claims
from harness.scoring.statistics.corrections import benjamini_hochberg, holm
from harness.scoring.statistics.entrant import Entrant, are_right_or_wrong
from harness.scoring.statistics.mcnemar import mcnemar
from harness.scoring.statistics.moderation import NO_PRIORS, Priors
from harness.scoring.statistics.resampling import Floats
from harness.scoring.statistics.samples import Sample, scores_of
from harness.scoring.tables import units
from harness.scoring.target_entrant import target_entrant
from harness.scoring.target_priors import target_priors
from harness.store.sides import Side

Interval = tuple[float, float]
Verdict = Literal["better", "worse", "no difference shown"]


class LanguageDifference(Record):
    """One language: second − first in points, with its interval; `n` as in the result.

    `p` is McNemar's exact p value where each side has one seed and an example is right or wrong, with the
    numbers of examples that only one side got right, `only_first` and `only_second`; else that of the
    permutation test, or with several seeds Student's. `q` is p after Benjamini and Hochberg's
    correction over the target's languages.
    """

    language: str
    n: int
    first: float
    second: float
    difference: float
    interval: Interval
    only_first: int | None
    only_second: int | None
    p: float
    q: float


class TargetDifference(Record):
    """One target: the unweighted mean over the languages that both sides measured, in points.

    With `recipe` the claims are about the recipes, else about these checkpoints; with `matched` seeds were
    compared pairwise, with `borrowed` the board's prior moderated the variance of seeds. `p` is about these
    languages, `holm` the same after Holm's correction over the comparison's targets; `general` and
    `general_p` are about languages in general, None with fewer than three. `missing` and `added` are the
    languages of the first and of the second side alone, `of` is the number of the target's languages.
    `first_seen` and `second_seen` name data sets with dev or test data of the target that a side saw in
    training.
    """

    target: str
    metric: str
    first_signature: str
    second_signature: str
    seeds: tuple[int, int]
    recipe: bool
    matched: bool
    borrowed: bool = False
    languages: tuple[LanguageDifference, ...]
    first: float
    second: float
    difference: float
    interval: Interval
    p: float
    holm: float
    verdict: Verdict
    general: Interval | None
    general_p: float | None
    missing: tuple[str, ...]
    added: tuple[str, ...]
    of: int
    first_seen: tuple[str, ...] = ()
    second_seen: tuple[str, ...] = ()


class Comparison(Record):
    """Two sides, compared at confidence `level`.

    `prior` is the digest of the board's prior of the variance over seeds where one was given. `missing` and
    `added` are the targets of the first and of the second side alone; `left_out` are targets without a
    requested language.
    """

    first: str
    second: str
    level: float
    prior: str | None = None
    targets: tuple[TargetDifference, ...]
    missing: tuple[str, ...]
    added: tuple[str, ...]
    left_out: tuple[str, ...] = ()

    def regressions(self, min_delta: float) -> tuple[TargetDifference, ...]:
        """Return targets that fell by at least `min_delta` points, significantly after Holm's correction."""
        return tuple(
            target for target in self.targets if target.difference <= -min_delta and target.verdict == "worse"
        )


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
    (7.0, (5.7, 8.25), 'better')

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
    pairs = [_TargetPair(first, second, name, languages) for name in shared]
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
        return target.model_copy(update={"holm": _rounded(p), "verdict": verdict})

    adjusted = iter(holm([target.p for target, differs in zip(differences, changed, strict=True) if differs]))
    return [
        with_verdict(target, next(adjusted) if differs else target.p)
        for target, differs in zip(differences, changed, strict=True)
    ]


class _TargetPair:
    """One target of two sides, limited to the requested languages."""

    def __init__(self, first: Side, second: Side, target: str, languages: Collection[str] | None) -> None:
        self.sides, self.name = (first, second), target
        self.results: tuple[Result, Result] = (first.results[target], second.results[target])
        self.target = target_of(self.results[0])
        self.measured = [_by_language(side, target) for side in self.sides]
        # Without a shared language the pair is not comparable, whatever is requested.
        shared = set(self.measured[0]) & set(self.measured[1])
        self.selected = languages is None or not shared or bool(shared & set(languages))
        if languages is not None:
            self.measured = [
                {name: rows for name, rows in side.items() if name in languages} for side in self.measured
            ]

    @property
    def changed(self) -> bool:
        """Whether the two sides' outcomes differ at all."""
        first, second = (side.outcomes[self.name] for side in self.sides)
        return not first.equals(second)

    def faults(self) -> list[Fault]:
        """Return what prevents a comparison: another protocol, other text, or no shared language."""
        (first_result, second_result), (first, second) = self.results, self.sides
        faults = []
        protocols = first_result.signature.protocol, second_result.signature.protocol
        if protocols[0] != protocols[1]:
            parts = [
                part
                for part in (*protocols[0].parts, *protocols[1].parts)
                if (part in protocols[0].parts) != (part in protocols[1].parts)
            ]
            faults.append(
                Fault(
                    f"{self.name}: {first.name} was measured as {first_result.signature}, "
                    f"{second.name} as {second_result.signature}; {', '.join(parts)} differ",
                    cure="evaluate both with one version",
                )
            )
        measured = {*self.measured[0], *self.measured[1]}
        faults.extend(
            Fault(
                f"{self.name} {name}: the text differs "
                f"({first.name}: {digest}, {second.name}: {second_result.texts[name]})",
                cure="evaluate both on the same text",
            )
            for name, digest in first_result.texts.items()
            if name in second_result.texts
            and digest != second_result.texts[name]
            and (name in measured or name not in first_result.data)
        )
        if not faults and not set(self.measured[0]) & set(self.measured[1]):
            failed = "".join(
                f"; seed {checkpoint.seed} of {side.name} measured none"
                for side, result in zip(self.sides, self.results, strict=True)
                for checkpoint in result.checkpoints
                if not checkpoint.scores
            )
            message = f"{self.name}: {first.name} and {second.name} share no measured language{failed}"
            faults.append(Fault(message, cure="evaluate both on the same languages"))
        return faults

    def difference(self, level: float, priors: Priors) -> TargetDifference:
        """Compare the two sides; `holm` and `verdict` are preliminary until all targets are compared."""
        first, second = self.measured
        shared = [language for language in first if language in second]
        samples = self._samples(shared)
        # A prior is of the mean over all languages.
        used = priors if set(shared) >= set(self.target.languages) else NO_PRIORS
        claims = difference_claims(samples[0], samples[1], self._entrants(shared), used, level=level)
        parts = zip(shared, *(sample.languages for sample in samples), claims.languages, strict=True)
        rows = _corrected([self._language(*part) for part in parts])
        means = [float(np.mean([getattr(row, side) for row in rows])) for side in ("first", "second")]
        return TargetDifference(
            target=self.name,
            metric=self.target.metric,
            first_signature=str(self.results[0].signature),
            second_signature=str(self.results[1].signature),
            seeds=(samples[0].seeds, samples[1].seeds),
            languages=rows,
            first=round(means[0], 4),
            second=round(means[1], 4),
            difference=round(means[1] - means[0], 4),
            missing=tuple(language for language in first if language not in second),
            added=tuple(language for language in second if language not in first),
            of=len(self.target.languages),
            first_seen=self._seen(self.sides[0]),
            second_seen=self._seen(self.sides[1]),
            **_claim_fields(claims, rows),
        )

    def _seen(self, side: Side) -> tuple[str, ...]:
        names = names_seen(side.submission, side.training) if side.submission else ()
        return seen(self.target, names).held_out

    def _language(self, language: str, first: Floats, second: Floats, claim: Claim) -> LanguageDifference:
        scores = 100 * float(scores_of(first).mean()), 100 * float(scores_of(second).mean())
        binary = are_right_or_wrong(first) and are_right_or_wrong(second)
        test = mcnemar(first[0] > 0, second[0] > 0) if binary else None
        exact = test.p if test else claim.p
        assert exact is not None
        p = _rounded(exact)
        return LanguageDifference(
            language=language,
            n=self.results[0].checkpoints[0].scores[language].n,
            first=round(scores[0], 4),
            second=round(scores[1], 4),
            difference=round(scores[1] - scores[0], 4),
            interval=_points(claim),
            only_first=test.only_first if test else None,
            only_second=test.only_second if test else None,
            p=p,
            q=p,
        )

    def _samples(self, shared: Sequence[str]) -> list[Sample]:
        """Return both sides over the shared languages, with the same units in the same order."""
        first, second = self.measured
        samples: tuple[list[Floats], list[Floats]] = ([], [])
        for language in shared:
            try:
                both = units(self.target, [*first[language], *second[language]])
            except ValueError as reason:
                message = f"{self.name} {language}: the outcomes do not hold the same examples: {reason}"
                raise NotComparable(message, cure="evaluate both with --overwrite") from None
            samples[0].append(both[: len(first[language])])
            samples[1].append(both[len(first[language]) :])
        return [
            Sample(languages, self.target.parallel, side.trained(self.name), side.design(self.name))
            for languages, side in zip(samples, self.sides, strict=True)
        ]

    def _entrants(self, shared: Sequence[str]) -> tuple[Entrant, Entrant]:
        """Return both sides as the entrants that ranks and pages compare, over the shared languages."""
        order = [language for language in self.target.languages if language in shared]
        first, second = (
            target_entrant(
                self.target,
                {language: rows[language] for language in order},
                trained=side.trained(self.name),
                regime=side.regime,
                design=side.design(self.name),
            )
            for side, rows in zip(self.sides, self.measured, strict=True)
        )
        return first, second


def _claim_fields(claims: Claims, rows: Sequence[LanguageDifference]) -> dict[str, object]:
    general = claims.general
    assert claims.these.p is not None  # a difference is tested
    # A single language is the target: its exact p is the target's too.
    p = rows[0].p if len(rows) == 1 else _rounded(claims.these.p)
    return {
        "recipe": claims.recipe,
        "matched": claims.matched,
        "borrowed": claims.borrowed,
        "interval": _points(claims.these),
        "p": p,
        "holm": p,
        "verdict": "no difference shown",
        "general": _points(general) if general else None,
        "general_p": _rounded(general.p) if general and general.p is not None else None,
    }


def _by_language(side: Side, target: str) -> Mapping[str, list[pa.Table]]:
    """Return per language the outcomes of each seed, for languages that every seed measured."""
    result, rows = side.results[target], cells(side.outcomes[target])
    cells_of_language = {
        language: [(checkpoint.seed, language) for checkpoint in result.checkpoints]
        for language in result.languages
    }
    return {
        language: [rows[cell] for cell in seeds]
        for language, seeds in cells_of_language.items()
        if all(cell in rows for cell in seeds)
    }


def _corrected(rows: Sequence[LanguageDifference]) -> tuple[LanguageDifference, ...]:
    adjusted = benjamini_hochberg([row.p for row in rows])
    return tuple(row.model_copy(update={"q": q}) for row, q in zip(rows, adjusted, strict=True))


def _points(claim: Claim) -> Interval:
    return round(100 * claim.interval[0], 4), round(100 * claim.interval[1], 4)


def _rounded(p: float) -> float:
    """Round to 12 digits, to drop the rounding errors of a correction's products."""
    return float(f"{p:.12g}")
