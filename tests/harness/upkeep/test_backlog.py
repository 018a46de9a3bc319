"""What waits on a board: since when, on what, for how long, and what failed."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from harness import store
from harness.catalog import find_target
from harness.cli.main import main
from harness.records import Result, Submission
from harness.upkeep.backlog import Backlog, backlog
from harness.upkeep.expected_hours import RunsOnRecord
from tests.support.pull_requests import measured
from tests.support.submissions import REPORTED, SUBMISSION

TATOEBA, XNLI = find_target("tatoeba"), find_target("xnli")
RUN = {
    "date": "2026-03-02T09:14:07Z", "device": "cpu", "dtype": "float32", "encoded_sentences": 100,
    "encoded_tokens": 1000, "seconds": 36.0,
}  # fmt: skip


def git(folder: Path, *arguments: str, date: str = "2026-01-01T00:00:00Z") -> None:
    names = {f"GIT_{role}_{what}": "toy" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    dates = {f"GIT_{role}_DATE": date for role in ("AUTHOR", "COMMITTER")}
    settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    environment = {**os.environ, **names, **dates, **settings}
    subprocess.run(["git", "-C", folder, *arguments], check=True, capture_output=True, env=environment)


def add(root: Path, slug: str, text: str = "") -> Path:
    folder = root / slug
    folder.mkdir(parents=True)
    checkpoint = "[{seed: 0, hub: toys/toy, revision: 0123456789012345678901234567890123456789}]"
    (folder / "submission.yaml").write_text(text or SUBMISSION.format(layer="2", checkpoints=checkpoint))
    return folder


def add_result(folder: Path, languages: tuple[str, ...], **fields: Any) -> None:
    result, table = measured(folder.name, languages)
    text = result.model_dump(by_alias=True)
    source = {"source": f"toys/toy@{'0123456789' * 4}"}
    text["checkpoints"] = [text["checkpoints"][0] | fields.pop("checkpoint", source)]
    store.write_result(folder, Result.model_validate(text | fields), table)


@pytest.fixture
def board(tmp_path: Path) -> Path:
    """Return a board: two submissions without results, committed in the other order, and one with a failure."""
    root = tmp_path / "submissions"
    git(tmp_path, "init", "--quiet")
    for slug, date in (("new", "2026-02-01T00:00:00Z"), ("old", "2026-01-01T00:00:00Z")):
        add(root, slug)
        git(tmp_path, "add", f"submissions/{slug}")
        git(tmp_path, "commit", "--quiet", "-m", slug, date=date)
    text = (root / "old/submission.yaml").read_text()
    (root / "old/submission.yaml").write_text(f"{text}links: {{paper: https://example.org}}\n")
    git(tmp_path, "commit", "--quiet", "-a", "-m", "Edit", date="2026-03-01T00:00:00Z")
    add(root, "unfinished")
    failed = {"source": f"toys/toy@{'0123456789' * 4}", "failed": {"fi": "out of memory"}}
    add_result(root / "unfinished", ("it", "de"), checkpoint=failed, runs=[RUN])
    add(root, "published", REPORTED)
    return root


def status(root: Path, *options: str) -> str:
    ended = CliRunner().invoke(main, ["status", "--submissions", str(root), *options])
    assert ended.exit_code == 0, ended.output
    return ended.stdout


def test_the_oldest_comes_first_and_what_git_does_not_know_last(board: Path) -> None:
    found = backlog(board)
    assert [(entry.submission, entry.landed) for entry in found.submissions] == [
        ("old", "2026-01-01T00:00:00Z"),
        ("new", "2026-02-01T00:00:00Z"),
        ("unfinished", None),
    ]
    assert all(entry.state == "waiting" for entry in found.submissions)
    assert [target.target for target in found.submissions[0].targets][:2] == ["tatoeba", "bucc2018"]
    unfinished = found.submissions[2].targets[0]
    assert unfinished.target == "jupyterlab"
    assert len(unfinished.languages) == 10
    assert unfinished.failed == {"fi": "out of memory"}
    assert "     fi failed: out of memory\n" in status(board)
    assert "3. unfinished: waiting, not committed yet, at least " in status(board)


def test_a_submission_with_results_waits_only_where_languages_are_missing(board: Path) -> None:
    folder = add(board, "whole")
    languages = find_target("jupyterlab").languages
    scores = measured("whole", languages)[0].checkpoints[0].scores.values()
    add_result(folder, languages, score=sum(score.score for score in scores) / 12, runs=[RUN])
    found = backlog(board)
    assert "whole" not in [entry.submission for entry in found.submissions]
    assert found.lacking == 1
    assert "1 measured submission lacks targets of the benchmark: stiltboard missing\n" in status(board)


def test_what_is_disputed_or_without_weights_is_on_hold(board: Path) -> None:
    before = backlog(board).hours
    reason = ["--reason", "copied", "--submissions", str(board)]
    assert CliRunner().invoke(main, ["notice", "old", "--kind", "disputed", *reason]).exit_code == 0
    assert (
        CliRunner().invoke(main, ["notice", "new", "--kind", "disputed", "-t", "xnli", *reason]).exit_code
        == 0
    )
    found = backlog(board)
    assert [(entry.submission, entry.on_hold) for entry in found.submissions] == [
        ("new", False), ("unfinished", False), ("old", True),
    ]  # fmt: skip
    assert found.hours < before
    assert "3. old: waiting, on hold, " in status(board)
    assert "   disputed since 2" in status(board)


def test_json_follows_its_schema_and_a_broken_row_is_named(board: Path) -> None:
    (board / "broken").mkdir()
    (board / "broken/submission.yaml").write_text("schema: 1\n")
    found = Backlog.model_validate(json.loads(status(board, "--json")))
    assert found.unreadable == ("broken",)
    assert "broken cannot be read: stiltboard validate broken\n" in status(board)


# ---- hours


def a_submission(**fields: Any) -> Submission:
    text = {
        "schema": 1, "title": "Toy", "family": "toy", "base": {"id": "toys/toy"}, "intermediate": {"regime": "none"},
        "encoding": {"layer": "last", "pooling": "mean"}, "submitters": [{"name": "Nobody"}], "license": "MIT",
        "checkpoints": [{"seed": 0, "path": "weights"}],
    }  # fmt: skip
    return Submission.model_validate(text | fields)


def on_record(body: int = 10, **run: Any) -> Result:
    result, _ = measured("toy", ("it",))
    (checkpoint,) = result.checkpoints
    parameters = checkpoint.parameters.model_copy(update={"body": body})
    return Result.model_validate(
        result.model_dump(by_alias=True)
        | {
            "checkpoints": [checkpoint.model_copy(update={"parameters": parameters}).model_dump()],
            "runs": [RUN | run],
        }
    )


def test_hours_grow_with_examples_seeds_and_parameters() -> None:
    known, n = on_record(), find_target("jupyterlab").sizes
    runs = RunsOnRecord([(a_submission(), [known])])
    target = find_target("jupyterlab")
    one = runs.expected(a_submission(), target, ["it"])
    assert one.basis == "1 run on this target, the median size of toys/toy"
    assert one.hours == pytest.approx(36 / 3600, abs=1e-4)
    both = runs.expected(a_submission(), target, ["it", "de"])
    assert both.hours == pytest.approx(0.01 * (n["it"] + n["de"]) / n["it"], abs=1e-4)
    seeds = a_submission(checkpoints=[{"seed": seed, "path": "weights"} for seed in range(3)])
    assert runs.expected(seeds, target, ["it"]).hours == pytest.approx(0.03, abs=1e-4)
    large = a_submission(title="Large")
    runs = RunsOnRecord([(a_submission(), [known]), (large, [on_record(40, seconds=144.0)])])
    assert runs.expected(large, target, ["it"]).hours == pytest.approx(0.04, abs=1e-4)
    assert runs.expected(large, target, ["it"]).basis == "2 runs on this target, its size"


def test_a_head_is_trained_first() -> None:
    runs = RunsOnRecord([(a_submission(), [on_record()])])
    alone = runs.expected(a_submission(finetuned={"xnli": {"seed": 0, "path": "head"}}), XNLI, ["de"]).hours
    trained = runs.expected(a_submission(), XNLI, ["de"])
    assert trained.basis == "1 run on other targets, the median size of toys/toy, its head's training"
    assert alone is not None
    # Five epochs on MNLI's 392,702 pairs, three passes a step, and 5,010 pairs to predict.
    assert trained.hours == pytest.approx(alone * (1 + 3 * 5 * 392_702 / 5_010), rel=1e-2)
    few = a_submission(finetuning={"xnli": {"examples": 5010, "epochs": 1}})
    assert runs.expected(few, XNLI, ["de"]).hours == pytest.approx(alone * 4, rel=1e-2)


def test_what_is_not_on_record_is_not_guessed() -> None:
    runs = RunsOnRecord([(a_submission(), [on_record()])])
    assert RunsOnRecord([]).expected(a_submission(), TATOEBA, ["de"]).basis == "no run on cpu is on record"
    gpu = RunsOnRecord([(a_submission(), [on_record(device="cuda:0")])])
    assert gpu.expected(a_submission(), TATOEBA, ["de"]).hours is None
    other = a_submission(base={"id": "toys/other"})
    assert runs.expected(other, TATOEBA, ["de"]).basis == "its number of parameters is not known"
    udpos = runs.expected(a_submission(), find_target("udpos"), ["de"])
    assert (udpos.hours, udpos.basis) == (None, "the number of sentences in de is not known")
