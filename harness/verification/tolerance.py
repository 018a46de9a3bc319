"""How far a rerun may be from a result: the published table; pure.

docs/verification.md says where each number comes from.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class Tolerance:
    """Points that a target's score may differ by, and a language's; there at least as many points as `examples` of it make."""

    score: float
    language: float
    examples: int

    def of_language(self, n: int) -> float:
        """Return the points that a language of n examples may differ by."""
        return max(self.language, 100 * self.examples / n)

    def of_score(self, sizes: Collection[int]) -> float:
        """Return the points that a score over languages of so many examples may differ by: at least what one of them may.

        Without that a target of one language could stand by its language and fall by its score, which are the
        same number.
        """
        return max([self.score, *(self.of_language(n) / len(sizes) for n in sizes)])


# The same arithmetic twice: on one machine the vectors are the same to the bit, on another kind of processor
# up to the last bits, which exchange the neighbours of a sentence only where two are as near as that.
_FLOAT32_CPU = Tolerance(score=0.02, language=0.1, examples=1)
# A GPU adds in another order, and TF32 or a library's kernels may enter.
_FLOAT32_GPU = Tolerance(score=0.05, language=0.2, examples=2)
# Eight bits of mantissa: neighbours that are nearly as near change places.
_BFLOAT16 = Tolerance(score=0.2, language=1.0, examples=4)
# A head that was trained again is another head wherever the sums of its training were rounded otherwise.
_RETRAINED = Tolerance(score=1.5, language=4.0, examples=4)

TABLE = {
    ("cpu", "float32"): _FLOAT32_CPU,
    ("cuda", "float32"): _FLOAT32_GPU,
    ("cpu", "bfloat16"): _BFLOAT16,
    ("cuda", "bfloat16"): _BFLOAT16,
}


def tolerance(first: tuple[str, str], second: tuple[str, str], *, retrained: bool = False) -> Tolerance:
    """Return the tolerance between two (device, dtype): the wider of both; what is not in the table counts as bfloat16.

    With `retrained` a head was trained again and came out as another one.
    """
    if retrained:
        return _RETRAINED
    found = [TABLE.get((device.partition(":")[0], dtype), _BFLOAT16) for device, dtype in (first, second)]
    return max(found, key=lambda each: each.score)
