"""Read names of targets and codes of languages as people write them; suggest the nearest for others."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Sequence
from functools import cache

from babel import Locale
from babel.core import get_global

from harness.catalog import BY_NAME, TARGETS
from harness.errors import WrongUsage

# Codes in one message.
_MOST_LISTED = 60


def split_names(names: Iterable[str]) -> list[str]:
    """Return names given one by one or joined by commas, without repetitions."""
    return list(dict.fromkeys(part for name in names for part in name.replace(",", " ").split()))


def split_targets(names: Iterable[str]) -> list[str]:
    """Return names of targets given one by one or joined by commas, a group replaced by its targets.

    A group is a benchmark, with a hyphen for a space, or one of its task groups, in any case.

    >>> split_targets(["retrieval,xquad_r"])
    ['tatoeba', 'bucc2018', 'xquad_r']
    """
    return list(dict.fromkeys(target for name in split_names(names) for target in _members(name)))


def targets_named(names: Iterable[str]) -> list[str]:
    """Return the targets that names, lists and groups mean; raises WrongUsage for unknown ones."""
    return [target_named(name) for name in split_targets(names)]


def _members(name: str) -> list[str]:
    written = name.lower()
    members = [
        target.name
        for target in TARGETS
        if target.benchmark is not None
        and written in (target.benchmark.lower().replace(" ", "-"), target.group)
    ]
    return [name] if name in BY_NAME or not members else members


def target_named(name: str, own: Collection[str] = ()) -> str:
    """Return the target that a name means: in another case, with hyphens, or a NAME of `own` alone.

    Raises WrongUsage, naming the most similar targets, for a name that means none or several.

    >>> target_named("XQuAD-R"), target_named("news", ["bitext.news"])
    ('xquad_r', 'bitext.news')
    """
    if name in BY_NAME or "." in name:
        return name
    known = {known: known.lower().replace("_", "-") for known in BY_NAME}
    own_names = {target: target.partition(".")[2].lower() for target in own}
    written = name.lower().replace("_", "-")
    meant = [target for target, form in {**known, **own_names}.items() if form == written]
    if len(meant) == 1:
        return meant[0]
    similar = meant or difflib.get_close_matches(name[:80].lower(), [*BY_NAME, *own], n=2, cutoff=0.5)
    suggestion = f"did you mean {' or '.join(similar)}? " if similar else ""
    raise WrongUsage(f"unknown target {name!r}", cure=f"{suggestion}one of: {', '.join((*BY_NAME, *own))}")


def language_named(code: str, languages: Sequence[str], target: str = "") -> str:
    """Return which of the languages of a target, or of all targets, a code means.

    It may be in another case, in three letters, or have a region or script, as in zh-CN. A region or script
    is only left out where it is the usual one of the language. Raises WrongUsage, naming the most similar
    languages, for a code that means none or several.

    >>> language_named("DE", ["de", "zh"]), language_named("deu", ["de"]), language_named("zh-CN", ["zh"])
    ('de', 'de', 'zh')
    """
    if code in languages:
        return code
    parts = code.replace("_", "-").split("-")
    meant = [language for language in languages if _same(parts, language.split("-"))]
    written = code.replace("_", "-").lower()
    # As written, else the language alone rather than its pair with itself, as in de-de.
    preferred = [language for language in meant if language.lower() in (written, _canonical(written))]
    if len(chosen := preferred or meant) == 1:
        return chosen[0]
    similar = meant or _similar(code, languages)
    suggestion = f"did you mean {' or '.join(similar)}? " if similar else ""
    what = f"target {target} has no language {code!r}" if target else f"no target has the language {code!r}"
    if len(languages) > _MOST_LISTED:
        raise WrongUsage(what, cure=f"{suggestion}stiltboard list languages has all")
    raise WrongUsage(what, cure=f"{suggestion}one of: {' '.join(languages)}")


def languages_named(codes: Iterable[str], others: Iterable[str] = ()) -> list[str]:
    """Return the languages that codes mean, among those of all targets and some others."""
    known = list(dict.fromkeys([*(code for target in TARGETS for code in target.languages), *others]))
    return [language_named(code, known) for code in split_names(codes)]


def _same(given: Sequence[str], known: Sequence[str]) -> bool:
    base = _canonical(given[0])
    if base != _canonical(known[0]):
        return False
    usual = {part.lower() for part in get_global("likely_subtags").get(base, "").split("_")[1:]}
    rest = {part.lower() for part in given[1:]} ^ {part.lower() for part in known[1:]}
    return rest <= usual


def _canonical(code: str) -> str:
    """Return a language's code in two letters where there is one, and its present one."""
    return str(get_global("language_aliases").get(code.lower(), code.lower()))


def _similar(code: str, languages: Sequence[str]) -> list[str]:
    """Return the languages of the same base, or whose English name is similar."""
    base = _canonical(code.replace("_", "-").partition("-")[0])
    if related := [language for language in languages if _canonical(language.partition("-")[0]) == base]:
        return related
    names = {english_name(language).lower(): language for language in languages}
    close = difflib.get_close_matches(code[:80].lower(), names, n=1)
    return [names[name] for name in close]


@cache
def english_name(language: str) -> str:
    """Return the English name of a language, or its code where CLDR has none."""
    return str(Locale("en").languages.get(language, language))
