"""Languages as names of files and TMX write them: in two letters or three, with a script or a region."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from babel import Locale
from babel.core import get_global

from harness.catalog import TATOEBA_ISO3

# What a code looks like in the name of a file, where a hyphen separates two of them.
CODE = r"[a-z]{2,3}(?:_[A-Za-z0-9]{2,8})*"
# The same where there is a single one.
SINGLE_CODE = r"[a-z]{2,3}(?:[_-][A-Za-z0-9]{2,8})*"
ENGLISH = "en"
# A result stores at most this many characters of a language.
LONGEST_LABEL = 24


class LanguageCode(NamedTuple):
    """A language: `zh_Hans_CN` is zh, Hans and CN; `name` is how the file spells it.

    English has neither script nor region.
    """

    language: str
    script: str = ""
    rest: tuple[str, ...] = ()
    name: str = ""

    def __str__(self) -> str:
        return "-".join(filter(None, (self.language, self.script, *self.rest)))

    @property
    def without_usual(self) -> LanguageCode:
        """Return the code as the catalog spells it: without the usual script and region of the language."""
        usual = get_global("likely_subtags").get(self.language, "").split("_")[1:]
        return self._replace(
            script="" if self.script in usual else self.script,
            rest=tuple(part for part in self.rest if part not in usual),
        )


def language_code(name: str) -> LanguageCode:
    """Return the language that a name of a file, or an attribute of TMX, spells.

    >>> str(language_code("deu_Latn")), str(language_code("pt-br")), str(language_code("en_GB"))
    ('de-Latn', 'pt-BR', 'en')
    """
    language, *rest = name.replace("-", "_").split("_")
    language = _two_letters().get(language.lower(), language.lower())
    if language == ENGLISH:
        return LanguageCode(ENGLISH, name=name)
    script = "".join(part.title() for part in rest[:1] if len(part) == 4 and part.isalpha())
    # A region in capitals cannot be mistaken for the second language of a pair.
    regions = tuple(part.upper() if len(part) == 2 else part for part in rest[bool(script) :])
    return LanguageCode(language, script, regions, name)


def is_language(name: str) -> bool:
    """Tell whether a code without a partner means a language, as `deu` does and `all` does not.

    A script makes a code of any language unmistakable; others are known if CLDR has a name for them.
    """
    language, *rest = name.replace("-", "_").split("_")
    return bool(rest) or _two_letters().get(language, language) in _english_names()


def header_names(code: LanguageCode) -> tuple[str, ...]:
    """Return the names of a language in a header: its code, as the file is named or short, or in English."""
    return (code.name, code.language, *filter(None, [_english_names().get(code.language)]))


@cache
def _english_names() -> Mapping[str, str]:
    """Return CLDR's English names of languages by code."""
    return dict(Locale.parse("en").languages)


@cache
def _two_letters() -> Mapping[str, str]:
    """Return the two-letter codes by three-letter code: CLDR's, overridden by XTREME's for Tatoeba.

    CLDR maps Twi to Akan, but FLORES has both, so Twi has its code here.
    """
    shorter = {
        code: alias
        for code, alias in get_global("language_aliases").items()
        if len(code) == 3 and len(alias) == 2
    }
    return shorter | {"twi": "tw"} | {iso3: code for code, iso3 in TATOEBA_ISO3.items()}
