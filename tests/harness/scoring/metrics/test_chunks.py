from __future__ import annotations

import warnings

import numpy as np
import pytest
from seqeval.metrics.sequence_labeling import f1_score, get_entities

from harness.scoring.metrics.chunks import chunk_counts
from harness.scoring.statistics.resampling import f1

UPOS = [
    "ADJ",
    "ADP",
    "ADV",
    "AUX",
    "CCONJ",
    "DET",
    "INTJ",
    "NOUN",
    "NUM",
    "PART",
    "PRON",
    "PROPN",
    "PUNCT",
    "SCONJ",
    "SYM",
    "VERB",
    "X",
]
BIO = ["O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC"]
ODD = [
    *BIO,
    ".",
    ".-PER",
    "B",
    "I",
    "E",
    "S",
    "X",
    "E-PER",
    "S-PER",
    "B-ORG-X",
    "I-PER-X",
    "I-_",
    "N-PER",
    "NA-PER",
    "ORG",
    "B-",
    "I-",
]

Sentences = list[list[str]]


def sentences(*texts: str) -> Sentences:
    return [text.split() for text in texts]


@pytest.mark.parametrize(
    ("tags", "chunks"),
    [
        ("O O", 0),
        ("", 0),
        ("B-PER I-PER O B-LOC", 2),
        ("B-PER B-PER", 2),
        ("I-PER I-PER O I-PER", 2),
        ("I-PER I-LOC", 2),
        ("B-PER I-LOC I-LOC", 2),
        ("B-PER", 1),
        ("DET NOUN NOUN VERB", 3),
        ("INTJ INTJ", 1),
        # Position S makes chunks of one word.
        ("SYM SYM SYM", 3),
        ("SCONJ SCONJ", 2),
        ("CCONJ CCONJ", 1),
        # The same type: nothing ends at the S, and the chunk that begins there is all that is found.
        ("CCONJ SCONJ", 1),
        ("SCONJ CCONJ", 2),
        # X is of the type of O, before which it does not end.
        ("X", 0),
        ("NOUN X", 1),
        ("X NOUN", 2),
        ("NOUN X NOUN", 3),
    ],
)
def test_the_chunks_of_one_sentence(tags: str, chunks: int) -> None:
    assert chunk_counts(sentences(tags), sentences(tags)).tolist() == [[chunks] * 3]


@pytest.mark.parametrize(
    ("gold", "predicted", "counts"),
    [
        (["B-PER I-PER O B-LOC"], ["B-PER I-PER O B-ORG"], [[1, 2, 2]]),
        (["B-PER I-PER O"], ["B-PER O O"], [[0, 1, 1]]),
        (["B-PER I-PER"], ["I-PER I-PER"], [[1, 1, 1]]),
        (["B-PER B-PER"], ["B-PER I-PER"], [[0, 1, 2]]),
        (["O O", "", "B-LOC"], ["O B-PER", "", "B-LOC"], [[0, 1, 0], [0, 0, 0], [1, 1, 1]]),
        # No chunk goes on into the next sentence.
        (["I-PER", "I-PER O"], ["I-PER", "I-PER I-PER"], [[1, 1, 1], [0, 1, 1]]),
        (["DET NOUN NOUN VERB"], ["DET NOUN VERB VERB"], [[1, 3, 3]]),
        # One wrong tag in two: the conjunctions are taken for each other without a loss.
        (["CCONJ VERB"], ["SCONJ VERB"], [[2, 2, 2]]),
        # Words 1 and 1–2 are both chunks of the gold tags, as nothing begins at the second.
        (["SCONJ CCONJ"], ["CCONJ CCONJ"], [[1, 1, 2]]),
        # An X after an O begins where a chunk last began, in the sentence before …
        (["NOUN", "X NOUN"], ["X", "X NOUN"], [[0, 0, 1], [2, 2, 2]]),
        # … so that the same tags twice may be wrong.
        (["NOUN VERB", "X NOUN"], ["NOUN NOUN", "X NOUN"], [[0, 1, 2], [1, 2, 2]]),
    ],
)
def test_counts_by_hand(gold: list[str], predicted: list[str], counts: list[list[int]]) -> None:
    assert chunk_counts(sentences(*gold), sentences(*predicted)).tolist() == counts


def test_no_sentences_have_no_counts_and_an_f1_of_zero() -> None:
    none = chunk_counts([], [])
    assert (none.dtype, none.shape, f1(none.sum(axis=0))) == (np.int64, (0, 3), 0.0)


@pytest.mark.parametrize(
    ("gold", "predicted"),
    [(["O"], ["O", "O"]), (["O", ""], ["O"]), (["O O", "O"], ["O", "O O"]), (["NOUN"], ["NOUN X"])],
)
def test_tags_of_other_sentences_or_words_are_refused(gold: list[str], predicted: list[str]) -> None:
    with pytest.raises(ValueError, match="number of sentences or words"):
        chunk_counts(sentences(*gold), sentences(*predicted))


@pytest.mark.parametrize("tags", [BIO, UPOS, ODD], ids=["bio", "upos", "odd"])
def test_500_random_cases_equal_seqevals(tags: list[str]) -> None:
    rng = np.random.default_rng(len(tags))
    found = 0
    for _ in range(500):
        gold: Sentences = []
        predicted: Sentences = []
        wrong = rng.random()
        for length in rng.integers(0, 9, rng.integers(1, 6)):
            right = rng.choice(tags, length)
            gold.append(right.tolist())
            predicted.append(np.where(rng.random(length) < wrong, rng.choice(tags, length), right).tolist())
        counts = chunk_counts(gold, predicted)
        score, sums = seqeval_says(gold, predicted)
        assert counts.shape == (len(gold), 3)
        assert counts.sum(axis=0).tolist() == sums, (gold, predicted)
        assert float(f1(counts.sum(axis=0))) == pytest.approx(score, abs=1e-15), (gold, predicted)
        found += sums[0]
    assert found > 1000


def seqeval_says(gold: Sentences, predicted: Sentences) -> tuple[float, list[int]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of every tag that is none of IOBES, and of nothing found
        right, proposed = set(get_entities(gold)), set(get_entities(predicted))
        return float(f1_score(gold, predicted)), [len(right & proposed), len(proposed), len(right)]
