"""Numbers and names as the pages write them; pure and the same in every locale."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from babel import Locale


@cache
def _english() -> Locale:
    return Locale("en")


def language_name(code: str) -> str:
    """Return the English name of a language code, such as Portuguese (BR); the code itself where CLDR has none."""
    language, *rest = code.split("-")
    name = str(_english().languages.get(language, language))
    return f"{name} ({'-'.join(rest)})" if rest else name


def points(score: float) -> str:
    """Write a score with two decimals."""
    return f"{score:.2f}"


def interval(bounds: tuple[float, float]) -> str:
    """Write a 95 % interval as [lo, hi]."""
    return f"[{bounds[0]:.2f}, {bounds[1]:.2f}]"


def count(number: int) -> str:
    """Write a whole number with a comma every three digits."""
    return f"{number:,}"


def share(part: int, whole: int, noun: str) -> str:
    """Write coverage: 3 of 36 languages."""
    return f"{part} of {whole} {noun}"


def listed(words: Sequence[str]) -> str:
    """Join words as a sentence does: a, b and c."""
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)


def metric_name(name: str) -> str:
    """Write a metric's key in words: f1_to_english → F1 to English."""
    return name.replace("_", " ").replace("english", "English").replace("f1", "F1")


def heat(score: float) -> int:
    """Return the step 0–9 of the colour scale that a score in points falls into."""
    return min(9, int(score // 10))


def flat(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """List a nested mapping as (dotted key, text), in its own order."""
    for key, inner in value.items():
        if isinstance(inner, Mapping):
            yield from flat(inner, f"{prefix}{key}.")
        elif isinstance(inner, (list, tuple)):
            yield f"{prefix}{key}", ", ".join(map(str, inner))
        else:
            yield f"{prefix}{key}", str(inner)
