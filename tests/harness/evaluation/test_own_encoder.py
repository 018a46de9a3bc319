"""Any encoder as a Python object: its vectors are checked, its results are kept, and nobody else runs it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

import harness
from harness.cli.main import main
from harness.errors import BadInput, WrongUsage
from harness.evaluation.run import Options
from harness.models.own_code import OwnCode
from harness.records import Signature, Submission
from harness.store import load_submission, submission_faults
from tests.support.submissions import write_submission
from tests.support.toys import save_toy_encoder

MODULE = '''
import hashlib
import numpy as np

def vector(text):
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
    return np.random.default_rng(seed).normal(size=16)

class Letters:
    """Counts letters."""
    def encode(self, texts):
        return np.array([[text.lower().count(letter) + 0.1 for letter in "etaoinshrdlu"] for text in texts])

encoder = Letters()
'''


class Letters:
    """Counts letters: a real, if bad, encoder."""

    def encode(self, texts: Sequence[str]) -> np.ndarray[Any, Any]:
        return np.array([[text.lower().count(letter) + 0.1 for letter in "etaoinshrdlu"] for text in texts])


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "letters_encoder.py").write_text(MODULE)
    (tmp_path / "news").mkdir()
    (tmp_path / "news/de.tsv").write_text("die katze\tthe cat\nein hund\ta dog\ndie sonne\tthe sun\n")
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def test_an_object_is_evaluated_and_its_outcomes_are_kept(workplace: Path) -> None:
    results = harness.evaluate(Letters(), "jupyterlab", ["de", "fi"])
    (result,) = results
    assert str(result.signature) == "jupyterlab|acc|en→xx|cos|own code tests unversioned|v1"
    assert Signature.parse(str(result.signature)) == result.signature
    assert result.checkpoints[0].source == f"own code tests unversioned, {__name__}:Letters"
    assert result.runs[-1].versions["tests"] == "unversioned"
    assert results.folder == Path("evaluations/tests")
    assert submission_faults(results.folder) == ()
    assert harness.load_results(results.folder) == tuple(results)
    again = run("evaluate", "evaluations/tests", "-t", "jupyterlab", "-l", "de")
    assert again.exit_code == 3
    assert f"if you trust it and tests unversioned is installed: --encoder {__name__}:Letters" in again.stderr


def test_nothing_is_encoded_twice_and_another_encoder_is_another(workplace: Path) -> None:
    calls: list[int] = []

    class Counting(Letters):
        def encode(self, texts: Sequence[str]) -> np.ndarray[Any, Any]:
            calls.append(len(texts))
            return super().encode(texts)

    harness.evaluate(Counting(), "jupyterlab", "de", output="first")
    encoded = sum(calls)
    calls.clear()
    harness.evaluate(Counting(), "jupyterlab", "de", output="second")
    assert sum(calls) < 20 < encoded  # the probe alone

    class Shifted(Letters):
        def encode(self, texts: Sequence[str]) -> np.ndarray[Any, Any]:
            return super().encode(texts) + 1

    assert OwnCode(Shifted(), "a:b").digest != OwnCode(Letters(), "a:b").digest


def test_the_command_line_imports_what_it_is_told_to(workplace: Path) -> None:
    done = run("evaluate", "--encoder", "letters_encoder:Letters", "-t", "jupyterlab", "-l", "de")
    assert done.exit_code == 0, done.output
    assert "letters-encoder: jupyterlab|acc|en→xx|cos|own code letters_encoder unversioned|v1" in done.stdout
    instance = run("evaluate", "--encoder", "letters_encoder:encoder", "-t", "jupyterlab", "-l", "de")
    assert instance.exit_code == 0, instance.output
    first, second = sorted(path.name for path in Path("evaluations").iterdir())
    same = run("diff", f"evaluations/{first}", f"evaluations/{second}")
    assert "+0.00 [+0.00, +0.00] over 1 language" in same.stdout, same.output
    verified = run("verify", f"evaluations/{first}")
    assert (verified.exit_code, "1 of 1 result passed" in verified.stdout) == (0, True), verified.output
    rerun = run("verify", f"evaluations/{first}", "--rerun")
    assert rerun.exit_code == 1
    assert (
        "could not be evaluated again: " in rerun.stdout and "code that only you may run here" in rerun.stdout
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--sandbox"], "--encoder runs your own code, for which there is no a sandbox"),
        (["--max-hours", "1"], "--encoder runs your own code, for which there is no a sandbox"),
        (["--dry-run"], "--encoder runs your own code, for which there is no --dry-run"),
        (["--pooling", "cls"], "--pooling is for models, and --encoder is code"),
        (["--layers", "all"], "has no layers to sweep"),
        (["own/weights"], "weights is measured by its weights, not by an encoder in Python"),
        (["-t", "xnli_from_dev", "--data", "news"], ""),
    ],
)
@pytest.mark.usefixtures("workplace")
def test_what_own_code_cannot_do_is_said(arguments: list[str], message: str) -> None:
    save_toy_encoder(Path("own/weights"))
    target = [] if "-t" in arguments else ["-t", "jupyterlab", "-l", "de"]
    done = run("evaluate", "--encoder", "letters_encoder:Letters", *target, *arguments)
    assert done.exit_code in (2, 3) and message in done.stderr, done.output


@pytest.mark.parametrize("name", ["no_such_module:Letters", "letters_encoder:Absent", "letters_encoder"])
@pytest.mark.usefixtures("workplace")
def test_what_cannot_be_imported_is_named(name: str) -> None:
    done = run("evaluate", "--encoder", name, "-t", "jupyterlab", "-l", "de")
    assert (done.exit_code, f"error: {name} cannot be imported: " in done.stderr) == (3, True), done.output


def _raise(_texts: Sequence[str]) -> None:
    raise RuntimeError("no licence")


def _drifting() -> Callable[[Sequence[str]], np.ndarray[Any, Any]]:
    calls: list[int] = []

    def encode(texts: Sequence[str]) -> np.ndarray[Any, Any]:
        calls.append(1)
        return np.array([[len(text), len(calls), 1.0] for text in texts])

    return encode


@pytest.mark.parametrize(
    ("encode", "message"),
    [
        (lambda texts: np.ones(len(texts)), r"of shape \(6,\) for 6 texts, not \(6, d\)"),
        (lambda texts: np.ones((len(texts) - 1, 3)), r"of shape \(5, 3\) for 6 texts"),
        (lambda texts: np.ones((len(texts), 0)), r"of shape \(6, 0\)"),
        (lambda texts: [["a", "b"]] * len(texts), "not numbers"),
        (lambda texts: [[1.0, 2.0], [1.0]] * 3, "returned list, no array"),
        (lambda texts: np.where(np.arange(len(texts))[:, None] == 2, np.nan, np.ones((len(texts), 3))), "a vector that is not finite for 'Третье предложение.'"),
        (lambda texts: {"vectors": 1}, "not numbers"),
        (_drifting(), "gives other vectors for the same texts when it is called again: unit vectors differ by up to"),
        (_raise, "encode failed on 6 texts: RuntimeError: no licence"),
    ],
)  # fmt: skip
def test_wrong_vectors_are_named(encode: Any, message: str) -> None:
    class Encoder:
        def encode(self, texts: list[str]) -> Any:
            return encode(texts)

    with pytest.raises(BadInput, match=message):
        OwnCode(Encoder(), "a:b")


def test_an_object_without_encode_is_refused() -> None:
    with pytest.raises(BadInput, match=r"builtins:int has no encode\(texts\)"):
        harness.evaluate(3, "jupyterlab")


def test_vectors_that_change_during_the_run_or_in_width_are_named(workplace: Path) -> None:
    class Forgetful(Letters):
        seen = 0

        def encode(self, texts: Sequence[str]) -> np.ndarray[Any, Any]:
            self.seen += 1  # twice when it is opened, once for all texts
            return super().encode(texts) + (np.arange(12) if self.seen > 3 else 0)

    with pytest.raises(BadInput, match="gives other vectors for the same texts"):
        harness.evaluate(Forgetful(), "jupyterlab", "de")

    class Widening(Letters):
        def encode(self, texts: Sequence[str]) -> np.ndarray[Any, Any]:
            return super().encode(texts)[:, : 12 if len(texts) < 10 else 11]

    with pytest.raises(BadInput, match="before, vectors had 12 dimensions"):
        harness.evaluate(Widening(), "jupyterlab", "de")


def test_language_and_side_are_told_to_an_encoder_that_asks(workplace: Path) -> None:
    asked: dict[str, set[tuple[str, str]]] = {}

    class Asking(Letters):
        def encode(self, texts: Sequence[str], language: str, side: str) -> np.ndarray[Any, Any]:  # type: ignore[override]
            for text in texts:
                asked.setdefault(text, set()).add((language, side))
            return super().encode(texts) + hash(language) % 7

    results = harness.evaluate(Asking(), "bitext.news", bitext={"news": workplace / "news"})
    assert results[0].complete
    assert asked["die katze"] == {("de", "text")} and asked["the cat"] == {("en", "text")}
    assert not {
        text for text, contexts in asked.items() if ("de", "text") in contexts and text.startswith("the ")
    }


def test_a_text_without_direction_is_a_language_that_failed(workplace: Path) -> None:
    class Mute(Letters):
        def encode(self, texts: Sequence[str]) -> np.ndarray[Any, Any]:
            return np.array(
                [
                    [0.0] * 12 if text == "ein hund" else row
                    for text, row in zip(texts, super().encode(texts), strict=True)
                ]
            )

    (result,) = harness.evaluate(Mute(), "bitext.news", bitext={"news": "news"})
    assert result.checkpoints[0].failed == {
        "de": "sentence 2 of the de side: its vector is zero and has no direction"
    }


def test_tensors_are_taken_and_the_answer_does_not_depend_on_batches(workplace: Path) -> None:
    import torch

    class Tensors(Letters):
        def encode(self, texts: Sequence[str]) -> Any:
            return torch.from_numpy(super().encode(texts))

    (tensors,) = harness.evaluate(Tensors(), "jupyterlab", "fi", output="tensors")
    (arrays,) = harness.evaluate(Letters(), "jupyterlab", "fi", output="arrays")
    assert tensors.checkpoints[0].scores == arrays.checkpoints[0].scores


def test_a_submission_names_its_code_and_another_encoder_is_refused(workplace: Path) -> None:
    harness.evaluate(Letters(), "jupyterlab", "de")
    submission = load_submission("evaluations/tests")
    assert isinstance(submission, Submission)
    assert submission.checkpoints[0].own_code == "tests unversioned"
    (result,) = harness.evaluate(
        "evaluations/tests", "jupyterlab", "de", encoder=OwnCode(Letters(), f"{__name__}:Letters")
    )
    assert result.measured == 1

    class Other(Letters):
        pass

    with pytest.raises(BadInput, match="and the encoder here is own code tests unversioned"):
        harness.evaluate("evaluations/tests", "jupyterlab", "de", encoder=Other())
    with pytest.raises(WrongUsage, match="an encoder in Python decides itself"):
        harness.evaluate(Letters(), "jupyterlab", pooling="cls")


def test_a_review_asks_a_maintainer_and_runs_nothing(workplace: Path) -> None:
    def git(*arguments: str) -> None:
        who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
        subprocess.run(["git", *who, *arguments], cwd=workplace, check=True, capture_output=True)

    git("init", "-q", "-b", "main")
    git("commit", "-q", "--allow-empty", "-m", "empty")
    git("switch", "-q", "-c", "mine")
    folder = write_submission(workplace / "submissions/own")
    code = "[{seed: 0, python: 'runs_when_imported:Encoder', package: p, version: '1'}]"
    text = (folder / "submission.yaml").read_text()
    text = re.sub(r"checkpoints: .*", f"checkpoints: {code}", re.sub(r"encoding: .*\n", "", text))
    (folder / "submission.yaml").write_text(text.replace("'", '"'))
    (workplace / "runs_when_imported.py").write_text("raise SystemExit('it ran')")
    git("add", "submissions/own/submission.yaml")
    git("commit", "-q", "-m", "add")
    done = run("review", "main", "mine", "--actor", "ada")
    assert done.exit_code == 2
    assert (
        "results are of own code p 1, runs_when_imported:Encoder, which no check and no workflow runs"
        in done.stdout
    )
    for command in (["evaluate", "own", "-t", "jupyterlab", "-l", "de"], ["validate", "own"]):
        assert "it ran" not in run(*command).output


def test_an_option_that_is_none_suggests_the_nearest(workplace: Path) -> None:
    with pytest.raises(WrongUsage, match=r"evaluate has no option 'dtpye'\n    cure: did you mean dtype\?"):
        harness.evaluate(Letters(), "jupyterlab", dtpye="float32")  # type: ignore[call-arg]


def test_options_of_a_call_reach_the_evaluation(workplace: Path) -> None:
    results = harness.evaluate(Letters(), "jupyterlab", "de", Options(limit=5), cache="own-cache")
    assert results.folder is None and results.lines[0].trial == 5
    assert Path("own-cache/vectors").is_dir()
    shutil.rmtree("own-cache")
