from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.data import lareqa
from harness.data.lareqa import NO_ANSWER, Questions, mlqa_r, xquad_r
from harness.errors import BadInput, Unreachable

# Language → paragraphs of sentences, each with its questions: (id, question, number of the sentence that
# answers it).
Paragraphs = list[tuple[list[str], list[tuple[str, str, int]]]]
ENGLISH: Paragraphs = [
    (
        ["The mill stands by the river.", "It was built in 1702."],
        [("a", "Where is the mill?", 0), ("b", "How old is the mill?", 1)],
    ),
    (["Bees sleep at night."], [("c", "When do bees sleep?", 0)]),
]
GERMAN: Paragraphs = [
    (
        ["Die Mühle steht am Fluss. 🌾", "Sie wurde 1702 gebaut."],
        [("b", "Wie alt ist die Mühle?", 1), ("a", "Wo ist die Mühle?", 0)],
    ),
    (["Bienen", "schlafen nachts."], [("c", "Wann schlafen Bienen?", 1)]),
]


def squad(paragraphs: Paragraphs) -> dict[str, Any]:
    """Return a document with one article per paragraph, its sentences joined by a space."""
    articles = []
    for sentences, questions in paragraphs:
        starts = [sum(len(sentence) + 1 for sentence in sentences[:i]) for i in range(len(sentences))]
        qas = [
            {
                "id": identity,
                "question": question,
                "answers": [{"text": "", "answer_start": starts[number] + 2}],
            }
            for identity, question, number in questions
        ]
        breaks = [[start, start + len(sentence)] for start, sentence in zip(starts, sentences, strict=True)]
        paragraph = {
            "context": " ".join(sentences),
            "qas": qas,
            "sentences": [*sentences],
            "sentence_breaks": breaks,
        }
        articles.append({"title": "", "paragraphs": [paragraph]})
    return {"version": "1", "data": articles}


def write(path: Path, document: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")


@pytest.fixture(autouse=True)
def small_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lareqa, "XQUAD_R", replace(lareqa.XQUAD_R, counts={"en": (3, 3), "de": (3, 4)}))
    monkeypatch.setattr(lareqa, "MLQA_R", replace(lareqa.MLQA_R, counts={"en": (3, 3), "de": (1, 4)}))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write(tmp_path / "lareqa/xquad-r/en.json", squad(ENGLISH))
    write(tmp_path / "lareqa/xquad-r/de.json", squad(GERMAN))
    return tmp_path


def test_questions_find_their_answers_in_the_sentences_of_all_languages(data: Path) -> None:
    german = xquad_r("de", data)
    assert german.pool.languages == ("en", "de")
    assert german.pool.starts == (0, 3)
    assert german.pool.sentences == tuple(
        sentence for part in (ENGLISH, GERMAN) for sentences, _ in part for sentence in sentences
    )
    assert german.questions == ("Wie alt ist die Mühle?", "Wo ist die Mühle?", "Wann schlafen Bienen?")
    assert german.relevant == ((1, 4), (0, 3), (2, 6))
    assert xquad_r("en", data).relevant == ((0, 3), (1, 4), (2, 6))
    assert (len(german), german.source) == (3, str(data / "lareqa/xquad-r"))
    assert german.sides == {"de questions": german.questions, "candidates": german.pool.sentences}


def test_a_trial_keeps_the_whole_pool(data: Path) -> None:
    german = xquad_r("de", data)
    assert german.first(2) == replace(german, questions=german.questions[:2], relevant=german.relevant[:2])


def test_a_question_may_lack_an_answer_in_some_languages_of_mlqa_r(tmp_path: Path) -> None:
    sentences_only = [(sentences, []) for sentences, _ in GERMAN[1:]]
    write(tmp_path / "mlqa_r/en.json", squad(ENGLISH))
    write(tmp_path / "mlqa_r/de.json", squad([(GERMAN[0][0], GERMAN[0][1][:1]), *sentences_only]))
    assert mlqa_r("en", tmp_path).relevant == ((0, NO_ANSWER), (1, 4), (2, NO_ANSWER))
    assert mlqa_r("de", tmp_path).relevant == ((1, 4),)


@pytest.mark.parametrize(
    ("load", "folder"),
    [
        (xquad_r, "lareqa/xquad-r"),
        (xquad_r, "xquad_r"),
        (mlqa_r, "lareqa/mlqa-dev-r"),
        (mlqa_r, "lareqa/mlqa-r"),
        (mlqa_r, "mlqa_r"),
    ],
)
def test_every_layout_gives_one_fingerprint(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, load: Callable[[str, Path], Questions], folder: str
) -> None:
    monkeypatch.setattr(lareqa, "MLQA_R", replace(lareqa.MLQA_R, counts=lareqa.XQUAD_R.counts))
    write(tmp_path / folder / "en.json", squad(ENGLISH))
    write(tmp_path / folder / "de.json", squad(GERMAN))
    # Escaped or not, indented or not: the content counts.
    assert (
        load("de", tmp_path).fingerprint
        == "sha256:724260cfc834189fcc0cf3a944b24752c52ceb6889aa2838642dde8824a19c29"
    )


def test_the_fingerprint_covers_all_that_affects_the_score(data: Path) -> None:
    base = xquad_r("de", data)
    sentences = base.pool.sentences
    variants = [
        replace(base, language="en"),
        replace(base, questions=(base.questions[0], base.questions[2], base.questions[1])),
        replace(base, questions=(base.questions[0] + " ", *base.questions[1:])),
        replace(base, relevant=((0, 4), *base.relevant[1:])),
        replace(base, pool=replace(base.pool, sentences=(sentences[1], sentences[0], *sentences[2:]))),
        replace(base, pool=replace(base.pool, starts=(0, 2))),
        replace(base, pool=replace(base.pool, languages=("en", "fr"))),
    ]
    fingerprints = {questions.fingerprint for questions in (base, *variants)}
    assert len(fingerprints) == 1 + len(variants)
    assert replace(base, source="elsewhere").fingerprint == base.fingerprint


def test_files_are_read_once_for_all_languages_and_again_when_one_was_replaced(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    original = lareqa.read_json
    monkeypatch.setattr(lareqa, "read_json", lambda path: read.append(path.name) or original(path))
    assert xquad_r("en", data).pool is xquad_r("de", data).pool
    assert read == ["en.json", "de.json"]
    path = data / "lareqa/xquad-r/de.json"
    write(path, squad([(["Die Mühle steht da.", *GERMAN[0][0][1:]], GERMAN[0][1]), GERMAN[1]]))
    os.utime(path, ns=(1, 1))
    assert "Die Mühle steht da." in xquad_r("en", data).pool.sentences


def test_without_a_folder_the_error_names_the_url_of_the_files() -> None:
    with pytest.raises(Unreachable) as caught:
        xquad_r("de", None)
    assert str(caught.value) == (
        "XQuAD-R is read from files only: the Hub's google-research-datasets/xquad_r lacks the sentence breaks that make the candidates\n"
        "    cure: download https://github.com/google-research-datasets/lareqa and give its parent folder: "
        "--data DIR reads DIR/lareqa/xquad-r/de.json"
    )
    with pytest.raises(
        Unreachable, match=r"^MLQA-R is read from files only: the Hub has no copy of its sentences\n"
    ):
        mlqa_r("de", None)


def test_missing_files_are_named(data: Path) -> None:
    with pytest.raises(BadInput) as caught:
        mlqa_r("de", data)
    folders = " or ".join(str(data / name) for name in ("lareqa/mlqa-dev-r", "lareqa/mlqa-r", "mlqa_r"))
    assert str(caught.value) == (
        f"MLQA-R is not in {folders}\n    cure: download https://github.com/google-research-datasets/lareqa and give its parent "
        "folder: --data DIR reads DIR/lareqa/mlqa-dev-r/de.json"
    )
    (data / "lareqa/xquad-r/en.json").unlink()
    with pytest.raises(
        BadInput,
        match=r"xquad-r lacks en\.json: the candidates of XQuAD-R are the sentences of all its languages\n",
    ):
        xquad_r("de", data)


def test_counts_that_are_not_the_official_ones_are_refused(data: Path) -> None:
    path = data / "lareqa/xquad-r/de.json"
    unchanged = "\n    cure: get the file of https://github.com/google-research-datasets/lareqa again"
    for paragraphs, message in (
        ([GERMAN[0]], "2 questions, the official XQuAD-R has 3"),
        ([*GERMAN, (["Noch ein Satz."], [])], "5 candidates, the official XQuAD-R has 4"),
    ):
        write(path, squad(paragraphs))
        with pytest.raises(BadInput) as caught:
            xquad_r("en", data)
        assert str(caught.value) == f"{path}: {message}{unchanged}"


def test_a_question_that_one_language_of_xquad_r_lacks_is_named(data: Path) -> None:
    path = data / "lareqa/xquad-r/de.json"
    write(path, squad([GERMAN[0], (GERMAN[1][0], [("d", "Wann schlafen Bienen?", 1)])]))
    with pytest.raises(
        BadInput, match=r"en\.json: question 'd' of de\.json is missing\n    cure: get the file of "
    ):
        xquad_r("en", data)


def changed(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    document = squad(GERMAN)
    change(document["data"][1]["paragraphs"][0])
    return document


P = r"data\[1\]\.paragraphs\[0\]"


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ('{"data": [],\n oops}', r"de\.json:2:2: not JSON"),
        ("[" * 100_000, r"de\.json: not JSON"),
        ("[]", r"de\.json: the document is a list, expected an object"),
        ("{}", r"de\.json: the document has no 'data'"),
        ('{"data": {}}', r"de\.json: the document\.data is an object, expected a list"),
        ('{"data": [{}]}', r"de\.json: data\[0\] has no 'paragraphs'"),
        (changed(lambda p: p.pop("sentences")), rf"{P} has no 'sentences'"),
        (changed(lambda p: p.pop("sentence_breaks")), rf"{P} has no 'sentence_breaks'"),
        (changed(lambda p: p.pop("qas")), rf"{P} has no 'qas'"),
        (changed(lambda p: p["sentences"].append(3)), rf"{P}\.sentences is a whole number, expected text"),
        (changed(lambda p: p["sentences"].append("")), rf"{P} has 3 sentences and 2 sentence_breaks"),
        (
            changed(lambda p: p["sentence_breaks"].__setitem__(0, [0])),
            rf"{P}\.sentence_breaks\[0\] is \[0\], expected \[start, end\]",
        ),
        (changed(lambda p: p["qas"][0].pop("id")), rf"{P}\.qas\[0\] has no 'id'"),
        (changed(lambda p: p["qas"][0].pop("question")), rf"{P}\.qas\[0\] has no 'question'"),
        (changed(lambda p: p["qas"][0].update(id="a")), rf"{P}\.qas\[0\] repeats the question id 'a'"),
        (changed(lambda p: p["qas"][0].update(answers=[])), rf"{P}\.qas\[0\] has no answer to question 'c'"),
        (
            changed(lambda p: p["qas"][0].update(answers=[{}])),
            rf"{P}\.qas\[0\]\.answers\[0\] has no 'answer_start'",
        ),
        (
            changed(lambda p: p["qas"][0].update(answers=[{"answer_start": True}])),
            rf"{P}\.qas\[0\]\.answers\[0\]\.answer_start is true, expected a whole number",
        ),
        # Between two sentences, after the last and before the first.
        *(
            (
                changed(lambda p, start=start: p["qas"][0].update(answers=[{"answer_start": start}])),
                rf"{P}\.qas\[0\]\.answers\[0\] has answer_start {start}, which is in no sentence",
            )
            for start in (6, 23, -1)
        ),
    ],
)
def test_a_malformed_file_is_named_with_its_position(data: Path, document: object, message: str) -> None:
    write(data / "lareqa/xquad-r/de.json", document)
    with pytest.raises(BadInput, match=message + r".*\n    cure: .*download "):
        xquad_r("en", data)


def test_a_byte_that_is_not_utf8_is_named_with_its_line(data: Path) -> None:
    (data / "lareqa/xquad-r/de.json").write_bytes(b'{"data":\n"\xff"}')
    with pytest.raises(BadInput, match=r"de\.json:2: byte 0xff is not UTF-8: the file seems to be "):
        xquad_r("en", data)


def test_the_official_numbers_are_those_of_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert [sum(column) for column in zip(*lareqa.XQUAD_R.counts.values(), strict=True)] == [13_090, 13_014]
    assert [sum(column) for column in zip(*lareqa.MLQA_R.counts.values(), strict=True)] == [4_199, 20_534]
