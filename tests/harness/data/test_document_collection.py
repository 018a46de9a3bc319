"""NTREX's documents as a collection rank as the target does: a query's translation is in no document."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.catalog import BY_NAME
from harness.data.document_collection import as_documents
from harness.data.ntrex import ParallelDocuments
from harness.kinds import clir
from harness.records import TextRole

NAMES = ["a", "a", "a", "b", "c", "c", "d", "d", "d", "d"]
DOCUMENTS = ParallelDocuments(
    "de",
    tuple(f"Satz {line} von {name}" for line, name in enumerate(NAMES)),
    tuple(f"sentence {line} of {name}" for line, name in enumerate(NAMES)),
    tuple(NAMES),
    "made up",
)


def encode(texts: Sequence[str], role: TextRole = TextRole.TEXT) -> NDArray[np.float32]:
    """Return a vector for each text that depends on its bytes."""
    seeds = [int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) for text in texts]
    vectors = np.array([np.random.default_rng(seed).standard_normal(8) for seed in seeds], np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.mark.parametrize("variant", ["best", "top3", "average"])
def test_ranks_are_those_of_the_target(variant: str) -> None:
    target = BY_NAME["ntrex_docs"]
    column = f"ranks_{variant}"
    expected = clir.run(target, DOCUMENTS, encode)[column].to_pylist()
    collection = as_documents(DOCUMENTS)
    assert clir.run(target, collection, encode)[column].to_pylist() == expected
    assert len({rank for (rank,) in expected}) > 1


def test_a_query_has_its_document_without_its_translation() -> None:
    collection = as_documents(DOCUMENTS)
    assert (collection.pair, len(collection), len(collection.documents)) == ("en-de", 9, 4 + 9)
    assert collection.queries["2"] == "sentence 1 of a"
    assert dict(collection.judgements["2"]) == {"a#2": 1}
    assert collection.cut(collection.documents["a#2"]) == ("Satz 0 von a", "Satz 2 von a")
    assert "4" not in collection.queries  # its document has no other sentence
