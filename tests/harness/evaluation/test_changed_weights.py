"""Weights that were replaced after some results were measured: nothing is mixed, nothing is lost unasked."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result
from safetensors.torch import load_file, save_file

from harness import store
from harness.cli.main import main
from tests.environments.board import Board, make_board

OWN = ("--bitext", "one=pairs", "--bitext", "two=pairs", "--device", "cpu")
ONE, TWO = (Path(f"submissions/waiting/results/bitext.{name}.yaml") for name in ("one", "two"))


@pytest.fixture
def board(toy_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Board:
    """Return a board whose row was measured on two targets, before its weights were replaced."""
    encoder = shutil.copytree(toy_encoder, tmp_path / "encoder")
    made = make_board(tmp_path, encoder)
    monkeypatch.chdir(made.folder)
    run("evaluate", "waiting", "-t", "bitext.one,bitext.two", *OWN)
    path = encoder / "model.safetensors"
    noise = torch.Generator().manual_seed(0)
    tensors = {
        name: tensor + 0.1 * torch.randn(tensor.shape, generator=noise)
        for name, tensor in load_file(path).items()
    }
    save_file(tensors, path, metadata={"format": "pt"})
    return made


def run(*arguments: str, code: int = 0) -> Result:
    answer = CliRunner().invoke(main, list(arguments))
    assert answer.exit_code == code, answer.output
    return answer


def weights(path: Path) -> str:
    return store.load_result(path).checkpoints[0].weights


def test_a_result_of_former_weights_is_replaced_only_when_asked(board: Board) -> None:
    before = ONE.read_bytes()
    answer = run("evaluate", "waiting", "-t", "bitext.one", *OWN, code=3)
    assert "bitext.one.yaml was measured on other weights of seed 0 than are here now" in answer.stderr
    assert "bitext.two.yaml was measured on former weights of seed 0" in answer.stderr
    assert ONE.read_bytes() == before
    run("evaluate", "waiting", "-t", "bitext.one", "--limit", "1", *OWN)  # a trial writes nothing
    former = weights(ONE)
    run("evaluate", "waiting", "--stale", *OWN)
    assert weights(ONE) == weights(TWO) != former
    run("validate", "waiting")


def test_results_of_two_weights_are_named_by_every_command_that_reads_them(
    board: Board, tmp_path: Path
) -> None:
    run("evaluate", "waiting", "-t", "bitext.one", "--overwrite", *OWN)
    said = "seed 0 has other weights than in the result on bitext.one"
    for command in (["validate", "waiting"], ["show", "waiting"], ["diff", "waiting", "alpha"]):
        answer = run(*command, code=3)
        assert said in answer.stderr and "evaluate waiting --stale" in answer.stderr
    built = run("build", "--out", str(tmp_path / "site"), code=1)
    assert said in built.stderr and not (tmp_path / "site/submissions/waiting.html").exists()
    assert (tmp_path / "site/submissions/alpha.html").exists()
    run("evaluate", "waiting", "--stale", *OWN)
    run("validate", "waiting")


def test_own_text_that_is_not_given_is_left_and_named(board: Board) -> None:
    answer = run("evaluate", "waiting", "--stale", "--bitext", "one=pairs", "--device", "cpu")
    assert "bitext.two.yaml was measured on former weights of seed 0" in answer.stderr
    assert weights(ONE) != weights(TWO)


def test_results_of_weights_that_are_no_longer_in_the_folder_are_not_fine(board: Board) -> None:
    answer = run("validate", "waiting", code=3)
    for path in (ONE, TWO):
        fault = next(line for line in answer.stderr.splitlines() if path.name in line)
        assert "the weights of seed 0 are sha256:" in fault and f"the result names {weights(path)}" in fault
    assert answer.stderr.count("cure: stiltboard evaluate waiting --stale measures again") == 2
    run("evaluate", "waiting", "--stale", *OWN)
    assert "waiting: fine" in run("validate", "waiting").stdout
