"""Format numbers and names for the pages; pure and the same in every locale."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from babel import Locale


@cache
def _english() -> Locale:
    return Locale("en")


@cache
def language_name(code: str) -> str:
    """Return the English name of a language code, such as Portuguese (BR); the code where CLDR has none.

    A pair of languages has both names: de-fi is German–Finnish. A region, unlike a second language, is in
    capitals.
    """
    known = _english().languages
    language, *rest = code.split("-")
    name = str(known.get(language, language))
    if is_pair(code):
        return f"{name}–{known[rest[0]]}"
    return f"{name} ({'-'.join(rest)})" if rest else name


def is_pair(code: str) -> bool:
    """Tell whether a code names two languages."""
    _, *rest = code.split("-")
    return len(rest) == 1 and rest[0].islower() and rest[0] in _english().languages


def points(score: float) -> str:
    """Write a score with two decimals; a correlation can be below zero."""
    return f"{score:z.2f}".replace("-", "−")


def published(score: float) -> str:
    """Write a published score with one or two decimals: 79.2, not 79.20."""
    return points(score).removesuffix("0")


def published_quantity(value: float) -> str:
    """Write a published quantity without a trailing .0: 221, not 221.0."""
    return f"{value:,}".removesuffix(".0")


def interval(bounds: tuple[float, float]) -> str:
    """Write a 95 % interval as [lo, hi]."""
    return f"[{bounds[0]:.2f}, {bounds[1]:.2f}]"


def score_range(bounds: tuple[float, float]) -> str:
    """Write an interval of scores as a range, with one decimal: 61.2–85.1."""
    return f"{bounds[0]:.1f}–{bounds[1]:.1f}"


def rank_range(best: int, worst: int) -> str:
    """Write a range of ranks: 2–5, or 3 where both are equal."""
    return str(best) if best == worst else f"{best}–{worst}"


def signed(value: float, decimals: int = 1) -> str:
    """Write a difference with its sign, a true minus: +12.2, −3.1, and 0 for what rounds to zero."""
    text = f"{value:+z.{decimals}f}"
    return "0" if not float(text) else text.replace("-", "\N{MINUS SIGN}")


_SMALL_NUMBERS = [
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
]


def spelled(number: int) -> str:
    """Write a whole number up to twelve as a word: three, 13."""
    return _SMALL_NUMBERS[number] if number < len(_SMALL_NUMBERS) else count(number)


def counted(number: int, noun: str) -> str:
    """Write a number of things: 1 size, 3 sizes, 1,024 models."""
    return f"{count(number)} {noun}{'' if number == 1 else 's'}"


def count(number: int) -> str:
    """Write a whole number with a comma every three digits."""
    return f"{number:,}"


def share(part: int, whole: int, noun: str) -> str:
    """Write coverage: 3 of 36 languages."""
    return f"{part} of {whole} {noun}"


def p_words(p: float) -> str:
    """Return a p value in words, with four decimals: p 0.0926, p < 0.0001."""
    return "p < 0.0001" if p < 0.0001 else f"p {p:.4f}"


def listed(words: Sequence[str]) -> str:
    """Join words as an enumeration: a, b and c."""
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)


# Parts of metric keys with capitals; a cut-off such as _10 becomes @10.
_METRIC_WORDS = {
    "f1": "F1",
    "map": "mAP",
    "mrr": "MRR",
    "ndcg": "nDCG",
    "english": "English",
    "spearman": "Spearman",
}


def metric_name(name: str) -> str:
    """Return the name of a metric key: f1_to_english → F1 to English, recall_10_mono → recall@10 mono."""
    if name == "em_f1":
        return "mean of EM and F1"
    name = re.sub(r"(map|ndcg|recall)(?:_at)?_(\d+)", r"\1@\2", name)
    return " ".join(
        re.sub(r"^[a-z0-9]+", lambda word: _METRIC_WORDS.get(word[0], word[0]), part)
        for part in name.split("_")
    )


_GROUPS = {"qa": "Question answering"}


def group_name(group: str) -> str:
    """Return the name of a group of XTREME targets, from its key."""
    return _GROUPS.get(group, group.capitalize())


def capital(words: str) -> str:
    """Capitalise the first word, unless it has a capital already, as in mAP."""
    first = words.partition(" ")[0]
    return words if first != first.lower() else words[:1].upper() + words[1:]


# Quantities that are not in points: unit and number of decimals.
_QUANTITIES = {"mined": ("pairs", 0), "threshold": ("margin", 4), "language_bias": ("ranks", 1)}


def quantity_unit(name: str) -> str:
    """Return the unit of a quantity; empty if unknown."""
    return _QUANTITIES.get(name, ("", 0))[0]


def quantity(value: float, name: str) -> str:
    """Write a quantity with the decimals of its unit; an unknown one with four significant digits."""
    return f"{value:,.{_QUANTITIES[name][1]}f}" if name in _QUANTITIES else f"{value:.4g}"


def heat(score: float) -> int:
    """Return the step (0–9) of the colour scale for a score in points."""
    return min(9, int(score // 10))


def diverging(difference: float) -> str:
    """Return the step of a difference in points on the diverging scale: n4 … n1, d0, p1 … p4."""
    step = sum(abs(difference) >= bound for bound in (1, 4, 8, 16))
    return "d0" if step == 0 else f"{'p' if difference > 0 else 'n'}{step}"


def flat(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield the leaves of a nested mapping as (dotted key, text), in the order of the mapping."""
    for key, child in value.items():
        if isinstance(child, Mapping):
            yield from flat(child, f"{prefix}{key}.")
        elif isinstance(child, (list, tuple)):
            yield f"{prefix}{key}", ", ".join(map(str, child))
        elif isinstance(child, (int, float)) and not isinstance(child, bool):
            yield f"{prefix}{key}", f"{child:,}".replace("-", "−")
        else:
            yield f"{prefix}{key}", str(child)


def unbroken(text: str) -> str:
    """Return a text in which no line ends within a number and its unit or name: 21.3 M, p 0.04."""
    return re.sub(r"(?<=\d) (?=[kMBT]\b)|(?<=\bp) (?=[<\d])", "\N{NO-BREAK SPACE}", text)


def compact(count: float) -> str:
    """Write a number of parameters with three significant digits: 278 M, 1.07 B."""
    for unit, size in (("T", 1e12), ("B", 1e9), ("M", 1e6), ("k", 1e3)):
        if count >= 0.9995 * size:
            digits = f"{count / size:.3g}"
            return f"{float(digits):g} {unit}"
    return f"{count:g}"
