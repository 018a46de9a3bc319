"""A plan says what of a checkpoint is not used."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from harness.evaluation.plan import make_plan
from harness.evaluation.run import Options
from harness.records import Retirement
from harness.reporter import Silent
from tests.support.changed_targets import changed_target
from tests.support.submissions import write_submission


class Heard(Silent):
    """A reporter that remembers."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def report(self, message: str) -> None:
        self.lines.append(message)


def test_what_is_left_out_of_a_checkpoint_is_reported_once(tmp_path: Path, toy_encoder: Path) -> None:
    folder = write_submission(tmp_path / "submissions/toy")
    shutil.copytree(toy_encoder, folder / "weights")
    path = folder / "weights/config.json"
    leftover = {"_attn_implementation": "flash_attention_2", "_name_or_path": "xlm-roberta-base"}
    many = {f"run_{number:02}": "n/a" for number in range(30)}
    path.write_text(json.dumps(json.loads(path.read_text()) | leftover | many))
    (folder / "weights/adapter_config.json").write_text("{}")
    heard, options = Heard(), Options(dtype="float32", device="cpu")
    plan = make_plan(folder, ["jupyterlab"], ["de"], options, heard)
    (line,) = [line for line in heard.lines if "not used" in line]
    assert line.startswith(
        "weights: not used: adapter_config.json (not opened: the weights next to it are whole); config.json "
        "_attn_implementation: 'flash_attention_2' (the harness chooses it, the same for all); "
        "config.json run_00: 'n/a' (nothing is loaded from another place); "
    )
    assert line.endswith("; and 12 more")
    assert "_name_or_path" not in line
    again = Heard()
    fetched = {files.source: files for files in plan.checkpoints.values()}
    make_plan(folder, ["jupyterlab"], ["de"], Options(dtype="float32", device="cpu", fetched=fetched), again)
    assert [line for line in again.lines if "not used" in line] == []


def test_a_retired_target_is_evaluated_and_said_to_be_retired(
    tmp_path: Path, toy_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_submission(tmp_path / "submissions/toy")
    shutil.copytree(toy_encoder, folder / "weights")
    retirement = Retirement(date="2026-05-01", reason="too easy", superseded_by="tatoeba")
    changed_target(monkeypatch, retired=retirement)
    heard = Heard()
    plan = make_plan(folder, ["jupyterlab"], ["de"], Options(dtype="float32", device="cpu"), heard)
    assert [planned.target.name for planned in plan.targets] == ["jupyterlab"]
    assert "jupyterlab was retired on 2026-05-01: too easy; tatoeba replaces it" in heard.lines
