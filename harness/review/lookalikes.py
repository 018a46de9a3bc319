"""Find names that readers take for another one on the board: the same, confusable, or of mixed scripts.

Confusable are names with a common skeleton by Unicode's UTS 39, as computed by ICU, where marks of no
particular script (as in é or ø), letter case and repeated spaces are left out.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from typing import Any, TypeAlias

import icu

from harness.characters import shown
from harness.review.board_names import Name, NamedRow
from harness.review.verdict import Reason, question, refusal

_Index: TypeAlias = "Mapping[str, list[tuple[Name, str]]]"
_MARKS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]")
_WORD = re.compile(r"[^\W\d_]{2,}")


# Many rows may have the same of these; of the others, no row of anyone else.
_SHARED = frozenset({"family", "organisation"})


def lookalikes(
    new: Iterable[Name], others: Iterable[NamedRow], file: str, *, maintainer: bool
) -> Iterator[Reason]:
    """Compare new names with those on rows of others.

    The same name is a question, a confusable one is refused; a maintainer is asked about confusable ones
    only.
    """
    index = _index(others)
    for name in new:
        subject = f"{name.kind}: {shown(name.text)}"
        same, confusable = _alike(name, index)
        if same is not None:
            if name.kind not in _SHARED and not maintainer:
                what = f"{subject} is also {_described(*same)}"
                yield question("lookalike", file, what, "a maintainer asks whose name it is")
        elif confusable is not None:
            what = f"{subject} is confusable with {_described(*confusable)}"
            cure = "choose a name that readers can tell apart from it"
            yield (question if maintainer else refusal)("lookalike", file, what, cure)
        if not maintainer and (word := mixed_word(name.text)):
            what = f"{subject} mixes {' and '.join(_scripts(word))} letters in the word {shown(word)}"
            yield question("lookalike", file, what, "write a word in the letters of one script")


def _alike(name: Name, index: _Index) -> tuple[tuple[Name, str] | None, tuple[Name, str] | None]:
    """Return a row's same name, letter case aside, and a confusable one, each with the row's slug."""
    found = [
        (other, slug)
        for key in sorted(skeletons(name.text))
        for other, slug in index.get(key, ())
        if (other.kind == name.kind if name.kind in _SHARED else other.kind != "family")
    ]
    same = next((pair for pair in found if _folded(pair[0].text) == _folded(name.text)), None)
    return same, found[0] if found else None


def skeletons(text: str) -> frozenset[str]:
    """Return the skeletons of a text as written and in lowercase; texts that share one are confusable.

    Both are needed: I is confusable with l, but i is not, and M is no doublet of rn, but m is.
    """
    spaced = " ".join(text.split())
    return frozenset(_skeleton(variant).casefold() for variant in (spaced, spaced.casefold()))


def mixed_word(text: str) -> str | None:
    """Return the first word whose scripts are not written together in any language, or None.

    Latin letters go with the scripts of Chinese, Japanese and Korean (UTS 39, "highly restrictive").
    """
    return next((word for word in _WORD.findall(text) if _restriction().check(word)), None)


def _index(rows: Iterable[NamedRow]) -> _Index:
    index = defaultdict(list)
    for row in rows:
        for name in row.names:
            for key in skeletons(name.text):
                index[key].append((name, row.slug))
    return index


@lru_cache(100_000)
def _skeleton(text: str) -> str:
    skeleton = _checker().getBidiSkeleton(icu.UBiDiDirection.LTR, text)
    return _MARKS.sub("", unicodedata.normalize("NFD", skeleton))


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def _scripts(word: str) -> list[str]:
    return list(dict.fromkeys(icu.Script.getScript(char).getName() for char in word))


def _described(name: Name, slug: str) -> str:
    return f"the {name.kind} of {slug}" + ("" if name.kind == "slug" else f", {shown(name.text)}")


@cache
def _checker() -> Any:
    return icu.SpoofChecker()


@cache
def _restriction() -> Any:
    checker = icu.SpoofChecker()
    checker.setChecks(icu.USpoofChecks.RESTRICTION_LEVEL)
    checker.setRestrictionLevel(icu.URestrictionLevel.HIGHLY_RESTRICTIVE)
    return checker
