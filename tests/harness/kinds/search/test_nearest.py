from __future__ import annotations

import warnings
from pathlib import Path

import faiss
import numpy as np
import pytest
import torch

from harness.kinds.search import nearest as search
from harness.kinds.search.nearest import Neighbours, mutual_neighbours, nearest
from harness.kinds.search.panels import rounding


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
    answers = nearest(distinct, pool)
    assert answers.tolist() == [int(np.flatnonzero((pool == vector).all(axis=1))[0]) for vector in distinct]


def test_neighbours_closer_than_the_rounding_of_float32_are_distinguished() -> None:
    rng = np.random.default_rng(0)
    base = unit(rng.normal(size=(1, 256)))
    pool = np.repeat(base, 20, axis=0)
    for i in range(20):  # each differs from the query in one last bit
        pool[i, i] = np.nextafter(pool[i, i], np.float32(2.0))
    assert nearest(base, pool).tolist() == brute_force(base, pool).tolist()


def test_an_empty_pool_is_an_error() -> None:
    with pytest.raises(ValueError, match="the pool is empty"):
        nearest(np.zeros((1, 4), np.float32), np.zeros((0, 4), np.float32))


def test_a_crowd_larger_than_a_chunk_still_goes_to_the_lowest_index() -> None:
    queries = np.repeat(unit(np.ones((1, 8))), 700, axis=0)
    assert nearest(queries, queries[:300]).tolist() == [0] * 700


# ---- both directions ---------------------------------------------------------------------------


def all_products(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Multiply one query at a time, each pair added in the same order."""
    wide = y.astype(np.float64)
    return np.array(
        [
            np.einsum("nd,nd->n", np.repeat(query[None].astype(np.float64), len(y), axis=0), wide)
            for query in x
        ]
    )


def best(scores: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(-np.rint(scores / 1e-12), axis=1, kind="stable")[:, :k]
    return order, np.take_along_axis(scores, order, axis=1)


def assert_exact(sides: tuple[Neighbours, Neighbours], x: np.ndarray, y: np.ndarray, k: int) -> None:
    scores = all_products(x, y)
    for side, expected in zip(sides, (best(scores, k), best(scores.T, k)), strict=True):
        assert np.array_equal(side.indices, expected[0])
        assert np.array_equal(side.similarities, expected[1])
        assert (side.indices.dtype, side.similarities.dtype) == (np.int64, np.float64)


def problem(seed: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Make a small problem: any numbers, few distinct ones, repeated vectors, or vectors of very different lengths."""
    rng = np.random.default_rng(seed)
    n, m, d, k = (int(rng.integers(1, limit)) for limit in (150, 150, 40, 12))
    x, y = rng.normal(size=(n, d)).astype(np.float32), rng.normal(size=(m, d)).astype(np.float32)
    match seed % 4:
        case 1:
            x, y = np.rint(x), np.rint(y)
        case 2:
            x, y = x[rng.integers(0, n, n)], y[rng.integers(0, m, m)]
        case 3:
            x *= np.float32(10) ** rng.integers(-6, 6, size=(n, 1)).astype(np.float32)
            y[rng.integers(0, m)] = 0
    return x, y, k


@pytest.mark.parametrize("memory", [1, 1 << 17, 1 << 30])
@pytest.mark.parametrize("seed", range(40))
def test_both_directions_equal_brute_force(seed: int, memory: int) -> None:
    x, y, k = problem(seed)
    assert_exact(mutual_neighbours(x, y, k, memory=memory), x, y, k)


def test_the_answer_does_not_depend_on_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    x, y = unit(rng.normal(size=(700, 48))), unit(rng.normal(size=(900, 48)))
    x[300:400] = x[:100]
    whole = mutual_neighbours(x, y, 4)
    for tile, panel in (((64, 128), 256), ((128, 32), 1 << 15), ((33, 57), 100)):
        monkeypatch.setattr(search, "_CPU_BLOCK", tile)
        monkeypatch.setattr(search, "_CPU_PANEL", panel)
        for side, expected in zip(mutual_neighbours(x, y, 4), whole, strict=True):
            assert np.array_equal(side.indices, expected.indices)
            assert np.array_equal(side.similarities, expected.similarities)


def test_equals_faiss_searched_twice() -> None:
    rng = np.random.default_rng(7)
    x, y = unit(rng.normal(size=(3000, 64))), unit(rng.normal(size=(2500, 64)))
    for side, (queries, pool) in zip(mutual_neighbours(x, y, 4), ((x, y), (y, x)), strict=True):
        index = faiss.IndexFlatIP(64)
        index.add(pool)
        assert np.mean(side.indices == index.search(queries, 4)[1]) > 0.9999


def test_float32_products_lie_within_the_bound_of_the_exact_ones() -> None:
    rng = np.random.default_rng(2)
    for d in (1, 3, 65, 384, 1024):
        x = (rng.normal(size=(300, d)) * 10.0 ** rng.integers(-3, 4, size=(300, 1))).astype(np.float32)
        norms = np.linalg.norm(x.astype(np.float64), axis=1)
        wrong = np.abs((x @ x.T).astype(np.float64) - all_products(x, x))
        assert (wrong <= rounding(d) * norms[:, None] * norms).all()


def test_more_candidates_than_are_kept_are_searched_for_once_more() -> None:
    rng = np.random.default_rng(4)
    # Thirty copies of one vector among others: more equal candidates than are kept for a query, and of all
    # of them the first count.
    x, y = unit(rng.normal(size=(200, 24))), unit(rng.normal(size=(500, 24)))
    y[rng.permutation(500)[:30]] = x[0]
    x[rng.permutation(200)[:40]] = x[0]
    assert_exact(mutual_neighbours(x, y, 4), x, y, 4)


def test_equal_vectors_are_ordered_by_index_however_many_there_are() -> None:
    x = np.repeat(unit(np.arange(1, 17, dtype=float)[None]), 1500, axis=0)
    for side in mutual_neighbours(x, x[:1200], 3):
        assert (side.indices == np.arange(3)).all()


def test_a_crowd_closer_than_the_rounding_of_float32_is_distinguished() -> None:
    rng = np.random.default_rng(3)
    x = np.repeat(unit(rng.normal(size=(1, 64))), 1500, axis=0)
    x.view(np.int32)[:] += rng.integers(0, 2, size=x.shape, dtype=np.int32)
    assert_exact(mutual_neighbours(x[:700], x[700:], 5), x[:700], x[700:], 5)


@pytest.mark.parametrize("storage", ["mapped", "strided", "float64", "sliced map"])
def test_vectors_may_be_stored_in_any_way(storage: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(9)
    x, y = unit(rng.normal(size=(600, 33))), unit(rng.normal(size=(500, 33)))
    np.save(tmp_path / "x.npy", x)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    stored = {
        "mapped": mapped,
        "strided": np.repeat(x, 2, axis=0)[::2],
        "float64": x.astype(np.float64),
        "sliced map": mapped[100:],
    }[storage]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sides = mutual_neighbours(stored, y, 4, memory=1 << 19)
    assert_exact(sides, x[100:] if storage == "sliced map" else x, y, 4)
    assert np.array_equal(mapped, x)


def test_what_was_written_to_a_private_map_is_kept(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.ones((400, 16), np.float32))
    mapped = np.load(tmp_path / "x.npy", mmap_mode="c")
    mapped[1] = 2
    assert mutual_neighbours(mapped, mapped, 1)[0].indices.tolist() == [[1]] * 400
    assert mapped[1].tolist() == [2] * 16


def test_the_budget_bounds_panels_and_blocks() -> None:
    for memory in (1 << 20, 1 << 24, 1 << 28, 1 << 32):
        plan = search._plan(768, memory, 2, on_gpu=False)
        assert 4 * 4 * 768 * plan.panel + 2 * 8 * plan.rows * plan.columns <= memory


def test_the_callers_threads_and_precision_come_back() -> None:
    before = torch.get_num_threads(), torch.get_float32_matmul_precision()
    with pytest.raises(ValueError, match="not finite"):
        mutual_neighbours(np.full((3, 2), np.nan, np.float32), np.ones((3, 2), np.float32), 1)
    assert (torch.get_num_threads(), torch.get_float32_matmul_precision()) == before


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30])
def test_a_vector_that_is_not_finite_is_named(bad: float) -> None:
    x, y = np.ones((400, 4), np.float32), np.ones((300, 4), np.float32)
    y[299, 3] = bad
    with pytest.raises(ValueError, match="vector 299 of y is not finite"):
        mutual_neighbours(x, y, 2)


@pytest.mark.parametrize(
    ("x", "y", "k", "message"),
    [
        ((0, 4), (3, 4), 1, "the pool is empty"),
        ((3, 4), (0, 4), 1, "the pool is empty"),
        ((3, 4), (3, 4), 0, "at least one neighbour"),
        ((3, 4), (3, 5), 1, "no inner products"),
        ((3, 0), (3, 0), 1, "no inner products"),
    ],
)
def test_what_cannot_be_searched_is_refused(
    x: tuple[int, int], y: tuple[int, int], k: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        mutual_neighbours(np.ones(x, np.float32), np.ones(y, np.float32), k)
