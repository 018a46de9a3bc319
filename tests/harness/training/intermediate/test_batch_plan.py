"""The languages of pairs: even, within what exists, the same items in all kinds of batches."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise, product

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.errors import BadInput
from harness.records import Batches
from harness.training.intermediate.allocation import allocate
from harness.training.intermediate.batch_plan import BatchPlan, LanguageRule, plan_batches, plan_languages

LANGUAGES = ("en", "es", "de", "ar", "hi")


def some_languages(n: int, seed: int = 0) -> NDArray[np.bool_]:
    """Return items that exist in English and one to three of four other languages."""
    rng = np.random.default_rng(seed)
    available = np.zeros((n, len(LANGUAGES)), dtype=bool)
    available[:, 0] = True
    for row in available:
        row[1 + rng.permutation(4)[: rng.integers(1, 4)]] = True
    return available


def plan(
    kind: Batches, available: NDArray[np.bool_], steps: int, batch: int = 16, seed: int = 0
) -> BatchPlan:
    english = kind is Batches.ENGLISH
    rule = LanguageRule(("en",) if english else LANGUAGES, kind)
    return plan_batches(available[:, :1] if english else available, rule, batch=batch, steps=steps, seed=seed)


# ---- shares ----


def test_shares_are_as_even_as_any_assignment_can_make_them() -> None:
    rng = np.random.default_rng(0)
    for _ in range(60):
        items, slots = int(rng.integers(1, 7)), int(rng.integers(2, 4))
        available = rng.random((items, slots)) < 0.5
        available[np.arange(items), rng.integers(0, slots, items)] = True
        used = rng.integers(0, 4, slots)
        patterns, pattern_of = np.unique(available, axis=0, return_inverse=True)
        chosen = allocate(patterns, pattern_of.reshape(-1), used, 1, rng)
        assert chosen is not None and available[np.arange(items), chosen].all()
        best = max(
            sorted(used + np.bincount(choice, minlength=slots))
            for choice in product(range(slots), repeat=items)
            if available[np.arange(items), choice].all()
        )
        assert sorted(used + np.bincount(chosen, minlength=slots)) == best


def test_every_slot_takes_whole_units_or_nothing_is_assigned() -> None:
    available = some_languages(96)
    patterns, pattern_of = np.unique(available, axis=0, return_inverse=True)
    unused = np.zeros(5, dtype=np.int64)
    chosen = allocate(patterns, pattern_of.reshape(-1), unused, 16, np.random.default_rng(0))
    assert chosen is not None and available[np.arange(96), chosen].all()
    assert sorted(np.bincount(chosen, minlength=5)) == [16, 16, 16, 16, 32]
    alone = np.eye(2, dtype=bool)
    assert allocate(alone, np.array([0, 0, 1]), unused[:2], 3, np.random.default_rng(0)) is None


# ---- batches ----


@pytest.mark.parametrize("kind", Batches)
def test_no_batch_has_two_translations_of_an_item_and_all_texts_exist(kind: Batches) -> None:
    available = some_languages(1600)
    planned = plan(kind, available, steps=1000)
    assert planned.items.shape == planned.first.shape == planned.second.shape == (1000, 16)
    assert all(len(set(batch)) == 16 for batch in planned.items.tolist())
    assert available[planned.items, planned.first].all() and available[planned.items, planned.second].all()
    together = set(zip(planned.first.ravel().tolist(), planned.second.ravel().tolist(), strict=True))
    same, different = {(i, i) for i in range(5)}, {(i, j) for i in range(5) for j in range(5) if i != j}
    expected = {
        Batches.ENGLISH: {(0, 0)}, Batches.CROSSLINGUAL: different, Batches.HYBRID: same | different
    }.get(kind, same)  # fmt: skip
    assert together == expected


def test_all_kinds_show_the_same_items_the_same_number_of_times() -> None:
    available = some_languages(203)
    plans = {kind: plan(kind, available, steps=36, seed=3) for kind in Batches}
    counts = {kind: Counter(planned.items.ravel().tolist()) for kind, planned in plans.items()}
    assert all(count == counts[Batches.ENGLISH] for count in counts.values())
    assert sorted(set(counts[Batches.ENGLISH].values())) == [2, 3]  # 3 rounds of 12 batches, 11 items wait
    for kind in (Batches.MIXED, Batches.CROSSLINGUAL):  # also in the same order
        assert np.array_equal(plans[kind].items, plans[Batches.ENGLISH].items)
    other = plan(Batches.MIXED, available, steps=36, seed=4)
    assert not np.array_equal(other.items, plans[Batches.MIXED].items)
    again = plan(Batches.HYBRID, available, steps=36, seed=3)
    for name in ("items", "first", "second"):
        assert np.array_equal(getattr(again, name), getattr(plans[Batches.HYBRID], name))


def test_languages_and_their_pairs_are_even_over_a_thousand_batches() -> None:
    available = some_languages(1600)
    mixed = plan(Batches.MIXED, available, steps=1000).drawn
    assert max(mixed.first.values()) - min(mixed.first.values()) <= 1 and mixed.first == mixed.second
    crosslingual = plan(Batches.CROSSLINGUAL, available, steps=1000)
    pairs = Counter(
        zip(crosslingual.first.ravel().tolist(), crosslingual.second.ravel().tolist(), strict=True)
    )
    assert len(pairs) == 20 and max(pairs.values()) - min(pairs.values()) <= 1
    monolingual = plan(Batches.MONOLINGUAL, available, steps=1000)
    assert all(len(set(batch)) == 1 for batch in monolingual.first.tolist())
    assert max(monolingual.drawn.first.values()) - min(monolingual.drawn.first.values()) <= 16


@pytest.mark.parametrize("alpha", [0.3, 0.5])
def test_hybrid_batches_are_monolingual_in_the_share_asked_for(alpha: float) -> None:
    available = some_languages(1600)
    rule = LanguageRule(LANGUAGES, Batches.HYBRID, alpha)
    planned = plan_batches(available, rule, batch=16, steps=1000, seed=1)
    monolingual = [len(set(batch)) == 1 for batch in planned.first.tolist()]
    same = (planned.first == planned.second).all(axis=1)
    assert [kind is Batches.MONOLINGUAL for kind in planned.kinds] == same.tolist()
    assert all(alone for alone, one in zip(monolingual, same, strict=True) if one)
    assert abs(sum(same) - 1000 * alpha) <= 2
    assert not (planned.first == planned.second).any(axis=1)[~same].any()
    assert len({one != other for one, other in pairwise(same)}) == 2  # in no fixed order


def test_the_first_text_stays_english_where_there_is_a_teacher() -> None:
    rule = LanguageRule(LANGUAGES, Batches.CROSSLINGUAL, pivot=0)
    planned = plan_batches(some_languages(64), rule, batch=16, steps=8, seed=0)
    assert planned.drawn.first == {"en": 128}
    assert set(planned.drawn.second) == set(LANGUAGES[1:])


def test_held_out_items_are_all_scored_in_the_languages_of_the_kind() -> None:
    available = some_languages(50)
    for kind, share in ((Batches.MIXED, 50), (Batches.CROSSLINGUAL, 0), (Batches.HYBRID, 25)):
        first, second = plan_languages(available, LanguageRule(LANGUAGES, kind), 0)
        assert (first == second).sum() == share
        assert available[np.arange(50), first].all() and available[np.arange(50), second].all()


def test_items_without_the_languages_of_the_batches_are_counted() -> None:
    available = some_languages(40)
    available[:3, 1:] = False
    with pytest.raises(BadInput, match="3 of 40 items are not in two of these languages: en es de ar hi"):
        plan(Batches.CROSSLINGUAL, available, steps=2)
    available[:, 0] = False
    with pytest.raises(BadInput, match="3 of 40 items are not in any of these languages"):
        plan(Batches.MIXED, available, steps=2)
    uneven = np.zeros((32, 5), dtype=bool)
    uneven[:20, 1], uneven[20:, 2] = True, True
    with pytest.raises(BadInput, match="the languages of 32 items cannot fill batches of 16 in one language"):
        plan(Batches.MONOLINGUAL, uneven, steps=2)
