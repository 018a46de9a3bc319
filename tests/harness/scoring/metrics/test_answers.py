from __future__ import annotations

import unicodedata
from itertools import groupby

import numpy as np
import pytest

from harness.scoring.metrics.answers import exact_match, mlqa_tokens, squad_tokens, token_f1

ARTICLES = {
    "en": "a an the",
    "es": "un una unos unas el la los las",
    "de": "ein eine einen einem eines einer der die das den dem des",
    "ar": "",
    "hi": "",
    "vi": "của là cái chiếc những",
    "zh": "",
}
WORDS = {
    "en": "fox Theatre banana on 1,000 rock-n-roll U.S.A café ß",
    "es": "lobo elección niño Lasaña UNO último",
    "de": "Straße Übergang Derby einerlei DASS",
    "ar": "البيت سؤال عالم كتاب ال أل مدرسة ال1990",
    "hi": "नदी पुल हिन्दी १२३ लाल",
    "vi": "nhà Làng đường cái-chiếc NHỮNGA",
    "zh": "红楼 水 iPhone手机 2008年 龥 龦 㐀㐁 の ＡＢ",
}
# ASCII and other punctuation, symbols of either kind, blanks of several kinds, a combining mark, a joiner, an
# emoji.
GLUE = [
    *".,'\"-_$+~|`^",
    *"“”«»„¿¡–…،؟।、。，（）＿",
    *"€°～＄×",
    *"\t\n\u00a0\u2009\u3000\u001c",
    "\u0301",
    "\u200d",
    "😀",
    "",
    "",
    *" " * 60,
]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", ""),
        ("The", ""),
        ("?!", ""),
        ("The  Quick, brown-fox!", "quick brownfox"),
        ("a 3.5% rise in an hour", "35 rise in hour"),
        ("Theatre, Anna and a-the banana", "theatre anna and athe banana"),
        ("an apple\ta\u00a0day\n", "apple day"),
        ("the cat's $1,000", "cats 1000"),
        # Only ASCII punctuation goes, and only English articles.
        ("“the owl” — 1，000", "“ owl” — 1，000"),
        ("der Hund", "der hund"),
    ],
)
def test_squad_tokens_by_hand(text: str, tokens: str) -> None:
    assert squad_tokens(text) == tokens.split()


@pytest.mark.parametrize(
    ("language", "text", "tokens"),
    [
        ("en", "The “Old” Mill (a ruin)", "old mill ruin"),
        # Symbols are punctuation if they are ASCII.
        ("en", "about $5 ~ 3 °C + 7 €", "about 5 3 °c 7 €"),
        ("en", "la strada", "la strada"),
        ("es", "¿El río y las montañas?", "río y montañas"),
        ("es", "Un lobo, unos lobos; la elección del final", "lobo lobos elección del final"),
        ("de", "Die Straße „Am Bach“ des Dorfes", "straße am bach dorfes"),
        ("de", "Einer von denen, einerlei", "von denen einerlei"),
        ("vi", "Những cái nhà của tôi", "nhà tôi"),
        ("vi", "Một chiếc xe là đủ…", "một xe đủ"),
        # Composed letters only: the same word with its accents apart stays.
        ("vi", unicodedata.normalize("NFD", "của"), unicodedata.normalize("NFD", "của")),
        ("hi", "एक नदी, और पुल।", "एक नदी और पुल"),
        ("hi", "the पुल", "the पुल"),
        ("ar", "البيت الكبير", "بيت كبير"),
        ("ar", "أين البحر؟ هنا، قرب المدينة.", "أين بحر هنا قرب مدينة"),
        ("ar", "سؤال عالمي", "سؤ ع مي"),
        ("zh", "在2008年，她用iPhone 3G手机。", "在 2008 年 她 用 iphone 3g 手 机"),
        ("zh", "《红楼》（上）", "红 楼 上"),
        # What a punctuation mark parted is one token after it.
        ("zh", "A，B the", "ab the"),
        ("zh", "３＋４＄", "３＋４＄"),
        # U+9FA5 is the last character that stands alone; extension A comes before the first.
        ("zh", "一龥龦龦㐀㐁丁", "一 龥 龦龦㐀㐁 丁"),
        *[(language, "", "") for language in ARTICLES],
    ],
)
def test_mlqa_tokens_by_hand(language: str, text: str, tokens: str) -> None:
    assert mlqa_tokens(text, language) == tokens.split()


@pytest.mark.parametrize("language", ["fr", "EN", ""])
def test_a_language_that_mlqa_does_not_have_is_refused(language: str) -> None:
    with pytest.raises(ValueError, match="MLQA has no language"):
        mlqa_tokens("x", language)


@pytest.mark.parametrize(
    ("prediction", "answers", "match", "f1"),
    [
        ("The red fox", ["red fox."], True, 1.0),
        ("red fox", ["fox red"], False, 1.0),
        ("red fox", ["a red dog and fox"], False, 2 * 2 / (2 + 4)),
        # The best answer counts.
        ("red fox", ["owl", "the fox", "old red fox"], False, 2 * 2 / (2 + 3)),
        ("red fox", ["owl", "Red Fox!"], True, 1.0),
        # A token is shared as often as both sides have it.
        ("no no yes", ["no yes yes"], False, 2 * 2 / (3 + 3)),
        ("no no no", ["no"], False, 2 * 1 / (3 + 1)),
        ("redfox", ["red fox"], False, 0.0),
        # Without a token there is none to share.
        ("the", ["a !"], True, 0.0),
        ("", ["fox"], False, 0.0),
        ("fox", ["the"], False, 0.0),
        ("", ["fox", "an"], True, 0.0),
    ],
)
def test_exact_match_and_f1_by_hand(prediction: str, answers: list[str], match: bool, f1: float) -> None:
    tokens, gold = squad_tokens(prediction), [squad_tokens(answer) for answer in answers]
    assert (exact_match(tokens, gold), token_f1(tokens, gold)) == (match, pytest.approx(f1, abs=1e-15))


def test_a_question_without_a_gold_answer_is_refused() -> None:
    for measure in (exact_match, token_f1):
        with pytest.raises(ValueError, match="without a gold answer"):
            measure(["fox"], [])


@pytest.mark.parametrize("language", [None, *ARTICLES])
def test_500_random_questions_equal_a_slow_way_of_scoring(language: str | None) -> None:
    rng = np.random.default_rng(5)

    def tokens(text: str) -> list[str]:
        return squad_tokens(text) if language is None else mlqa_tokens(text, language)

    seen = set()
    for _ in range(500):
        prediction, *answers = random_texts(language or "en", rng)
        expected, *gold = [slowly(text, language) for text in (prediction, *answers)]
        assert " ".join(tokens(prediction)) == expected, ascii(prediction)
        match = expected in gold
        f1 = max(slow_f1(expected, answer) for answer in gold)
        scored = tokens(prediction), [tokens(answer) for answer in answers]
        assert (exact_match(*scored), token_f1(*scored)) == (match, pytest.approx(f1, abs=1e-15)), ascii(
            (prediction, answers)
        )
        seen.add((match, 0 < f1 < 1))
    assert seen >= {(True, False), (False, False), (False, True)}


def random_texts(language: str, rng: np.random.Generator) -> list[str]:
    """A prediction and one to three answers, drawn from few words so that they share some."""
    pieces = [*ARTICLES[language].split(), *WORDS[language].split(), "the", "A"]
    few = rng.choice(pieces, 4)

    def text() -> str:
        return "".join(str(rng.choice(few)) + str(rng.choice(GLUE)) for _ in range(rng.integers(0, 6)))

    return [text() for _ in range(rng.integers(2, 5))]


def slowly(text: str, language: str | None) -> str:
    """The normal form, one character after the other; SQuAD's without a language."""
    kept = ""
    for character in text.lower():
        ascii_mark = "!" <= character <= "~" and not character.isalnum()
        if not ascii_mark and (language is None or unicodedata.category(character)[0] != "P"):
            kept += character
    articles = ARTICLES[language or "en"].split()
    runs = [
        "".join(run) for _, run in groupby(kept, lambda character: character.isalnum() or character == "_")
    ]
    kept = "".join(" " if run in articles else run for run in runs)
    if language == "ar":
        kept = " ".join(kept.split("\u0627\u0644"))
    out = ""
    for character in kept:
        alone = language == "zh" and 0x4E00 <= ord(character) <= 0x9FA5
        out += f" {character} " if alone else " " if character.isspace() else character
    return " ".join(word for word in out.split(" ") if word)


def slow_f1(prediction: str, answer: str) -> float:
    left, gold = prediction.split(), answer.split()
    shared = 0
    for token in gold:
        if token in left:
            left.remove(token)
            shared += 1
    if not shared:
        return 0.0
    precision, recall = shared / len(prediction.split()), shared / len(gold)
    return 2 * precision * recall / (precision + recall)
