"""Mining once more, slowly: plain loops over dictionaries of ids, nothing shared with the package.

The tests run these loops on toys, `check_bucc.py` on real data, with neighbours found row by row.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

Near = dict[str, list[tuple[str, float]]]


def loop_neighbours(
    own: Sequence[str], others: Sequence[str], vectors: Mapping[str, Sequence[float]], k: int
) -> Near:
    """Return each text's k nearest others with their products; equal ones in their order."""
    found: Near = {}
    for text in own:
        scored = []
        for other in others:
            product = math.fsum(
                float(p) * float(q) for p, q in zip(vectors[text], vectors[other], strict=True)
            )
            scored.append((other, product))
        scored.sort(key=lambda item: -round(item[1], 11))  # a stable sort keeps the order of ties
        found[text] = scored[:k]
    return found


def distinct(side: Mapping[str, str]) -> list[str]:
    """Return the distinct texts in their order."""
    return list(dict.fromkeys(side.values()))


def slow_pairs(
    foreign: Mapping[str, str],
    english: Mapping[str, str],
    neighbours: Callable[[list[str], list[str]], Near],
    how: str,
    keep: bool,
) -> list[tuple[str, str, float]]:
    """Return the matched pairs of ids with their margins, best first; the sides map ids to texts."""
    texts_f, texts_e = distinct(foreign), distinct(english)
    near_f, near_e = neighbours(texts_f, texts_e), neighbours(texts_e, texts_f)
    mean_f = {text: sum(v for _, v in near) / len(near) for text, near in near_f.items()}
    mean_e = {text: sum(v for _, v in near) / len(near) for text, near in near_e.items()}

    def margin(f: str, e: str, product: float) -> float:
        around = (mean_f[f] + mean_e[e]) / 2
        if how == "absolute":
            return round(product, 10)
        if how == "distance":
            return round(product - around, 10)
        return round(product / around, 10) if around else 0.0

    candidates: list[tuple[str, str, float]] = []
    for f, near in near_f.items():
        scored = [(f, e, margin(f, e, product)) for e, product in near]
        candidates.append(max(scored, key=lambda item: item[2]))  # the first of equal ones
    for e, near in near_e.items():
        scored = [(f, e, margin(f, e, product)) for f, product in near]
        candidates.append(max(scored, key=lambda item: item[2]))
    place_f = {text: number for number, text in enumerate(texts_f)}
    place_e = {text: number for number, text in enumerate(texts_e)}
    candidates.sort(key=lambda item: (-item[2], place_f[item[0]], place_e[item[1]]))
    ids_f: dict[str, list[str]] = {}
    ids_e: dict[str, list[str]] = {}
    for ids, side in ((ids_f, foreign), (ids_e, english)):
        for name, text in side.items():
            ids.setdefault(text, []).append(name)
    used_f: set[str] = set()
    used_e: set[str] = set()
    rows = []
    for f, e, value in candidates:
        if f in used_f or e in used_e:
            continue
        used_f.add(f)
        used_e.add(e)
        if keep or (len(ids_f[f]) == 1 and len(ids_e[e]) == 1):
            rows.append((ids_f[f][0], ids_e[e][0], value))
    return rows


def slow_threshold(rows: list[tuple[str, str, float]], gold: set[tuple[str, str]]) -> float:
    """Return the threshold of the best F1: halfway to the next item, or the last item itself."""
    best, threshold, right = 0.0, float("inf"), 0
    for i, row in enumerate(rows):
        right += row[:2] in gold
        if i + 1 < len(rows) and rows[i + 1][2] == row[2]:
            continue  # no threshold parts equal margins
        f1 = 2 * right / (i + 1 + len(gold))
        if f1 > best + 1e-12:
            best = f1
            threshold = (row[2] + rows[i + 1][2]) / 2 if i + 1 < len(rows) else row[2]
    return threshold


def slow_scores(
    dev: list[tuple[str, str, float]],
    dev_gold: set[tuple[str, str]],
    scored: list[tuple[str, str, float]],
    gold: set[tuple[str, str]],
) -> tuple[float, float, float, int]:
    """Return F1, precision and recall in points, and how many pairs were mined."""
    threshold = slow_threshold(dev, dev_gold)
    mined = {(f, e) for f, e, margin in scored if margin >= threshold}
    right = len(mined & gold)
    precision, recall = (right / len(mined) if mined else 0.0), right / len(gold)
    f1 = 2 * precision * recall / (precision + recall) if right else 0.0
    return round(100 * f1, 4), round(100 * precision, 4), round(100 * recall, 4), len(mined)
