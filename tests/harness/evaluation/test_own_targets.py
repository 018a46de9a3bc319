"""People's own text, from the command line to the file."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import harness
from harness.cli.main import main
from harness.errors import BadInput
from harness.evaluation.run import Options
from harness.store import submission_faults
from tests.support.submissions import write_submission


@pytest.fixture
def submission(tmp_path: Path, toy_encoder: Path) -> Path:
    folder = write_submission(tmp_path / "submissions/toy")
    shutil.copytree(toy_encoder, folder / "weights")
    return folder


@pytest.fixture
def text(tmp_path: Path) -> Path:
    folder = tmp_path / "text"
    folder.mkdir()
    (folder / "de.tsv").write_text("die katze\tthe cat\nein hund\ta dog\ndie sonne\tthe sun\n")
    (folder / "fr.tsv").write_text("le chat\tthe cat\nun chien\ta dog\n")
    return folder


def run(submission: Path, *arguments: object) -> Result:
    base = ["evaluate", "toy", "--submissions", str(submission.parent), "--dtype", "float32"]
    return CliRunner().invoke(main, [*base, *map(str, arguments)])


def test_parallel_files_are_scored_and_stored_under_their_own_name(submission: Path, text: Path) -> None:
    outcome = run(submission, "--bitext", f"news={text}", "--layers", "all")
    assert outcome.exit_code == 0, outcome.output
    (result,) = harness.load_results(submission)
    assert (result.target, result.measured, result.of) == ("bitext.news", 2, 2)
    assert str(result.signature) == "bitext.news|acc|yy→xx|cos|h3.mean|prefix=|len=64|v1"
    assert result.score == pytest.approx(
        sum(s.score for s in result.checkpoints[0].scores.values()) / 2, abs=1e-4
    )
    assert set(result.checkpoints[0].scores["de"].secondary) == {"accuracy_to_english", "f1", "f1_to_english"}
    assert submission_faults(submission) == ()


def test_some_of_the_languages_are_no_score_and_the_others_can_follow(submission: Path, text: Path) -> None:
    outcome = run(submission, "--bitext", f"news={text}", "-l", "de", "--layers", "all")
    assert "mean of 1 of 2 languages, not the score" in outcome.stdout, outcome.output
    outcome = run(submission, "--bitext", f"news={text}", "--layers", "all")
    assert outcome.exit_code == 0, outcome.output
    (result,) = harness.load_results(submission)
    assert (result.measured, result.of, result.complete) == (2, 2, True)


def test_text_that_is_gone_does_not_take_its_scores_with_it(submission: Path, text: Path) -> None:
    options = Options(dtype="float32", own={"bitext.news": text})
    harness.evaluate(submission, (), (), options)
    (text / "fr.tsv").unlink()
    with pytest.raises(
        BadInput,
        match=r"has scores for fr, whose text is missing\n    cure: restore the text, or .*another NAME",
    ):
        harness.evaluate(submission, (), (), options)


def test_two_sides_are_compared_on_the_same_text(submission: Path, text: Path) -> None:
    harness.evaluate(submission, (), (), Options(dtype="float32", own={"bitext.news": text}))
    side = harness.load_side(submission)
    (target,) = harness.compare(side, side).targets
    assert (target.target, target.difference, target.of) == ("bitext.news", 0.0, 2)


def test_a_collection_is_scored_from_the_command_line(submission: Path, tmp_path: Path) -> None:
    folder = tmp_path / "collection/de-en"
    (folder / "qrels").mkdir(parents=True)
    queries = [{"_id": "q1", "text": "die katze"}, {"_id": "q2", "text": "die sonne"}]
    documents = [
        {"_id": f"d{i}", "title": "", "text": text}
        for i, text in enumerate(["the cat sleeps.", "the sun shines.", "a dog runs."])
    ]
    for name, rows in (("queries", queries), ("corpus", documents)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "qrels/test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td0\t1\nq2\td1\t1\n")
    outcome = run(submission, "--clir", f"animals={folder.parent}")
    assert outcome.exit_code == 0, outcome.output
    (result,) = harness.load_results(submission)
    assert (result.target, list(result.data), result.checkpoints[0].scores["de-en"].n) == (
        "clir.animals",
        ["de-en"],
        2,
    )
    before = (submission / "results/clir.animals.parquet").read_bytes()
    (submission / "results/clir.animals.yaml").unlink()
    run(submission, "--clir", f"animals={folder.parent}")
    assert (submission / "results/clir.animals.parquet").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--bitext", "news"], "--bitext 'news' is not NAME=DIR"),
        (["--bitext", "x.layers=DIR"], "--bitext 'x.layers=DIR' is not NAME=DIR"),
        (["--bitext", f"{'x' * 49}=DIR"], "is not NAME=DIR"),
        (["--bitext", "a=X", "--bitext", "a=Y"], "--bitext a is given twice"),
        (["--bitext", "a=nowhere"], "no folder nowhere"),
        (["-t", "bitext.a"], "no folder is given for the text of bitext.a"),
        (["-t", "tatoeba", "-l", "xx"], "target tatoeba has no language 'xx'"),
        (["-l", "xx"], "no target has the language 'xx'"),
    ],
)
def test_what_cannot_be_meant_is_said_before_anything_is_encoded(
    submission: Path, arguments: list[str], message: str
) -> None:
    outcome = run(submission, *arguments)
    assert outcome.exit_code in (2, 3)
    assert message in outcome.stderr


def test_what_the_hub_lacks_is_left_out_of_the_benchmark_by_name(submission: Path) -> None:
    outcome = run(submission, "-l", "zh")
    assert (
        "toy: bucc2018 is left out: the Hub does not have its text; --data DIR reads it from DIR/bucc2018"
        in outcome.stderr
    )


def test_a_trial_says_that_it_is_one(submission: Path, text: Path) -> None:
    outcome = run(submission, "--bitext", f"news={text}", "--limit", "1")
    assert outcome.stdout.rstrip().endswith("no result, and nothing was written")


def test_how_text_was_read_is_reported_and_whose_text_is_left_out(submission: Path, text: Path) -> None:
    (text / "de.tsv").write_text("\ufeff" + (text / "de.tsv").read_text())
    (text / "fr.tsv").write_bytes(b"caf\xe9\tcoffee\nun chien\ta dog\n")
    outcome = run(submission, "--bitext", f"news={text}", "--limit", "2")
    assert f"{text / 'de.tsv'}: the byte order mark at its beginning is not read as text" in outcome.stderr
    assert f"bitext.news fr is left out: {text / 'fr.tsv'}:1: byte 0xe9 is not UTF-8" in outcome.stderr


@pytest.mark.parametrize("closed", ["toy", "toy/results", "cache/deep"])
def test_folders_that_cannot_be_written_to_are_named_before_anything_is_encoded(
    submission: Path, text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closed: str
) -> None:
    (submission / "results").mkdir()
    (tmp_path / "cache").mkdir()
    folder = (tmp_path / closed).parent if "cache" in closed else submission.parent / closed
    access = os.access  # root may write everywhere
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != folder and access(path, mode))
    monkeypatch.setenv("STILTBOARD_CACHE", str(tmp_path / "cache/deep"))
    outcome = run(submission, "--bitext", f"news={text}")
    assert outcome.exit_code == 3
    assert outcome.stderr.splitlines()[-2:] == [
        f"error: {folder}: this user may not write into the folder",
        f"    cure: as its owner: chmod u+wx {folder}; or "
        + (
            "name another cache with STILTBOARD_CACHE"
            if "cache" in closed
            else "evaluate a copy of the submission"
        ),
    ]
