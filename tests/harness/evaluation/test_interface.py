"""`harness.evaluate` as people call it: names and paths of any kind, results that show themselves, progress in a notebook."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import harness
from harness.errors import BadInput
from harness.evaluation.notebook import NotebookLine, default_reporter
from harness.evaluation.results_list import Results
from harness.reporter import Silent
from tests.support.submissions import write_submission


@pytest.fixture
def submission(tmp_path: Path, toy_encoder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = write_submission(tmp_path / "submissions/toy")
    shutil.copytree(toy_encoder, folder / "weights")
    monkeypatch.chdir(tmp_path)
    return folder


def test_a_submission_by_slug_path_or_text_and_a_model_by_its_folder(submission: Path) -> None:
    for name in ("toy", "submissions/toy", submission, Path("submissions/toy/")):
        (result,) = harness.evaluate(name, "jupyterlab", "DE", limit=5, dtype="float32")
        assert (result.submission, list(result.checkpoints[0].scores)) == ("toy", ["de"])
    (model,) = harness.evaluate(
        str(submission / "weights"), ["jupyterlab"], ["de"], limit=5, pooling="cls", dtype="float32"
    )
    assert "|h3.cls|" in str(model.signature)
    for read in (harness.load_submission, harness.load_results, harness.load_side):
        assert read("submissions/toy") == read(submission)  # type: ignore[operator]


def test_results_show_themselves(submission: Path) -> None:
    results = harness.evaluate("toy", "jupyterlab", ["de", "fi"], dtype="float32")
    assert isinstance(results, Results) and isinstance(results, tuple)
    assert repr(results).startswith("toy  jupyterlab  accuracy ")
    assert repr(results).endswith("the mean of 2 of 12 languages, not the score")
    assert repr(results[0]).startswith("<Result toy jupyterlab: no score, 2 of 12 languages, jupyterlab|acc|")
    assert results._repr_html_().startswith("<table><caption>jupyterlab (accuracy")
    frame = results.to_frame()
    assert list(frame["language"]) == ["fi", "de", "mean"]
    assert frame["score"][1] == results[0].checkpoints[0].scores["de"].score
    with pytest.raises(
        BadInput, match=r"no_such_library is not installed\n    cure: pip install no_such_library"
    ):
        results.to_frame("no_such_library")  # type: ignore[arg-type]


def test_progress_in_a_notebook_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(default_reporter(), Silent)
    shown: list[tuple[str, Any]] = []

    def display(what: object, display_id: bool) -> SimpleNamespace:
        shown.append(("opened", repr(what)))
        return SimpleNamespace(update=lambda text: shown.append(("updated", repr(text))))

    fake = SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=object()))
    monkeypatch.setitem(sys.modules, "IPython", fake)
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=display))
    line = default_reporter()
    assert isinstance(line, NotebookLine)
    line.report("toy: 10 distinct texts")
    for _ in range(100):
        line.encoded(1, 10, 1000)
    line.trained(5, 5, 0.25)
    assert [kind for kind, _ in shown].count("opened") == 1
    assert shown[1] == ("updated", "toy: 10 distinct texts")
    assert shown[-2:] == [
        ("updated", "1,000 of 1,000 tokens, 0 s left"),
        ("updated", "step 5 of 5, loss 0.250"),
    ]
    assert len(shown) < 8  # not one for each of the hundred batches
    fake.get_ipython = SimpleNamespace  # a terminal's IPython
    assert isinstance(default_reporter(), Silent)
