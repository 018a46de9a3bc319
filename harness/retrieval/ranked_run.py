"""Ranked documents for each query, in trec_eval's order, and the TREC file that holds them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.data import trec
from harness.errors import BadInput, Where
from harness.store.files import replace_file

# Documents of a run beyond this rank are not kept, as is usual at TREC.
DEPTH = 1000
_DIGITS = 12


@dataclass(frozen=True)
class Ranking:
    """Documents by falling score; of equal scores, which are those of float32, the larger id is first.

    This is trec_eval's order, so that a run has the same measures here and there.
    """

    documents: tuple[str, ...]
    scores: NDArray[np.float32]  # (documents,)

    @classmethod
    def of(cls, documents: Sequence[str], scores: Sequence[float] | NDArray[np.floating]) -> Ranking:
        """Order documents by their scores."""
        values = np.asarray(scores, dtype=np.float32)
        by_id = sorted(range(len(documents)), key=documents.__getitem__, reverse=True)
        order = [by_id[i] for i in np.argsort(-values[by_id], kind="stable")]
        return cls(tuple(documents[i] for i in order), values[order])

    def first(self, depth: int) -> Ranking:
        """Return the first documents."""
        return Ranking(self.documents[:depth], self.scores[:depth])

    def without(self, documents: set[str]) -> Ranking:
        """Return the ranking without some documents."""
        if documents.isdisjoint(self.documents):
            return self
        kept = [i for i, name in enumerate(self.documents) if name not in documents]
        return Ranking(tuple(self.documents[i] for i in kept), self.scores[kept])


@dataclass(frozen=True)
class RankedRun:
    """What one system ranked for each query; `words` are what its signature says of the system."""

    name: str
    words: tuple[str, ...]
    rankings: Mapping[str, Ranking]


def read_run(path: Path) -> dict[str, Ranking]:
    """Read a run in TREC's format; raises BadInput, with the line, for a document that is ranked twice."""
    scores: dict[str, dict[str, float]] = {}
    for line, query, document, score in trec.read_run(path):
        of_query = scores.setdefault(query, {})
        if document in of_query:
            raise BadInput(
                f"query {query!r} has document {document!r} twice",
                where=Where(str(path), line),
                cure="keep the line with the better score",
            )
        of_query[document] = score
    if not scores:
        raise BadInput(
            "holds no line", where=Where(str(path)), cure="a line is: query Q0 document rank score tag"
        )
    return {query: Ranking.of(tuple(of_query), list(of_query.values())) for query, of_query in scores.items()}


def file_digest(path: Path) -> str:
    """Return the first digits of a file's sha256, by which a signature names it."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()[:_DIGITS]


def write_run(path: Path, run: RankedRun) -> None:
    """Write a run in TREC's format; raises BadInput for ids with white space, which the format cannot hold.

    Scores have the nine digits that give the same float32 again, so that reading it gives the same run.
    """
    lines = []
    for query, ranking in run.rankings.items():
        pairs = zip(ranking.documents, ranking.scores.tolist(), strict=True)
        for rank, (document, score) in enumerate(pairs, start=1):
            if re.search(rf"[{trec.ASCII_SPACE}]", query + document):
                raise BadInput(
                    f"the id {document!r} of query {query!r} cannot be written into a TREC run: "
                    "white space separates its columns",
                    cure="rename the id in the collection",
                )
            lines.append(f"{query} Q0 {document} {rank} {score:.9g} {run.name}\n")
    replace_file(path, "".join(lines).encode())
