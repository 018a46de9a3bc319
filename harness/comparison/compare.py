"""Compare two submissions on the same examples; pure."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import numpy as np
import pyarrow as pa

from harness.catalog import target_of
from harness.catalog.contamination import names_seen, seen
from harness.errors import Fault, NotComparable
from harness.records import Record, Result
from harness.scoring.outcomes import cells
from harness.scoring.statistics.corrections import benjamini_hochberg, holm
from harness.scoring.statistics.mcnemar import mcnemar
from harness.scoring.statistics.multilevel import Claim, Claims, Sample, difference_claims, scores_of
from harness.scoring.statistics.resampling import Floats
from harness.scoring.tables import units
from harness.store.sides import Side

Interval = tuple[float, float]
Verdict = Literal["better", "worse", "no difference shown"]


class LanguageDifference(Record):
    """One language: second − first in points, with the interval of the paired bootstrap; `n` counts what the result's `n` does.

    `p` is McNemar's exact p value where each side has one seed and an example is right or wrong, with the
    examples that one side alone got right, `only_first` and `only_second`; else a permutation test's, or with
    several seeds the resampling's. `q` is p after Benjamini and Hochberg's correction over the target's
    languages.
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
    compared one by one. `p` is about these languages, `holm` the same after Holm's correction over the
    comparison's targets; `general` and `general_p` are about languages in general, None with fewer than
    three. `first_seen` and `second_seen` name data sets that a side saw in training and that hold dev or test
    data of the target.
    """

    target: str
    metric: str
    first_signature: str
    second_signature: str
    seeds: tuple[int, int]
    recipe: bool
    matched: bool
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
    """Two sides, compared at `level`; targets that only one side has are named, as are those whose languages are not asked for."""

    first: str
    second: str
    level: float
    targets: tuple[TargetDifference, ...]
    missing: tuple[str, ...]
    added: tuple[str, ...]
    left_out: tuple[str, ...] = ()

    def regressions(self, min_delta: float) -> tuple[TargetDifference, ...]:
        """Return the targets that fell by at least `min_delta` points and, after Holm's correction, not by chance."""
        return tuple(t for t in self.targets if t.difference <= -min_delta and t.verdict == "worse")


def compare(
    first: Side,
    second: Side,
    *,
    targets: Collection[str] | None = None,
    languages: Collection[str] | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> Comparison:
    """Compare two sides target by target, language by language, paired on the same examples; None takes all that there are.

    Targets of which no language is asked for are left out. Raises NothingAsked when that leaves none, and
    NotComparable when no target is shared, or when protocol or text differ, naming each difference.
    """
    if not set(first.results) & set(second.results):
        raise NotComparable(
            f"{first.name} has results for {_names(first.results)}, {second.name} for {_names(second.results)}: no target is shared",
            cure="evaluate both on the same target",
        )
    ours, theirs = (
        [name for name in side.results if targets is None or name in targets] for side in (first, second)
    )
    shared = [name for name in ours if name in theirs]
    pairs = [_TargetPair(first, second, name, languages) for name in shared]
    asked = [pair for pair in pairs if pair.asked]
    if not asked:
        raise NothingAsked(
            f"{first.name} and {second.name} share {_names(_both(first, second))}: nothing that the filters leave",
            cure="leave -t or -l out, or name others",
        )
    if faults := [fault for pair in asked for fault in pair.differences_of_measure()]:
        raise NotComparable(faults)
    # Most of the time goes into numpy's draws, during which another target's run.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(lambda pair: pair.difference(level, seed), asked))
    return Comparison(
        first=first.name,
        second=second.name,
        level=level,
        targets=tuple(_judged(found, [pair.changed for pair in asked], 1 - level)),
        missing=tuple(name for name in ours if name not in theirs),
        added=tuple(name for name in theirs if name not in ours),
        left_out=tuple(pair.name for pair in pairs if not pair.asked),
    )


class NothingAsked(NotComparable):
    """Two sides of which the filters leave nothing to compare."""


def _both(first: Side, second: Side) -> list[str]:
    return [name for name in first.results if name in second.results]


def _names(names: Iterable[str]) -> str:
    return ", ".join(names) or "nothing"


def _judged(
    found: Sequence[TargetDifference], changed: Sequence[bool], alpha: float
) -> list[TargetDifference]:
    """Correct the targets' p values for their number, and say what they allow to say.

    A target whose outcomes are the same on both sides cannot be a false claim, and is not counted.
    """

    def judged(target: TargetDifference, p: float) -> TargetDifference:
        verdict: Verdict = "no difference shown"
        if p < alpha and target.difference:
            verdict = "better" if target.difference > 0 else "worse"
        return target.model_copy(update={"holm": _rounded(p), "verdict": verdict})

    adjusted = iter(holm([target.p for target, differs in zip(found, changed, strict=True) if differs]))
    return [
        judged(target, next(adjusted) if differs else target.p)
        for target, differs in zip(found, changed, strict=True)
    ]


class _TargetPair:
    """One target of two sides, and those of its languages that are asked for."""

    def __init__(self, first: Side, second: Side, target: str, languages: Collection[str] | None) -> None:
        self.sides, self.name = (first, second), target
        self.results: tuple[Result, Result] = (first.results[target], second.results[target])
        self.target = target_of(self.results[0])
        self.measured = [_by_language(side, target) for side in self.sides]
        # Without a shared language the pair is not comparable, whatever is asked for.
        shared = set(self.measured[0]) & set(self.measured[1])
        self.asked = languages is None or not shared or bool(shared & set(languages))
        if languages is not None:
            self.measured = [
                {name: rows for name, rows in side.items() if name in languages} for side in self.measured
            ]

    @property
    def changed(self) -> bool:
        """Tell whether the two sides' outcomes differ at all."""
        ours, theirs = (side.outcomes[self.name] for side in self.sides)
        return not ours.equals(theirs)

    def differences_of_measure(self) -> list[Fault]:
        """Name what keeps the two from being compared."""
        (a, b), (first, second) = self.results, self.sides
        faults = []
        ours, theirs = a.signature.protocol, b.signature.protocol
        if ours != theirs:
            parts = [
                part
                for part in (*ours.parts, *theirs.parts)
                if (part in ours.parts) != (part in theirs.parts)
            ]
            faults.append(
                Fault(
                    f"{self.name}: {first.name} was measured as {a.signature}, {second.name} as {b.signature}; {', '.join(parts)} differ",
                    cure="evaluate both with one version",
                )
            )
        asked = {*self.measured[0], *self.measured[1]}
        faults.extend(
            Fault(
                f"{self.name} {name}: the text differs ({first.name}: {a.texts[name]}, {second.name}: {b.texts[name]})",
                cure="evaluate both on the same text",
            )
            for name in a.texts
            if name in b.texts and a.texts[name] != b.texts[name] and (name in asked or name not in a.data)
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

    def difference(self, level: float, seed: int) -> TargetDifference:
        """Compare; the verdict waits for the other targets."""
        first, second = self.measured
        shared = [language for language in first if language in second]
        samples = self._samples(shared)
        claims = difference_claims(*samples, level=level, seed=seed)
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
            **_said(claims, rows),
        )

    def _seen(self, side: Side) -> tuple[str, ...]:
        names = names_seen(side.submission, side.training) if side.submission else ()
        return seen(self.target, names).held_out

    def _language(self, language: str, ours: Floats, theirs: Floats, claim: Claim) -> LanguageDifference:
        scores = 100 * float(scores_of(ours).mean()), 100 * float(scores_of(theirs).mean())
        right_or_wrong = (
            ours.ndim == 2 and len(ours) == len(theirs) == 1 and bool(np.isin([ours, theirs], (0, 1)).all())
        )
        test = mcnemar(ours[0] > 0, theirs[0] > 0) if right_or_wrong else None
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
        """Return the two sides over the shared languages, with the same units in the same order."""
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


def _said(claims: Claims, rows: Sequence[LanguageDifference]) -> dict[str, object]:
    general = claims.general
    assert claims.these.p is not None  # a difference is tested
    # A single language is the target: its exact p is the target's too.
    p = rows[0].p if len(rows) == 1 else _rounded(claims.these.p)
    return {
        "recipe": claims.recipe,
        "matched": claims.matched,
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
    of_seeds = {
        language: [(checkpoint.seed, language) for checkpoint in result.checkpoints]
        for language in result.languages
    }
    return {
        language: [rows[cell] for cell in wanted]
        for language, wanted in of_seeds.items()
        if all(cell in rows for cell in wanted)
    }


def _corrected(rows: Sequence[LanguageDifference]) -> tuple[LanguageDifference, ...]:
    adjusted = benjamini_hochberg([row.p for row in rows])
    return tuple(row.model_copy(update={"q": q}) for row, q in zip(rows, adjusted, strict=True))


def _points(claim: Claim) -> Interval:
    return round(100 * claim.interval[0], 4), round(100 * claim.interval[1], 4)


def _rounded(p: float) -> float:
    """Round away the last bits, which a correction's products leave."""
    return float(f"{p:.12g}")
