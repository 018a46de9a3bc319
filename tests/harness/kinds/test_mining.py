"""Mining against a slow implementation, and by hand."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from benchmarks.slow_mining import loop_neighbours, slow_pairs, slow_scores
from harness.catalog import BY_NAME
from harness.data.bucc import Comparable, Split
from harness.kinds import mining
from harness.records import Margin, Mining
from harness.scoring.tables import TABLES
from harness.scoring.tables.mining import threshold_of

BUCC, DEV = BY_NAME["bucc2018"], BY_NAME["bucc2018_dev"]
Vectors = dict[str, np.ndarray]


def slowly(dev: Split, scored: Split, vectors: Vectors, policy: Mining) -> tuple[float, float, float, int]:
    """Return F1, precision, recall and the number of mined pairs as the slow implementation finds them."""

    def pairs(split: Split) -> list[tuple[str, str, float]]:
        def near(queries: list[str], pool: list[str]) -> dict[str, list[tuple[str, float]]]:
            return loop_neighbours(queries, pool, vectors, policy.neighbours)

        return slow_pairs(split.foreign, split.english, near, policy.margin.value, policy.keep_duplicates)

    return slow_scores(pairs(dev), set(dev.gold), pairs(scored), set(scored.gold))


# ---- random problems ---------------------------------------------------------------------------


def random_split(rng: np.random.Generator, name: str, vectors: Vectors, *, coarse: bool) -> Split:
    """Make two sides with translations, noise, repeated texts, texts with equal vectors, and gold of several shapes."""
    sizes = rng.integers(1, 9, 2)
    dimensions = 3 if coarse else 6
    sides: list[dict[str, str]] = []
    for side, size in zip("fe", sizes, strict=True):
        texts: list[str] = []
        for number in range(size):
            text = f"{name}{side}{number}"
            if texts and rng.random() < 0.25:
                text = texts[rng.integers(len(texts))]  # a duplicate line
            elif coarse and texts and rng.random() < 0.3:
                vectors[text] = vectors[texts[rng.integers(len(texts))]]  # another text of the same vector
            else:
                vector = (
                    rng.integers(-2, 3, dimensions).astype(np.float32)
                    if coarse
                    else rng.normal(size=dimensions).astype(np.float32)
                )
                vector[0] += 3
                vectors[text] = (vector / np.linalg.norm(vector)).astype(np.float32)
            texts.append(text)
        sides.append({f"{side}-{number:03}": text for number, text in enumerate(texts)})
    foreign, english = sides
    for f, e in zip(foreign.values(), english.values(), strict=False):
        if rng.random() < 0.6:
            close = vectors[f] + rng.normal(size=dimensions).astype(np.float32) * (0 if coarse else 0.2)
            vectors[e] = (close / np.linalg.norm(close)).astype(np.float32)
    pairs = list(itertools.product(foreign, english))
    gold = [
        pairs[i] for i in rng.choice(len(pairs), size=rng.integers(1, min(len(pairs), 6) + 1), replace=False)
    ]
    gold += [pair for pair in zip(foreign, english, strict=False) if pair not in gold]
    if rng.random() < 0.2:
        gold.append(("f-elsewhere", next(iter(english))))  # one side is not in the corpus
    return Split(foreign, english, tuple(gold))


@pytest.mark.parametrize("seed", range(300))
def test_mining_equals_the_slow_implementation(seed: int) -> None:
    rng = np.random.default_rng(seed)
    vectors: Vectors = {}
    coarse = bool(seed % 2)
    dev, test = (random_split(rng, name, vectors, coarse=coarse) for name in ("dev", "test"))
    policy = Mining(
        margin=list(Margin)[seed % 3], keep_duplicates=bool(seed % 5 == 0), neighbours=int(rng.integers(1, 7))
    )
    examples = Comparable("de", {"dev": dev, "test": test}, "here")
    target = BUCC.with_mining(policy)
    score = TABLES["mining"].score(
        target, mining.run(target, examples, lambda texts: np.stack([vectors[text] for text in texts]))
    )
    expected = slowly(dev, test, vectors, policy)
    assert (
        score.score,
        score.secondary["precision"],
        score.secondary["recall"],
        score.quantities["mined"],
    ) == expected
    assert score.n == len(set(test.gold))
    assert score.interval[0] <= score.score <= score.interval[1]


def test_where_only_dev_is_scored_its_gold_determines_the_threshold() -> None:
    rng = np.random.default_rng(1)
    vectors: Vectors = {}
    dev = random_split(rng, "dev", vectors, coarse=False)
    outcomes = mining.run(
        DEV, Comparable("de", {"dev": dev}, "here"), lambda texts: np.stack([vectors[text] for text in texts])
    )
    score = TABLES["mining"].score(DEV, outcomes)
    measured = (
        score.score,
        score.secondary["precision"],
        score.secondary["recall"],
        score.quantities["mined"],
    )
    assert measured == slowly(dev, dev, vectors, Mining())
    assert "oracle threshold" in DEV.options
    assert not DEV.in_xtreme
    assert BUCC.in_xtreme


# ---- by hand -----------------------------------------------------------------------------------

ANGLES = {"eins": 0, "zwei": 60, "drei": 120, "one": 4, "two": 55, "three": 170}


def encode(texts: list[str]) -> np.ndarray:
    angles = np.deg2rad([ANGLES[text] for text in texts])
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def test_outcomes_hold_matched_pairs_down_to_the_last_gold_one_and_what_was_missed() -> None:
    split = Split(
        {"de-1": "eins", "de-2": "zwei", "de-3": "drei"},
        {"en-1": "one", "en-2": "two", "en-3": "three"},
        (("de-1", "en-1"), ("de-2", "en-3")),
    )
    target = DEV.with_mining(Mining(margin=Margin.ABSOLUTE))
    outcomes = mining.run(target, Comparable("de", {"dev": split}, "here"), encode)
    assert outcomes.drop_columns(["margin"]).to_pydict() == {
        "split": ["dev", "dev", "dev"],
        "foreign": ["de-1", "de-2", "de-2"],
        "english": ["en-1", "en-2", "en-3"],
        "gold": [True, False, True],
        "accepted": [True, False, False],
    }
    cosines = [math.cos(math.radians(angle)) for angle in (4, 5)]
    assert outcomes["margin"].to_pylist() == [*(pytest.approx(cosine, abs=1e-6) for cosine in cosines), None]
    # The pair of drei and three, 50 degrees apart, is below: no threshold can be there.
    assert threshold_of(outcomes) == pytest.approx(sum(cosines) / 2, abs=1e-6)
    assert str(target.signature) == "bucc2018_dev|f1|xx–en|absolute.k4.drop|oracle threshold|v1"


def test_nothing_right_scores_nothing_and_names_no_threshold() -> None:
    split = Split({"de-1": "eins", "de-2": "drei"}, {"en-1": "one", "en-2": "three"}, (("de-1", "en-3"),))
    score = TABLES["mining"].score(DEV, mining.run(DEV, Comparable("de", {"dev": split}, "here"), encode))
    assert (score.score, score.secondary, score.quantities) == (
        0.0,
        {"precision": 0.0, "recall": 0.0},
        {"mined": 0.0},
    )


def test_a_trial_takes_the_first_gold_pairs_with_their_sentences() -> None:
    split = Split(
        {"de-1": "eins", "de-2": "zwei", "de-3": "drei"},
        {"en-1": "one", "en-2": "two", "en-3": "three"},
        (("de-3", "en-2"), ("de-1", "en-1")),
    )
    small = Comparable("de", {"dev": split}, "here").first(1)
    assert small.splits["dev"] == Split(
        {"de-1": "eins", "de-3": "drei"}, {"en-1": "one", "en-2": "two"}, (("de-3", "en-2"),)
    )
    assert len(small) == 1
