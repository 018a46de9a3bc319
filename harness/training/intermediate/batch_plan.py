"""Plan the batches of a training on pairs: which items, and in which languages each is seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.errors import BadInput
from harness.records import Batches, DrawnLanguages
from harness.training.intermediate.allocation import Counts, allocate

# Streams of random numbers: the items of a round are the same for all kinds of batches.
_ITEMS, _LANGUAGES = 2, 3


@dataclass(frozen=True)
class LanguageRule:
    """Which languages the two texts of a pair may have.

    `alpha` is the share of monolingual batches in hybrid ones; with `pivot` the first text of a pair in two
    languages is always in the language of that number.
    """

    languages: tuple[str, ...]
    batches: Batches
    alpha: float = 0.5
    pivot: int | None = None

    @property
    def same(self) -> list[tuple[int, int]]:
        """Return the pairs (first, second) of one language."""
        count = range(len(self.languages))
        return [(i, i) for i in count if self.batches is not Batches.ENGLISH or self.languages[i] == "en"]

    @property
    def different(self) -> list[tuple[int, int]]:
        """Return the pairs (first, second) of two languages."""
        count = range(len(self.languages))
        return [(i, j) for i in count for j in count if i != j and self.pivot in (None, i)]


@dataclass(frozen=True)
class BatchPlan:
    """Batches of items, (steps, batch), with the languages of both texts of each pair, and each batch's kind.

    No item is twice in a batch, so a batch never holds two translations of one.
    """

    languages: tuple[str, ...]
    items: NDArray[np.intp]
    first: NDArray[np.intp]
    second: NDArray[np.intp]
    kinds: tuple[Batches, ...]

    @property
    def drawn(self) -> DrawnLanguages:
        """Count batches by kind, and languages by side."""

        def by_language(side: NDArray[np.intp]) -> dict[str, int]:
            counts = np.bincount(side.reshape(-1), minlength=len(self.languages))
            return {name: int(n) for name, n in zip(self.languages, counts, strict=True) if n}

        kinds = Counter(self.kinds)
        return DrawnLanguages(
            batches={kind: kinds[kind] for kind in Batches if kinds[kind]},
            first=by_language(self.first),
            second=by_language(self.second),
        )


def plan_batches(
    available: NDArray[np.bool_], rule: LanguageRule, *, batch: int, steps: int, seed: int
) -> BatchPlan:
    """Return `steps` batches of `batch` items; `available` (items, languages) is where each item exists.

    A round shows every item once, but those that do not fill a batch, which are other ones in each round. The
    items of a round depend on the seed alone, also their order where batches may mix languages. Raises
    BadInput for items without the languages that the rule needs, and where batches of one language cannot be
    filled.
    """
    refuse_unavailable(available, rule)
    a_round = len(available) // batch
    draw = _Draw(rule, available)
    rounds = []
    for number, begun in enumerate(range(0, steps, a_round)):
        order = np.random.default_rng([seed, _ITEMS, number]).permutation(len(available))
        taken = order[: min(a_round, steps - begun) * batch]
        rounds.append(draw.round(taken, batch, np.random.default_rng([seed, _LANGUAGES, number])))
    items, first, second = (np.concatenate(parts) for parts in list(zip(*rounds, strict=True))[:3])
    return BatchPlan(
        rule.languages, items, first, second, tuple(kind for *_, kinds in rounds for kind in kinds)
    )


def plan_languages(
    available: NDArray[np.bool_], rule: LanguageRule, seed: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the languages of both texts, (items,) each, for items that are scored, not trained on."""
    refuse_unavailable(available, rule)
    rng = np.random.default_rng([seed, _LANGUAGES])
    monolingual = {Batches.CROSSLINGUAL: 0.0, Batches.HYBRID: rule.alpha}.get(rule.batches, 1.0)
    order = rng.permutation(len(available))
    draw, split = _Draw(rule, available), round(monolingual * len(available))
    first, second = (np.zeros(len(available), dtype=np.intp) for _ in range(2))
    for part, different in ((order[:split], False), (order[split:], True)):
        pairs = draw.pairs(part, different=different, unit=1, rng=rng)
        first[part], second[part] = pairs[:, 0], pairs[:, 1]
    return first, second


def refuse_unavailable(available: NDArray[np.bool_], rule: LanguageRule) -> None:
    """Raise BadInput where an item does not exist in the languages that the rule needs."""
    two = rule.batches in (Batches.CROSSLINGUAL, Batches.HYBRID)
    slots = rule.different if two else rule.same
    usable = _slots_of(available, slots).any(axis=1) if slots else np.zeros(len(available), dtype=bool)
    if not usable.all():
        need = "two of these languages" if two else "any of these languages"
        raise BadInput(
            f"{int((~usable).sum()):,} of {len(available):,} items are not in {need}: "
            f"{' '.join(rule.languages)}",
            cure="name them under the task's pool, in the English-only recipe too, or take more languages",
        )


def _slots_of(available: NDArray[np.bool_], slots: Sequence[tuple[int, int]]) -> NDArray[np.bool_]:
    """Return which pairs of languages each item, or pattern of items, has, (items, slots)."""
    first, second = np.array(slots).T
    both: NDArray[np.bool_] = available[:, first] & available[:, second]
    return both


class _Draw:
    """Draws languages round by round; what a round has too much of, the next one has less of."""

    def __init__(self, rule: LanguageRule, available: NDArray[np.bool_]) -> None:
        self._rule = rule
        self._patterns, pattern_of = np.unique(available, axis=0, return_inverse=True)
        self._pattern_of = pattern_of.reshape(-1)
        self._used: dict[bool, Counts] = {}
        self._due = 0.0

    def pairs(
        self, items: NDArray[np.intp], *, different: bool, unit: int, rng: np.random.Generator
    ) -> NDArray[np.intp]:
        """Return the languages of the two texts of each item, (items, 2)."""
        slots = self._rule.different if different else self._rule.same
        if not len(items):
            return np.zeros((0, 2), dtype=np.intp)
        used = self._used.setdefault(different, np.zeros(len(slots), dtype=np.int64))
        slot = allocate(_slots_of(self._patterns, slots), self._pattern_of[items], used, unit, rng)
        if slot is None:
            raise BadInput(
                f"the languages of {len(items):,} items cannot fill batches of {unit} in one language each",
                cure="a smaller batch_size, or add en to the languages, in which every item exists",
            )
        used += np.bincount(slot, minlength=len(slots))
        return np.array(slots, dtype=np.intp)[slot]

    def round(
        self, order: NDArray[np.intp], batch: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp], list[Batches]]:
        """Return items, first and second languages, (steps, batch) each, and the kinds of the batches."""
        kind, steps = self._rule.batches, len(order) // batch
        if kind in (Batches.ENGLISH, Batches.MIXED, Batches.CROSSLINGUAL):
            pairs = self.pairs(order, different=kind is Batches.CROSSLINGUAL, unit=1, rng=rng)
            items, first, second = (part.reshape(steps, batch) for part in (order, pairs[:, 0], pairs[:, 1]))
            return items, first, second, [kind] * steps
        self._due += steps * (self._rule.alpha if kind is Batches.HYBRID else 1.0)
        monolingual = min(steps, round(self._due))
        self._due -= monolingual
        alone, mixed = order[: monolingual * batch], order[monolingual * batch :]
        pairs = np.concatenate(
            [
                self.pairs(alone, different=False, unit=batch, rng=rng),
                self.pairs(mixed, different=True, unit=1, rng=rng),
            ]
        )
        # Batches of one language: sorted by it, each language has whole batches.
        by_language = np.argsort(pairs[: len(alone), 0], kind="stable")
        position = np.concatenate([by_language, np.arange(len(alone), len(order))])
        turns = rng.permutation(steps)
        items, first, second = (
            values[position].reshape(steps, batch)[turns] for values in (order, pairs[:, 0], pairs[:, 1])
        )
        kinds = [Batches.MONOLINGUAL] * monolingual + [Batches.CROSSLINGUAL] * (steps - monolingual)
        return items, first, second, [kinds[turn] for turn in turns]
