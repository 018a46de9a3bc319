from __future__ import annotations

import random
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

import harness
from harness.cli.main import main
from harness.evaluation.estimate import Estimate, estimate
from harness.evaluation.run import Options
from tests.support.submissions import write_submission
from tests.support.toys import WORDS

OPTIONS = Options(dtype="float32", batch_tokens=64)


@pytest.fixture
def submission(tmp_path: Path, toy_encoder: Path) -> Path:
    folder = write_submission(tmp_path / "submissions/toy")
    shutil.copytree(toy_encoder, folder / "weights")
    return folder


def test_it_counts_what_the_run_then_does(submission: Path) -> None:
    expected = estimate(submission, ["jupyterlab"], ["de", "it"], OPTIONS)
    assert not (submission / "results").exists()
    (result,) = harness.evaluate(submission, ["jupyterlab"], ["de", "it"], OPTIONS)
    assert expected.targets == (("jupyterlab", 2, 2 * (216 + 233)),)
    assert expected.texts == expected.distinct == result.runs[0].encoded_sentences
    assert expected.tokens == result.runs[0].encoded_tokens
    assert expected.disk == expected.texts * (32 * 4 + 16)
    assert expected.similarities == 2 * (216**2 + 233**2)
    assert expected.seconds > 0


def test_the_memory_counts_texts_and_tokens(submission: Path, tmp_path: Path) -> None:
    def memory(lines: int, words: int) -> Estimate:
        folder = tmp_path / f"{lines}-{words}"
        folder.mkdir()
        rows = (f"{i} die katze{' rennt' * words}\t{i} the cat{' runs' * words}\n" for i in range(lines))
        (folder / "de-en.tsv").write_text("".join(rows))
        return estimate(submission, (), (), replace(OPTIONS, own={"bitext.news": folder}))

    few, many, long = memory(10, 1), memory(2010, 1), memory(2010, 10)
    vectors = 3 * 4000 * 4 * 32
    assert many.memory - few.memory >= vectors + 2 * 4 * (many.tokens - few.tokens)
    assert long.memory - many.memory >= 2 * 4 * (long.tokens - many.tokens) > 0


@pytest.mark.slow
def test_a_run_needs_at_most_the_estimated_memory(submission: Path, tmp_path: Path) -> None:
    """The largest resident size of a whole process with 10,000 sentences of forty words."""
    rng = random.Random(0)
    folder = tmp_path / "text"
    folder.mkdir()
    texts = [" ".join(rng.choices(WORDS, k=40)) + f" {i}" for i in range(10_000)]
    (folder / "de-en.tsv").write_text("".join(f"{text} die\t{text}\n" for text in texts))
    expected = estimate(submission, (), (), replace(OPTIONS, own={"bitext.news": folder}))
    command = ["evaluate", "toy", "--submissions", str(submission.parent), "--bitext", f"news={folder}"]
    code = (
        "import resource, sys; from harness.cli.main import main; main(sys.argv[1:], standalone_mode=False);"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    output = subprocess.run(
        [sys.executable, "-c", code, *command, "--dtype", "float32"],
        check=True,
        capture_output=True,
        text=True,
    )
    measured = int(output.stdout.split()[-1]) * (1 if sys.platform == "darwin" else 1024)
    assert 0.5 * expected.memory < measured < expected.memory


def test_what_is_there_is_not_counted_again(submission: Path) -> None:
    harness.evaluate(submission, ["jupyterlab"], ["de"], OPTIONS)
    assert estimate(submission, ["jupyterlab"], ["de"], OPTIONS).texts == 0
    swept = estimate(submission, ["jupyterlab"], ["de"], Options(dtype="float32", sweep=True))
    assert (swept.views, swept.texts) == (8, swept.distinct)
    assert swept.similarities == 8 * 2 * 216**2


def test_the_command_prints_it_and_writes_nothing(submission: Path) -> None:
    arguments = [
        "evaluate",
        "toy",
        "--submissions",
        str(submission.parent),
        "-t",
        "jupyterlab",
        "-l",
        "de",
        "--dtype",
        "float32",
        "--dry-run",
    ]
    outcome = CliRunner().invoke(main, arguments)
    assert outcome.exit_code == 0, outcome.output
    *estimate, share = outcome.stdout.splitlines()
    assert share.startswith("1 worker: ")
    lines = [line.split("  ")[0].strip() or line.strip().split("  ")[0] for line in estimate]
    assert lines == ["toy", "jupyterlab", "to encode", "passes", "similarities", "disk", "memory", "time"]
    assert not (submission / "results").exists()


def test_durations_and_sizes_are_written_for_people() -> None:
    text = Estimate((), 10, 5, 50, 3, 26, 10**9, 3 * 10**9, 5 * 10**8, 3600.0 * 5, 30.0).text()
    assert "26 views" in text
    assert "3.0 GB of vectors" in text
    assert "about 500 MB" in text
    assert "about 5.0 h (encoding 5.0 h, search 30 s)" in text
