"""User-provided tasks with a head: which files are read, as what, and what is wrong with others."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from harness.catalog import conventions, own_target
from harness.data import find_own_target, load_examples
from harness.data.own_labelled import LabelledTexts, has_pairs, read_labelled
from harness.data.own_tagged import read_tagged
from harness.data.reading_notes import noting
from harness.data.sentence_pairs import SentencePairs
from harness.data.training_text import load_training
from harness.errors import BadInput
from harness.records import Signature

TEXTS = (("the sun shines", "up"), ("the rain falls", "down"), ("the moon, too", "up"))


def write(folder: Path, **files: str) -> Path:
    """Write files whose names have _ for a point."""
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text, "utf-8")
    return folder


def test_every_format_gives_the_same_labelled_texts(tmp_path: Path) -> None:
    write(
        tmp_path,
        a_tsv="".join(f"{text}\t{label}\n" for text, label in TEXTS),
        b_csv="id,label,sentence\n"
        + "".join(f'{n},{label},"{text}"\n' for n, (text, label) in enumerate(TEXTS)),
        c_jsonl="".join(f'{{"text": "{text}", "intent": "{label}", "n": 1}}\n' for text, label in TEXTS),
    )
    expected = LabelledTexts("de", *zip(*TEXTS, strict=True), "")
    for path in sorted(tmp_path.iterdir()):
        read = read_labelled("de", path, pairs=has_pairs(path))
        assert isinstance(read, LabelledTexts)
        assert read.fingerprint == expected.fingerprint, path


def test_pairs_are_recognised_by_their_columns_and_numbers_may_be_labels(tmp_path: Path) -> None:
    write(
        tmp_path,
        a_tsv="eins\tzwei\t0\ndrei\tvier\t1\n",
        b_csv="label,premise,hypothesis\n0,eins,zwei\n1,drei,vier\n",
        c_jsonl='{"sentence1": "eins", "sentence2": "zwei", "label": 0}\n'
        '{"sentence1": "drei", "sentence2": "vier", "label": 1}\n',
    )
    expected = SentencePairs("de", ("eins", "drei"), ("zwei", "vier"), ("0", "1"), "")
    for path in sorted(tmp_path.iterdir()):
        read = read_labelled("de", path, pairs=has_pairs(path))
        assert isinstance(read, SentencePairs)
        assert read.fingerprint == expected.fingerprint, path


def test_every_form_of_conll_gives_the_same_tagged_words(tmp_path: Path) -> None:
    columns = "\t_\t_\t_\t_\t_\t_\n"
    write(
        tmp_path,
        a_tsv="Zum\tADP\nSee\tNOUN\n\nja\tINTJ\n",
        b_conll="-DOCSTART- -X- O\n\nZum x ADP\nSee x NOUN\n\nja x INTJ\n\n",
        c_conllu=f"# sent_id = 1\n1-2\tZum See\t_\t_{columns}1\tZum\tzu\tADP{columns}2\tSee\tsee\tNOUN{columns}"
        f"2.1\tsehr\t_\tADV{columns}\n# text = ja\n1\tja\tja\tINTJ{columns}",
    )
    for path in sorted(tmp_path.iterdir()):
        read = read_tagged("de", path)
        assert read.words == (("Zum", "See"), ("ja",)), path
        assert read.tags == (("ADP", "NOUN"), ("INTJ",)), path


@pytest.fixture
def intents(tmp_path: Path) -> Path:
    train = "".join(f"{text} {n}\t{label}\n" for n in range(4) for text, label in TEXTS)
    return write(
        tmp_path / "intents", train_tsv=train, test_de_tsv="die Sonne\tup\n", test_pt_tsv="a lua\tup\n"
    )


def test_a_task_has_the_languages_of_its_tests_and_the_labels_of_its_training(intents: Path) -> None:
    (intents / "test.zh-CN.jsonl.gz").write_bytes(gzip.compress('{"text": "雨", "label": "down"}\n'.encode()))
    (intents / "valid.tsv").write_text("x\tup\n")
    notes: list[str] = []
    with noting(notes.append):
        target = find_own_target("labelled.intents", intents)
    assert (target.languages, target.labels, target.chance) == (("de", "pt", "zh"), ("down", "up"), 50.0)
    assert str(target.signature) == "labelled.intents|acc|train⇒xx|labels=2|v1"
    stored = own_target("labelled.intents", ("de",), conventions(Signature.parse(str(target.signature))))
    assert (stored.labels, stored.chance) == ((), 50.0)  # as of a result, without its text
    assert [note.partition(":")[0] for note in notes] == [str(intents / "valid.tsv")]
    assert load_examples(target, "zh", intents).sides == {"texts": ("雨",)}
    held_out = load_training(target, intents)
    assert (len(held_out.train), len(held_out.dev)) == (11, 1)
    write(intents, dev_en_csv="text,label\nsnow,down\n")
    text = load_training(target, intents)
    assert (len(text.train), text.dev.sides) == (12, {"texts": ("snow",)})


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("test.de.tsv", "die Sonne\tsideways\n", r"test\.de\.tsv:1: found the label 'sideways', expected one of: down up\n    cure: .*; a head knows the labels of the training file only"),
        ("test.de.tsv", "die Sonne\tup\n \tup\n", r"test\.de\.tsv:2: a sentence is empty\n    cure: "),
        ("test.de.tsv", "die Sonne\t\n", r"test\.de\.tsv:1: a label is empty\n    cure: "),
        ("test.de.tsv", "die Sonne\n", r"test\.de\.tsv:1: found 1 columns, expected 2: text, label\n    cure: .*a row is a text and its label"),
        ("test.de.tsv", "", r"test\.de\.tsv: holds no labelled text\n    cure: "),
        ("test.de.tsv", "eins\tzwei\tup\n", r"test\.de\.tsv:1: found 3 columns, expected 2: text, label\n    cure: .*a row is a text"),
        ("test.de.jsonl", "{}\n", r"test\.de\.jsonl and test\.de\.tsv are both test de\n    cure: remove one"),
        ("test.tsv", "die Sonne\tup\n", r"test\.tsv: the name says no language\n    cure: .* test\.de\.tsv"),
        ("train.tsv", "the sun\tup\n" * 9, r"train\.tsv: has 1 different labels, expected 2 to 1,000: 'up'\n    cure: see which"),
        ("train.tsv", "the sun\tup\nthe rain\tdown\n", r"train\.tsv: has 2 examples, of which no tenth .*\n    cure: add dev\.tsv"),
        ("train.tsv", None, r"holds no train\.tsv\n    cure: add it: train\.tsv, dev\.tsv and test\.de\.tsv"),
        ("dev.tsv", "snow\twhite\n", r"dev\.tsv:1: found the label 'white', expected one of: down up"),
    ],
)  # fmt: skip
def test_faults_of_labelled_files_are_named(intents: Path, name: str, text: str | None, message: str) -> None:
    if text is None:
        (intents / name).unlink()
    else:
        (intents / name).write_text(text)
    with pytest.raises(BadInput, match=message):
        target = find_own_target("labelled.intents", intents)
        load_examples(target, "de", intents)
        load_training(target, intents)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Zum ADP\nSee\n", r"test\.de\.conll:2: found 1 columns, expected 2\n    cure: .*a line is a word"),
        (
            "Zum\tADP\nSee\tVERB\n",
            r"test\.de\.conll:2: found the tag 'VERB', expected one of: ADP NOUN\n    cure: ",
        ),
        ("\n\n", r"test\.de\.conll: holds no tagged sentence\n    cure: "),
        ("# a comment\nZum ADP\n", r"test\.de\.conll:1: found the tag 'comment', expected one of: "),
    ],
)
def test_faults_of_tagged_files_are_named(tmp_path: Path, text: str, message: str) -> None:
    write(tmp_path, train_conll="Zum ADP\nSee NOUN\n\n" * 10, test_de_conll=text)
    target = find_own_target("tagged.parts", tmp_path)
    with pytest.raises(BadInput, match=message):
        load_examples(target, "de", tmp_path)


@pytest.mark.parametrize("kind", ["labelled", "tagged"])
def test_a_folder_without_the_files_is_named(tmp_path: Path, kind: str) -> None:
    with pytest.raises(
        BadInput, match=rf"no folder .*\n    cure: --{kind} NAME=DIR names the folder of train\."
    ):
        find_own_target(f"{kind}.x", tmp_path / "nowhere")
    with pytest.raises(BadInput, match=r"holds no train\."):
        find_own_target(f"{kind}.x", tmp_path)
