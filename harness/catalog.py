"""The benchmark as literals: one entry per target, languages in the order of the protocol."""

from __future__ import annotations

from harness.errors import WrongUsage
from harness.records import Target

# XTREME's two-letter code → the ISO 639-3 code in Tatoeba's file and configuration names.
TATOEBA_ISO3 = {
    "ar": "ara", "he": "heb", "vi": "vie", "id": "ind", "jv": "jav", "tl": "tgl", "eu": "eus", "ml": "mal", "ta": "tam",
    "te": "tel", "af": "afr", "nl": "nld", "de": "deu", "el": "ell", "bn": "ben", "hi": "hin", "mr": "mar", "ur": "urd",
    "fa": "pes", "fr": "fra", "it": "ita", "pt": "por", "es": "spa", "bg": "bul", "ru": "rus", "ja": "jpn", "ka": "kat",
    "ko": "kor", "th": "tha", "sw": "swh", "zh": "cmn", "kk": "kaz", "tr": "tur", "et": "est", "fi": "fin", "hu": "hun",
}  # fmt: skip
_TATOEBA_SMALLER = {"jv": 205, "ka": 746, "kk": 575, "ml": 687, "sw": 390, "ta": 307, "te": 234, "th": 548}

# Language → the locale of JupyterLab's language pack, and the number of pairs that harness/bundled/messages.py keeps of it.
JUPYTERLAB_LOCALES = {
    "fr": "fr_FR", "zh": "zh_CN", "ru": "ru_RU", "pl": "pl_PL", "ko": "ko_KR", "ja": "ja_JP", "he": "he_IL",
    "pt": "pt_BR", "es": "es_ES", "fi": "fi_FI", "it": "it_IT", "de": "de_DE",
}  # fmt: skip

_JUPYTERLAB_SIZES = {
    "fr": 1245, "zh": 1243, "ru": 787, "pl": 746, "ko": 744, "ja": 486,
    "he": 410, "pt": 260, "es": 252, "fi": 242, "it": 233, "de": 216,
}  # fmt: skip

_RETRIEVAL_SECONDARY = ("accuracy_to_english", "f1", "f1_to_english")

TARGETS = (
    Target(
        name="tatoeba",
        title="Tatoeba",
        kind="retrieval",
        metric="accuracy",
        secondary=_RETRIEVAL_SECONDARY,
        measure="acc|en→xx|cos",
        direction="en→xx",
        languages=tuple(TATOEBA_ISO3),
        group="retrieval",
        benchmark="XTREME",
        sizes={language: _TATOEBA_SMALLER.get(language, 1000) for language in TATOEBA_ISO3},
        version=1,
        split="all 31,692 pairs",
        protocol=(
            "Every English sentence is a query; its nearest foreign sentence by cosine is the answer, and it is right when "
            "it is the sentence's own translation. Accuracy is the share of right answers, in points, and the target's score "
            "the unweighted mean over the 36 languages. Ties go to the lowest index; no margin, no dictionary."
        ),
        licence="CC BY 2.0 FR",
        citation=(
            "Mikel Artetxe and Holger Schwenk. 2019. Massively Multilingual Sentence Embeddings for Zero-Shot Cross-Lingual "
            "Transfer and Beyond. TACL 7. Used as in Junjie Hu et al. 2020. XTREME. ICML."
        ),
        homepage="https://github.com/google-research/xtreme",
    ),
    Target(
        name="jupyterlab",
        title="JupyterLab messages",
        kind="retrieval",
        metric="accuracy",
        secondary=_RETRIEVAL_SECONDARY,
        measure="acc|en→xx|cos",
        direction="en→xx",
        languages=tuple(JUPYTERLAB_LOCALES),
        group=None,
        benchmark=None,
        demonstration=True,
        sizes=_JUPYTERLAB_SIZES,
        version=1,
        split="messages of at least four words, language packs 4.5.post3",
        protocol=(
            "A demonstration, never averaged with XTREME: every English message of JupyterLab's interface is a query among "
            "its human translations, scored as Tatoeba is. Only messages of at least four words without placeholders, markup "
            "or backticks, whose translation differs, are kept."
        ),
        licence="BSD-3-Clause",
        citation="Project Jupyter. JupyterLab language packs 4.5.post3.",
        homepage="https://github.com/jupyterlab/language-packs",
    ),
)

BY_NAME = {target.name: target for target in TARGETS}


def find_target(name: str) -> Target:
    """Return the target of that name; an unknown one is wrong usage and lists the known."""
    if name not in BY_NAME:
        raise WrongUsage(f"unknown target {name!r}", cure=f"one of: {', '.join(BY_NAME)}")
    return BY_NAME[name]
