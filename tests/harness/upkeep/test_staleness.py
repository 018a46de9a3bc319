"""`stale` says which results are behind, why, what mends them and what it takes; `missing` what nobody measured."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.catalog import BY_NAME, TARGETS
from harness.cli.main import main
from harness.models.checkpoint import fetch
from harness.records import Retirement
from harness.store import load_results, load_submission, submission_faults
from tests.support.changed_targets import (
    DAY,
    TARGET,
    board,
    changed_target,
    corrected_text,
    later_score,
    second_version,
)

SIZES = BY_NAME[TARGET].sizes


@pytest.fixture(scope="module")
def measured_board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return board(tmp_path_factory.mktemp("measured") / "submissions", "mine", "yours")


@pytest.fixture
def submissions(measured_board: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(measured_board, tmp_path / "submissions"))


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def stale(submissions: Path, *arguments: str) -> list[dict[str, object]]:
    answer = run("stale", *arguments, "--json", "--submissions", submissions)
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.output)  # type: ignore[no-any-return]


def test_nothing_is_behind_today(submissions: Path) -> None:
    assert run("stale", "--submissions", submissions).output == "0 results are behind\n"


def test_a_corrected_text_costs_the_share_of_its_languages(
    submissions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corrected_text(monkeypatch, "de")
    share = SIZES["de"] / (SIZES["de"] + SIZES["it"])
    (mine, yours) = stale(submissions)
    assert yours["submission"] == "yours"
    assert mine == {
        "submission": "mine",
        "target": TARGET,
        "reasons": [
            {
                "kind": "text",
                "what": "measured on the text of before 2026-05-01 in de (two pairs were doubled)",
            }
        ],
        "commands": [
            "stiltboard supersede mine -t jupyterlab --reason "
            "'measured on the text of before 2026-05-01 in de (two pairs were doubled)'",
            "stiltboard evaluate mine -t jupyterlab --dtype float32",
        ],
        "cost": {
            "examples": SIZES["de"],
            "texts": round(4000 * share),
            "tokens": round(90_000 * share),
            "seconds": round(120 * share, 1),
            "device": "cpu",
            "date": "2026-02-03",
        },
    }
    lines = run("stale", "yours", "--submissions", submissions).output.splitlines()
    assert lines[0] == f"yours, jupyterlab: {mine['reasons'][0]['what']}"  # type: ignore[index]
    assert lines[1].startswith(
        "  cost: 216 examples, about 1,924 texts, 43,296 tokens and 0.0 hours on cpu, as on"
    )
    assert lines[-1] == "1 result is behind, 0.0 hours on record"


def test_what_a_new_version_asks_for_depends_on_what_it_changes(
    submissions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed_target(monkeypatch, **second_version())
    entry = stale(submissions, "mine")[0]
    assert (entry["commands"], entry["cost"]) == (["stiltboard rescore mine -t jupyterlab"], None)
    assert [reason["kind"] for reason in entry["reasons"]] == ["protocol"]  # type: ignore[attr-defined]
    changed_target(monkeypatch, **second_version(rescores=False))
    entry = stale(submissions, "mine")[0]
    assert entry["commands"][1] == "stiltboard evaluate mine -t jupyterlab --dtype float32 --overwrite"  # type: ignore[index]
    assert entry["cost"]["texts"] == 4000  # type: ignore[index]


def test_both_are_mended_in_an_order_that_works(submissions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corrected_text(monkeypatch, "de")
    changed_target(monkeypatch, **second_version())
    commands = stale(submissions, "mine")[0]["commands"]
    assert [str(command).split()[1] for command in commands] == ["rescore", "supersede", "evaluate"]  # type: ignore[attr-defined]
    assert "--overwrite" not in commands[2]  # type: ignore[index]


def test_a_later_score_asks_for_rescoring_and_then_nothing_is_behind(
    submissions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later_score(monkeypatch)
    assert run("stale", "--submissions", submissions).output == (
        "mine, jupyterlab: lacks both\n"
        "  stiltboard rescore mine -t jupyterlab\n"
        "yours, jupyterlab: lacks both\n"
        "  stiltboard rescore yours -t jupyterlab\n"
        "2 results are behind\n"
    )
    assert run("rescore", "--submissions", submissions).exit_code == 0
    assert stale(submissions) == []


def test_a_score_that_the_outcomes_do_not_give_asks_for_measuring(
    submissions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed_target(monkeypatch, secondary=(*BY_NAME[TARGET].secondary, "margin"), added={"margin": DAY})
    entry = stale(submissions, "mine")[0]
    assert [reason["what"] for reason in entry["reasons"]] == [  # type: ignore[attr-defined]
        "lacks margin",
        "the outcomes do not hold what margin is computed from",
    ]
    assert entry["cost"]["examples"] == SIZES["it"] + SIZES["de"]  # type: ignore[index]


def test_results_without_a_run_on_record_have_no_price(
    submissions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness import store

    path = submissions / "mine/results/jupyterlab.yaml"
    result = store.load_result(path).model_copy(update={"runs": ()})
    store.write_result(submissions / "mine", result, store.load_outcomes(path, store.load_result(path)))
    corrected_text(monkeypatch, "de", "it")
    output = run("stale", "mine", "--submissions", submissions).output
    assert "  cost: 449 examples; no run on record says how long\n" in output
    assert output.endswith("1 result is behind\n")


def test_nothing_on_a_retired_target_is_behind(submissions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corrected_text(monkeypatch, "de")
    changed_target(monkeypatch, retired=Retirement(date=DAY, reason="too easy", superseded_by="tatoeba"))
    assert stale(submissions) == []
    assert submission_faults(submissions / "mine") == ()


def test_other_weights_at_hand_are_named_only_where_they_are_asked_for(tmp_path: Path) -> None:
    from tests.support.toys import save_toy_encoder

    submissions = board(tmp_path / "submissions", "mine")
    home = submissions / "mine"
    save_toy_encoder(home / "weights")
    text = (home / "submission.yaml").read_text()
    revision = "0123456789" * 4
    (home / "submission.yaml").write_text(
        text.replace(f"hub: mine/model, revision: {revision}", "path: weights")
    )
    assert stale(submissions) == []
    submission = load_submission(home)
    files = fetch(submission.checkpoints[0], home, tmp_path / "cache")  # type: ignore[union-attr]
    (entry,) = stale(submissions, "--weights")
    (result,) = load_results(home)
    assert entry["reasons"] == [
        {
            "kind": "weights",
            "what": f"the weights of seed 0 are {files.digest} now, and were {result.checkpoints[0].weights}",
        }
    ]


# ---- targets that rows lack ------------------------------------------------------------------------


def missing(submissions: Path, *arguments: str) -> dict[str, dict[str, object]]:
    answer = run("missing", *arguments, "--json", "--submissions", submissions)
    assert answer.exit_code == 0, answer.output
    return {entry["target"]: entry for entry in json.loads(answer.output)}


def test_a_target_that_was_added_is_lacked_by_all_and_languages_by_some(submissions: Path) -> None:
    found = missing(submissions)
    expected = [
        target.name
        for target in TARGETS
        if (target.benchmark and not target.beyond_xtreme) or target.name == TARGET
    ]
    assert list(found) == expected
    assert found["tatoeba"] == {
        "target": "tatoeba",
        "of": 2,
        "lacking": ["mine", "yours"],
        "languages": {},
    }
    others = [language for language in BY_NAME[TARGET].languages if language not in ("it", "de")]
    assert found[TARGET] == {
        "target": TARGET,
        "of": 2,
        "lacking": [],
        "languages": {"mine": others, "yours": others},
    }
    shutil.rmtree(submissions / "yours/results")
    text = run("missing", "-t", TARGET, "--submissions", submissions).output
    assert text == (f"jupyterlab: 1 of 2 submissions lack it: yours\n  mine lacks {' '.join(others)}\n")


def test_retired_targets_are_not_missed_unless_they_are_asked_for(
    submissions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    retired = changed_target(monkeypatch, "tatoeba", retired=Retirement(date=DAY, reason="too easy"))
    monkeypatch.setattr(
        "harness.upkeep.coverage.TARGETS",
        tuple(retired if target.name == "tatoeba" else target for target in TARGETS),
    )
    assert "tatoeba" not in missing(submissions)
    assert list(missing(submissions, "-t", "tatoeba")) == ["tatoeba"]


def test_an_unknown_target_is_named(submissions: Path) -> None:
    answer = run("missing", "-t", "tatoebo", "--submissions", submissions)
    assert answer.exit_code == 2
    assert "unknown target 'tatoebo'" in answer.output
