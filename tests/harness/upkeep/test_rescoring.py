"""Results are scored again from their outcomes where these suffice, and refused by name where they do not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness import store
from harness.catalog import BY_NAME
from harness.cli.main import main
from harness.errors import BadInput
from harness.records import Submission
from harness.scoring.tables import TABLES
from harness.store import on_disk, submission_faults
from harness.upkeep.rescoring import rescore
from harness.verification.checks import check_result
from tests.support import changed_targets
from tests.support.changed_targets import (
    TARGET,
    StrictTable,
    board,
    changed_target,
    checked_by_others,
    corrected_text,
    later_score,
    second_version,
    with_table,
)

DATE = "2026-06-01T00:00:00Z"


@pytest.fixture(scope="module")
def measured_board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return board(tmp_path_factory.mktemp("measured") / "submissions", "mine")


@pytest.fixture
def submissions(measured_board: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(measured_board, tmp_path / "submissions"))


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def files(home: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in home.rglob("*") if path.is_file()}


def marks(home: Path) -> list[str]:
    verification = store.load_verification(home)
    assert verification is not None
    return [check.result for check in verification.results]


# ---- a score that was added later --------------------------------------------------------------


def test_a_result_may_lack_a_score_that_was_added_after_it(
    submissions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later_score(monkeypatch)
    assert submission_faults(submissions / "mine") == ()
    later_score(monkeypatch, day="2026-02-03")  # that very day it was there
    fault = submission_faults(submissions / "mine")[0]
    assert fault.message.startswith("seed 0 in 'it': secondary.both is None, the outcomes give ")


def test_a_later_score_is_added_and_nothing_else_changes(
    submissions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = submissions / "mine"
    path = home / "results/jupyterlab.yaml"
    checked_by_others(home)
    before, kept = store.load_result(path), files(home)
    later_score(monkeypatch)
    assert run("rescore", "--check", "--submissions", submissions).output == (
        "mine, jupyterlab: added both\n1 result would be scored again: stiltboard rescore\n"
    )
    assert files(home) == kept
    answer = run("rescore", "--submissions", submissions)
    assert (answer.exit_code, answer.output) == (0, "mine, jupyterlab: added both\n1 result scored again\n")
    after = store.load_result(path)
    for old, new in zip(before.checkpoints, after.checkpoints, strict=True):
        assert new.scores.keys() == old.scores.keys()
        for language, score in new.scores.items():
            assert set(score.secondary) == {*old.scores[language].secondary, "both"}
            rest = {name: value for name, value in score.secondary.items() if name != "both"}
            assert score.model_copy(update={"secondary": rest}) == old.scores[language]
    same = after.model_copy(update={"checkpoints": before.checkpoints})
    assert same == before
    written = files(home)
    assert {name for name in written if written[name] != kept.get(name)} == {
        "jupyterlab.yaml",
        "verification.yaml",
    }
    assert marks(home) == [store.result_digest(path)]
    assert submission_faults(home) == ()
    assert run("rescore", "--submissions", submissions).output == "0 results scored again\n"
    assert run("rescore", "--submissions", submissions, "-q").output == ""
    assert files(home) == written


def test_an_interrupted_rescoring_is_completed_by_the_same_command(
    submissions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = submissions / "mine"
    checked_by_others(home)
    later_score(monkeypatch)
    with monkeypatch.context() as full, pytest.raises(OSError, match="full"):

        def fails(*_: object) -> None:
            raise OSError("the disk is full")

        full.setattr("harness.upkeep.rescoring.rewrite_result", fails)
        rescore(home, TARGET, DATE)
    assert marks(home) != [store.result_digest(home / "results/jupyterlab.yaml")]
    rescore(home, TARGET, DATE)
    assert marks(home) == [store.result_digest(home / "results/jupyterlab.yaml")]


def test_outcomes_that_do_not_give_a_score_are_refused_by_its_name(
    submissions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = submissions / "mine"
    changed_target(
        monkeypatch,
        secondary=(*BY_NAME[TARGET].secondary, "margin"),
        added={"margin": changed_targets.DAY},
    )
    kept = files(home)
    answer = run("rescore", "--submissions", submissions)
    assert answer.exit_code == 3
    assert answer.output == (
        "error: "
        f"{home / 'results/jupyterlab.yaml'}: the outcomes do not hold what margin is computed from\n"
        "    cure: stiltboard evaluate mine -t jupyterlab --overwrite\n"
    )
    assert files(home) == kept
    assert submission_faults(home) == ()


# ---- a version of the protocol that scores the same outcomes differently ---------------------------


def test_a_protocol_that_scores_differently_is_applied_to_the_outcomes(
    submissions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = submissions / "mine"
    path = home / "results/jupyterlab.yaml"
    verification = checked_by_others(home)
    about, checks = (home / "submission.yaml").read_text(), verification.read_bytes()
    before = store.load_result(path)
    with_table(monkeypatch, StrictTable())
    changed_target(monkeypatch, **second_version())
    # The old result remains readable and sound, though no version of today gives its numbers.
    assert submission_faults(home) == ()
    answer = run("rescore", "--submissions", submissions, "-t", TARGET)
    assert answer.output == ("mine, jupyterlab: protocol v1 → v2, score – → –\n1 result scored again\n"), (
        answer.output
    )
    after = store.load_result(path)
    assert str(after.signature) == str(before.signature).replace("|v1", "|v2")
    assert after.data == before.data
    assert [c.weights for c in after.checkpoints] == [c.weights for c in before.checkpoints]
    assert after.runs == before.runs
    outcomes = store.load_outcomes(path, after).to_pydict()
    found = [outcomes[name] for name in ("index", "answer", "answer_to_english")]
    right = [index == answer == back for index, answer, back in zip(*found, strict=True)]
    assert outcomes["correct"] == right
    assert after.checkpoints[0].scores["de"].score == pytest.approx(
        100 * sum(right[-after.checkpoints[0].scores["de"].n :]) / after.checkpoints[0].scores["de"].n,
        abs=1e-4,
    )
    submission = on_disk(home).submission()
    assert isinstance(submission, Submission)
    (entry,) = submission.supersedes
    assert entry.model_dump() == {
        "target": TARGET, "outcomes": before.outcomes.sha256, "date": entry.date, "score": None, "version": 1,
        "reason": "protocol v2: ties were counted as hits",
    }  # fmt: skip
    assert (home / "submission.yaml").read_text().startswith(about)
    # A check of numbers by the former protocol says nothing of these.
    assert verification.read_bytes() == checks
    assert submission_faults(home) == ()
    assert run("rescore", "--submissions", submissions).output == "0 results scored again\n"


def test_a_protocol_that_measures_anew_refuses_to_score_again(
    submissions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = submissions / "mine"
    changed_target(monkeypatch, **second_version(rescores=False))
    kept = files(home)
    answer = run("rescore", "--submissions", submissions)
    assert answer.exit_code == 3
    assert (
        "cannot be scored by protocol v2 of 2026-05-01 (ties were counted as hits) from its outcomes: "
        "it was measured by v1\n    cure: stiltboard evaluate mine -t jupyterlab --overwrite\n"
    ) in answer.output
    assert files(home) == kept


def test_a_version_without_an_entry_in_the_catalog_is_never_computed(
    submissions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed_target(monkeypatch, version=2)
    with pytest.raises(BadInput, match=r"cannot be scored by protocol v2 from its outcomes"):
        rescore(submissions / "mine", TARGET, DATE)


def test_a_language_that_the_protocol_dropped_leaves_the_result_readable_and_unscored(
    submissions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = tuple(language for language in BY_NAME[TARGET].languages if language != "de")
    changed_target(monkeypatch, **second_version(languages=without, metric="hits"))
    assert submission_faults(submissions / "mine") == ()
    with pytest.raises(BadInput, match=r"the protocol of today, which has no de"):
        rescore(submissions / "mine", TARGET, DATE)


def test_a_corrected_text_does_not_hinder_scoring_again(
    submissions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corrected_text(monkeypatch, "de")
    changed_target(monkeypatch, **second_version())
    rescored = rescore(submissions / "mine", TARGET, DATE)
    assert rescored is not None
    assert rescored.after.data == rescored.before.data
    assert rescored.outcomes is None  # this version scores as the first did


# ---- recounting ------------------------------------------------------------------------------------


def test_verification_does_not_compute_numbers_of_a_former_protocol(
    submissions: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = submissions / "mine"
    submission = on_disk(home).submission()
    assert isinstance(submission, Submission)
    with_table(monkeypatch, StrictTable())
    changed_target(monkeypatch, **second_version())
    verified = check_result(home / "results/jupyterlab.yaml", submission, None, tmp_path)
    assert [finding.what for finding in verified.findings if finding.failed] == []
    assert "measured by protocol v1, now it is v2 of 2026-05-01: ties were counted as hits" in [
        finding.what for finding in verified.findings
    ]


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_a_table_computes_every_secondary_score_that_the_catalog_names(name: str) -> None:
    from tests.support.sound import every_cell, sound

    target = BY_NAME[name]
    languages = target.languages[:1]
    result, _ = sound(target, every_cell(target, languages, n=4))
    score = result.checkpoints[0].scores[languages[0]]
    assert tuple(score.secondary) == target.secondary
    assert TABLES[target.kind]
