"""A folder with every file that a loader of the catalog reads, a few examples each, written for the tests."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from harness.catalog import NTREX_NAMES, TATOEBA_ISO3

# Of each language a few sentences with letters outside ASCII in the first, quotation marks in the second.
SENTENCES = {
    "de": ("Die Fähre fährt früh.", 'Er sagte "ja" dazu.', "Das Boot blieb im Hafen."),
    "en": ("The café by the pier is full.", 'He said "yes" to it.', "The boat stayed in the harbour."),
}
NLI = ("entailment", "contradiction", "neutral")


def table(rows: Iterable[Sequence[object]], separator: str = "\t") -> bytes:
    """Return a table as text, a row per line."""
    return "".join(separator.join(map(str, row)) + "\n" for row in rows).encode()


def lines(texts: Iterable[str]) -> bytes:
    """Return texts, one per line."""
    return "".join(f"{text}\n" for text in texts).encode()


def _pairs(language: str, labels: Sequence[str]) -> bytes:
    """Return pairs; every sentence stands with two labels, so that none is without a partner."""
    texts = SENTENCES[language]
    return table(
        (texts[i % 3], texts[(i + 1 + i // 3) % 3], labels[(i + i // 3) % len(labels)]) for i in range(6)
    )


def _squad(language: str) -> bytes:
    context = " ".join(SENTENCES[language])
    breaks, start = [], 0
    for sentence in SENTENCES[language]:
        breaks.append([start, start + len(sentence)])
        start += len(sentence) + 1
    questions = [
        {
            "id": f"q{number}",
            "question": f"Où {number}?",
            "answers": [{"text": context[at : at + 3], "answer_start": at}],
        }
        for number, (at, _) in enumerate(breaks)
    ]
    paragraph = {
        "context": context, "qas": questions, "sentences": SENTENCES[language], "sentence_breaks": breaks,
    }  # fmt: skip
    return json.dumps({"data": [{"paragraphs": [paragraph]}]}, ensure_ascii=False, indent=1).encode()


def _objects(rows: Iterable[dict[str, Any]]) -> bytes:
    return lines(json.dumps(row, ensure_ascii=False) for row in rows)


def _tagged(tags: Sequence[str]) -> bytes:
    rows = [("Fähren", tags[1]), ("fahren", tags[0]), ("früh", tags[0])]
    return table([*rows, ("",), *reversed(rows), ("",), ('"', tags[0]), ("Köln", tags[1])])


def _choices() -> bytes:
    return _objects(
        {
            "context": text, "question": "Et après?", "answerA": "a", "answerB": "b", "answerC": "c", "correct": "B",
        }
        for text in SENTENCES["en"]
    )  # fmt: skip


def contents() -> dict[str, bytes]:
    """Return the content of every file by its path in the folder."""
    german, english = SENTENCES["de"], SENTENCES["en"]
    stem = f"tatoeba/v1/tatoeba.{TATOEBA_ISO3['de']}-eng."
    files = {f"{stem}{TATOEBA_ISO3['de']}": lines(german), f"{stem}eng": lines(english)}
    for name in ("dev", "test"):
        files |= {
            f"bucc2018/de-en.{name}.{code}": table((f"{code}-{i}", text) for i, text in enumerate(texts))
            for code, texts in (("de", german), ("en", english))
        }
        files[f"bucc2018/de-en.{name}.gold"] = table((f"de-{i}", f"en-{i}") for i in range(3))
    for data_set, labels in (("xnli", NLI), ("pawsx", ("0", "1"))):
        files[f"{data_set}/test-de.tsv"] = _pairs("de", labels)
        files |= {f"{data_set}/{split}-en.tsv": _pairs("en", labels) for split in ("train", "dev")}
    files |= {
        "pawsx/test-fr.tsv": _pairs("en", ("0", "1")),
        "pawsx/TEST_LABELS_UNCERTAIN_ROWS.txt": lines(["# rows of test-fr.tsv", "1"]),
    }
    for name in ("train", "dev"):
        pairs = table((i, english[i], english[i - 1], f"{'not_' * (i % 2)}entailment") for i in range(3))
        files[f"rte/{name}.tsv"] = table([("index", "sentence1", "sentence2", "label")]) + pairs
        files[f"stsb_multi/stsb-en-{name}.csv"] = table(
            ((f'"{text.replace(chr(34), chr(34) * 2)}"', "The boat.", 4.5) for text in english), ","
        )
    sick = table((i, english[i], english[i - 1], 4.5 - i, NLI[i].upper()) for i in range(3))
    for name in ("train", "trial"):
        header = ("pair_ID", "sentence_A", "sentence_B", "relatedness_score", "entailment_judgment")
        files[f"sick/SICK_{name}.txt"] = table([header]) + sick
    for data_set, tags in (("udpos", ("ADV", "NOUN")), ("panx", ("O", "B-LOC"))):
        files |= {f"{data_set}/{split}-de.tsv": _tagged(tags) for split in ("test", "dev")}
        files |= {f"{data_set}/{split}-en.tsv": _tagged(tags) for split in ("train", "dev")}
    files |= {f"lareqa/xquad-r/{code}.json": _squad(code) for code in SENTENCES}
    files |= {f"lareqa/mlqa-dev-r/{code}.json": _squad(code) for code in SENTENCES}
    files |= {
        "xquad/xquad.de.json": _squad("de"),
        "mlqa/MLQA_V1/test/test-context-de-question-de.json": _squad("de"),
        "mlqa/MLQA_V1/dev/dev-context-de-question-de.json": _squad("de"),
        "mlqa/MLQA_V1/dev/dev-context-en-question-en.json": _squad("en"),
        "tydiqa/tydiqa-goldp-v1.1-dev/tydiqa.goldp.en.dev.json": _squad("en"),
        "tydiqa/tydiqa-goldp-v1.1-train/tydiqa.goldp.en.train.json": _squad("en"),
        "squad/train-v1.1.json": _squad("en"),
        "squad/dev-v1.1.json": _squad("en"),
        "socialiqa/socialIQa_v1.4_trn.jsonl": _choices(),
        "socialiqa/socialIQa_v1.4_dev.jsonl": _choices(),
        "wikipedia/en.txt": lines(english),
        "ntrex/newstest2019-src.eng.txt": lines(english),
        f"ntrex/newstest2019-ref.{NTREX_NAMES['de']}.txt": lines(german),
        "ntrex/DOCUMENT_IDS.tsv": lines(["a", "a", "b"]),
        "bitext/two/de-en.de": lines(german),
        "bitext/two/de-en.en": lines(english),
        "bitext/tsv/de-en.tsv": table(zip(german, english, strict=True)),
        "bitext/csv/de-en.csv": _quoted(zip(german, english, strict=True)),
        "bitext/jsonl/de-en.jsonl": _objects(
            {"de": de, "en": en} for de, en in zip(german, english, strict=True)
        ),
        "bitext/lines/test.de": lines(german),
        "bitext/lines/test.en": lines(english),
        **{f"labelled/tsv/{name}.tsv": _pairs("de", ("0", "1")) for name in ("train", "dev", "test.de")},
        **{f"labelled/csv/{name}.csv": _labelled_csv() for name in ("train", "dev", "test.de")},
        **{f"labelled/jsonl/{name}.jsonl": _labelled_jsonl() for name in ("train", "dev", "test.de")},
        **{f"tagged/conll/{name}.conll": _tagged(("ADV", "NOUN")) for name in ("train", "dev", "test.de")},
        "bitext/tmx/test.tmx": _tmx(zip(german, english, strict=True)),
    }
    return files | _collections()


def _quoted(rows: Iterable[Sequence[str]]) -> bytes:
    """Return a table with commas and every cell in quotation marks."""
    return table((['"' + cell.replace('"', '""') + '"' for cell in row] for row in rows), ",")


def _labelled_csv() -> bytes:
    return _quoted([("text", "label"), *((text, f"{i % 2}") for i, text in enumerate(SENTENCES["de"]))])


def _labelled_jsonl() -> bytes:
    return _objects({"text": text, "label": i % 2} for i, text in enumerate(SENTENCES["de"]))


def _tmx(pairs: Iterable[tuple[str, str]]) -> bytes:
    units = "".join(
        f'<tu><tuv xml:lang="de"><seg>{de}</seg></tuv>\n<tuv xml:lang="en"><seg>{en}</seg></tuv></tu>\n'
        for de, en in pairs
    )
    return f'<?xml version="1.0"?>\n<tmx version="1.4"><body>\n{units}</body></tmx>\n'.encode()


def _collections() -> dict[str, bytes]:
    queries, documents = SENTENCES["de"], SENTENCES["en"]
    sgml = "".join(
        f"<DOC>\n<DOCNO>d{i}</DOCNO>\n<TEXT>{text}</TEXT>\n</DOC>\n" for i, text in enumerate(documents)
    )
    topics = "".join(f"<top>\n<num> q{i}\n<title> {text}\n</top>\n" for i, text in enumerate(queries))
    qrels = table((f"q{i}", 0, f"d{i}", 1) for i in range(3))
    return {
        "beir/de-en/corpus.jsonl": _objects({"_id": f"d{i}", "title": "", "text": text} for i, text in enumerate(documents)),
        "beir/de-en/queries.jsonl": _objects({"_id": f"q{i}", "text": text} for i, text in enumerate(queries)),
        "beir/de-en/qrels/test.tsv": table([("query-id", "corpus-id", "score")]) + table((f"q{i}", f"d{i}", 1) for i in range(3)),
        "trec/de-en/topics.txt": topics.encode(),
        "trec/de-en/documents.sgml": sgml.encode(),
        "trec/de-en/qrels.txt": qrels,
        "columns/de-en/topics.tsv": table((f"q{i}", text) for i, text in enumerate(queries)),
        "columns/de-en/documents.tsv": table((f"d{i}", text) for i, text in enumerate(documents)),
        "columns/de-en/qrels.txt": qrels,
    }  # fmt: skip


def write_data(folder: Path) -> None:
    """Write every file."""
    for name, content in contents().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
