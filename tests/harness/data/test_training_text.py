"""The text of intermediate tasks, from raw layouts and from a local server of the Hub's API."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.catalog.tasks import TASKS, find_task
from harness.data.multiple_choice import MultipleChoice
from harness.data.plain_text import Sentences
from harness.data.sentence_pairs import SentencePairs
from harness.data.similarity import ScoredPairs
from harness.data.training_text import _TASKS, load_task
from harness.errors import BadInput
from tests.support.hub_layout import data_set
from tests.support.hub_server import HubServer

Tables = dict[tuple[str, str, str], dict[str, list[Any]]]


@pytest.fixture
def serve(hub: HubServer) -> Callable[[Tables], None]:
    """Return a function that puts tables on the Hub, by repository, configuration and split."""

    def serve_tables(tables: Tables) -> None:
        repositories: dict[str, dict[str, dict[str, dict[str, list[Any]]]]] = {}
        for (repository, name, split), table in tables.items():
            configurations = repositories.setdefault(repository, {})
            configurations.setdefault(name, {})[split.partition("[")[0]] = table
        for repository, configurations in repositories.items():
            hub.add(repository, data_set(configurations), "datasets")

    return serve_tables


def test_every_task_has_text_and_every_text_a_task() -> None:
    assert {task.name for task in TASKS} == set(_TASKS)


def test_scores_come_from_files_and_hub_alike_and_are_scaled_to_one(
    tmp_path: Path, serve: Callable[[Tables], None]
) -> None:
    (tmp_path / "stsb_multi").mkdir()
    for split in ("train", "dev"):
        (tmp_path / f"stsb_multi/stsb-de-{split}.csv").write_text(
            'Ein Haus.,"Ein ""Haus"", ein\nZelt.",3.8\nEin Baum.,Ein Baum.,5.0\n'
        )
    train, _ = load_task(find_task("stsb"), "de", tmp_path)
    assert isinstance(train, ScoredPairs)
    assert (train.second_sentences, train.scores) == (('Ein "Haus", ein\nZelt.', "Ein Baum."), (0.76, 1.0))
    table = {
        "sentence1": list(train.first_sentences),
        "sentence2": list(train.second_sentences),
        "similarity_score": [3.799999952316284, 5.0],
    }
    serve({("PhilipMay/stsb_multi_mt", "de", split): table for split in ("train", "dev")})
    assert load_task(find_task("stsb"), "de", None)[0].fingerprint == train.fingerprint


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a,b,1\na,b\n", 2, "found 2 columns, expected 3: sentence1, sentence2, similarity_score"),
        ("a,b,5.1\n", 1, "found the score '5.1', expected a number from 0 to 5"),
        ("a,b,nan\n", 1, "found the score 'nan', expected a number from 0 to 5"),
        ("a, ,1\n", 1, "a sentence is empty"),
        ('a,"b,1\n', 1, "not CSV"),
    ],
)
def test_a_corrupted_file_of_scores_is_refused_with_its_line(
    tmp_path: Path, text: str, line: int, message: str
) -> None:
    (tmp_path / "stsb_multi").mkdir()
    (tmp_path / "stsb_multi/stsb-en-train.csv").write_text(text)
    with pytest.raises(BadInput) as error:
        load_task(find_task("stsb"), "en", tmp_path)
    assert message in error.value.faults[0].message
    assert error.value.faults[0].where is not None
    assert error.value.faults[0].where.line == line


def test_sick_gives_two_tasks(tmp_path: Path) -> None:
    (tmp_path / "sick").mkdir()
    head = "pair_ID\tsentence_A\tsentence_B\trelatedness_score\tentailment_judgment\n"
    for name in ("SICK_train.txt", "SICK_trial.txt"):
        (tmp_path / "sick" / name).write_text(
            f"{head}1\tA boy runs\tA child runs\t4\tENTAILMENT\r\n2\tA boy\tNo boy\t1\tCONTRADICTION\r\n"
        )
    scored, labelled = (load_task(find_task(name), "en", tmp_path)[0] for name in ("sick_related", "sick"))
    assert isinstance(scored, ScoredPairs)
    assert isinstance(labelled, SentencePairs)
    assert (scored.scores, labelled.labels) == ((0.75, 0.0), ("entailment", "contradiction"))
    renamed = head.replace("entailment_judgment", "entailment_label")
    (tmp_path / "sick/SICK_train.txt").write_text(f"{renamed}1\tA boy\tNo boy\t1\tCONTRADICTION\n")
    (pairs, _) = load_task(find_task("sick"), "en", tmp_path)
    assert isinstance(pairs, SentencePairs)
    assert pairs.labels == ("contradiction",)
    (tmp_path / "sick/SICK_train.txt").write_text("1\tA boy\tNo boy\t1\tCONTRADICTION\n")
    with pytest.raises(BadInput, match="the header names no column sentence_A, only 1, A boy"):
        load_task(find_task("sick"), "en", tmp_path)
    (tmp_path / "sick/SICK_train.txt").write_text(f"{head}1\tA boy\n")
    with pytest.raises(BadInput, match="found 2 columns, expected 5"):
        load_task(find_task("sick"), "en", tmp_path)


def test_without_its_header_rte_keeps_its_first_pair(tmp_path: Path) -> None:
    (tmp_path / "rte").mkdir()
    head, rows = "index\tsentence1\tsentence2\tlabel\n", "0\ta\tb\tentailment\n1\tc\td\tnot_entailment\n"
    loaded = []
    for text in (head + rows, rows):
        for name in ("train.tsv", "dev.tsv"):
            (tmp_path / "rte" / name).write_text(text)
        loaded.append(load_task(find_task("rte"), "en", tmp_path)[0])
    assert len(loaded[0]) == 2
    assert loaded[0].fingerprint == loaded[1].fingerprint


def test_pairs_from_files_and_the_hub(tmp_path: Path, serve: Callable[[Tables], None]) -> None:
    (tmp_path / "rte").mkdir()
    for name in ("train.tsv", "dev.tsv"):
        (tmp_path / "rte" / name).write_text(
            "index\tsentence1\tsentence2\tlabel\n0\tIt rains.\tIt pours.\tnot_entailment\n"
        )
    nli = {"premise": ["a b"], "hypothesis": ["c"], "label": [2]}
    tables: Tables = {
        ("nyu-mll/glue", "rte", "train"): {
            "sentence1": ["It rains. "],
            "sentence2": ["It pours."],
            "label": [1],
        }
    }
    tables["nyu-mll/glue", "rte", "validation"] = tables["nyu-mll/glue", "rte", "train"]
    for split in ("train", "validation"):
        tables["nyu-mll/glue", "qqp", split] = {"question1": ["Why?"], "question2": ["How?"], "label": [0]}
    for round_ in (1, 2, 3):
        for split in ("train", "dev"):
            tables["facebook/anli", "plain_text", f"{split}_r{round_}"] = nli
    tables["facebook/xnli", "sw", "train"] = nli
    tables["google/xtreme", "XNLI", "validation"] = {
        "sentence1": ["x"],
        "sentence2": ["y"],
        "gold_label": ["neutral"],
        "language": ["sw"],
    }
    serve(tables)
    assert (
        load_task(find_task("rte"), "en", tmp_path)[0].fingerprint
        == load_task(find_task("rte"), "en", None)[0].fingerprint
    )
    for name, language, labels in (
        ("qqp", "en", ("different",)),
        ("anli", "en", ("contradiction",) * 3),
        ("xnli_translated", "sw", ("contradiction",)),
    ):
        train, dev = load_task(find_task(name), language, None)
        assert isinstance(train, SentencePairs)
        assert train.labels == labels
        assert len(dev) > 0


QUESTIONS: Tables = {
    ("allenai/social_i_qa", "default", "train"): {
        "context": ["It rained."], "question": ["What now?"], "answerA": ["run"], "answerB": ["sing"], "answerC": ["sleep"], "label": ["3"],
    },
    ("aps/super_glue", "copa", "train"): {
        "premise": ["It rained."], "question": ["effect"], "choice1": ["Dry streets."], "choice2": ["Wet streets."], "label": [1],
    },
    ("allenai/cosmos_qa", "default", "train"): {
        "context": ["It rained."], "question": ["Why?"],
        "answer0": ["a"], "answer1": ["b"], "answer2": ["c"], "answer3": ["d"], "label": [2],
    },
    ("Rowan/hellaswag", "default", "train"): {"ctx": ["It rained"], "endings": [["and", "or", "but", "so"]], "label": ["3"]},
    ("tau/commonsense_qa", "default", "train"): {
        "question": ["What is wet?"], "choices": [{"label": list("ABCDE"), "text": list("vwxyz")}], "answerKey": ["B"],
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "question", "answers", "right"),
    [
        ("socialiqa", "It rained. What now?", ("run", "sing", "sleep"), 2),
        ("copa", "It rained. What happened as a result?", ("Dry streets.", "Wet streets."), 1),
        ("cosmosqa", "It rained. Why?", ("a", "b", "c", "d"), 2),
        ("hellaswag", "It rained", ("and", "or", "but", "so"), 3),
        ("commonsenseqa", "What is wet?", ("v", "w", "x", "y", "z"), 1),
    ],
)
def test_choices_come_from_the_hub(
    serve: Callable[[Tables], None], name: str, question: str, answers: tuple[str, ...], right: int
) -> None:
    serve(
        {
            **QUESTIONS,
            **{(where, config, "validation"): table for (where, config, _), table in QUESTIONS.items()},
        }
    )
    train, _ = load_task(find_task(name), "en", None)
    assert isinstance(train, MultipleChoice)
    assert (train.questions, train.answers, train.right) == ((question,), (answers,), (right,))


def test_choices_come_from_files_which_are_checked(tmp_path: Path) -> None:
    (tmp_path / "socialiqa").mkdir()
    row = {
        "context": "It rained.",
        "question": "What now?",
        "answerA": "run",
        "answerB": "sing",
        "answerC": "sleep",
        "correct": "C",
    }
    for name in ("trn", "dev"):
        (tmp_path / f"socialiqa/socialIQa_v1.4_{name}.jsonl").write_text(json.dumps(row) + "\n")
    train, _ = load_task(find_task("socialiqa"), "en", tmp_path)
    assert isinstance(train, MultipleChoice)
    assert train.right == (2,)
    broken = [
        ('{"context"', "not JSON: Expecting ':' delimiter"),
        (json.dumps({**row, "question": 7}), "'question' is a whole number, expected text"),
        (json.dumps({**row, "question": "\ud83d"}), r"question contains half a character (\ud83d)"),
        (json.dumps({"context": "a"}), "'question' is missing, only 'context'"),
        (json.dumps({**row, "correct": "D"}), "no answer is marked as the right one"),
        (json.dumps({**row, "answerB": " "}), "a question or an answer is empty"),
    ]
    for line, message in broken:
        (tmp_path / "socialiqa/socialIQa_v1.4_trn.jsonl").write_text(f"{json.dumps(row)}\n{line}\n")
        with pytest.raises(BadInput) as error:
            load_task(find_task("socialiqa"), "en", tmp_path)
        assert message in error.value.faults[0].message
        assert str(error.value.faults[0].where).endswith("socialIQa_v1.4_trn.jsonl:2")


def test_plain_sentences_come_from_a_folder_or_from_articles(
    tmp_path: Path, serve: Callable[[Tables], None]
) -> None:
    (tmp_path / "wikipedia").mkdir()
    (tmp_path / "wikipedia/sw.txt").write_text("\n".join(f"Mvua {i}." for i in range(20)) + "\n\n")
    train, dev = load_task(find_task("wikipedia"), "sw", tmp_path)
    assert isinstance(train, Sentences)
    assert (len(train), len(dev), train.sentences[0]) == (18, 2, "Mvua 0.")
    articles = ["\n".join(f"Mvua {i}." for i in range(start, start + 10)) for start in (0, 10)]
    serve({("wikimedia/wikipedia", "20231101.sw", "train[:20000]"): {"text": articles}})
    assert load_task(find_task("wikipedia"), "sw", None)[0].fingerprint == train.fingerprint


@pytest.mark.parametrize(
    ("name", "file"),
    [("stsb", "stsb-en-train.csv"), ("rte", "train.tsv"), ("sick", "SICK_train.txt"), ("socialiqa", "socialIQa_v1.4_trn.jsonl"),
     ("wikipedia", "en.txt"), ("ntrex", "newstest2019-src.eng.txt")],
)  # fmt: skip
def test_a_missing_file_is_named_with_its_folder(tmp_path: Path, name: str, file: str) -> None:
    with pytest.raises(BadInput) as error:
        load_task(find_task(name), "en", tmp_path)
    assert error.value.faults[0].message.startswith(f"{file} is not in {tmp_path}")
    assert file in error.value.faults[0].cure
