"""Checkpoints of one training, evaluated together: a table by step, and the curve."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli.main import main
from harness.store import load_submission
from harness.store.naming import NamedModel, training_step
from tests.support.hub_server import HubServer
from tests.support.toys import save_toy_encoder


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("checkpoint-500", 500),
        ("step1000", 1000),
        ("stage1-step1000-tokens4B", 1000),
        ("global_step_20k", 20_000),
        ("epoch-1_step-64", 64),
        ("main", None),
        ("v2", None),
        ("checkpoint-best", None),
        ("my-stepson-3", None),
        ("0123456789abcdef0123456789abcdef01234567", None),
    ],
)
def test_the_step_is_in_the_name_of_a_folder_or_revision(name: str, step: int | None, tmp_path: Path) -> None:
    assert training_step(NamedModel(hub="org/model", revision=name)) == step
    (tmp_path / name).mkdir()
    assert training_step(NamedModel(folder=tmp_path / name)) == step


@pytest.mark.parametrize(
    ("state", "step"),
    [(b'{"global_step": 90}', 90), (b'{"global_step": "9"}', None), (b"[]", None), (b"{", None)],
)
def test_the_step_of_another_folder_is_in_the_state_of_its_trainer(
    state: bytes, step: int | None, tmp_path: Path
) -> None:
    (tmp_path / "last").mkdir()
    (tmp_path / "last/trainer_state.json").write_bytes(state)
    assert training_step(NamedModel(folder=tmp_path / "last")) == step


def test_the_checkpoints_of_a_run_give_a_table_by_step_and_a_curve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for step in (500, 1000):
        save_toy_encoder(tmp_path / f"runs/x/checkpoint-{step}", seed=step, layers=1)
    names = ["runs/x/checkpoint-1000", "runs/x/checkpoint-500", "-t", "jupyterlab", "-l", "de"]
    done = CliRunner().invoke(main, ["evaluate", *names, "--plot", "curve.svg"])
    assert done.exit_code == 0, done.output
    table = done.stdout.splitlines()
    assert table[0].endswith("by step of x")
    assert [line.split()[0] for line in table[1:4]] == ["step", "500", "1000"]
    assert "wrote curve.svg" in done.stderr
    curve = Path("curve.svg").read_text()
    for line in table[2:4]:
        assert f"{line.split()[1]} points" in curve
    submission = load_submission(Path("evaluations/x-checkpoint-500"))
    assert submission.checkpoints[0].step == 500  # type: ignore[union-attr]

    shown = CliRunner().invoke(
        main, ["show", "evaluations/x-checkpoint-500", "evaluations/x-checkpoint-1000"]
    )
    assert shown.stdout.splitlines()[:4] == table[:4]
    printed = CliRunner().invoke(main, ["show", "evaluations/x-checkpoint-500", "--json"])
    line = json.loads(printed.stdout)
    assert (line["step"], line["run"]) == (500, str(tmp_path / "runs/x"))


@pytest.mark.slow
def test_revisions_of_one_model_are_checkpoints_of_a_run(
    tmp_path: Path, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for step in (1000, 500):
        # The server has one commit at a time, and no names of others.
        commit = hub.add("org/Model", save_toy_encoder(tmp_path / f"model-{step}", seed=step, layers=1))
        monkeypatch.setattr("harness.evaluation.direct.commit_of", lambda *_, commit=commit: commit)
        names = [f"org/Model@step{step}", "-t", "jupyterlab", "-l", "de", "--output", "out"]
        done = CliRunner().invoke(main, ["evaluate", *names])
        assert done.exit_code == 0, done.output
    folders = sorted(map(str, Path("out").iterdir()))
    assert folders == ["out/model-step1000", "out/model-step500"]
    table = CliRunner().invoke(main, ["show", *folders]).stdout.splitlines()
    assert table[0].endswith("by step of Model")
    assert [line.split()[0] for line in table[1:4]] == ["step", "500", "1000"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--plot", "a.pdf"], "a.pdf ends in none of .svg, .png, .html"),
        (["--plot", "a.svg", "--limit", "5"], "--plot draws what is written"),
    ],
)
def test_a_curve_that_could_not_be_drawn_is_refused_at_once(
    options: list[str], message: str, toy_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["evaluate", str(toy_encoder), "-t", "jupyterlab", *options])
    assert message in done.stderr + str(done.exception)
    assert not Path("evaluations/toy-bert/results").exists()
