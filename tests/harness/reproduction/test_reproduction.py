"""What it takes to repeat a result, and the same measurement by the code of its commit."""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import harness
from harness import store
from harness.cli.main import main
from harness.evaluation.run import Options
from harness.records import EvaluationRun
from harness.reproduction import repetition
from harness.reproduction.requirements import Repetition
from tests.support.folders import ROOT
from tests.support.submissions import REPORTED, write_submission
from tests.support.toys import stored_outcomes

OPTIONS = Options(device="cpu", dtype="float32")


def git(folder: Path, *arguments: str) -> str:
    settings = ("-c", "user.name=Toy", "-c", "user.email=toy@example.org", "-c", "commit.gpgsign=false")
    return subprocess.run(
        ["git", "-C", folder, *settings, *arguments], capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory, toy_encoder: Path) -> Path:
    """Return a clone of this repository with one submission, a toy, that is measured in one language."""
    root = tmp_path_factory.mktemp("clone") / "board"
    git(ROOT, "clone", "--quiet", "--shared", "--no-checkout", str(ROOT), str(root))
    git(root, "checkout", "--quiet", "--detach", "HEAD")
    shutil.rmtree(root / "submissions")
    folder = write_submission(root / "submissions/toy")
    shutil.copytree(toy_encoder, folder / "weights")
    cache = root.parent / "cache"
    harness.evaluate(folder, ["jupyterlab"], ["fi"], Options(device="cpu", dtype="float32", cache=cache))
    return root


@pytest.fixture
def board(measured: Path, tmp_path: Path) -> Path:
    root = Path(shutil.copytree(measured, tmp_path / "board", symlinks=True))
    (run,) = stored(root).runs
    with_run(root, run, commit=git(root, "rev-parse", "HEAD"), lock=digest(root / "constraints.txt"))
    return root


def digest(path: Path) -> str:
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def stored(root: Path) -> Any:
    return store.load_result(root / "submissions/toy/results/jupyterlab.yaml")


def with_run(root: Path, run: EvaluationRun, **fields: Any) -> None:
    """Write the result again with another record of its run."""
    folder = root / "submissions/toy"
    result = stored(root).model_copy(update={"runs": (run.model_copy(update=fields),)})
    store.write_result(folder, result, stored_outcomes(folder, "jupyterlab"))


def reproduce(root: Path, *options: str) -> Result:
    return CliRunner().invoke(
        main, ["reproduce", "toy", "--submissions", str(root / "submissions"), *options]
    )


def parts(root: Path, *options: str) -> dict[str, dict[str, Any]]:
    ended = reproduce(root, "--json", *options)
    assert ended.exit_code == 0, ended.output
    (result,) = json.loads(ended.stdout)["results"]
    return {part["part"]: part for part in result["requirements"]} | {"result": result}


def lines(part: dict[str, Any]) -> str:
    return "\n".join(part["lines"])


# ---- what it takes


def test_of_a_recorded_commit_and_lock_everything_is_had_exactly(board: Path) -> None:
    found = parts(board)
    (run,) = stored(board).runs
    assert {name: part["reach"] for name, part in found.items() if name != "result"} == {
        "code": "exact", "environment": "exact", "text": "exact", "weights": "exact", "hardware": "exact",
    }  # fmt: skip
    assert lines(found["code"]) == f"commit {git(board, 'rev-parse', 'HEAD')}"
    assert f"Python {platform.python_version()}, here {platform.python_version()}" in lines(
        found["environment"]
    )
    assert "a folder here, which nobody else has" in lines(found["weights"])
    assert f"here cpu, {run.processor}" in lines(found["hardware"])
    assert "0.1 points or 1 example, the score by 0.02" in lines(found["hardware"])
    worktree, venv, install, copy, command = found["result"]["commands"]
    assert worktree == f"git worktree add --detach stiltboard-{run.commit[:12]} {run.commit}"
    assert venv.endswith(f"-m venv stiltboard-{run.commit[:12]}/.venv")
    assert install.endswith(
        f"--constraint stiltboard-{run.commit[:12]}/constraints.txt --editable 'stiltboard-{run.commit[:12]}[demo]'"
    )
    assert copy.endswith("rm -r COPY/toy/results")
    assert command.endswith("stiltboard evaluate toy -t jupyterlab --dtype float32 -l fi --submissions COPY")


def test_what_is_not_on_record_is_taken_from_the_first_commit_that_has_the_result(board: Path) -> None:
    (run,) = stored(board).runs
    with_run(
        board, run, commit=None, lock=None, versions={**run.versions, "torch": "2.0.1", "numpy": "2.4.6+x"}
    )
    assert lines(parts(board)["code"]) == "no commit is on record, and the result is not committed"
    assert parts(board)["code"]["reach"] == "missing"
    assert parts(board)["result"]["commands"] == []
    git(board, "add", "submissions/toy/results")
    git(board, "commit", "--quiet", "-m", "Measure")
    first = git(board, "rev-parse", "HEAD")
    (board / "submissions/toy/results/note.txt").write_text("later")
    git(board, "add", "submissions/toy/results")
    git(board, "commit", "--quiet", "-m", "More")
    found = parts(board)
    assert found["code"]["reach"] == found["environment"]["reach"] == "similar"
    assert lines(found["code"]).endswith(f"the first that has the result is {first}")
    assert "no lock is on record" in lines(found["environment"])
    assert "installed as recorded: torch 2.0.1" in lines(found["environment"])
    assert [line for line in found["result"]["commands"] if line.endswith("pip install torch==2.0.1")]


def test_another_lock_and_another_release_of_python_are_named(
    board: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (run,) = stored(board).runs
    with_run(board, stored(board).runs[0], lock=f"sha256:{'0' * 64}", versions={"python": "3.2.1"})
    monkeypatch.setenv("PATH", "/usr/bin")
    environment = parts(board)["environment"]
    assert environment["reach"] == "similar"
    assert f"Python 3.2.1, here {platform.python_version()}" in lines(environment)
    assert "constraints.txt of the commit is not the recorded lock sha256:0000" in lines(environment)
    with_run(board, run, versions={**run.versions, "torch": "2.0.1"})
    assert "has the recorded digest, but other versions were installed" in lines(parts(board)["environment"])


def test_what_nobody_has_is_out_of_reach(board: Path) -> None:
    (run,) = stored(board).runs
    with_run(board, run, commit="0123456789" * 4, processor="Another")
    shutil.rmtree(board / "submissions/toy/weights")
    ended = reproduce(board)
    assert ended.exit_code == 0
    assert (
        "code         missing  commit 0123456789012345678901234567890123456789 is not in this repository"
        in ended.stdout
    )
    assert "weights      missing  weights: only ever in a folder of whoever measured them" in ended.stdout
    assert "hardware     similar  then cpu float32, Another" in ended.stdout
    assert ended.stdout.endswith("  out of reach: code, weights\n")


def test_text_and_weights_are_where_their_record_says(board: Path) -> None:
    folder = board / "submissions/toy"
    text = (folder / "submission.yaml").read_text()
    (folder / "submission.yaml").write_text(
        text.replace("{seed: 0, path: weights}", f"{{seed: 0, hub: toys/toy, revision: {'a' * 40}}}")
    )
    assert lines(parts(board)["weights"]) == f"toys/toy@{'a' * 40}: downloaded from the Hub"
    reason = ["--reason", "removed from the Hub", "--submissions", str(board / "submissions")]
    assert CliRunner().invoke(main, ["notice", "toy", "--kind", "weights-gone", *reason]).exit_code == 0
    weights = parts(board)["weights"]
    assert weights["reach"] == "missing"
    assert "says that they are gone: removed from the Hub" in lines(weights)
    result = stored(board)
    other = result.model_copy(update={"data": {"fi": f"sha256:{'1' * 64}"}})
    store.write_result(folder, other, stored_outcomes(folder, "jupyterlab"))
    found = parts(board)["text"]
    assert found["reach"] == "missing"
    assert "today's text is another one" in lines(found)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (["-t", "tatoeba"], "toy has no result on tatoeba"),
        (["--this-environment"], "--this-environment is for --run"),
    ],
)
def test_wrong_usage_is_named(board: Path, options: list[str], error: str) -> None:
    ended = reproduce(board, *options)
    assert ended.exit_code == 2
    assert error in ended.stderr


def test_there_is_nothing_to_repeat_of_published_numbers_or_without_results(board: Path) -> None:
    shutil.rmtree(board / "submissions/toy/results")
    assert "toy has no result" in reproduce(board).stderr
    (board / "submissions/toy/submission.yaml").write_text(REPORTED)
    ended = reproduce(board)
    assert ended.exit_code == 3
    assert "published numbers, which were not measured here" in ended.stderr


# ---- the same measurement


@pytest.mark.slow
def test_the_code_of_the_commit_measures_the_same_scores(board: Path, tmp_path: Path) -> None:
    before = store.result_digest(board / "submissions/toy/results/jupyterlab.yaml")
    # A key that the harness of then does not need to know.
    with (board / "submissions/toy/submission.yaml").open("a") as file:
        file.write("aliases: [former]\n")
    work = tmp_path / "work"
    ended = reproduce(board, "--run", str(work), "--this-environment")
    assert ended.exit_code == 0, ended.output
    assert (
        "found again: no score, a language differs by at most 0.0000 points of 0.4132 allowed" in ended.stdout
    )
    again = store.load_result(work / "jupyterlab/submissions/toy/results/jupyterlab.yaml")
    assert again.last_run is not None
    assert again.last_run.commit == git(board, "rev-parse", "HEAD")
    assert again.checkpoints[0].scores == stored(board).checkpoints[0].scores
    assert store.result_digest(board / "submissions/toy/results/jupyterlab.yaml") == before
    ended = reproduce(board, "--run", str(work), "--this-environment")
    assert ended.exit_code == 3
    assert "there is something already" in ended.stderr


def test_a_score_that_is_not_found_again_fails(
    board: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = Repetition(
        score=None,
        largest=3.0,
        allowed=0.4,
        disagreements=("'fi' differs",),
        changed={"versions.torch": ("1", "2")},
    )
    monkeypatch.setattr(repetition, "repeat", lambda *_, **__: lost)
    ended = reproduce(board, "--run", str(tmp_path / "work"), "--this-environment")
    assert ended.exit_code == 1
    assert (
        "  not found again: no score, a language differs by at most 3.0000 points of 0.4000 allowed\n"
        in ended.stdout
    )
    assert "  versions.torch: 1 → 2\n" in ended.stdout
    assert "error: toy jupyterlab: 'fi' differs" in ended.stderr


def test_without_its_commit_nothing_is_run(board: Path, tmp_path: Path) -> None:
    (run,) = stored(board).runs
    with_run(board, run, commit="0123456789" * 4)
    ended = reproduce(board, "--run", str(tmp_path / "work"))
    assert ended.exit_code == 3
    assert "the code of jupyterlab is out of reach: commit 0123456789" in ended.stderr


def test_the_environment_is_built_from_the_commits_lock_and_then_the_recorded_versions(
    board: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what is run is tested here: to download torch takes minutes."""
    (run,) = stored(board).runs
    with_run(board, run, versions={**run.versions, "torch": "2.0.1"})
    commands: list[list[str]] = []

    def note(command: list[str], *_: Any) -> None:
        commands.append(command)

    monkeypatch.setattr(repetition, "_run", note)
    work = tmp_path / "work"
    ended = reproduce(board, "--run", str(work))
    assert "results/jupyterlab.yaml: the file does not exist" in ended.stderr
    at = work / "jupyterlab"
    python = str(at / "venv/bin/python")
    install = [python, "-m", "pip", "install", "--quiet"]
    assert commands[:3] == [
        [sys.executable, "-m", "venv", str(at / "venv")],
        [
            *install,
            "--constraint",
            str(at / "checkout/constraints.txt"),
            "--editable",
            f"{at / 'checkout'}[demo]",
        ],
        [*install, "torch==2.0.1"],
    ]
    assert commands[3][0] == python
    assert commands[3][3:] == [
        "evaluate", "toy", "-t", "jupyterlab", "--dtype", "float32", "-l", "fi", "--device", "cpu",
        "--submissions", str(at / "submissions"),
    ]  # fmt: skip
    assert git(at / "checkout", "rev-parse", "HEAD") == git(board, "rev-parse", "HEAD")


def test_a_step_that_fails_is_named_with_its_last_lines(
    board: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = "print('\\n'.join(f'line {n}\\x1b' for n in range(30))); raise SystemExit(3)"
    monkeypatch.setattr(repetition, "_entry_point", lambda _: program)
    ended = reproduce(board, "--run", str(tmp_path / "work"), "--this-environment")
    assert ended.exit_code == 1
    assert "the evaluation failed with exit code 3:\n    line 10\\x1b\n" in ended.stderr
