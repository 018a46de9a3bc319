"""Names of languages in English and in the language itself, and their writing direction; pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from babel import Locale, UnknownLocaleError
from babel.core import get_global

from site_gen.formatting import is_pair, language_name

# Scripts, by ISO 15924 code, of languages that have no CLDR locale: a locale knows its direction itself.
_RIGHT_TO_LEFT = frozenset({"Adlm", "Arab", "Hebr", "Mand", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa"})


@dataclass(frozen=True)
class Language:
    """One language: `code` as in results; `autonym` is empty if CLDR has none or it is the English name."""

    code: str
    name: str
    autonym: str
    direction: Literal["ltr", "rtl"]

    @property
    def path(self) -> str:
        """Return the path of its page, in lower case, since some file systems ignore case."""
        return f"languages/{self.code.lower()}.html"


def has_page(code: str) -> bool:
    """Tell whether a code is a single language; pairs of languages have no page."""
    return not is_pair(code)


@cache
def find_language(code: str) -> Language:
    """Return the names and the writing direction of a language by its code."""
    name = language_name(code)
    try:
        locale = Locale.parse(code, sep="-")
    except (UnknownLocaleError, ValueError):
        return Language(code, name, "", "rtl" if _usual_script(code) in _RIGHT_TO_LEFT else "ltr")
    known = locale.get_display_name(locale) if "-" in code else locale.languages.get(code)
    autonym = str(known or "")
    return Language(
        code, name, "" if autonym == name else autonym, "rtl" if locale.text_direction == "rtl" else "ltr"
    )


def _usual_script(code: str) -> str:
    parts = get_global("likely_subtags").get(code.partition("-")[0], "").split("_")
    return next((part for part in parts if len(part) == 4), "")
