"""The differences of two submissions, as records."""

from __future__ import annotations

from typing import Literal

from harness.records import Record

Interval = tuple[float, float]
Verdict = Literal["better", "worse", "no difference shown"]


class LanguageDifference(Record):
    """One language: second − first in points, with its interval; `n` as in the result.

    `p` is McNemar's exact p value where each side has one seed and an example is right or wrong, with the
    numbers of examples that only one side got right, `only_first` and `only_second`; else that of the
    permutation test, or with several seeds Student's. `q` is p after Benjamini and Hochberg's
    correction over the target's languages.
    """

    language: str
    n: int
    first: float
    second: float
    difference: float
    interval: Interval
    only_first: int | None
    only_second: int | None
    p: float
    q: float


class TargetDifference(Record):
    """One target: the unweighted mean over the languages that both sides measured, in points.

    With `recipe` the claims are about the recipes, else about these checkpoints; with `matched` seeds were
    compared pairwise, with `borrowed` the board's prior moderated the variance of seeds. `p` is about these
    languages, `holm` the same after Holm's correction over the comparison's targets; `general` and
    `general_p` are about languages in general, None with fewer than three. `missing` and `added` are the
    languages of the first and of the second side alone, `of` is the number of the target's languages.
    `first_seen` and `second_seen` name data sets with dev or test data of the target that a side saw in
    training.
    """

    target: str
    metric: str
    first_signature: str
    second_signature: str
    seeds: tuple[int, int]
    recipe: bool
    matched: bool
    borrowed: bool = False
    languages: tuple[LanguageDifference, ...]
    first: float
    second: float
    difference: float
    interval: Interval
    p: float
    holm: float
    verdict: Verdict
    general: Interval | None
    general_p: float | None
    missing: tuple[str, ...]
    added: tuple[str, ...]
    of: int
    first_seen: tuple[str, ...] = ()
    second_seen: tuple[str, ...] = ()


class Comparison(Record):
    """Two sides, compared at confidence `level`.

    `prior` is the digest of the board's prior of the variance over seeds where one was given. `missing` and
    `added` are the targets of the first and of the second side alone; `left_out` are targets without a
    requested language.
    """

    first: str
    second: str
    level: float
    prior: str | None = None
    targets: tuple[TargetDifference, ...]
    missing: tuple[str, ...]
    added: tuple[str, ...]
    left_out: tuple[str, ...] = ()

    def regressions(self, min_delta: float) -> tuple[TargetDifference, ...]:
        """Return targets that fell by at least `min_delta` points, significantly after Holm's correction."""
        return tuple(
            target for target in self.targets if target.difference <= -min_delta and target.verdict == "worse"
        )


def rounded_p(p: float) -> float:
    """Round to 12 digits, to drop the rounding errors of a correction's products."""
    return float(f"{p:.12g}")
