"""One target of two submissions, compared on the same examples."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pyarrow as pa

from harness.catalog import target_of
from harness.catalog.contamination import names_seen, seen
from harness.comparison.differences import Interval, LanguageDifference, TargetDifference, rounded_p
from harness.errors import Fault, NotComparable
from harness.records import Result
from harness.scoring.outcomes import cells
from harness.scoring.statistics.claims import Claim, Claims, difference_claims
from harness.scoring.statistics.corrections import benjamini_hochberg
from harness.scoring.statistics.entrant import Entrant, are_right_or_wrong
from harness.scoring.statistics.mcnemar import mcnemar
from harness.scoring.statistics.moderation import NO_PRIORS, Priors
from harness.scoring.statistics.resampling import Floats
from harness.scoring.statistics.samples import Sample, scores_of
from harness.scoring.tables import units
from harness.scoring.target_entrant import target_entrant
from harness.store.sides import Side


class TargetPair:
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
        p = rounded_p(exact)
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
    p = rows[0].p if len(rows) == 1 else rounded_p(claims.these.p)
    return {
        "recipe": claims.recipe,
        "matched": claims.matched,
        "borrowed": claims.borrowed,
        "interval": _points(claims.these),
        "p": p,
        "holm": p,
        "verdict": "no difference shown",
        "general": _points(general) if general else None,
        "general_p": rounded_p(general.p) if general and general.p is not None else None,
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
