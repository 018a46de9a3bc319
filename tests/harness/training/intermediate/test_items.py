"""Items in several languages: the same ones in every regime, held out together, duplicates known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from harness.catalog.tasks import find_task
from harness.data.question_answering import AnsweredQuestions
from harness.data.sentence_pairs import SentencePairs
from harness.data.text_pairs import TextPairs, Translations, with_answer_sentences, with_contradictions
from harness.data.training_text import load_whole
from harness.errors import BadInput
from harness.records import Task, TaskShare
from harness.training.intermediate.items import Items, ItemText, read_items
from tests.support.trainings import MLQA, write_mlqa


def read(name: str, data: Path, *languages: str, seed: int = 0, **more: object) -> ItemText:
    share = TaskShare.model_validate({"task": name, "languages": languages, **more})
    return read_items(find_task(name), share, seed, data)


def english(items: Items) -> list[str]:
    return [items.text(1, item, items.languages.index("en")) for item in range(len(items))]


def test_regimes_train_on_the_same_items_and_hold_out_the_same(tmp_path: Path) -> None:
    write_mlqa(tmp_path)
    alone = read("mlqa_dev_sentences", tmp_path, "en", examples=40)
    every = read("mlqa_dev_sentences", tmp_path, *MLQA, examples=40)
    assert alone.examples == every.examples == 40
    assert english(alone.train) == english(every.train)
    assert english(alone.dev) == english(every.dev)
    assert every.train.available[:, every.train.languages.index("de")].all()
    assert not every.train.available[:, every.train.languages.index("es")].all()
    other = read("mlqa_dev_sentences", tmp_path, "en", examples=40, seed=1)
    assert english(other.train) != english(alone.train) and english(other.dev) == english(alone.dev)
    assert every.train_fingerprint != alone.train_fingerprint


def test_no_passage_is_both_trained_on_and_held_out(tmp_path: Path) -> None:
    write_mlqa(tmp_path, n=50)  # two questions a passage: a tenth is five, so the third passage is halved
    text = read("mlqa_dev_sentences", tmp_path, "en")
    assert (len(text.train), len(text.dev)) == (44, 6)
    assert set(english(text.train)).isdisjoint(english(text.dev))


def test_the_pool_decides_which_items_there_are(tmp_path: Path) -> None:
    write_mlqa(tmp_path)
    whole = read("mlqa_dev_sentences", tmp_path, "en")
    some = read("mlqa_dev_sentences", tmp_path, "en", pool=["en", "es"])
    both = read("mlqa_dev_sentences", tmp_path, "en", "es", pool=["en", "es"])
    assert len(whole.train) == 54 and len(some.train) == 11
    assert english(some.train) == english(both.train) and both.train.available.all()
    with pytest.raises(BadInput, match="55 examples of mlqa_dev_sentences in en are requested, there are 54"):
        read("mlqa_dev_sentences", tmp_path, "en", examples=55)
    with pytest.raises(BadInput, match="task mlqa_dev_sentences has no language 'fr'"):
        read("mlqa_dev_sentences", tmp_path, "en", pool=["en", "fr"])


def test_texts_that_mean_the_same_have_one_class() -> None:
    first = TextPairs("en", ("a", "b", "c"), ("q", "Q ", "r"), ("one", "two", "three"), "here")
    second = TextPairs("de", ("b", "c"), ("f", "g"), ("zwei", "zwei"), "here")
    items = Items(("en", "de"), (first, second), np.array([[0, -1], [1, 0], [2, 1]]))
    classes = items.classes
    assert classes[0, 0] == classes[1, 0]  # up to case and white space
    assert classes[1, 1] == classes[2, 1]  # equal in German
    assert len(set(classes.ravel().tolist())) == 4
    one = Translations("en", ("a", "b"), ("x", "y"), "here")
    same = Items(("en",), (one,), np.array([[0], [1]])).classes
    assert same[0, 0] == same[0, 1] != same[1, 0]  # a sentence is its own right text


def test_a_parallel_set_of_other_lengths_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "ntrex"
    folder.mkdir()
    (folder / "newstest2019-src.eng.txt").write_text("one\ntwo\n")
    (folder / "newstest2019-ref.deu.txt").write_text("eins\n")
    with pytest.raises(
        BadInput,
        match="ntrex is parallel line by line, but its languages differ in size: en 2, de 1 examples",
    ):
        read("ntrex", tmp_path, "en", "de")


# ---- how pairs are made --------------------------------------------------------------------------


def test_a_question_is_paired_with_the_sentence_of_its_answer() -> None:
    context = "It was cold. Dr. Ada came on 3.14. Then she left."
    starts = [(context.index(word),) for word in ("cold", "Ada", "left")]
    questions = AnsweredQuestions(
        "en", ("1", "2", "3"), ("how?", "who?", "what?"), (context,) * 3, (("cold",), ("Ada",), ("left",)),
        tuple(starts), "here",
    )  # fmt: skip
    pairs = with_answer_sentences(questions)
    assert pairs.passages == ("It was cold.", "Dr. Ada came on 3.14.", "Then she left.")
    assert pairs.documents == (0, 0, 0)


def test_triples_follow_the_english_premises_and_need_both_labels() -> None:
    labels = ("neutral", "contradiction", "entailment", "entailment", "contradiction", "entailment")
    en = SentencePairs("en", ("p", "p", "p", "q", "r", "r"), tuple("uvwxyz"), labels, "here")
    de = SentencePairs("de", ("P1", "P2", "P3", "Q", "R1", "R2"), tuple("UVWXYZ"), labels, "here")
    triples = with_contradictions(de, en)
    assert triples.ids == ("2", "5")
    assert (triples.queries, triples.passages, triples.negatives) == (("P3", "R2"), ("W", "Z"), ("V", "Y"))
    with pytest.raises(BadInput, match="the labels of de and of en differ"):
        with_contradictions(
            SentencePairs("de", de.first_sentences, de.second_sentences, labels[::-1], "x"), en
        )


def test_own_parallel_files_share_sentences_by_their_english(tmp_path: Path) -> None:
    folder = tmp_path / "bitext/mine"
    folder.mkdir(parents=True)
    (folder / "de-en.tsv").write_text("eins\tone\nzwei\ttwo\n")
    (folder / "en-fr.tsv").write_text("two\tdeux\nthree\ttrois\n")
    text = read("bitext.mine", tmp_path, "en", "de", "fr", pool=["en", "de", "fr"])
    items = text.train
    assert len(items) == 3  # too few for a tenth to be held out
    assert items.available.sum() == 7  # `two` in three languages
    sentences = {
        (items.languages[language], items.text(0, item, language))
        for item, language in np.argwhere(items.available)
    }
    assert ("fr", "deux") in sentences and ("de", "zwei") in sentences
    with pytest.raises(BadInput, match=r"bitext\.mine does not tell which of its items are trained on"):
        read("bitext.mine", tmp_path, "en")
    with pytest.raises(BadInput, match=r"bitext\.mine is read from files"):
        load_whole(find_task("bitext.mine"), "en", None)


def test_every_pair_task_has_a_loader_that_names_what_is_missing(tmp_path: Path) -> None:
    from harness.catalog.pair_tasks import PAIR_TASKS

    def hub_only(task: Task) -> bool:
        return task.name == "xnli_translated_triples"

    for task in PAIR_TASKS:
        if not hub_only(task):
            with pytest.raises(BadInput, match="is not in") as error:
                load_whole(task, "en", tmp_path)
            assert error.value.faults[0].cure


def test_documents_are_numbered_by_passage(tmp_path: Path) -> None:
    write_mlqa(tmp_path, n=8)
    whole, dev = load_whole(find_task("mlqa_dev_passages"), "en", tmp_path)
    assert dev is None and isinstance(whole, TextPairs)
    assert whole.documents == (0, 0, 1, 1, 2, 2, 3, 3)
    document = json.loads((tmp_path / "mlqa/MLQA_V1/dev/dev-context-en-question-en.json").read_text())
    assert whole.passages[0] == document["data"][0]["paragraphs"][0]["context"]
