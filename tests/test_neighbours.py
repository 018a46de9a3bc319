from __future__ import annotations

import numpy as np
import pytest

from harness.neighbours import nearest


def brute_force(queries: np.ndarray, pool: np.ndarray) -> np.ndarray:
    """Answer one pair at a time; the exact product of two float32 is a float64, and fsum rounds their sum once."""
    import math

    answers = []
    for query in queries.astype(np.float64):
        products = [math.fsum(query * vector) for vector in pool.astype(np.float64)]
        answers.append(products.index(max(products)))
    return np.array(answers)


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("seed", range(10))
def test_equals_brute_force(seed: int) -> None:
    rng = np.random.default_rng(seed)
    queries, pool = unit(rng.normal(size=(40, 16))), unit(rng.normal(size=(int(rng.integers(1, 90)), 16)))
    assert nearest(queries, pool).tolist() == brute_force(queries, pool).tolist()


@pytest.mark.parametrize("copies", [2, 7, 8, 9, 30])
def test_ties_go_to_the_lowest_index_however_many_there_are(copies: int) -> None:
    rng = np.random.default_rng(copies)
    distinct = unit(rng.normal(size=(5, 384)))
    pool = distinct[rng.permutation(np.repeat(np.arange(5), copies))]
    found = nearest(distinct, pool)
    assert found.tolist() == [int(np.flatnonzero((pool == vector).all(axis=1))[0]) for vector in distinct]


def test_neighbours_closer_than_the_rounding_of_float32_are_told_apart() -> None:
    rng = np.random.default_rng(0)
    base = unit(rng.normal(size=(1, 256)))
    pool = np.repeat(base, 20, axis=0)
    for i in range(20):  # each differs from the query in one last bit
        pool[i, i] = np.nextafter(pool[i, i], np.float32(2.0))
    assert nearest(base, pool).tolist() == brute_force(base, pool).tolist()


def test_an_empty_pool_is_an_error() -> None:
    with pytest.raises(ValueError, match="the pool is empty"):
        nearest(np.zeros((1, 4), np.float32), np.zeros((0, 4), np.float32))
