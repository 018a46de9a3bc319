"""Divide items among languages, or pairs of languages, as evenly as each item allows; pure."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]


def allocate(
    patterns: NDArray[np.bool_],
    pattern_of: NDArray[np.intp],
    used: Counts,
    unit: int,
    rng: np.random.Generator,
) -> NDArray[np.intp] | None:
    """Return a slot for each item, (items,): one of those that its pattern has, (patterns, slots).

    The totals `used` + new (slots,) become as even as possible: the smallest is as large as it can be, then
    the second smallest, and so on. Every slot takes a multiple of `unit` items. None if that is impossible.

    The slot with the smallest total takes the next items, for which others make room along an augmenting path
    (Ford and Fulkerson 1956); a slot that cannot be given more never can later. Items of a pattern are
    interchangeable, so paths run over patterns, and first in large amounts.
    """
    flow = _Flow(patterns, np.bincount(pattern_of, minlength=len(patterns)), rng)
    totals, slots = used.copy(), patterns.shape[1]
    amount = unit
    while amount * slots * 2 <= len(pattern_of):
        amount *= 2
    open_slots = np.ones(slots, dtype=bool)
    while remaining := int(flow.left.sum()):
        if amount > unit and (remaining < amount * slots or not open_slots.any()):
            amount //= 2
            open_slots[:] = True
            continue
        if not open_slots.any():
            return None
        lowest = np.flatnonzero(open_slots & (totals == totals[open_slots].min()))
        slot = int(rng.choice(lowest))
        if flow.give(slot, amount):
            totals[slot] += amount
        else:
            open_slots[slot] = False
    return _deal(flow.taken, pattern_of, rng)


class _Flow:
    """How many items of each pattern every slot has, and how many are left."""

    def __init__(self, patterns: NDArray[np.bool_], sizes: Counts, rng: np.random.Generator) -> None:
        self._patterns, self._rng = patterns, rng
        self.left = sizes.copy()
        self.taken: Counts = np.zeros(patterns.shape, dtype=np.int64)

    def give(self, slot: int, amount: int) -> bool:
        """Give a slot this many items more, or change nothing."""
        before = self.left.copy(), self.taken.copy()
        while amount:
            moved = self._augment(slot, amount)
            if not moved:
                self.left, self.taken = before
                return False
            amount -= moved
        return True

    def _augment(self, slot: int, amount: int) -> int:
        """Move items along one path that ends at `slot`, and return their number."""
        # For each slot on the way: the slot that takes over its items, and their pattern.
        towards: dict[int, tuple[int, int]] = {}
        queue = deque([slot])
        while queue:
            current = queue.popleft()
            sources = np.flatnonzero(self._patterns[:, current] & (self.left > 0))
            if len(sources):
                weights = self.left[sources] / self.left[sources].sum()
                return self._move(int(self._rng.choice(sources, p=weights)), current, slot, towards, amount)
            for pattern in np.flatnonzero(self._patterns[:, current]):
                for neighbour in np.flatnonzero(self.taken[pattern]):
                    if int(neighbour) != slot and int(neighbour) not in towards:
                        towards[int(neighbour)] = (current, int(pattern))
                        queue.append(int(neighbour))
        return 0

    def _move(
        self, source: int, first: int, slot: int, towards: dict[int, tuple[int, int]], amount: int
    ) -> int:
        path, current = [], first
        while current != slot:
            following, pattern = towards[current]
            path.append((current, following, pattern))
            current = following
        amount = min(amount, int(self.left[source]), *(int(self.taken[p, a]) for a, _, p in path))
        self.left[source] -= amount
        self.taken[source, first] += amount
        for giver, receiver, pattern in path:
            self.taken[pattern, giver] -= amount
            self.taken[pattern, receiver] += amount
        return amount


def _deal(taken: Counts, pattern_of: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.intp]:
    """Give the items of each pattern, in random order, the pattern's numbers of slots."""
    slots = np.zeros(len(pattern_of), dtype=np.intp)
    for pattern, counts in enumerate(taken):
        items = rng.permutation(np.flatnonzero(pattern_of == pattern))
        slots[items] = np.repeat(np.arange(len(counts)), counts)
    return slots
