"""What a probe draws, what it compares with, and what it found on the examples of one language."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from harness.verification.singularity import Singularity
from harness.verification.unseen import Lead, Unseen

# A list of texts or "examples", and a change of the text.
Comparison = tuple[str, str]


@dataclass(frozen=True)
class Draw:
    """Draw at most `examples` of each list of texts, and change their text, by a seed.

    `unseen` has parallel text by language that no checkpoint can have seen.
    """

    seed: str
    examples: int
    unseen: Unseen = field(default_factory=dict)

    def rows(self, size: int, *names: str) -> list[int]:
        """Return random rows of a list of `size` rows, in their order; `names` identify the list."""
        draw = random.Random("\n".join((self.seed, *names)))  # noqa: S311 - must be reproducible
        return sorted(draw.sample(range(size), min(size, self.examples)))


@dataclass(frozen=True)
class LanguageProbe:
    """What one checkpoint did with the drawn examples of one language.

    `compared` has a comparison for each list of texts and change. Of the `n` drawn examples that could be set
    against the stored outcomes, `contradicted` bring another answer now.
    `lead` is over unseen text, where there is any in the language.
    """

    language: str
    compared: Mapping[Comparison, Singularity]
    n: int = 0
    contradicted: int = 0
    lead: Lead | None = None


# The stored outcomes of one checkpoint by language.
Stored = Mapping[str, pa.Table]
