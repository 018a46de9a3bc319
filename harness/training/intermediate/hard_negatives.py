"""Mine negatives for a query: the passages that BM25 ranks first and that are not the right one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harness.errors import BadInput
from harness.kinds.search.term_scores import BM25, TermIndex
from harness.kinds.search.terms import WORDS, terms_of
from harness.training.intermediate.items import Items

_QUERY, _PASSAGE = 0, 1
# The draw of passages that share no term with the query is the same in every training.
_DRAW = 0


def mine_negatives(items: Items, count: int) -> NDArray[np.int64]:
    """Return the items whose passages are negatives of each item, (items, languages, count), best first.

    Queries and passages are of one language; −1 where an item does not exist in it. A passage that means the
    same as the right one, in any language, is none, and no passage is there twice. Passages without a term of
    the query come last, in random order. Raises BadInput where a language has too few passages.
    """
    negatives = np.full((len(items), len(items.languages), count), -1, dtype=np.int64)
    classes = items.classes[:, _PASSAGE]
    for column, language in enumerate(items.languages):
        present = np.flatnonzero(items.available[:, column])
        # Of passages that mean the same the first one is a candidate.
        candidates = present[np.sort(np.unique(classes[present], return_index=True)[1])]
        if len(candidates) <= count:
            raise BadInput(
                f"{len(candidates)} different passages in {language} are too few for {count} negatives",
                cure=f"negatives: {max(1, len(candidates) - 1)} or fewer, or more examples",
            )
        cut, _ = terms_of(WORDS, language)
        index = TermIndex.of((items.text(_PASSAGE, int(item), column) for item in candidates), cut)
        scorer = BM25(index)
        tie = np.random.default_rng([_DRAW, column]).permutation(len(candidates))
        for item in present:
            scores = scorer.scores(index.numbers(cut(items.text(_QUERY, int(item), column))))
            order = candidates[np.lexsort((tie, -scores))]
            negatives[item, column] = order[classes[order] != classes[item]][:count]
    return negatives
