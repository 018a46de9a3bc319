"""The values of each example of a submission, by language and seed, and the scores computed from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.scoring.statistics.resampling import Floats, f1


@dataclass(frozen=True)
class Sample:
    """The values of one submission on one target, by language, seed and example.

    `languages` holds one array for each language: (seeds, n), whose mean is the score, or (seeds, n, 3), true
    positives, proposed and gold, from which F1 is computed. `parallel` means that row i is the same example
    in every language. `trained` is False where nothing was trained, so that another seed would give the same
    weights. Samples of one `design` have matched seeds: the trainings of seed i begin with the same weights
    and see the same examples in the same order, in other languages.
    """

    languages: Sequence[Floats]
    parallel: bool = False
    trained: bool = True
    design: str | None = None

    @property
    def seeds(self) -> int:
        """Return the number of checkpoints."""
        return len(self.languages[0])

    @property
    def has_training_variance(self) -> bool:
        """Return whether variation between trainings is known: there are several seeds, or no training."""
        return self.seeds > 1 or not self.trained


def are_matched(first: tuple[str | None, int], second: tuple[str | None, int]) -> bool:
    """Return whether two sides, each a design and a number of seeds, can be compared seed by seed.

    This needs at least two seeds: the difference of a single pair has no variance.
    """
    return first == second and first[0] is not None and first[1] > 1


def is_parallel(samples: Sequence[Sample]) -> bool:
    """Return whether row i of all samples is the same example in every language; False for F1."""
    lengths = {examples.shape[1] for sample in samples for examples in sample.languages}
    return (
        all(sample.parallel for sample in samples)
        and len(lengths) == 1
        and all(examples.ndim == 2 for sample in samples for examples in sample.languages)
    )


def scores_of(examples: Floats) -> Floats:
    """Return the score of each seed (seeds,), a fraction, of (seeds, n) or (seeds, n, 3)."""
    scores: Floats = examples.mean(axis=1) if examples.ndim == 2 else f1(examples.sum(axis=1))
    return scores


def influences(examples: Floats) -> Floats:
    """Return the influence of each example on the score (seeds, n): its value, or the linear part of F1.

    F1 = 2·tp / (p + g) of sums changes by (2·tpᵢ − F1·(pᵢ + gᵢ)) / mean(p + g) with the weight of example i.
    """
    if examples.ndim == 2:
        return examples
    doubled_hits, size = 2 * examples[..., 0], examples[..., 1] + examples[..., 2]
    mean = size.mean(axis=1, keepdims=True)
    linear: Floats = np.divide(
        doubled_hits - scores_of(examples)[:, None] * size,
        mean,
        out=np.zeros_like(doubled_hits),
        where=mean > 0,
    )
    return linear


def interaction(values: Floats) -> float:
    """Return the mean square of the interaction of rows and columns (rows, columns), 0 for one column.

    There must be at least two rows.
    """
    rows, columns = values.shape
    if columns < 2:
        return 0.0
    residuals = values - values.mean(axis=0) - values.mean(axis=1, keepdims=True) + values.mean()
    return float(np.sum(residuals**2) / ((rows - 1) * (columns - 1)))
