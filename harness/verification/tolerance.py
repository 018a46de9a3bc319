"""The published tolerances between a result and its rerun.

docs/verification.md explains where each number comes from.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class Tolerance:
    """Points by which scores of targets and languages may differ, the latter by at least `examples`."""

    score: float
    language: float
    examples: int

    def of_language(self, n: int) -> float:
        """Return the points by which the score of a language with n examples may differ."""
        return max(self.language, 100 * self.examples / n)

    def of_score(self, sizes: Collection[int]) -> float:
        """Return the points by which a mean over languages of these `sizes`, in examples, may differ.

        It is at least the tolerance of one language, so that a target of one language has the same tolerance
        for its score and its language, which are the same number.
        """
        return max([self.score, *(self.of_language(n) / len(sizes) for n in sizes)])


# The same arithmetic twice: on one machine the vectors are bitwise identical, on another kind of processor up
# to the last bits, which swap the neighbours of a sentence only where both are equally near up to these bits.
_FLOAT32_CPU = Tolerance(score=0.02, language=0.1, examples=1)
# A GPU sums in another order, and may use TF32 or other kernels.
_FLOAT32_GPU = Tolerance(score=0.05, language=0.2, examples=2)
# Eight bits of mantissa: neighbours at nearly the same distance are swapped.
_BFLOAT16 = Tolerance(score=0.2, language=1.0, examples=4)
# A retrained head differs wherever the sums of its training were rounded differently.
_RETRAINED = Tolerance(score=1.5, language=4.0, examples=4)

TABLE = {
    ("cpu", "float32"): _FLOAT32_CPU,
    ("cuda", "float32"): _FLOAT32_GPU,
    ("cpu", "bfloat16"): _BFLOAT16,
    ("cuda", "bfloat16"): _BFLOAT16,
}


def tolerance(first: tuple[str, str], second: tuple[str, str], *, retrained: bool = False) -> Tolerance:
    """Return the wider tolerance of two (device, dtype); a pair outside TABLE counts as bfloat16.

    With `retrained`, for a head that was trained again with another digest, both are ignored.
    """
    if retrained:
        return _RETRAINED
    tolerances = [
        TABLE.get((device.partition(":")[0], dtype), _BFLOAT16) for device, dtype in (first, second)
    ]
    return max(tolerances, key=lambda entry: entry.score)
