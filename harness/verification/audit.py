"""Choose results for an audit at random, so that everybody else chooses the same ones; pure."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Sequence
from fractions import Fraction

from harness.characters import shown
from harness.errors import WrongUsage

# A slug and a target.
Named = tuple[str, str]


def parse_share(text: str) -> Fraction:
    """Return the share that `5%` or `0.05` names; raises WrongUsage for what is none, or not above 0 and at most all."""
    found = re.fullmatch(r"([0-9]{1,3}(?:\.[0-9]{1,6})?)(%?)", text)
    share = Fraction(found[1]) / (100 if found[2] else 1) if found else Fraction(0)
    if not 0 < share <= 1:
        raise WrongUsage(
            f"--audit {shown(text)} is no share of the results",
            cure="write such as 5%, above 0% and at most 100%",
        )
    return share


def chosen(results: Sequence[Named], share: Fraction, seed: str) -> tuple[Named, ...]:
    """Return the audited share of results, rounded up and at least one, in the order of their names.

    The choice is of those whose sha256 of seed, slug and target, a line each, sorts first. It hangs on
    nothing else: neither on the order of the results nor on the machine. With the hash of a commit that did
    not exist when the results were sent in as the seed, nobody who sent them could know it.
    """
    if not results:
        return ()
    by_draw = sorted(set(results), key=lambda named: (_draw(seed, named), named))
    return tuple(sorted(by_draw[: max(1, math.ceil(share * len(by_draw)))]))


def _draw(seed: str, named: Named) -> str:
    return hashlib.sha256("\n".join((seed, *named)).encode()).hexdigest()
