"""A language as those who write it name it, and the direction that they write in; pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from babel import Locale, UnknownLocaleError
from babel.core import get_global

from site_gen.formatting import is_pair, language_name

# Of the scripts that CLDR names as a language's usual one; its locales know their direction themselves.
_RIGHT_TO_LEFT = frozenset({"Adlm", "Arab", "Hebr", "Mand", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa"})


@dataclass(frozen=True)
class Language:
    """One language: `code` as results have it, `autonym` empty where CLDR has none or where it is the English name."""

    code: str
    name: str
    autonym: str
    direction: Literal["ltr", "rtl"]

    @property
    def path(self) -> str:
        """Return where its page stands within the site: in lower case, since some disks do not tell cases apart."""
        return f"languages/{self.code.lower()}.html"


def has_page(code: str) -> bool:
    """Tell whether a code is one language; a pair of them has no script of its own."""
    return not is_pair(code)


@cache
def find_language(code: str) -> Language:
    """Name a language in English and in its own script."""
    name = language_name(code)
    try:
        locale = Locale.parse(code, sep="-")
    except (UnknownLocaleError, ValueError):
        return Language(code, name, "", "rtl" if _usual_script(code) in _RIGHT_TO_LEFT else "ltr")
    known = locale.get_display_name(locale) if "-" in code else locale.languages.get(code)
    own = str(known or "")
    return Language(
        code, name, "" if own == name else own, "rtl" if locale.text_direction == "rtl" else "ltr"
    )


def _usual_script(code: str) -> str:
    parts = get_global("likely_subtags").get(code.partition("-")[0], "").split("_")
    return next((part for part in parts if len(part) == 4), "")
