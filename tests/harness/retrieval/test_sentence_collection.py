"""A parallel corpus becomes a test collection whose queries have their translations as documents."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner, Result

from harness.cli.main import main
from harness.data.ir_collection import load_collection


def corpus(folder: Path, n: int = 60) -> None:
    german = [f"Satz {i}" for i in range(n)]
    english = [f"sentence {i}" for i in range(n)]
    german[7], english[8], german[9], german[10], english[11] = "SATZ  3", "Sentence 2", "", "Satz 3", " "
    (folder / "de.txt").write_text("\n".join(german) + "\n")
    (folder / "en.txt").write_text("\n".join(english) + "\n")


def sample(folder: Path, *arguments: str, pair: str = "de-en") -> Result:
    files = [str(folder / "de.txt"), str(folder / "en.txt"), str(folder / pair)]
    return CliRunner().invoke(main, ["sample-sentences", *files, *arguments])


def test_a_corpus_is_sampled_without_repeated_sentences(tmp_path: Path) -> None:
    corpus(tmp_path)
    outcome = sample(tmp_path, "--queries", "10", "--documents", "55")
    assert outcome.exit_code == 0, outcome.output
    assert "wrote 10 queries over 55 sentences, of 55 different pairs" in outcome.output
    collection = load_collection("de-en", tmp_path)
    assert (len(collection), len(collection.documents)) == (10, 55)
    for query, grades in collection.judgements.items():
        assert grades == {f"d{query[1:]}": 1}
        assert collection.queries[query] == f"Satz {int(query[1:]) - 1}"
        assert collection.documents[f"d{query[1:]}"].text == f"sentence {int(query[1:]) - 1}"
    left_out = {f"d{number + 1}" for number in (7, 8, 9, 10, 11)}
    assert left_out.isdisjoint(collection.documents)
    first = (tmp_path / "de-en/queries.jsonl").read_bytes()
    sample(tmp_path, "--queries", "10", "--documents", "55")
    assert (tmp_path / "de-en/queries.jsonl").read_bytes() == first
    sample(tmp_path, "--queries", "10", "--documents", "55", "--seed", "1")
    assert (tmp_path / "de-en/queries.jsonl").read_bytes() != first
    row = json.loads(first.splitlines()[0])
    assert sorted(row) == ["_id", "text", "title"]


def test_what_cannot_be_sampled_is_said(tmp_path: Path) -> None:
    corpus(tmp_path)
    outcome = sample(tmp_path, "--queries", "10", "--documents", "56")
    assert "10 queries over 56 sentences were asked for, of 55 different pairs" in outcome.output
    assert outcome.exit_code not in (0, 1)
    outcome = sample(tmp_path, "--queries", "10", "--documents", "20", pair="europarl")
    assert "europarl is not named after a language pair" in outcome.output
    assert not (tmp_path / "europarl").exists()
    with (tmp_path / "en.txt").open("a") as file:
        file.write("one more\n")
    outcome = sample(tmp_path)
    assert "de.txt has 60 lines" in outcome.output
    assert outcome.exit_code not in (0, 1)
