from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pytest

from harness.data.reading_notes import noting
from harness.data.sentence_pairs import (
    SentencePairs,
    mnli,
    pawsx,
    pawsx_certain,
    pawsx_dev,
    pawsx_train,
    xnli,
    xnli_dev,
)
from harness.errors import BadInput, Unreachable
from tests.support.hub_layout import data_set
from tests.support.hub_server import HubServer

Rows = list[tuple[str, str, str]]
Loader = Callable[[str, Path | None], SentencePairs]

NLI: Rows = [
    ('"Halt!" rief sie.', "Niemand rief.", "contradiction"),
    ("Der Zug\u2028fährt  heute.", "Heute fährt ein Zug.", "entailment"),
    ("Er las 5\xa0Bücher.", 'Er las "Faust".', "neutral"),
]
OTHER: Rows = [("The train runs.", "It is late.", "neutral")]
PARAPHRASES: Rows = [
    ("Anna traf Bert.", "Bert traf Anna.", "1"),
    ('"Nord" liegt bei Süd.', "Süd liegt bei Nord.", "1"),
    ("Das Haus am See.", "Der See am Haus.", "0"),
    ("Karl zog nach Bonn.", "Karl zog von Bonn weg.", "0"),
]


def write(path: Path, rows: Sequence[Sequence[str]], end: str = "\n") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join("\t".join(row) + end for row in rows).encode())


def quoted(rows: Rows) -> list[list[str]]:
    """Quote as Python's csv module does."""
    return [['"' + text.replace('"', '""') + '"' if '"' in text else text for text in row] for row in rows]


def columns(rows: Rows, *names: str) -> dict[str, tuple[str, ...]]:
    return dict(zip(names, zip(*rows, strict=True), strict=True))


@pytest.fixture
def xtreme(hub: HubServer) -> str:
    """Serve XTREME and MNLI: a sentence has spaces around it there, and XNLI's languages are mixed."""
    spaced = [(f" {first} ", f"{second} ", label) for first, second, label in NLI]
    mixed = [
        (*row, language)
        for row, language in zip([spaced[0], OTHER[0], *spaced[1:]], ("de", "en", "de", "de"), strict=True)
    ]
    names = ("sentence1", "sentence2", "gold_label", "language")
    test = dict(zip(names, zip(*mixed, strict=True), strict=True))
    validation = columns(OTHER, *names[:3]) | {"language": ["en"]}
    paws = {
        split: columns(rows, "sentence1", "sentence2", "label")
        for split, rows in (
            ("test", PARAPHRASES),
            ("validation", PARAPHRASES[1:]),
            ("train", PARAPHRASES[2:]),
        )
    }
    configurations = {
        "XNLI": {"test": test, "validation": validation},
        "PAWS-X.de": paws,
        "PAWS-X.en": paws,
    }
    numbers = {"contradiction": 2, "entailment": 0, "neutral": 1}
    train = columns(spaced, "premise", "hypothesis", "label") | {
        "label": [numbers[label] for *_, label in NLI]
    }
    hub.add("nyu-mll/multi_nli", data_set({"default": {"train": train}}), "datasets")
    hub.add("google/xtreme", data_set(configurations), "datasets")
    return "google/xtreme"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    root = tmp_path / "data"
    write(root / "xnli/test-de.tsv", NLI)
    write(root / "xnli/dev-en.tsv", OTHER)
    write(root / "xnli/train-en.tsv", NLI)
    write(root / "pawsx/test-de.tsv", PARAPHRASES)
    write(root / "pawsx/dev-de.tsv", PARAPHRASES[1:])
    write(root / "pawsx/train-en.tsv", PARAPHRASES[2:])
    return root


def record(language: str, rows: Rows, source: str) -> SentencePairs:
    first, second, labels = zip(*rows, strict=True)
    return SentencePairs(language, first, second, labels, source)


@pytest.mark.parametrize(
    ("load", "language", "rows", "file", "config"),
    [
        (xnli, "de", NLI, "xnli/test-de.tsv", "XNLI test"),
        (xnli_dev, "en", OTHER, "xnli/dev-en.tsv", "XNLI validation"),
        (pawsx, "de", PARAPHRASES, "pawsx/test-de.tsv", "PAWS-X.de test"),
        (pawsx_dev, "de", PARAPHRASES[1:], "pawsx/dev-de.tsv", "PAWS-X.de validation"),
        (pawsx_train, "en", PARAPHRASES[2:], "pawsx/train-en.tsv", "PAWS-X.en train"),
    ],
)
def test_hub_and_folder_give_one_record_and_one_fingerprint(
    data: Path, xtreme: str, load: Loader, language: str, rows: Rows, file: str, config: str
) -> None:
    from_folder, from_hub = load(language, data), load(language, None)
    assert from_folder == record(language, rows, str(data / file))
    assert from_hub == record(language, rows, f"{xtreme} {config}")
    assert from_folder.fingerprint == from_hub.fingerprint


def test_mnlis_labels_are_numbers_on_the_hub(data: Path, xtreme: str) -> None:
    assert mnli("en", data) == record("en", NLI, str(data / "xnli/train-en.tsv"))
    assert mnli("en", None) == record("en", NLI, "nyu-mll/multi_nli default train")
    assert mnli("en", data).fingerprint == mnli("en", None).fingerprint


def test_a_record_names_its_sides_counts_and_can_be_cut(data: Path) -> None:
    german = xnli("de", data)
    assert german.sides == {
        "first sentences": tuple(row[0] for row in NLI),
        "second sentences": tuple(row[1] for row in NLI),
    }
    assert len(german) == 3
    assert german.first(2) == record("de", NLI[:2], german.source)
    assert german.first(9) == german


def test_the_fingerprint_covers_order_sides_labels_and_every_character() -> None:
    base: Rows = [("a", "b", "0"), ("c", "d", "1")]
    others: list[Rows] = [
        base[::-1],
        [("b", "a", "0"), base[1]],
        [("a", "b", "1"), base[1]],
        [("a ", "b", "0"), base[1]],
        [("a\tb", "", "0"), base[1]],
        base[:1],
    ]
    fingerprints = {record("de", rows, "here").fingerprint for rows in (base, *others)}
    assert len(fingerprints) == 1 + len(others)
    assert (
        record("de", base, "here").fingerprint
        == "sha256:4fcd67d7ee54b5ddebb6e32032a476fee9fbe53c8dc5408cd7504d03ac7ec573"
    )
    assert record("de", base, "elsewhere").fingerprint == record("de", base, "here").fingerprint


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_file_of_xtremes_script_is_read_like_the_set_itself(tmp_path: Path, end: str) -> None:
    path = tmp_path / "xnli/train-en.tsv"
    write(path, quoted(NLI), end)
    assert mnli("en", tmp_path) == record("en", NLI, str(path))


def test_quoting_is_undone_only_if_the_whole_file_follows_it(tmp_path: Path) -> None:
    rows: Rows = [('"A" and ""B""', '""', "0"), ('"a ""b"" c"', '"', "1"), ('"whole"', "plain", "1")]
    for content in (rows, rows[:1], rows[1:2], rows[2:], [('"a ""b"" c"', 'odd " one', "1")]):
        write(tmp_path / "pawsx/dev-fr.tsv", content)
        assert pawsx_dev("fr", tmp_path) == record("fr", content, str(tmp_path / "pawsx/dev-fr.tsv"))


def test_rows_with_an_uncertain_label_are_omitted_except_in_german(data: Path) -> None:
    write(data / "pawsx/test-fr.tsv", PARAPHRASES)
    write(data / "pawsx/TEST_LABELS_UNCERTAIN_ROWS.txt", [["# 0-based, of test-*.tsv"], ["0"], ["2"]])
    assert pawsx_certain("fr", data) == record(
        "fr", [PARAPHRASES[1], PARAPHRASES[3]], str(data / "pawsx/test-fr.tsv")
    )
    assert (
        pawsx_certain("de", data)
        == pawsx("de", data)
        == record("de", PARAPHRASES, str(data / "pawsx/test-de.tsv"))
    )
    with pytest.raises(BadInput) as caught:
        pawsx("fr", data)
    assert str(caught.value) == (
        f"{data / 'pawsx'} has test rows with uncertain labels for every language but de, listed in TEST_LABELS_UNCERTAIN_ROWS.txt\n"
        "    cure: score the other rows with -t pawsx_from_dev, or give the official files"
    )


def test_without_the_list_of_uncertain_rows_nothing_is_certain(data: Path) -> None:
    write(data / "pawsx/test-fr.tsv", PARAPHRASES)
    with pytest.raises(BadInput) as caught:
        pawsx_certain("fr", data)
    assert str(caught.value) == (
        f"TEST_LABELS_UNCERTAIN_ROWS.txt is not in {data / 'pawsx'}\n    cure: without it every label counts as certain: score -t pawsx"
    )
    assert pawsx("fr", data) == record("fr", PARAPHRASES, str(data / "pawsx/test-fr.tsv"))
    with pytest.raises(BadInput) as caught:
        pawsx_certain("de", None)
    assert str(caught.value) == (
        "the Hub's PAWS-X does not mark uncertain labels: TEST_LABELS_UNCERTAIN_ROWS.txt lists them\n"
        "    cure: --data DIR reads DIR/pawsx"
    )


@pytest.mark.parametrize("line", ["4", "-1", "two", ""])
def test_an_invalid_number_of_an_uncertain_row_is_named(data: Path, line: str) -> None:
    write(data / "pawsx/test-fr.tsv", PARAPHRASES)
    path = data / "pawsx/TEST_LABELS_UNCERTAIN_ROWS.txt"
    write(path, [["# rows"], ["3"], [line]])
    with pytest.raises(BadInput) as caught:
        pawsx_certain("fr", data)
    assert str(caught.value) == (
        f"{path}:3: found {line!r}, expected the number of a row, 0 to 3\n    cure: correct it, or download the file again"
    )


CORRECT = "\n    cure: correct it, or download the file again"
WHOLE = "\n    cure: get the whole data set"
OWNERS = "\n    cure: report it to the owners of the data set on the Hub"
COLUMNS = f"columns, expected 3: sentence1, sentence2, label{CORRECT}; XTREME's download script omits the labels of test files"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"Er geht.\tSie geht.", f"found 2 {COLUMNS}"),
        (b"Er geht.\tSie geht.\tneutral\t", f"found 4 {COLUMNS}"),
        (b"", f"found 1 {COLUMNS}"),
        (
            b"Er geht.\tSie geht.\tNeutral",
            "found the label 'Neutral', expected one of: entailment neutral contradiction",
        ),
        (b"\tSie geht.\tneutral", "a sentence is empty"),
        (b"Er geht.\t \tneutral", "a sentence is empty"),
    ],
)
def test_a_malformed_row_is_named_with_its_line(data: Path, line: bytes, message: str) -> None:
    path = data / "xnli/test-de.tsv"
    path.write_bytes(path.read_bytes() + line + b"\n")
    with pytest.raises(BadInput) as caught:
        xnli("de", data)
    assert str(caught.value) == f"{path}:4: {message if CORRECT in message else message + CORRECT}"


@pytest.mark.parametrize(
    "rows",
    [
        [("sentence1", "sentence2", "label"), *PARAPHRASES],
        [("id", "Sentence1", "Sentence2", "label"), *(("7", *row) for row in PARAPHRASES)],
        [("label", "premise", "hypo"), *((label, first, second) for first, second, label in PARAPHRASES)],
    ],
)
def test_a_header_names_the_columns(tmp_path: Path, rows: Sequence[Sequence[str]]) -> None:
    path = tmp_path / "pawsx/train-en.tsv"
    write(path, rows)
    notes: list[str] = []
    with noting(notes.append):
        assert pawsx_train("en", tmp_path) == record("en", PARAPHRASES, str(path))
    assert notes == [f"{path}: line 1 is read as a header, which names the columns"]


def test_a_header_without_a_column_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pawsx/train-en.tsv"
    write(path, [("sentence1", "sentence2", "gold"), *PARAPHRASES])
    with pytest.raises(BadInput) as caught:
        pawsx_train("en", tmp_path)
    assert str(caught.value) == (
        f"{path}:1: the header names no column label, only sentence1, sentence2, gold\n"
        "    cure: name the column in line 1: label or gold_label"
    )


def test_the_older_spelling_of_a_label_is_read_and_noted(data: Path) -> None:
    path = data / "xnli/test-de.tsv"
    path.write_bytes(path.read_bytes().replace(b"contradiction", b"contradictory"))
    notes: list[str] = []
    with noting(notes.append):
        assert xnli("de", data) == record("de", NLI, str(path))
    assert notes == [f"{path}: the label contradictory is read as contradiction"]


def test_a_column_of_the_hub_that_is_missing_or_of_another_type_is_named(hub: HubServer) -> None:
    renamed = columns(PARAPHRASES[:1], "premise", "sentence2", "label")
    numbered = {"sentence1": ["Anna traf Bert."], "sentence2": ["Bert traf Anna."], "label": [1]}
    configurations = {"PAWS-X.fr": {"test": renamed}, "PAWS-X.ko": {"test": numbered}}
    hub.add("google/xtreme", data_set(configurations), "datasets")
    for language, message in (
        (
            "fr",
            f"google/xtreme PAWS-X.fr test has no column 'sentence1', only premise, sentence2, label{OWNERS}",
        ),
        ("ko", f"google/xtreme PAWS-X.ko test:1: 'label' is a whole number, expected text{CORRECT}"),
    ):
        with pytest.raises(BadInput) as caught:
            pawsx(language, None)
        assert str(caught.value) == message


def test_bad_bytes_and_empty_and_missing_files_are_named(data: Path) -> None:
    path = data / "xnli/test-de.tsv"
    path.write_bytes(b"Er geht.\tSie geht.\tneutral\nEr \xff\tSie\tneutral\n")
    with pytest.raises(BadInput) as caught:
        xnli("de", data)
    assert str(caught.value).startswith(f"{path}:2: byte 0xff is not UTF-8: the file seems to be ")
    path.write_bytes(b"")
    with pytest.raises(BadInput) as caught:
        xnli("de", data)
    assert str(caught.value) == f"no pair of de is in {path}{WHOLE}"
    path.unlink()
    with pytest.raises(BadInput) as caught:
        xnli("de", data)
    assert (
        str(caught.value)
        == f"test-de.tsv is not in {data / 'xnli'}\n    cure: --data DIR reads DIR/xnli/test-de.tsv"
    )


def test_a_row_of_the_hub_is_checked_too(hub: HubServer) -> None:
    bad = columns([*PARAPHRASES[:1], ("Anna traf Bert.", " ", "1")], "sentence1", "sentence2", "label")
    missing = columns(PARAPHRASES[:1], "sentence1", "sentence2", "label") | {
        "label": pa.array([None], pa.string())
    }
    train = columns(NLI, "premise", "hypothesis", "label") | {"label": [0, -1, 2]}
    configurations = {"PAWS-X.fr": {"test": bad}, "PAWS-X.ko": {"test": missing}}
    hub.add("google/xtreme", data_set(configurations), "datasets")
    hub.add("nyu-mll/multi_nli", data_set({"default": {"train": train}}), "datasets")
    for load, language, message in (
        (pawsx, "fr", f"google/xtreme PAWS-X.fr test:2: a sentence is empty{OWNERS}"),
        (pawsx, "ko", f"google/xtreme PAWS-X.ko test:1: found the label '', expected one of: 0 1{OWNERS}"),
        (
            mnli,
            "en",
            f"nyu-mll/multi_nli default train:2: found the label '-1', expected one of: entailment neutral contradiction{OWNERS}",
        ),
    ):
        with pytest.raises(BadInput) as caught:
            load(language, None)
        assert str(caught.value) == message


def test_a_language_without_pairs_on_the_hub_is_named(xtreme: str) -> None:
    with pytest.raises(BadInput) as caught:
        xnli("fr", None)
    assert str(caught.value) == f"no pair of fr is in {xtreme} XNLI test{WHOLE}"


@pytest.mark.parametrize(
    ("load", "name", "cure"),
    [
        (xnli, "google/xtreme XNLI", "give XNLI's files with --data DIR, which reads DIR/xnli"),
        (pawsx, "google/xtreme PAWS-X.de", "give PAWS-X's files with --data DIR, which reads DIR/pawsx"),
        (
            mnli,
            "nyu-mll/multi_nli default",
            "give XTREME's train-en.tsv: --data DIR reads DIR/xnli/train-en.tsv",
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
