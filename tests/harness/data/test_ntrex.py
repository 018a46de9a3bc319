from __future__ import annotations

from pathlib import Path

import pytest

from harness.catalog import NTREX_NAMES
from harness.data.ntrex import ParallelDocuments, ntrex_docs
from harness.errors import BadInput

ENGLISH = [
    "The ferry is late.",
    "It waits for the fog.",
    "A cat sat\u2028on the quay.",
    "Nobody minded.",
    "Bread is dear.",
    "Alone here.",
]
GERMAN = [
    "Die Fähre hat Verspätung.",
    "Sie wartet auf den Nebel.",
    "Eine Katze saß am Kai.",
    "Keinen störte es.",
    "Brot ist teuer.",
    "Allein.",
]
IDS = ["harbour.1", "harbour.1", "harbour.1", "quay.7", "quay.7", "single.9"]


def write(folder: Path, ids: list[str] = IDS, german: list[str] = GERMAN) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    names = {"newstest2019-src.eng.txt": ENGLISH, "newstest2019-ref.deu.txt": german, "DOCUMENT_IDS.tsv": ids}
    for name, lines in names.items():
        (folder / name).write_bytes(("\n".join(lines) + "\n").encode())
    return folder


@pytest.mark.parametrize("path", ["ntrex", "ntrex_docs", "ntrex/NTREX-128"])
def test_both_sides_are_read_with_the_documents_of_their_lines(tmp_path: Path, path: str) -> None:
    write(tmp_path / path)
    parallel = ntrex_docs("de", tmp_path)
    assert (parallel.foreign, parallel.english, parallel.documents) == (
        tuple(GERMAN),
        tuple(ENGLISH),
        tuple(IDS),
    )
    assert parallel.sides == {"de side": tuple(GERMAN), "en side": tuple(ENGLISH)}


def test_a_clone_with_the_ids_next_to_the_folder_of_texts_is_read(tmp_path: Path) -> None:
    write(tmp_path / "ntrex/NTREX-128")
    (tmp_path / "ntrex/NTREX-128/DOCUMENT_IDS.tsv").rename(tmp_path / "ntrex/DOCUMENT_IDS.tsv")
    assert ntrex_docs("de", tmp_path).documents == tuple(IDS)


def test_the_fingerprint_covers_texts_order_and_documents_but_not_the_path(tmp_path: Path) -> None:
    base = ntrex_docs("de", write(tmp_path / "a/ntrex").parent).fingerprint
    assert ntrex_docs("de", write(tmp_path / "b/ntrex_docs").parent).fingerprint == base
    moved = ntrex_docs(
        "de", write(tmp_path / "c/ntrex", [*IDS[:2], *IDS[3:4] * 3, IDS[5]]).parent
    ).fingerprint
    changed = ntrex_docs(
        "de", write(tmp_path / "d/ntrex", german=[*GERMAN[:5], "Allein "]).parent
    ).fingerprint
    assert len({base, moved, changed}) == 3


def test_the_only_sentence_of_a_document_is_not_a_query(tmp_path: Path) -> None:
    parallel = ntrex_docs("de", write(tmp_path / "ntrex").parent)
    assert (parallel.queries, len(parallel)) == ((0, 1, 2, 3, 4), 5)


def test_a_trial_keeps_whole_documents() -> None:
    whole = ParallelDocuments("de", tuple(GERMAN), tuple(ENGLISH), tuple(IDS), "here")
    assert (whole.first(2).queries, whole.first(2).documents) == ((0, 1), tuple(IDS[:5]))
    assert whole.first(1).documents == tuple(IDS[:3])
    assert whole.first(99).queries == whole.queries


@pytest.mark.parametrize(
    ("ids", "german", "message"),
    [
        (
            IDS,
            GERMAN[:5],
            r"ntrex: newstest2019-ref\.deu\.txt has 5 lines, newstest2019-src\.eng\.txt has 6\n    cure: take all files",
        ),
        (IDS[:4], GERMAN, r"ntrex: DOCUMENT_IDS\.tsv has 4 lines, newstest2019-src\.eng\.txt has 6"),
        (
            ["a", "b", "a", "c", "c", "c"],
            GERMAN,
            r"DOCUMENT_IDS\.tsv:3: document 'a' continues after another document\n    cure: get the file again",
        ),
        (["a", "", "b", "b", "c", "c"], GERMAN, r"DOCUMENT_IDS\.tsv:2: expected the id of a document"),
    ],
)
def test_files_that_do_not_match_are_refused(
    tmp_path: Path, ids: list[str], german: list[str], message: str
) -> None:
    write(tmp_path / "ntrex", ids, german)
    with pytest.raises(BadInput, match=message):
        ntrex_docs("de", tmp_path)


def test_what_is_missing_is_named_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(
        BadInput,
        match=r"NTREX-128 is read from its files only: .*\n    cure: get MicrosoftTranslator/NTREX .* --data DIR",
    ):
        ntrex_docs("de", None)
    write(tmp_path / "ntrex")
    with pytest.raises(
        BadInput,
        match=r"NTREX-128's newstest2019-ref\.zho-CN\.txt is not in .*ntrex or .*NTREX-128\n    cure: get",
    ):
        ntrex_docs("zh", tmp_path)
    (tmp_path / "ntrex/newstest2019-ref.deu.txt").write_bytes(b"gut\nnicht \xff gut\n")
    with pytest.raises(BadInput, match=r"newstest2019-ref\.deu\.txt:2: byte 0xff is not UTF-8"):
        ntrex_docs("de", tmp_path)


def test_names_are_those_of_the_files() -> None:
    assert len(NTREX_NAMES) == len(set(NTREX_NAMES.values())) == 21
    assert [NTREX_NAMES[language] for language in ("ar", "sw", "zh", "de")] == ["arb", "swa", "zho-CN", "deu"]
