"""Draw a reproducible random sample of results for an audit; no input or output."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Sequence
from fractions import Fraction

from harness.characters import shown
from harness.errors import WrongUsage

# A slug and a target.
ResultName = tuple[str, str]


def parse_share(text: str) -> Fraction:
    """Return the share that `5%` or `0.05` denotes; raises WrongUsage unless it is above 0 and at most 1."""
    match = re.fullmatch(r"([0-9]{1,3}(?:\.[0-9]{1,6})?)(%?)", text)
    share = Fraction(match[1]) / (100 if match[2] else 1) if match else Fraction(0)
    if not 0 < share <= 1:
        raise WrongUsage(
            f"--audit {shown(text)} is not a share of the results",
            cure="write such as 5%, above 0% and at most 100%",
        )
    return share


def chosen(results: Sequence[ResultName], share: Fraction, seed: str) -> tuple[ResultName, ...]:
    """Return a random share of the results, rounded up and at least one, in the order of their names.

    These are the results whose sha256 of seed, slug and target, one per line, sorts first: the sample depends
    neither on the order of the results nor on the machine. If the seed is the hash of a commit made after the
    submission, no submitter could predict the sample.
    """
    if not results:
        return ()
    by_draw = sorted(set(results), key=lambda name: (_draw(seed, name), name))
    return tuple(sorted(by_draw[: max(1, math.ceil(share * len(by_draw)))]))


def _draw(seed: str, name: ResultName) -> str:
    return hashlib.sha256("\n".join((seed, *name)).encode()).hexdigest()
