from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.data import question_answering
from harness.data.question_answering import (
    AnsweredQuestions,
    mlqa,
    mlqa_dev,
    squad_dev,
    squad_train,
    tydiqa,
    tydiqa_train,
    xquad,
)
from harness.errors import BadInput, Unreachable
from tests.support.hub_layout import Configurations, data_set
from tests.support.hub_server import HubServer

Loader = Callable[[str, Path | None], AnsweredQuestions]
# A context, and its questions: id, question, answers as (text, start).
Paragraph = tuple[str, list[tuple[str, str, list[tuple[str, int]]]]]

MILL: Paragraph = (
    "Die Mühle 🌾 steht am Fluss. Der Fluss heißt Ahr.",
    [
        ("german-4-1", "Wo steht die Mühle?", [("am Fluss", 18), ("Fluss", 21)]),
        ("german-4-2", "Wie heißt der Fluss?", [("Ahr", 44), ("Ahr", 44)]),
    ],
)
# All texts have spaces around them, one of them a Unicode space.
BEES: Paragraph = (
    " \u3000 Bienen schlafen. Bienen tanzen.  ",
    [
        ("german-5-1", " Was tun Bienen? ", [("schlafen", 10)]),
        ("german-5-2", "Wer tanzt?\n", [(" Bienen ", 19)]),
    ],
)
PARAGRAPHS = [MILL, BEES]
GERMAN = AnsweredQuestions(
    "de",
    ("german-4-1", "german-4-2", "german-5-1", "german-5-2"),
    ("Wo steht die Mühle?", "Wie heißt der Fluss?", "Was tun Bienen?", "Wer tanzt?"),
    (MILL[0], MILL[0], "Bienen schlafen. Bienen tanzen.", "Bienen schlafen. Bienen tanzen."),
    (("am Fluss", "Fluss"), ("Ahr", "Ahr"), ("schlafen",), ("Bienen",)),
    ((18, 21), (44, 44), (7,), (17,)),
    "",
)


def squad(paragraphs: list[Paragraph]) -> dict[str, Any]:
    """Return a document with one article per paragraph."""

    def question_record(identity: str, question: str, answers: list[tuple[str, int]]) -> dict[str, Any]:
        return {
            "id": identity,
            "question": question,
            "answers": [{"text": text, "answer_start": start} for text, start in answers],
        }

    articles = [
        {"title": "", "paragraphs": [{"context": context, "qas": [question_record(*row) for row in rows]}]}
        for context, rows in paragraphs
    ]
    return {"version": "1.1", "data": articles}


def write(path: Path, document: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return path


def rows_of(paragraphs: list[Paragraph], strip: bool = True) -> dict[str, list[Any]]:
    """Return the paragraphs as the Hub has them: the texts are stripped, but the starts are not shifted."""
    table: dict[str, list[Any]] = {"id": [], "question": [], "context": [], "answers": []}
    for context, questions in paragraphs:
        for identity, question, answers in questions:
            texts = [context, question, *(text for text, _ in answers)]
            stripped = [text.strip() if strip else text for text in texts]
            table["id"].append(identity)
            table["question"].append(stripped[1])
            table["context"].append(stripped[0])
            table["answers"].append({"text": stripped[2:], "answer_start": [start for _, start in answers]})
    return table


@pytest.fixture
def stand_in(hub: HubServer) -> Callable[[Configurations], str]:
    """Serve XTREME with these configurations."""

    def serve(configurations: Configurations) -> str:
        hub.add("google/xtreme", data_set(configurations), "datasets")
        return "google/xtreme"

    return serve


@pytest.mark.parametrize(
    ("load", "file", "config", "split"),
    [
        (xquad, "xquad/xquad.de.json", "XQuAD.de", "validation"),
        (mlqa, "mlqa/MLQA_V1/test/test-context-de-question-de.json", "MLQA.de.de", "test"),
        (mlqa_dev, "mlqa/MLQA_V1/dev/dev-context-de-question-de.json", "MLQA.de.de", "validation"),
        (squad_train, "squad/train-v1.1.json", "SQuAD", "train"),
        (squad_dev, "squad/dev-v1.1.json", "SQuAD", "validation"),
    ],
)
def test_hub_and_folder_give_one_record_and_one_fingerprint(
    tmp_path: Path,
    stand_in: Callable[[Configurations], str],
    load: Loader,
    file: str,
    config: str,
    split: str,
) -> None:
    path = write(tmp_path / file, squad(PARAGRAPHS))
    others = {name: rows_of([BEES]) for name in ("test", "validation", "train") if name != split}
    hub = stand_in({config: {split: rows_of(PARAGRAPHS), **others}})
    from_folder, from_hub = load("de", tmp_path), load("de", None)
    assert from_folder == replace(GERMAN, source=str(path))
    assert from_hub == replace(GERMAN, source=f"{hub} {config} {split}")
    assert from_folder.fingerprint == from_hub.fingerprint


@pytest.mark.parametrize("strip", [True, False])
def test_the_hubs_tydiqa_holds_all_languages(
    tmp_path: Path, stand_in: Callable[[Configurations], str], strip: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(question_answering.TYDIQA_NAMES, "de", "german")
    dev = write(tmp_path / "tydiqa/tydiqa-goldp-v1.1-dev/tydiqa.goldp.de.dev.json", squad(PARAGRAPHS))
    # XTREME's script truncates an id to the part after the last hyphen.
    cut: list[Paragraph] = [
        (context, [(row[0][-1], *row[1:]) for row in rows]) for context, rows in PARAGRAPHS
    ]
    train = write(tmp_path / "tydiqa/tydiqa-goldp-v1.1-train/tydiqa.goldp.de.train.json", squad(cut))
    english: Paragraph = ("Bees dance.", [("english-5-1", "Who dances?", [("Bees", 0)])])
    rows = rows_of([english, MILL, english, BEES], strip)
    hub = stand_in({"tydiqa": {"train": rows, "validation": rows}})
    numbered = replace(GERMAN, ids=("1", "2", "3", "4"))
    assert tydiqa("de", tmp_path) == replace(GERMAN, source=str(dev))
    assert tydiqa("de", None) == replace(GERMAN, source=f"{hub} tydiqa validation")
    assert tydiqa_train("de", tmp_path) == replace(numbered, source=str(train))
    assert tydiqa_train("de", None) == replace(numbered, source=f"{hub} tydiqa train")
    with pytest.raises(BadInput) as caught:
        tydiqa("ko", None)
    assert str(caught.value) == f"no question of ko is in {hub} tydiqa validation{WHOLE}"


def test_a_record_names_its_sides_counts_and_can_be_cut() -> None:
    assert GERMAN.sides == {"questions": GERMAN.questions, "contexts": GERMAN.contexts}
    assert len(GERMAN) == 4
    assert GERMAN.first(1) == AnsweredQuestions(
        "de", ("german-4-1",), ("Wo steht die Mühle?",), (MILL[0],), (("am Fluss", "Fluss"),), ((18, 21),), ""
    )


def test_the_fingerprint_covers_all_of_a_question_but_not_the_source() -> None:
    base = AnsweredQuestions("de", ("q",), ("Wo?",), ("Hier.",), (("Hier",),), ((0,),), "here")
    assert base.fingerprint == "sha256:d4a063c3fd5944df12982bdb5b5e2f0e831d131e6ca59e0ec5b8e589f916343c"
    assert replace(base, source="elsewhere").fingerprint == base.fingerprint
    others = [
        replace(base, ids=("r",)),
        replace(base, questions=("Wo",)),
        replace(base, contexts=("Hier!",)),
        replace(base, answers=(("hier",),)),
        replace(base, answers=(("Hier", "Hier"),), starts=((0, 0),)),
        replace(base, starts=((1,),)),
        GERMAN,
        replace(
            GERMAN,
            **{
                name: getattr(GERMAN, name)[::-1]
                for name in ("ids", "questions", "contexts", "answers", "starts")
            },
        ),
    ]
    assert len({record.fingerprint for record in (base, *others)}) == 1 + len(others)


CORRECT = "\n    cure: correct it, or download the file again"
WHOLE = "\n    cure: get the whole data set"
SHIFTED = (
    "\n    cure: download it again: the text has changed since, as it does when it is stripped or normalised"
)


def changed(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    document = squad(PARAGRAPHS)
    change(document["data"][1]["paragraphs"][0])
    return document


def changed_question(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    return changed(lambda paragraph: change(paragraph["qas"][1]))


P = "data[1].paragraphs[0]"
Q = "question 'german-5-2'"


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "the document is a list, expected an object"),
        ({}, "the document has no 'data'"),
        ({"data": {}}, "the document.data is an object, expected a list"),
        ({"data": [3]}, "data[0] is a whole number, expected an object"),
        ({"data": [{}]}, "data[0] has no 'paragraphs'"),
        (changed(lambda p: p.pop("context")), f"{P} has no 'context'"),
        (changed(lambda p: p.pop("qas")), f"{P} has no 'qas'"),
        (changed(lambda p: p.update(context=None)), f"{P}.context is null, expected text"),
        (changed_question(lambda q: q.pop("id")), f"{P}.qas[1] has no 'id'"),
        (changed_question(lambda q: q.update(id=7)), f"{P}.qas[1].id is a whole number, expected text"),
        (
            changed_question(lambda q: q.update(id="german-4-1")),
            "question 'german-4-1' occurs twice",
        ),
        (changed_question(lambda q: q.pop("question")), f"{Q} has no 'question'"),
        (changed_question(lambda q: q.update(question=" ")), f"{Q} is empty"),
        (changed_question(lambda q: q.pop("answers")), f"{Q} has no 'answers'"),
        (changed_question(lambda q: q.update(answers=[])), f"{Q} has no answer"),
        (
            changed_question(lambda q: q["answers"].append("Bienen")),
            f"an answer of {Q} is text, expected an object",
        ),
        (changed_question(lambda q: q["answers"][0].pop("text")), f"an answer of {Q} has no 'text'"),
        (
            changed_question(lambda q: q["answers"][0].pop("answer_start")),
            f"an answer of {Q} has no 'answer_start'",
        ),
        (
            changed_question(lambda q: q["answers"][0].update(answer_start=True)),
            f"an answer of {Q}.answer_start is true, expected a whole number",
        ),
        (
            changed_question(lambda q: q["answers"][0].update(answer_start=18)),
            f"{Q} has the answer ' Bienen ', which is not at its answer_start 18",
        ),
        (
            changed_question(lambda q: q["answers"].append({"text": "Bienen", "answer_start": -15})),
            f"{Q} has the answer 'Bienen', which is not at its answer_start -15",
        ),
        ({"data": []}, None),
    ],
)
def test_a_malformed_file_is_named_with_its_question(
    tmp_path: Path, document: object, message: str | None
) -> None:
    path = write(tmp_path / "xquad/xquad.de.json", document)
    with pytest.raises(BadInput) as caught:
        xquad("de", tmp_path)
    assert str(caught.value).startswith(
        f"{path}: {message}" if message else f"no question of de is in {path}"
    )
    cure = WHOLE if message is None else SHIFTED if "not at its answer_start" in message else CORRECT
    assert str(caught.value).endswith(cure)


def test_a_file_whose_answers_xtremes_script_removed_is_refused(tmp_path: Path) -> None:
    stripped = changed_question(lambda question: question.update(answers=[{"text": "", "answer_start": 0}]))
    path = write(tmp_path / "xquad/xquad.de.json", stripped)
    with pytest.raises(BadInput) as caught:
        xquad("de", tmp_path)
    assert str(caught.value) == (
        f"{path}: {Q} has an empty answer\n    cure: download it again from its own source: XTREME's download script removes the answers"
    )


def test_truncated_and_bad_and_missing_files_are_named(tmp_path: Path) -> None:
    path = write(tmp_path / "squad/dev-v1.1.json", json.dumps(squad(PARAGRAPHS), indent=1))
    whole = path.read_text()
    line = whole[: whole.index("german-5-2")].count("\n") + 1
    for content, message in (
        (
            whole[: whole.index("german-5-2") + 3].encode(),
            f":{line}:14: not JSON: Unterminated string starting at",
        ),
        (b"", ":1:1: not JSON: Expecting value"),
        (b"[" * 100_000, ": not JSON: nested too deeply"),
    ):
        path.write_bytes(content)
        with pytest.raises(BadInput) as caught:
            squad_dev("en", tmp_path)
        assert str(caught.value) == f"{path}{message}\n    cure: download it again"
    path.write_bytes(whole.encode().replace(b"german-5-2", b"german-\xff"))
    with pytest.raises(BadInput, match=rf":{line}: byte 0xff is not UTF-8: the file seems to be "):
        squad_dev("en", tmp_path)
    with pytest.raises(BadInput) as caught:
        squad_train("en", tmp_path)
    assert (
        str(caught.value)
        == f"train-v1.1.json is not in {tmp_path / 'squad'}\n    cure: --data DIR reads DIR/squad/train-v1.1.json"
    )


def test_an_answer_of_the_hub_that_is_not_near_its_start_is_refused(
    stand_in: Callable[[Configurations], str],
) -> None:
    context = "x" * 17 + "Ahr, nicht die Ahr"
    table = rows_of([(context, [("a", "Wo?", [("Ahr", 24)]), ("b", "Wo?", [("Ahr", 0)])])])
    hub = stand_in(
        {"SQuAD": {"train": table, "validation": {name: values[:1] for name, values in table.items()}}}
    )
    # Seven characters before, eight after.
    assert squad_dev("en", None).starts == ((17,),)
    with pytest.raises(BadInput) as caught:
        squad_train("en", None)
    assert str(caught.value) == (
        f"{hub} SQuAD train: question 'b' has the answer 'Ahr', which is not at its answer_start 0{SHIFTED}"
    )


def test_a_row_of_the_hub_is_checked_too(stand_in: Callable[[Configurations], str]) -> None:
    table = rows_of([MILL, MILL])
    uneven = rows_of([MILL])
    uneven["answers"][1]["answer_start"].pop()
    hub = stand_in({"XQuAD.de": {"validation": table}, "XQuAD.fr": {"validation": uneven}})
    for language, message in (
        ("de", f"{hub} XQuAD.de validation: question 'german-4-1' occurs twice{CORRECT}"),
        (
            "fr",
            f"{hub} XQuAD.fr validation: question 'german-4-2' has 2 answers and 1 answer_starts{CORRECT}",
        ),
    ):
        with pytest.raises(BadInput) as caught:
            xquad(language, None)
        assert str(caught.value) == message


@pytest.mark.parametrize(
    ("load", "name"), [(xquad, "XQuAD.en"), (mlqa, "MLQA.en.en"), (tydiqa, "tydiqa"), (squad_dev, "SQuAD")]
)
def test_without_the_hub_the_error_offers_a_folder(load: Loader, name: str) -> None:
    with pytest.raises(Unreachable) as caught:
        load("en", None)
    message, _, rest = str(caught.value).partition("\n")
    assert message.startswith(f"google/xtreme {name} cannot be downloaded: it is not on this machine")
    assert rest.startswith("    cure: unset HF_HUB_OFFLINE")
    assert rest.endswith("; or give the official files with --data DIR")
