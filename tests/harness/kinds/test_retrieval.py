from __future__ import annotations

import numpy as np
import pyarrow as pa

from harness.catalog import BY_NAME
from harness.data.bitext import Bitext
from harness.kinds import retrieval
from harness.records import Score
from harness.scoring.tables import TABLES

# Unit vectors in the plane, in degrees: which text points where.
ANGLES = {"eins": 0, "zwei": 40, "drei": 90, "vier": 40, "one": 5, "two": 38, "three": 60, "four": 42}
TATOEBA = BY_NAME["tatoeba"]
BITEXT = Bitext("de", ("eins", "zwei", "drei", "vier"), ("one", "two", "three", "four"), "here")


def encode(texts: tuple[str, ...]) -> np.ndarray:
    angles = np.deg2rad([ANGLES[text] for text in texts])
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def test_both_directions_by_hand_with_ties_to_the_lowest_index() -> None:
    outcomes = retrieval.run(TATOEBA, BITEXT, encode).to_pydict()
    # zwei and vier point alike, so that two, three and four all find zwei.
    assert (outcomes["answer"], outcomes["correct"]) == ([0, 1, 1, 1], [True, True, False, False])
    # zwei and vier are as far from two (38°) as from four (42°); float32 decides which is nearer.
    assert outcomes["answer_to_english"][0::2] == [0, 2]
    assert outcomes["answer_to_english"][1] == outcomes["answer_to_english"][3]


def test_scores_by_hand() -> None:
    outcomes = pa.table({"answer": [0, 1, 1, 1], "answer_to_english": [0, 1, 2, 1]})
    assert TABLES["retrieval"].score(TATOEBA, outcomes) == Score(
        score=50.0,
        n=4,
        interval=(15.0039, 84.9961),
        secondary={
            "accuracy_to_english": 75.0,
            "f1": round(100 * (1 + 0.5 + 0 + 0) / 4, 4),
            "f1_to_english": round(100 * (1 + 2 / 3 + 1 + 0) / 4, 4),
        },
    )


def test_every_text_of_both_sides_is_encoded() -> None:
    assert BITEXT.sides == {
        "de side": ("eins", "zwei", "drei", "vier"),
        "en side": ("one", "two", "three", "four"),
    }
