from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from harness.data.reading_notes import noting
from harness.data.tagging import (
    PANX_TAGS,
    UDPOS_NAMES,
    UPOS_TAGS,
    TaggedSentences,
    panx,
    panx_dev,
    panx_train,
    udpos,
    udpos_dev,
    udpos_hub,
    udpos_hub_dev,
    udpos_hub_train,
    udpos_train,
)
from harness.errors import BadInput, Unreachable
from tests.support.hub_layout import data_set
from tests.support.hub_server import HubServer

Sentences = list[list[tuple[str, str]]]
Loader = Callable[[str, Path | None], TaggedSentences]

NAMES: Sentences = [
    [("Greta", "B-PER"), ("Ahl berg", "I-PER"), ("in", "O"), ("Köln", "B-LOC")],
    [("xx:_", "O"), ('"', "O"), ("\u2028", "B-ORG"), ("🌾", "I-ORG"), ("#", "I-LOC")],
    [("Ende", "O")],
]
SPEECH: Sentences = [
    [("Zum", "ADP"), ("Glück", "NOUN"), ("regnet", "VERB"), ("es", "PRON"), (".", "PUNCT")],
    [("_", "SYM"), ("Ach", "INTJ"), ("so", "ADV")],
    [("Köln", "PROPN")],
]


def text_of(sentences: Sentences) -> str:
    return "\n\n".join("\n".join(map("\t".join, sentence)) for sentence in sentences) + "\n"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def record(language: str, sentences: Sentences, source: object) -> TaggedSentences:
    words = tuple(tuple(word for word, _ in sentence) for sentence in sentences)
    return TaggedSentences(
        language, words, tuple(tuple(tag for _, tag in sentence) for sentence in sentences), str(source)
    )


def features_of(config: str, column: str, names: Sequence[str]) -> str:
    """Return the part of a data set card that names the numbers of a column, as on the Hub."""
    listed = "\n".join(f"          '{number}': {name}" for number, name in enumerate(names))
    return (
        f"- config_name: {config}\n  features:\n  - name: tokens\n    list: string\n"
        f"  - name: {column}\n    list:\n      class_label:\n        names:\n{listed}"
    )


@pytest.fixture
def xtreme(hub: HubServer) -> str:
    """Serve XTREME, where a tag is a number; PAN-X.nl has its tags as text, PAN-X.fr has faults."""

    def split(sentences: Sentences, column: str, names: Sequence[str]) -> dict[str, list[list[object]]]:
        tags: list[list[object]] = [[names.index(tag) for _, tag in sentence] for sentence in sentences]
        return {"tokens": [[word for word, _ in sentence] for sentence in sentences], column: tags}

    def splits(
        sentences: Sentences, column: str, names: Sequence[str]
    ) -> dict[str, dict[str, list[list[object]]]]:
        return {
            name: split(sentences[start:], column, names)
            for start, name in enumerate(("test", "validation", "train"))
        }

    reversed_names = tuple(reversed(PANX_TAGS))
    configs = {
        "PAN-X.de": splits(NAMES, "ner_tags", reversed_names),
        "udpos.German": splits(SPEECH, "pos_tags", UPOS_TAGS),
        "PAN-X.nl": {"test": {"tokens": [["Ahlberg"]], "ner_tags": [["B-PER"]]}},
        "PAN-X.fr": {
            "test": {"tokens": [["a", "b"], ["c", "d"]], "ner_tags": [[0, 1], [0]]},
            "validation": {"tokens": [["a"], []], "ner_tags": [[0], []]},
            "train": {"tokens": [["a", ""]], "ner_tags": [[0, 0]]},
        },
    }
    features = (
        features_of("PAN-X.de", "ner_tags", reversed_names),
        features_of("udpos.German", "pos_tags", UPOS_TAGS),
        features_of("PAN-X.fr", "ner_tags", PANX_TAGS),
    )
    hub.add("google/xtreme", data_set(configs, "\n".join(["dataset_info:", *features])), "datasets")
    return "google/xtreme"


@pytest.mark.parametrize(
    ("load", "sentences", "name", "split"),
    [
        (panx, NAMES, "test", "test"),
        (panx_dev, NAMES[1:], "dev", "validation"),
        (panx_train, NAMES[2:], "train", "train"),
    ],
)
def test_hub_and_folder_give_one_record_and_one_fingerprint(
    tmp_path: Path, xtreme: str, load: Loader, sentences: Sentences, name: str, split: str
) -> None:
    path = write(tmp_path / f"panx/{name}-de.tsv", text_of(sentences))
    from_folder, from_hub = load("de", tmp_path), load("de", None)
    assert from_folder == record("de", sentences, path)
    assert from_hub == record("de", sentences, f"{xtreme} PAN-X.de {split}")
    assert from_folder.fingerprint == from_hub.fingerprint


@pytest.mark.parametrize(
    ("load", "load_hub", "sentences", "name", "split"),
    [
        (udpos, udpos_hub, SPEECH, "test", "test"),
        (udpos_dev, udpos_hub_dev, SPEECH[1:], "dev", "validation"),
        (udpos_train, udpos_hub_train, SPEECH[2:], "train", "train"),
    ],
)
def test_udpos_comes_from_files_and_the_hubs_udpos_from_the_hub(
    tmp_path: Path, xtreme: str, load: Loader, load_hub: Loader, sentences: Sentences, name: str, split: str
) -> None:
    path = write(tmp_path / f"udpos/{name}-de.tsv", text_of(sentences))
    assert load("de", tmp_path) == record("de", sentences, path)
    assert (
        load_hub("de", None)
        == load_hub("de", tmp_path)
        == record("de", sentences, f"{xtreme} udpos.German {split}")
    )
    with pytest.raises(BadInput) as caught:
        load("de", None)
    assert str(caught.value) == (
        "the Hub's udpos splits the multi-word tokens that XTREME's udpos merges: it is another target\n"
        "    cure: give the files of XTREME's script with --data DIR, which reads DIR/udpos, or score the Hub's with -t udpos_hub"
    )


def test_tags_that_are_text_on_the_hub_are_taken_as_they_are(xtreme: str) -> None:
    assert panx("nl", None) == record("nl", [[("Ahlberg", "B-PER")]], f"{xtreme} PAN-X.nl test")


@pytest.mark.parametrize(
    "text",
    [
        text_of(NAMES)[:-1],
        text_of(NAMES) + "\n\n",
        "\n" + text_of(NAMES),
        text_of(NAMES).replace("\n", "\r\n"),
    ],
)
def test_line_endings_and_further_empty_lines_do_not_matter(tmp_path: Path, text: str) -> None:
    path = write(tmp_path / "panx/test-de.tsv", text)
    assert panx("de", tmp_path) == record("de", NAMES, path)


def test_a_record_names_its_sides_counts_and_can_be_cut() -> None:
    german = record("de", NAMES, "here")
    assert german.sides == {"sentences": ("Greta Ahl berg in Köln", 'xx:_ " \u2028 🌾 #', "Ende")}
    assert len(german) == 3
    assert german.first(2) == record("de", NAMES[:2], "here")


def test_the_fingerprint_covers_order_sentences_words_and_tags() -> None:
    base: Sentences = [[("Ein", "DET"), ("Wort", "NOUN")]]
    assert (
        record("de", base, "here").fingerprint
        == "sha256:565eee89e5b6bb5bd8728b304844a34833953783609c1c6c87b8c7679a7b9598"
    )
    others: list[Sentences] = [
        [base[0][::-1]],
        [base[0][:1], base[0][1:]],
        [base[0][:1]],
        [[("Ein", "NOUN"), ("Wort", "DET")]],
        [[("Ein", "DET"), ("wort", "NOUN")]],
    ]
    fingerprints = {record("de", sentences, "here").fingerprint for sentences in (base, *others)}
    assert len(fingerprints) == 1 + len(others)
    assert record("de", base, "elsewhere").fingerprint == record("de", base, "here").fingerprint


def test_the_hub_has_a_name_for_all_of_xtremes_languages() -> None:
    assert (
        " ".join(UDPOS_NAMES)
        == "af ar bg de el en es et eu fa fi fr he hi hu id it ja kk ko mr nl pt ru ta te th tl tr ur vi yo zh"
    )
    assert len(set(UDPOS_NAMES.values())) == 33


CORRECT = "\n    cure: correct it, or download the file again"
WHOLE = "\n    cure: get the whole data set"
OWNERS = "\n    cure: report it to the owners of the data set on the Hub"
UNTAGGED = (
    f"columns, expected a word and its tag{CORRECT}; XTREME's download script omits the tags of test files"
)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("Wort", f"found 1 {UNTAGGED}"),
        (" ", f"found 1 {UNTAGGED}"),
        ("ein\tWort\tNOUN", f"found 3 {UNTAGGED}"),
        ("Wort\t_", f"found the tag '_', expected one of: {' '.join(UPOS_TAGS)}{CORRECT}"),
        ("Wort\t", f"found the tag '', expected one of: {' '.join(UPOS_TAGS)}{CORRECT}"),
        ("Wort\tnoun", f"found the tag 'noun', expected one of: {' '.join(UPOS_TAGS)}{CORRECT}"),
        ("Wort\tB-PER", f"found the tag 'B-PER', expected one of: {' '.join(UPOS_TAGS)}{CORRECT}"),
        ("\tNOUN", f"a word is empty{CORRECT}"),
    ],
)
def test_a_malformed_line_is_named(tmp_path: Path, line: str, message: str) -> None:
    path = write(tmp_path / "udpos/test-de.tsv", text_of(SPEECH[:1]) + "\n" + line + "\n")
    with pytest.raises(BadInput) as caught:
        udpos("de", tmp_path)
    assert str(caught.value) == f"{path}:7: {message}"


def test_the_language_before_every_word_of_wikiann_is_not_text(tmp_path: Path) -> None:
    raw = [[(f"de:{word}", tag) for word, tag in sentence] for sentence in NAMES]
    path = write(tmp_path / "panx/dev-de.tsv", text_of(raw))
    notes: list[str] = []
    with noting(notes.append):
        assert panx_dev("de", tmp_path) == record("de", NAMES, path)
    assert notes == [f"{path}: 'de:' before every word is not read as text"]
    some = [[("de:Greta", "B-PER"), ("in", "O")]]
    write(path, text_of(some))
    assert panx_dev("de", tmp_path) == record("de", some, path)
    write(path.with_name("dev-fr.tsv"), text_of(raw))
    with pytest.raises(BadInput, match="every word begins with 'de:', so this is not the text of fr"):
        panx_dev("fr", tmp_path)


def test_bad_bytes_and_empty_and_missing_files_are_named(tmp_path: Path) -> None:
    path = write(tmp_path / "panx/dev-de.tsv", "\n\n")
    with pytest.raises(BadInput) as caught:
        panx_dev("de", tmp_path)
    assert str(caught.value) == f"no sentence of de is in {path}{WHOLE}"
    path.write_bytes(b"Wort\tO\n\n\xe4\tO\n")
    with pytest.raises(BadInput) as caught:
        panx_dev("de", tmp_path)
    assert str(caught.value).startswith(f"{path}:3: byte 0xe4 is not UTF-8: the file seems to be ")
    path.unlink()
    with pytest.raises(BadInput) as caught:
        panx_dev("de", tmp_path)
    assert (
        str(caught.value)
        == f"dev-de.tsv is not in {tmp_path / 'panx'}\n    cure: --data DIR reads DIR/panx/dev-de.tsv"
    )


def test_a_row_of_the_hub_is_checked_too(xtreme: str) -> None:
    for load, message in (
        (panx, f"{xtreme} PAN-X.fr test:2: found 2 words and 1 tags{OWNERS}"),
        (panx_dev, f"{xtreme} PAN-X.fr validation:2: found 0 words and 0 tags{OWNERS}"),
        (panx_train, f"{xtreme} PAN-X.fr train:1: a word is empty{OWNERS}"),
    ):
        with pytest.raises(BadInput) as caught:
            load("fr", None)
        assert str(caught.value) == message


def test_a_tag_without_a_name_is_refused(hub: HubServer) -> None:
    numbers = {"test": {"tokens": [["Wort"]], "pos_tags": [[3]]}}
    hub.add("google/xtreme", data_set({"udpos.German": numbers}), "datasets")
    with pytest.raises(BadInput) as caught:
        udpos_hub("de", None)
    names = " ".join(UPOS_TAGS)
    assert (
        str(caught.value)
        == f"google/xtreme udpos.German test:1: found the tag '3', expected one of: {names}{OWNERS}"
    )


@pytest.mark.parametrize(
    ("load", "name", "cure"),
    [
        (panx, "google/xtreme PAN-X.de", "give WikiANN's files with --data DIR, which reads DIR/panx"),
        (
            udpos_hub,
            "google/xtreme udpos.German",
            "give the files of XTREME's script with --data DIR, which reads DIR/udpos, and score -t udpos",
        ),
    ],
)
def test_without_the_hub_the_error_offers_a_folder(load: Loader, name: str, cure: str) -> None:
    with pytest.raises(Unreachable) as caught:
        load("de", None)
    message, _, rest = str(caught.value).partition("\n")
    assert message.startswith(f"{name} cannot be downloaded: it is not on this machine")
    assert rest.startswith("    cure: unset HF_HUB_OFFLINE")
    assert rest.endswith(f"; or {cure}")
