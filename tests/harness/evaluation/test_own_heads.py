"""People's own labelled and tagged text, from the command line to the result."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import harness
from harness import catalog
from harness.cli.main import main
from harness.store import submission_faults
from tests.support.submissions import write_submission

FAST = "{epochs: 2, batch_size: 4, learning_rate: 0.003, max_length: 32}"
NOUNS, VERBS = ("cat", "dog", "sun", "moon", "sea", "tree"), ("runs", "sleeps", "shines", "sings")
SENTENCES = [f"the {noun} {verb}" for noun in NOUNS for verb in VERBS]


@pytest.fixture
def submission(tmp_path: Path, toy_encoder: Path) -> Path:
    folder = write_submission(tmp_path / "submissions/toy")
    shutil.copytree(toy_encoder, folder / "weights")
    names = ("pawsx_from_dev", "labelled.same", "labelled.nouns", "tagged.parts")
    with (folder / "submission.yaml").open("a") as file:
        file.write("finetuning:\n" + "".join(f"  {name}: {FAST}\n" for name in names))
    return folder


def run(submission: Path, *arguments: object) -> Result:
    base = ["evaluate", "toy", "--submissions", str(submission.parent), "--dtype", "float32"]
    return CliRunner().invoke(main, [*base, *map(str, arguments)])


def test_an_own_task_of_pairs_scores_as_the_same_text_of_the_catalog(
    submission: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built_in = catalog.BY_NAME["pawsx_from_dev"].model_copy(update={"sizes": {}})
    monkeypatch.setitem(catalog.BY_NAME, built_in.name, built_in)
    monkeypatch.setattr("harness.data.FINGERPRINTS", {})
    monkeypatch.setattr("harness.data.training_text.TRAINING_FINGERPRINTS", {})
    rows = "".join(
        f"{a}\t{b}\t{int(a.split()[1] == b.split()[1])}\n" for a in SENTENCES[::3] for b in SENTENCES[::5]
    )
    data, own = tmp_path / "data/pawsx", tmp_path / "own"
    for folder, names in ((data, ("dev-en", "test-de")), (own, ("train", "test.de"))):
        folder.mkdir(parents=True)
        for name in names:
            (folder / f"{name}.tsv").write_text(rows)
    (data / "TEST_LABELS_UNCERTAIN_ROWS.txt").write_text("0\n")
    outcome = run(submission, "-t", "pawsx_from_dev", "-l", "de", "--data", data.parent)
    assert outcome.exit_code == 0, outcome.output
    outcome = run(submission, "--labelled", f"same={own}")
    assert outcome.exit_code == 0, outcome.output
    expected, result = harness.load_results(submission)
    assert str(result.signature).startswith("labelled.same|acc|train⇒xx|labels=2|head=xtreme,")
    scores = [record.checkpoints[0].scores["de"] for record in (expected, result)]
    assert scores[0] == scores[1]
    assert result.checkpoints[0].head is not None
    assert result.checkpoints[0].head == expected.checkpoints[0].head
    assert (result.measured, result.of, result.complete) == (1, 1, True)
    assert submission_faults(submission) == ()
    again = run(submission, "--labelled", f"same={own}", "-t", "same")
    assert again.exit_code == 0, again.output
    assert "is fine-tuned" not in again.stderr


@pytest.mark.slow
def test_single_texts_and_tagged_words_are_predicted_and_verified(submission: Path, tmp_path: Path) -> None:
    labelled, tagged = tmp_path / "labelled", tmp_path / "tagged"
    for folder in (labelled, tagged):
        folder.mkdir()
    for name in ("train", "dev", "test.de", "test.en"):
        rows = SENTENCES if name == "train" else SENTENCES[::5]
        (labelled / f"{name}.csv").write_text("label,text\n" + "".join(f"{s.split()[1]},{s}\n" for s in rows))
        words = "\n".join("the DET\n{} NOUN\n{} VERB\n".format(*s.split()[1:]) for s in rows)
        (tagged / f"{name}.conll").write_text(words)
    own = ("--labelled", f"nouns={labelled}", "--tagged", f"parts={tagged}")
    outcome = run(submission, *own)
    assert outcome.exit_code == 0, outcome.output
    nouns, parts = harness.load_results(submission)
    assert (nouns.target, nouns.measured, parts.target, parts.measured) == (
        *("labelled.nouns", 2),
        *("tagged.parts", 2),
    )
    assert parts.checkpoints[0].scores["en"].score > 90
    assert "accuracy" in parts.checkpoints[0].scores["en"].secondary
    assert submission_faults(submission) == ()
    side = harness.load_side(submission)
    assert [target.difference for target in harness.compare(side, side).targets] == [0.0, 0.0]
    shared = ["--submissions", str(submission.parent), *own]
    verified = CliRunner().invoke(main, ["verify", "toy", "--rerun", "--dtype", "float32", *shared])
    assert verified.exit_code == 0, verified.output
    planned = CliRunner().invoke(main, ["reproduce", "toy", *shared])
    assert f"read from {labelled}" in planned.output
    estimated = run(submission, *own, "--dry-run")
    assert estimated.exit_code == 0, estimated.output
