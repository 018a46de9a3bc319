"""Without a dtype, a run goes on in the one that the stored result was measured in."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.errors import BadInput
from harness.evaluation.story import Options, evaluate
from harness.models import device
from harness.records import Result
from harness.reporter import Silent
from tests.support.submissions import write_submission


class Told(Silent):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def report(self, message: str) -> None:
        self.lines.append(message)


@pytest.fixture
def submission(tmp_path: Path, toy_encoder: Path) -> Path:
    folder = write_submission(tmp_path / "toy")
    shutil.copytree(toy_encoder, folder / "weights")
    return folder


def measured(folder: Path, *languages: str, told: Told | None = None, **options: object) -> Result:
    (result,) = evaluate(folder, ["jupyterlab"], languages, Options(**options), told)  # type: ignore[arg-type]
    return result


def dtypes(result: Result) -> list[str | None]:
    return [run.dtype for run in result.runs]


def test_auto_goes_on_in_the_dtype_of_the_stored_result_and_says_so(
    submission: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device, "_multiplies_bfloat16", lambda: False)
    measured(submission, "de")
    monkeypatch.setattr(device, "_multiplies_bfloat16", lambda: True)
    told = Told()
    assert set(dtypes(measured(submission, "fi", told=told))) == {"float32"}
    file = submission / "results/jupyterlab.yaml"
    said = f"float32, in which {file} was measured; a new result here would be measured in bfloat16"
    assert said in told.lines

    with pytest.raises(BadInput, match="the dtype 'float32', now it is 'bfloat16'"):
        measured(submission, "it", dtype="bfloat16")  # what is stated counts
    told = Told()
    again = measured(submission, "de", "fi", told=told, overwrite=True)
    assert set(dtypes(again)) == {"bfloat16"}  # a result that is replaced as a whole has no say
    assert not any("in which" in line for line in told.lines)


def test_nothing_is_said_where_auto_chooses_the_stored_dtype_anyway(submission: Path) -> None:
    measured(submission, "de")
    told = Told()
    measured(submission, "fi", told=told)
    assert not any("in which" in line for line in told.lines)


def test_a_result_of_a_gpu_is_not_continued_in_float16_on_a_cpu(submission: Path) -> None:
    from harness.store import load_outcomes, load_result, write_result

    result = measured(submission, "de")
    path = submission / "results/jupyterlab.yaml"
    on_gpu = result.runs[0].model_copy(update={"dtype": "float16", "device": "cuda"})
    write_result(
        submission,
        result.model_copy(update={"runs": (on_gpu,)}),
        load_outcomes(path, load_result(path)),
    )
    with pytest.raises(BadInput, match=r"with the device 'cuda', now it is 'cpu'.*\n.*--device cuda"):
        measured(submission, "fi", device="cpu")
