"""Corrections of p values for multiple comparisons."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def holm(p: Sequence[float]) -> tuple[float, ...]:
    """Return Holm's adjusted p values, in the order given; they control the family-wise error rate.

    With p₍₁₎ ≤ … ≤ p₍ₘ₎: maxⱼ≤ᵢ min(1, (m − j + 1) · p₍ⱼ₎). Source: S. Holm. 1979. Scandinavian Journal of
    Statistics 6(2), 65–70.
    """
    order = np.argsort(p, kind="stable")
    adjusted = np.empty(len(order))
    adjusted[order] = np.minimum(
        1.0, np.maximum.accumulate(np.asarray(p)[order] * np.arange(len(order), 0, -1))
    )
    return tuple(adjusted.tolist())


def benjamini_hochberg(p: Sequence[float]) -> tuple[float, ...]:
    """Return Benjamini and Hochberg's adjusted p values, in the order given, for the false discovery rate.

    With p₍₁₎ ≤ … ≤ p₍ₘ₎: minⱼ≥ᵢ min(1, m / j · p₍ⱼ₎). Source: Y. Benjamini and Y. Hochberg. 1995. JRSS B
    57(1), 289–300.
    """
    order = np.argsort(p, kind="stable")
    stepped = np.asarray(p)[order] * len(order) / np.arange(1, len(order) + 1)
    adjusted = np.empty(len(order))
    adjusted[order] = np.minimum(1.0, np.minimum.accumulate(stepped[::-1])[::-1])
    return tuple(adjusted.tolist())
