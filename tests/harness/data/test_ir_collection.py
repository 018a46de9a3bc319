from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from harness.data import find_own_target, load_examples
from harness.data.chunking import chunks, sentences
from harness.data.ir_collection import Collection, collection_pairs, load_collection
from harness.errors import BadInput
from harness.records.scalars import Language
from tests.support.collections import DOCUMENTS, QUERIES, write_beir, write_trec


def test_a_beir_folder_gives_queries_documents_and_relevant_grades(tmp_path: Path) -> None:
    collection = load_collection("de-en", write_beir(tmp_path / "de-en").parent, all_judged=False)
    assert collection.queries == {"q1": QUERIES["q1"], "q2": QUERIES["q2"]}
    assert {
        name: (document.title, document.text) for name, document in collection.documents.items()
    } == DOCUMENTS
    # In document order; grades of 0 or less are not relevant, and q3 has no others.
    assert [(query, list(grades.items())) for query, grades in collection.judgements.items()] == [
        ("q1", [("d1", 3), ("d3", 1)]),
        ("q2", [("d2", 2)]),
    ]
    assert (len(collection), collection.unscored_queries) == (2, 1)
    assert (
        collection.source
        == f"{tmp_path / 'de-en'} (1 queries without a relevant document left out, 1 documents without a text)"
    )


def test_judged_queries_without_a_relevant_document_are_kept_by_default(tmp_path: Path) -> None:
    folder = write_beir(tmp_path / "de-en")
    with (folder / "queries.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"_id": "q4", "text": "Wer schlief?"}\n{"_id": "q5", "text": ""}\n')
    with (folder / "qrels/test.tsv").open("a", encoding="utf-8") as file:
        file.write("q5\td2\t0\n")
    collection = load_collection("de-en", folder)
    assert {query: len(grades) for query, grades in collection.judgements.items()} == {
        "q1": 2,
        "q2": 1,
        "q3": 0,
        "q5": 0,
    }
    assert list(collection.queries) == list(collection.judgements)
    assert collection.remarks == (
        "2 judged queries without a relevant document count as 0, 1 queries without judgements left out, "
        "1 documents without a text"
    )
    for all_judged, names in ((True, ["q1", "q2", "q3", "q5"]), (False, ["q1", "q2"])):
        target = find_own_target("clir.own", folder.parent, all_judged=all_judged)
        assert ("|all_judged|" in str(target.signature)) is all_judged
        loaded = load_examples(target, "de-en", folder.parent)
        assert isinstance(loaded, Collection)
        assert list(loaded.queries) == names


def test_beir_and_trec_give_one_collection_and_one_fingerprint(tmp_path: Path) -> None:
    beir = load_collection("de-en", write_beir(tmp_path / "beir/de-en"))
    trec = load_collection("de-en", write_trec(tmp_path / "trec/de-en"))
    assert (beir.queries, beir.documents, beir.judgements) == (trec.queries, trec.documents, trec.judgements)
    assert beir.fingerprint == trec.fingerprint
    assert beir.sides == trec.sides


def test_two_columns_are_read_too_plain_or_gzipped(tmp_path: Path) -> None:
    (tmp_path / "topics.tsv").write_text("7\tWo liegt die Fähre?\n", "utf-8")
    (tmp_path / "documents.tsv.gz").write_bytes(gzip.compress("\ufeffa\tThe ferry.\r\nb\t\r\n".encode()))
    (tmp_path / "qrels").write_text("7\t0\ta\t1\n")
    collection = load_collection("de-en", tmp_path)
    assert (collection.queries, [document.whole for document in collection.documents.values()]) == (
        {"7": "Wo liegt die Fähre?"},
        ["The ferry.", ""],
    )


SDA = """<DOC>
<DOCNO>SDA.940101.0001</DOCNO>
<DOCID>SDA.940101.0001</DOCID>
<KW>Verkehr</KW>
<TI>Fähre verspätet</TI>
<LD>Die Fähre blieb <!-- heute --> im Hafen.</LD>
<TX>Sie wartet &amp; wartet.</TX>
</DOC>
"""


def texts(pair: Path) -> dict[str, tuple[str, str]]:
    collection = load_collection("de-en", pair)
    return {
        name: (document.title, " ".join(document.text.split()))
        for name, document in collection.documents.items()
    }


def small(folder: Path, **files: str) -> Path:
    """Write a collection of one query and the given documents, of which d1 is relevant."""
    (folder / "documents").mkdir(parents=True)
    (folder / "topics.txt").write_text("q1\tWo liegt die Fähre?\n", "utf-8")
    (folder / "qrels.txt").write_text("q1 0 d1 1\n")
    for name, content in files.items():
        (folder / "documents" / f"{name}.sgml").write_text(content, "utf-8")
    return folder


def test_without_text_elements_all_but_ids_and_titles_of_a_record_is_text(tmp_path: Path) -> None:
    folder = small(tmp_path / "de-en", a=SDA.replace("SDA.940101.0001", "d1"))
    assert texts(folder) == {
        "d1": ("Fähre verspätet", "Verkehr Die Fähre blieb im Hafen. Sie wartet & wartet.")
    }


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('<DATE>1</DATE><TITLE lang="de">T</TITLE>\n<TEXT lang="de">a</TEXT><TEXT>b</TEXT>', ("T", "a b")),
        ("<HEADLINE><P>T</P></HEADLINE><TEXT><![CDATA[a]]></TEXT>", ("T", "a")),
        ("<TIME>9</TIME>\n<TEXT>never closed", ("", "9 never closed")),
        ("<KW>k</KW><TEXT>a</TEXT>", ("", "a")),
    ],
)
def test_attributes_and_markup_are_not_text(tmp_path: Path, body: str, expected: tuple[str, str]) -> None:
    assert texts(small(tmp_path / "de-en", a=f"<DOC>\n<DOCNO>d1</DOCNO>\n{body}\n</DOC>\n")) == {
        "d1": expected
    }


def topics(folder: Path, content: str) -> dict[str, str]:
    """Return the queries of a collection with these topics, of which q1 and q2 have a relevant document."""
    small(folder, a="d1\tone\n")
    (folder / "topics.txt").write_text(content, "utf-8")
    (folder / "qrels.txt").write_text("q1 0 d1 1\nq2 0 d1 1\n")
    return dict(load_collection("de-en", folder).queries)


TWO = {"q1": "blood pressure < 90 & falling", "q2": "Herz"}


@pytest.mark.parametrize(
    "content",
    [
        "<top>\n<num> Number: q1\n<title> blood pressure < 90 &amp; falling\n\n<desc> Description:\nx < y\n</top>\n"
        "<top>\n<num> Number: q2\n<title> Topic: Herz\n<narr> more\n</top>\n",
        "<top><num>q1</num><title>blood pressure < 90 &amp; falling</title><desc>x</desc></top>"
        "<top><num>q2</num><title>Herz</title></top>",
        "<top> <num> Number: q1 <title> blood pressure < 90 &amp; falling <desc> x </top>\n"
        "<top> <num> Number: q2 <title> Herz <desc> x </top>\n",
        '<?xml version="1.0"?>\n<topics>\n<topic number="q1"><query>blood pressure &lt; 90 &amp; falling</query>'
        '<question>x?</question></topic>\n<topic number="q2">\n  <query>Herz</query>\n</topic>\n</topics>\n',
        '<topics><topic lang="de"><identifier>q1</identifier><title>blood pressure < 90 & falling</title>'
        "<description>x</description></topic>\n<topic><identifier>q2</identifier><title>Herz</title></topic></topics>",
        '<topic number="q1">\nblood pressure &#60; 90\n&amp; falling\n</topic>\n<topic number="q2">Herz</topic>\n',
        "<TOP>\n<NUM>q1</NUM>\n<DE-title>blood pressure < 90 & falling</DE-title>\n<note>x\n</TOP>\n"
        "<TOP>\n<NUM>q2</NUM>\n<DE-title>Herz</DE-title>\n</TOP>\n",
        "qid\tquery\nq1\tblood pressure < 90 & falling\nq2\tHerz\n",
    ],
)
def test_topics_are_read_in_every_layout(tmp_path: Path, content: str) -> None:
    assert topics(tmp_path / "de-en", content) == TWO


def test_an_id_ends_at_ascii_white_space_only(tmp_path: Path) -> None:
    folder = small(tmp_path / "de-en", a="<DOC><DOCNO> d\u3000 1\u00a0 </DOCNO><TEXT>one</TEXT></DOC>\n")
    (folder / "topics.txt").write_text("q\u00a01\tFähre\n", "utf-8")
    (folder / "qrels.txt").write_text("q\u00a01\t0 \td\u3000 1\u00a0 1\n", "utf-8")
    with pytest.raises(BadInput, match=r"qrels\.txt:1: expected `query 0 document grade`, found 5 fields"):
        load_collection("de-en", folder)
    (folder / "documents/a.sgml").write_text(
        "<DOC><DOCNO>d\u30001\u00a0</DOCNO><TEXT>one</TEXT></DOC>\n", "utf-8"
    )
    (folder / "qrels.txt").write_text("q\u00a01\t0 \td\u30001\u00a0 1\n", "utf-8")
    assert dict(load_collection("de-en", folder).judgements) == {"q\u00a01": {"d\u30001\u00a0": 1}}


def test_a_query_without_text_is_refused_only_if_it_is_scored(tmp_path: Path) -> None:
    lines = "q1\tHerz\nq2\tBrot\nq3\t\n"
    assert topics(tmp_path / "fine", lines) == {"q1": "Herz", "q2": "Brot"}
    with pytest.raises(
        BadInput,
        match=r"topics\.txt:2: query 'q2' has no text, but a relevant document\n    cure: write its text",
    ):
        topics(tmp_path / "lost", "q1\tHerz\nq2\t\n")
    folder = write_beir(tmp_path / "de-en")
    whole = (folder / "queries.jsonl").read_text("utf-8")
    (folder / "queries.jsonl").write_text(whole.replace(QUERIES["q3"], ""), "utf-8")
    assert list(load_collection("de-en", folder).queries) == ["q1", "q2", "q3"]  # nothing is relevant to q3
    (folder / "queries.jsonl").write_text(re.sub("Wo liegt[^?]*.", "", whole), "utf-8")
    with pytest.raises(BadInput, match=r"queries\.jsonl:1: query 'q1' has no text, but a relevant document"):
        load_collection("de-en", folder)


WEB_PAGE = """<DOC>
<DOCNO>d1</DOCNO>
<DOCOLDNO>old</DOCOLDNO>
<DOCHDR>
http://example.org/
Content-Type: text/html
</DOCHDR>
<html><head><title>Fähren</title>
<style type="text/css">p { color: red }</style>
<script>if (a < b) { alert("x") }</script></head>
<body><p>Sie f&auml;hrt&blank;&hyph; 3 < 4 &amp; 5.</p><![CDATA[<b>&amp;]]></body></html>
</DOC>
"""


def test_headers_of_servers_styles_and_scripts_are_not_text(tmp_path: Path) -> None:
    assert texts(small(tmp_path / "de-en", a=WEB_PAGE)) == {
        "d1": ("Fähren", "Sie fährt - 3 < 4 & 5. <b>&amp;")
    }


def test_identical_ids_are_ignored_in_beirs_layout_by_default(tmp_path: Path) -> None:
    beir, trec = write_beir(tmp_path / "beir/de-en").parent, write_trec(tmp_path / "trec/de-en").parent
    for folder, ignore, expected in (
        (beir, None, True), (trec, None, False), (beir, False, False), (trec, True, True)
    ):  # fmt: skip
        target = find_own_target("clir.own", folder, ignore_identical_ids=ignore)
        collection = load_examples(target, "de-en", folder)
        assert isinstance(collection, Collection)
        assert collection.ignore_identical_ids is expected
        assert ("ignore_identical_ids" in str(target.signature)) is expected
    assert load_examples(target, "de-en", beir).fingerprint == load_collection("de-en", beir).fingerprint


def test_an_empty_document_is_counted_and_refused_if_it_is_relevant(tmp_path: Path) -> None:
    empty = "<DOC><DOCNO>{}</DOCNO><TEXT>\n</TEXT></DOC>\n"
    full = "<DOC><DOCNO>{}</DOCNO><TEXT>a</TEXT></DOC>\n"
    folder = small(tmp_path / "fine", a=full.format("d1"), b=empty.format("d2"))
    assert load_collection("de-en", folder).source == f"{folder} (1 documents without a text)"
    folder = small(tmp_path / "lost", a=full.format("d2"), b=empty.format("d1"))
    with pytest.raises(
        BadInput,
        match=r"b\.sgml: document 'd1' has no text, but is relevant to query 'q1'\n    cure: put its text into",
    ):
        load_collection("de-en", folder)


def test_documents_are_read_from_subfolders_too_and_only_dot_files_are_ignored(tmp_path: Path) -> None:
    folder = small(tmp_path / "de-en", b="d1\tone\n")
    for name in ("c/z/1994.tsv", "c/a.tsv", "a/.DS_Store", "a/.git/config", ".DS_Store"):
        path = folder / "documents" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\xff" if "/." in f"/{name}" else f"{path.stem}\ttext\n".encode())
    assert list(load_collection("de-en", folder).documents) == ["d1", "a", "1994"]
    (folder / "documents/d.xml").write_text("<docs>\n<document>text</document>\n</docs>\n")
    with pytest.raises(BadInput, match=r"d\.xml: holds no document\n    cure: a document is <DOC>"):
        load_collection("de-en", folder)
    (folder / "documents/d.xml").unlink()
    (folder / "documents/d.xml").symlink_to("nowhere")
    with pytest.raises(
        BadInput, match=r"d\.xml: is a link to nowhere, which is not there\n    cure: repair the link"
    ):
        load_collection("de-en", folder)


def test_names_need_only_begin_with_topics_qrels_and_documents(tmp_path: Path) -> None:
    folder = write_trec(tmp_path / "de-en")
    before = load_collection("de-en", folder).fingerprint
    for old, new in (
        ("topics.txt", "topics-de.xml"),
        ("qrels.txt", "qrels.de.txt"),
        ("documents", "documents_en"),
    ):
        (folder / old).rename(folder / new)
    (folder / ".topics.swp").write_bytes(b"\xff")
    assert collection_pairs(tmp_path) == ("de-en",)
    assert load_collection("de-en", folder).fingerprint == before
    (folder / "qrels-dev").write_text("")
    with pytest.raises(
        BadInput,
        match=r"de-en must hold one file qrels\*, found qrels-dev, qrels\.de\.txt\n    cure: a collection is",
    ):
        load_collection("de-en", folder)


def test_every_text_whose_vector_is_needed_is_named(tmp_path: Path) -> None:
    collection = load_collection("de-en", write_beir(tmp_path / "de-en"))
    whole = (
        "The harbour The ferry lies at pier 3. It leaves at noon.",
        "Bread & salt cost 2.50 < 3.00 today.",
        "Songs The choir sang.\nNobody slept.",
        "",
    )
    assert collection.sides == {
        "queries of de-en": tuple(collection.queries.values()),
        "documents of de-en": whole,
        "chunks of de-en": whole,
    }
    assert collection.chunks[3] == ("",)


def test_the_fingerprint_covers_all_that_affects_a_score(tmp_path: Path) -> None:
    write_beir(tmp_path / "de-en")
    seen = {load_collection("de-en", tmp_path, all_judged=False).fingerprint}
    (tmp_path / "de-en/qrels/test.tsv").write_text(
        "query-id\tcorpus-id\tscore\nq1\td1\t3\nq1\td3\t1\nq2\td2\t2\n"
    )
    assert load_collection("de-en", tmp_path, all_judged=False).fingerprint in seen
    for old, new in (("q1\td1\t3", "q1\td1\t2"), ("q2\td2\t2\n", "")):
        path = tmp_path / "de-en/qrels/test.tsv"
        path.write_text(path.read_text().replace(old, new))
        seen.add(load_collection("de-en", tmp_path, all_judged=False).fingerprint)
    corpus = tmp_path / "de-en/corpus.jsonl"
    corpus.write_text("\n".join(reversed(corpus.read_text().splitlines())) + "\n")
    assert len(seen | {load_collection("de-en", tmp_path, all_judged=False).fingerprint}) == 4


def test_a_trial_keeps_the_relevant_documents_and_some_others(tmp_path: Path) -> None:
    collection = load_collection("de-en", write_beir(tmp_path / "de-en")).first(1)
    assert (list(collection.queries), list(collection.documents), len(collection)) == (
        ["q1"],
        ["d1", "d2", "d3"],
        1,
    )
    assert collection.judgements == {"q1": {"d1": 3, "d3": 1}}


def test_the_pairs_of_a_folder_are_its_subfolders_or_itself(tmp_path: Path) -> None:
    for pair in ("sw-en", "de-en", "zh-Hans-en"):
        write_beir(tmp_path / "own" / pair)
    (tmp_path / "own/notes").mkdir()
    assert collection_pairs(tmp_path / "own") == ("de-en", "sw-en", "zh-Hans-en")
    assert collection_pairs(tmp_path / "own/sw-en") == ("sw-en",)
    assert (
        load_collection("sw-en", tmp_path / "own").pair
        == load_collection("sw-en", tmp_path / "own/sw-en").pair
        == "sw-en"
    )
    assert collection_pairs(write_trec(tmp_path / "fi-ru")) == ("fi-ru",)


def test_a_folder_without_a_pair_says_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(
        BadInput,
        match=r"here holds no test collection\n    cure: put one folder per language pair into it, named <query language>",
    ):
        collection_pairs(tmp_path / "here")
    write_beir(tmp_path / "scifact")
    with pytest.raises(
        BadInput,
        match=r"scifact holds a test collection, but its name is not a language pair\n    cure: name the folder",
    ):
        collection_pairs(tmp_path / "scifact")


@pytest.mark.parametrize(
    "name", ["scifact", "DE-EN", "de_Latn-en_Latn", "de-Abcdefgh-en-Abcdefghij", "de-abcdefgh-en-abcdefgh-x1"]
)
def test_a_collection_in_a_subfolder_that_is_not_a_language_pair_is_named(tmp_path: Path, name: str) -> None:
    write_beir(tmp_path / "de-en")
    write_beir(tmp_path / name)
    (tmp_path / ".hidden-en").mkdir()
    message = rf"{name} holds a test collection, but its name is not a language pair\n    cure: name the folder <query .*, at most 24 characters"
    with pytest.raises(BadInput, match=message):
        collection_pairs(tmp_path)
    with pytest.raises(BadInput, match=message):
        collection_pairs(tmp_path / name)


def test_every_accepted_pair_is_a_language_that_a_result_can_store(tmp_path: Path) -> None:
    names = ("de-abcdefgh-en-abcdefgh", "deu-Latn-1996-eng-Latn", "zh-Hans-en")
    for name in names:
        write_beir(tmp_path / name)
    assert collection_pairs(tmp_path) == names
    assert [TypeAdapter(Language).validate_python(name) for name in names] == [*names]


# ---- what is malformed -------------------------------------------------------------------------

FINE = '{"_id": "d1", "text": "a"}\n'
HEADER = "query-id\tcorpus-id\tscore\n"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "corpus.jsonl",
            FINE + "{oops}\n",
            r"corpus\.jsonl:2: not JSON: Expecting property name .*\n    cure: correct it",
        ),
        ("corpus.jsonl", FINE + "[]\n", r"corpus\.jsonl:2: found a list, expected an object"),
        ("corpus.jsonl", FINE + "\n", r"corpus\.jsonl:2: not JSON"),
        ("corpus.jsonl", FINE + '{"text": "a"}\n', r"corpus\.jsonl:2: '_id' is missing"),
        (
            "corpus.jsonl",
            FINE + '{"_id": 2, "text": "a"}\n',
            r"corpus\.jsonl:2: '_id' is a whole number, expected text",
        ),
        ("corpus.jsonl", FINE + '{"_id": " ", "text": "a"}\n', r"corpus\.jsonl:2: '_id' is empty"),
        (
            "corpus.jsonl",
            FINE + '{"_id": "d2", "title": ["a"], "text": "a"}\n',
            r"corpus\.jsonl:2: 'title' is a list, expected text",
        ),
        (
            "corpus.jsonl",
            FINE + '{"_id": "d2", "text": "\\ud800"}\n',
            r"corpus\.jsonl:2: text contains half a character \(\\ud800\)",
        ),
        ("corpus.jsonl", FINE + FINE, r"corpus\.jsonl:2: document 'd1' occurs twice"),
        (
            "queries.jsonl",
            '{"_id": "q1", "text": "a"}\n' * 2,
            r"queries\.jsonl:2: query 'q1' occurs twice",
        ),
        (
            "qrels/test.tsv",
            "q1\td1\t1\n",
            r"qrels/test\.tsv:1: expected the header `query-id corpus-id score`, separated by tabs",
        ),
        (
            "qrels/test.tsv",
            HEADER + "q1 d1 1\n",
            r"qrels/test\.tsv:2: expected query-id, corpus-id and score, found 1 columns",
        ),
        (
            "qrels/test.tsv",
            HEADER + "q9\td1\t1\n",
            r"test\.tsv:2: query 'q9' is not among the queries\n    cure: take all files of one",
        ),
        ("qrels/test.tsv", HEADER + "q1\td9\t1\n", r"test\.tsv:2: document 'd9' is not among the documents"),
        (
            "qrels/test.tsv",
            HEADER + "q1\td1\thigh\n",
            r"test\.tsv:2: the grade 'high' is not a whole number\n    cure: grades are 0, 1, 2, …",
        ),
        (
            "qrels/test.tsv",
            HEADER + "q1\td1\t0\nq1\td1\t1\n",
            r"test\.tsv:3: query 'q1' and document 'd1' are judged twice",
        ),
        ("qrels/test.tsv", HEADER + "q1\td1\t0\n", r"de-en: no query has a relevant document"),
    ],
)
def test_malformed_beir_files_are_named_with_their_line(
    tmp_path: Path, name: str, content: str, message: str
) -> None:
    write_beir(tmp_path / "de-en")
    (tmp_path / "de-en" / name).write_text(content, "utf-8")
    with pytest.raises(BadInput, match=message):
        load_collection("de-en", tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("topics.txt", "<top>\n<num> 1\n</top>\n", r"topics\.txt:1: the topic has no <title> or <query>"),
        ("topics.txt", "\n<top>\n<title> a\n</top>\n", r"topics\.txt:2: the topic has no <num>"),
        ("topics.txt", "<top>\n<num> 1\n<title> a\n", r"topics\.txt:1: the <top> has no </top>"),
        (
            "topics.txt",
            "<top>\n<num> 1\n\n<top>\n",
            r"topics\.txt:4: a second <top> before the </top> of line 1",
        ),
        ("topics.txt", "1\ta\tb\n", r"topics\.txt:1: found 3 columns, expected 2: id, text"),
        ("topics.txt", " \ta\n", r"topics\.txt:1: the id is empty"),
        ("topics.txt", "<tops>\n<query>a</query>\n</tops>\n", r"topics\.txt: holds no topic"),
        ("documents/a.sgml", "<DOC>\n<TEXT>a</TEXT>\n</DOC>\n", r"a\.sgml:1: the document has no <DOCNO>"),
        (
            "documents/a.sgml",
            "<?xml?>\n<DOC><DOCNO>1</DOCNO></DOC>\n</DOC>\n",
            r"a\.sgml:3: a </DOC> without its <DOC>",
        ),
        ("documents/a.sgml", "<DOC><DOCNO>1</DOCNO></DOC>\nstray\n", r"a\.sgml:2: text outside of <DOC>"),
        (
            "documents/a.sgml",
            "<DOC><DOCNO>d3</DOCNO></DOC>\n",
            r"b\.sgml\.gz:1: document 'd3' occurs twice",
        ),
        ("documents/a.sgml", "d1\ta\nd2\n", r"a\.sgml:2: found 1 columns, expected 2: id, text"),
        ("qrels.txt", "q1 d1 1\n", r"qrels\.txt:1: expected `query 0 document grade`, found 3 fields"),
        ("qrels.txt", "q1 0 d1 1.0\n", r"qrels\.txt:1: the grade '1\.0' is not a whole number"),
    ],
)
def test_malformed_trec_files_are_named_with_their_line(
    tmp_path: Path, name: str, content: str, message: str
) -> None:
    write_trec(tmp_path / "de-en")
    (tmp_path / "de-en" / name).write_text(content, "utf-8")
    with pytest.raises(BadInput, match=message):
        load_collection("de-en", tmp_path)


def test_bytes_that_are_not_utf8_and_damaged_archives_are_named(tmp_path: Path) -> None:
    write_trec(tmp_path / "de-en")
    archive = tmp_path / "de-en/documents/b.sgml.gz"
    whole = archive.read_bytes()
    archive.write_bytes(gzip.compress(b"<DOC>\n<DOCNO>x</DOCNO>\n<TEXT>caf\xe9</TEXT>\n</DOC>\n"))
    with pytest.raises(
        BadInput,
        match=r"b\.sgml\.gz:3: byte 0xe9 is not UTF-8: the file seems to be WINDOWS-1252\n    cure: convert it",
    ):
        load_collection("de-en", tmp_path)
    for damaged in (whole[:-12], b"plain", whole[:20] + b"\xff\xff" + whole[22:]):
        archive.write_bytes(damaged)
        with pytest.raises(
            BadInput, match=r"b\.sgml\.gz:\d+: cannot be unpacked: .*\n    cure: download it again"
        ):
            load_collection("de-en", tmp_path)


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("queries.jsonl", r"queries\.jsonl is missing in .*de-en\n    cure: a collection is corpus\.jsonl"),
        ("qrels/test.tsv", r"qrels/test\.tsv is missing in .*de-en"),
        ("corpus.jsonl", r"de-en must hold one file topics\*, found none"),
    ],
)
def test_a_missing_beir_file_is_named(tmp_path: Path, missing: str, message: str) -> None:
    write_beir(tmp_path / "de-en")
    (tmp_path / "de-en" / missing).unlink()
    with pytest.raises(BadInput, match=message):
        load_collection("de-en", tmp_path)


def test_two_topic_files_and_missing_documents_are_named(tmp_path: Path) -> None:
    folder = write_trec(tmp_path / "de-en")
    for path in (folder / "documents").iterdir():
        path.unlink()
    with pytest.raises(BadInput, match=r"de-en holds no file documents\*"):
        load_collection("de-en", folder)
    (folder / "topics.fr.txt").write_text("1\ta\n")
    with pytest.raises(
        BadInput, match=r"de-en must hold one file topics\*, found topics\.fr\.txt, topics\.txt"
    ):
        load_collection("de-en", folder)


def test_a_collection_without_any_text_is_refused(tmp_path: Path) -> None:
    write_trec(tmp_path / "de-en")
    (tmp_path / "de-en/documents/b.sgml.gz").unlink()
    (tmp_path / "de-en/documents/a.sgml").write_text(
        "".join(f"<DOC><DOCNO>d{i}</DOCNO><TEXT></TEXT></DOC>\n" for i in range(1, 5))
    )
    with pytest.raises(
        BadInput,
        match=r"de-en: no document has a text\n    cure: the text belongs in `text`, <TEXT> or the second column",
    ):
        load_collection("de-en", tmp_path)


# ---- chunks ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It costs 3.14. Fine! Is it? Yes… Go", ["It costs 3.14. ", "Fine! ", "Is it? ", "Yes… ", "Go"]),
        (
            "Dr. Lee met J. Doe on 3. Mai, i.e. today. e.g. is kept. U.S. Ships",
            ["Dr. Lee met J. Doe on 3. Mai, i.e. today. e.g. is kept. ", "U.S. Ships"],
        ),
        ('He said "Go." Then (No.) He went.', ['He said "Go." ', "Then (No.) ", "He went."]),
        ("彼は来た。「はい。」3.5％だ！終わり", ["彼は来た。", "「はい。」", "3.5％だ！", "終わり"]),
        ("यह घर है। वह गया॥ अंत", ["यह घर है। ", "वह गया॥ ", "अंत"]),
        ("هل جاء؟ نعم. یہ ہے۔ وہ", ["هل جاء؟ ", "نعم. ", "یہ ہے۔ ", "وہ"]),
        ("ሰላም። ደህና።", ["ሰላም። ", "ደህና።"]),
        ("မင်္ဂလာပါ။ နေ", ["မင်္ဂလာပါ။ ", "နေ"]),
        ("no stop\n\nnext line\nsame", ["no stop\n\n", "next line\nsame"]),
        ("Wait... what? Wait... What", ["Wait... ", "what? ", "Wait... ", "What"]),
        ("", []),
    ],
)
def test_sentences_end_where_their_script_ends_them(text: str, expected: list[str]) -> None:
    assert list(sentences(text)) == expected


def test_sentences_are_merged_up_to_the_limit_and_the_title_opens_the_first() -> None:
    text = "One two three. Four five six. Seven eight nine."
    assert chunks("Numbers", text, 80) == ("Numbers One two three. Four five six. Seven eight nine.",)
    assert chunks("Numbers", text, 30) == ("Numbers One two three.", "Four five six.", "Seven eight nine.")
    assert chunks("A title as long as a chunk is!", text, 30)[:2] == (
        "A title as long as a chunk is!",
        "One two three. Four five six.",
    )
    # A title is a sentence, even without a full stop.
    assert chunks("Prices in Mr", "Big fell. It rose.", 22) == ("Prices in Mr Big fell.", "It rose.")
    assert (chunks("", "", 30), chunks("Only", "", 30)) == (("",), ("Only",))


def test_a_sentence_longer_than_a_chunk_is_cut_at_white_space_or_between_letters() -> None:
    assert chunks("", "aaa bbb ccc ddd", 7) == ("aaa bbb", "ccc ddd")
    assert chunks("", "字" * 10, 4) == ("字" * 4, "字" * 4, "字" * 2)
    # The vowel sign stays with its consonant.
    assert chunks("", "กิกิกิ", 3) == ("กิ", "กิ", "กิ")
    assert chunks("", "\u0301" * 5, 2) == ("\u0301\u0301", "\u0301\u0301", "\u0301")


@given(
    st.text("aB .!?。।\n\t3字\u0e34\u0301", max_size=60),
    st.text("aB .!?。।\n\t3字\u0e34\u0301", max_size=300),
    st.integers(1, 60),
)
def test_chunks_keep_every_character_and_their_bound(title: str, text: str, limit: int) -> None:
    pieces = chunks(title.strip(), text.strip(), limit)
    assert re.sub(r"\s", "", "".join(pieces)) == re.sub(r"\s", "", title + text)
    assert all(len(chunk) <= limit and chunk == chunk.strip() for chunk in pieces)
    assert "".join(sentences(text)) == text
    assert pieces == ("",) or (pieces and "" not in pieces)


def test_a_collection_needs_no_file() -> None:
    assert len(Collection("de-en", {}, {}, {}, 0, "here")) == 0
