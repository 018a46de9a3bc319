"""A second, slow implementation of mining: plain loops over dictionaries of ids, without code of the package.

The tests run these loops on toys, `check_bucc.py` on real data, with neighbours found row by row. A pair is
(foreign id, English id, margin).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

Neighbourhoods = dict[str, list[tuple[str, float]]]
"""Each text's nearest texts of the other side with their products, best first."""


def loop_neighbours(
    queries: Sequence[str], pool: Sequence[str], vectors: Mapping[str, Sequence[float]], k: int
) -> Neighbourhoods:
    """Return each query's k nearest texts of the pool; equal products keep the order of the pool."""
    neighbourhoods: Neighbourhoods = {}
    for query in queries:
        scored = []
        for text in pool:
            product = math.fsum(
                float(p) * float(q) for p, q in zip(vectors[query], vectors[text], strict=True)
            )
            scored.append((text, product))
        scored.sort(key=lambda item: -round(item[1], 11))  # a stable sort keeps the order of ties
        neighbourhoods[query] = scored[:k]
    return neighbourhoods


def distinct(side: Mapping[str, str]) -> list[str]:
    """Return the distinct texts of a side (id → text), in order of first occurrence."""
    return list(dict.fromkeys(side.values()))


def slow_pairs(
    foreign: Mapping[str, str],
    english: Mapping[str, str],
    neighbours: Callable[[list[str], list[str]], Neighbourhoods],
    variant: str,
    keep_duplicates: bool,
) -> list[tuple[str, str, float]]:
    """Return the matched pairs, best first; the sides map ids to texts, `variant` is a value of Margin."""
    texts_f, texts_e = distinct(foreign), distinct(english)
    near_f, near_e = neighbours(texts_f, texts_e), neighbours(texts_e, texts_f)
    mean_f = {text: sum(v for _, v in near) / len(near) for text, near in near_f.items()}
    mean_e = {text: sum(v for _, v in near) / len(near) for text, near in near_e.items()}

    def margin(f: str, e: str, product: float) -> float:
        mean = (mean_f[f] + mean_e[e]) / 2
        if variant == "absolute":
            return round(product, 10)
        if variant == "distance":
            return round(product - mean, 10)
        return round(product / mean, 10) if mean else 0.0

    candidates: list[tuple[str, str, float]] = []
    for f, near in near_f.items():
        scored = [(f, e, margin(f, e, product)) for e, product in near]
        candidates.append(max(scored, key=lambda item: item[2]))  # the first of equal ones
    for e, near in near_e.items():
        scored = [(f, e, margin(f, e, product)) for f, product in near]
        candidates.append(max(scored, key=lambda item: item[2]))
    number_f = {text: number for number, text in enumerate(texts_f)}
    number_e = {text: number for number, text in enumerate(texts_e)}
    candidates.sort(key=lambda item: (-item[2], number_f[item[0]], number_e[item[1]]))
    ids_f: dict[str, list[str]] = {}
    ids_e: dict[str, list[str]] = {}
    for ids, side in ((ids_f, foreign), (ids_e, english)):
        for name, text in side.items():
            ids.setdefault(text, []).append(name)
    used_f: set[str] = set()
    used_e: set[str] = set()
    pairs = []
    for f, e, value in candidates:
        if f in used_f or e in used_e:
            continue
        used_f.add(f)
        used_e.add(e)
        if keep_duplicates or (len(ids_f[f]) == 1 and len(ids_e[e]) == 1):
            pairs.append((ids_f[f][0], ids_e[e][0], value))
    return pairs


def slow_threshold(pairs: list[tuple[str, str, float]], gold: set[tuple[str, str]]) -> float:
    """Return the threshold of the best F1: halfway to the next margin, or the last margin itself."""
    best, threshold, right = 0.0, float("inf"), 0
    for i, pair in enumerate(pairs):
        right += pair[:2] in gold
        if i + 1 < len(pairs) and pairs[i + 1][2] == pair[2]:
            continue  # no threshold separates equal margins
        f1 = 2 * right / (i + 1 + len(gold))
        if f1 > best + 1e-12:
            best = f1
            threshold = (pair[2] + pairs[i + 1][2]) / 2 if i + 1 < len(pairs) else pair[2]
    return threshold


def slow_scores(
    dev: list[tuple[str, str, float]],
    dev_gold: set[tuple[str, str]],
    scored: list[tuple[str, str, float]],
    gold: set[tuple[str, str]],
) -> tuple[float, float, float, int]:
    """Return F1, precision and recall in points, and the number of mined pairs; dev gives the threshold."""
    threshold = slow_threshold(dev, dev_gold)
    mined = {(f, e) for f, e, margin in scored if margin >= threshold}
    right = len(mined & gold)
    precision, recall = (right / len(mined) if mined else 0.0), right / len(gold)
    f1 = 2 * precision * recall / (precision + recall) if right else 0.0
    return round(100 * f1, 4), round(100 * precision, 4), round(100 * recall, 4), len(mined)
