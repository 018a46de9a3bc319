"""Facts about languages: script, family, and which languages the text of a known encoder's pre-training had.

Families are Glottolog's top level, read from mteb 2.26.24 (`language_family.json`); scripts are those that
Unicode's CLDR has as the usual one, unless the code names another.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from babel.core import get_global

_FAMILIES = {
    "Afro-Asiatic": "acm acq aeb ajp am apc ar arq ars ary arz ber ha he kab mey mt om shi so taq ti tzm",
    "Arawakan": "cni",
    "Atlantic-Congo": (
        "ak bbj bem cjk ee ff fon fuc ig kam kbp kg ki kmb lg ln lua mos nd nso ny rn rw sg sn ss "
        "st sw tn ts tum tw umb ve wo xh yo zu"
    ),
    "Austroasiatic": "km sat vi",
    "Austronesian": (
        "ace ban bjn bug ceb ch dtp fil fj id ilo jv kzj max mg mi min ms pag pam sm su tl to ty war"
    ),
    "Aymaran": "ay",
    "Basque": "eu",
    "Chibchan": "bzd",
    "Constructed": "eo ia ie io lfn nov tzl",
    "Dravidian": "kn ml ta te",
    "Hmong-Mien": "hmn",
    "Indo-European": (
        "af ang as ast awa be bg bho bn br bs ca cbk ckb cs csb cy da de dsb dv el en es fa fo fr "
        "fur fy ga gd gl gsw gu hi hne hr hsb ht hy is it kea ks ku kw la lb li lij lmo lt ltg lv "
        "mag mai mk mr nb nds ne nl nn oc or orv pa pap pcm pl pms prs ps pt ro ru sa sc scn sd "
        "si sk sl sq sr sv swg szl tg tpi uk ur vec yi"
    ),
    "Japonic": "ja",
    "Kartvelian": "ka",
    "Koreanic": "ko",
    "Mande": "bm dyu nqo",
    "Mongolic-Khitan": "mn",
    "Nilotic": "din luo nus",
    "Otomanguean": "oto",
    "Pano-Tacanan": "shp",
    "Quechuan": "qu",
    "Saharan": "kr",
    "Sino-Tibetan": "bo dz kac lus mni my wuu yue zh",
    "Tai-Kadai": "lo shn th",
    "Tupian": "gn",
    "Turkic": "az azb ba crh kk ky tk tr tt ug uz",
    "Uralic": "chm et fi hu",
    "Uto-Aztecan": "hch nah tar",
}
# XLM-R's languages, from mteb 2.26.24 (`XLMR_LANGUAGES`), whatever the script.
_XLM_R = (
    "af am ar as az be bg bn br bs ca cs cy da de el en eo es et eu fa fi fr fy ga gd gl gu ha he hi "
    "hr hu hy id is it ja jv ka kk km kn ko ku ky la lo lt lv mg mk ml mn mr ms my ne nl nb om or pa "
    "pl ps pt ro ru sa sd si sk sl so sq sr su sv sw ta te th tl tr ug uk ur uz vi xh yi zh"
)
# Family of submissions → the languages of its encoder's pre-training. multilingual-e5's encoders begin from
# XLM-R, the small one from a model distilled from it.
_PRETRAINING: Mapping[str, str] = {"xlm-roberta": _XLM_R, "multilingual-e5": _XLM_R}

# Scripts that CLDR does not have, or that differ in the data sets of the catalog.
_SCRIPTS = {
    **dict.fromkeys(("ajp", "mey", "prs", "shi"), "Arab"),
    **dict.fromkeys(("crh", "fuc", "kzj", "nah", "oto", "tw"), "Latn"),
    **dict.fromkeys(("ber", "tzm"), "Tfng"),
}
_FAMILY = {code: family for family, codes in _FAMILIES.items() for code in codes.split()}
# Filipino is the standard form of Tagalog.
_SAME = {"fil": "tl", "no": "nb"}


class LanguageFacts(NamedTuple):
    """A language's script (ISO 15924) and family, each empty where unknown."""

    script: str
    family: str


def language_facts(code: str) -> LanguageFacts:
    """Return the facts about a language by the catalog's code.

    >>> language_facts("de"), language_facts("sr-Latn").script
    (LanguageFacts(script='Latn', family='Indo-European'), 'Latn')
    """
    base, *subtags = code.split("-")
    named = [subtag for subtag in subtags if re.fullmatch("[A-Z][a-z]{3}", subtag)]
    likely = get_global("likely_subtags")
    whole = likely.get("_".join((base, *subtags))) or likely.get(base, "")
    usual = [part for part in whole.split("_") if re.fullmatch("[A-Z][a-z]{3}", part)]
    script = next(iter((*named, *filter(None, [_SCRIPTS.get(base)]), *usual)), "")
    return LanguageFacts(script, _FAMILY.get(base, ""))


def families_that_saw(code: str) -> tuple[str, ...]:
    """Return the families of encoders on record that saw a language in pre-training."""
    return tuple(family for family in _PRETRAINING if seen_in_pretraining(family, code))


def seen_in_pretraining(family: str, code: str) -> bool | None:
    """Tell whether a family's encoders saw a language in pre-training; None where that is not on record."""
    languages = _PRETRAINING.get(family)
    base = code.partition("-")[0]
    return None if languages is None else _SAME.get(base, base) in languages.split()
