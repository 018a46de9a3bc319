"""Score candidate pairs by margin and match them one to one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.kinds.search.nearest import Neighbours
from harness.records import Margin


class Matches(NamedTuple):
    """Pairs in the order of acceptance, best margin first: indices x and y, and their margins."""

    x: NDArray[np.int64]
    y: NDArray[np.int64]
    margin: NDArray[np.float64]


def margins(
    similarity: NDArray[np.float64], mean: NDArray[np.float64], variant: Margin
) -> NDArray[np.float64]:
    """Return the margin of cosines against the mean cosine of both neighbourhoods, (m(x) + m(y)) / 2.

    Ratio cos / mean, distance cos − mean, absolute cos. A ratio to a mean of 0 is 0. Rounded to 12 decimals,
    so that equal vectors, whose products may be summed in another order, tie. Source: M. Artetxe and H.
    Schwenk. 2019. Margin-based Parallel Corpus Mining with Multilingual Sentence Embeddings. ACL.
    """
    if variant is Margin.ABSOLUTE:
        margin = similarity
    elif variant is Margin.DISTANCE:
        margin = similarity - mean
    else:
        margin = np.divide(similarity, mean, out=np.zeros_like(similarity), where=mean != 0)
    return margin.round(12)


def match(x_to_y: Neighbours, y_to_x: Neighbours, variant: Margin) -> Matches:
    """Match two sides one to one, greedily by margin, from the best candidate of every sentence.

    The best candidate is the neighbour of the largest margin; of equal ones the nearer, then the one of the
    lowest index. Equal margins are accepted in the order of x, then y.
    """
    mean_x, mean_y = x_to_y.similarities.mean(axis=1), y_to_x.similarities.mean(axis=1)
    forward, forward_margin = _best(x_to_y, mean_x, mean_y, variant)
    backward, backward_margin = _best(y_to_x, mean_y, mean_x, variant)
    x = np.concatenate([np.arange(len(forward)), backward])
    y = np.concatenate([forward, np.arange(len(backward))])
    margin = np.concatenate([forward_margin, backward_margin])
    order = np.lexsort((y, x, -margin))
    free_x, free_y = [True] * len(forward), [True] * len(backward)
    accepted = []
    for candidate, i, j in zip(order.tolist(), x[order].tolist(), y[order].tolist(), strict=True):
        if free_x[i] and free_y[j]:
            free_x[i] = free_y[j] = False
            accepted.append(candidate)
    return Matches(x[accepted], y[accepted], margin[accepted])


def _best(
    neighbours: Neighbours, query_mean: NDArray[np.float64], pool_mean: NDArray[np.float64], variant: Margin
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return each sentence's neighbour of the largest margin, and that margin; both (n,)."""
    scored = margins(
        neighbours.similarities, (query_mean[:, None] + pool_mean[neighbours.indices]) / 2, variant
    )  # (n, k)
    column = scored.argmax(axis=1)
    rows = np.arange(len(scored))
    return neighbours.indices[rows, column], scored[rows, column]
