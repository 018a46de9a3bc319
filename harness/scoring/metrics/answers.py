"""Exact match and token F1 of extracted answers, normalised as SQuAD and as MLQA do."""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Sequence

_ASCII = str.maketrans("", "", string.punctuation)
_ENGLISH = re.compile(r"\b(?:a|an|the)\b")
_ARTICLES = {
    "en": _ENGLISH,
    "es": re.compile(r"\b(?:un|una|unos|unas|el|la|los|las)\b"),
    "de": re.compile(r"\b(?:ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b"),
    # In MLQA's \sال^|ال the first branch needs a start of text after a space and never matches. So the
    # article is removed wherever its two letters occur, also inside a word, which is split in two.
    "ar": re.compile("ال"),
    "hi": None,
    "vi": re.compile(r"\b(?:của|là|cái|chiếc|những)\b"),
    "zh": None,
}
_CHINESE = re.compile("([\u4e00-\u9fa5])")


def squad_tokens(text: str) -> list[str]:
    """Return the tokens of a text in SQuAD's normal form; [] for "".

    The text is lower-cased, loses ASCII punctuation and a, an, the, and is split at white space. Source:
    P. Rajpurkar et al. 2016. SQuAD. EMNLP; its evaluate-v1.1.py, which joins the tokens by spaces.
    """
    return _ENGLISH.sub(" ", text.lower().translate(_ASCII)).split()


def mlqa_tokens(text: str, language: str) -> list[str]:
    """Return the tokens of a text in MLQA's normal form for the language; [] for "".

    The text is lower-cased and loses punctuation (Unicode's category P… and ASCII's, with its symbols) and
    the articles of the language. Chinese is split at white space and around each character of U+4E00 to
    U+9FA5, every other language at white space. There is no Unicode normalisation. ValueError for a language
    that MLQA does not have. Source: P. Lewis et al. 2020. MLQA. ACL; its mlqa_evaluation_v1.py, which joins
    the tokens by spaces.
    """
    if language not in _ARTICLES:
        raise ValueError(f"MLQA has no language {language}: {', '.join(_ARTICLES)}")
    bare = "".join(c for c in text.lower().translate(_ASCII) if not unicodedata.category(c).startswith("P"))
    articles = _ARTICLES[language]
    if articles is not None:
        bare = articles.sub(" ", bare)
    return (_CHINESE.sub(r" \1 ", bare) if language == "zh" else bare).split()


def exact_match(prediction: Sequence[str], answers: Sequence[Sequence[str]]) -> bool:
    """Return whether the predicted tokens equal those of a gold answer; no tokens match no tokens.

    As no token is empty or contains a space, this equals the official scripts' comparison of normalised
    strings. ValueError without an answer.
    """
    _require_answers(answers)
    return any(list(prediction) == list(answer) for answer in answers)


def token_f1(prediction: Sequence[str], answers: Sequence[Sequence[str]]) -> float:
    """Return the largest 2 · common / (predicted + gold) over the gold answers, counted in tokens.

    A repeated token is common as many times as both sides have it. 0.0 without a common token, so also if
    neither side has tokens, as in SQuAD v1.1. ValueError without an answer.
    """
    _require_answers(answers)
    return max(_f1(prediction, answer) for answer in answers)


def _f1(prediction: Sequence[str], answer: Sequence[str]) -> float:
    common = (Counter(prediction) & Counter(answer)).total()
    return 2 * common / (len(prediction) + len(answer)) if common else 0.0


def _require_answers(answers: Sequence[Sequence[str]]) -> None:
    if not answers:
        raise ValueError("a question without a gold answer cannot be scored")
