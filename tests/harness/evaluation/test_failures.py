"""A panic of a library, or an error that nobody foresaw, ends one submission with its name, and not the queue."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner
from tokenizers import Tokenizer

from harness.cli.evaluation_queue import run_all
from harness.cli.main import main
from harness.errors import BadInput, naming_failures
from harness.evaluation import heads, story
from harness.evaluation.isolated import Apart
from harness.evaluation.sandbox import Limits
from harness.evaluation.story import Options
from harness.models.encoder import Encoder
from tests.support.submissions import write_submission

OPTIONS = Options(dtype="float32", device="cpu")
# tokenizers panics on it when the file is opened, and on the other one when a text is tokenised.
PANICS = {"normalizer": {"type": "Precompiled", "precompiled_charsmap": "AAAA"}}
PANICS_LATER = {"pre_tokenizer": {"type": "FixedLength", "length": 0}}
REPORT = "please open an issue with this message, the checkpoint, and the versions of"


@pytest.fixture
def write(tmp_path: Path, toy_encoder: Path) -> Callable[..., Path]:
    def write(slug: str, **tokenizer: Any) -> Path:
        folder = write_submission(tmp_path / "submissions" / slug)
        shutil.copytree(toy_encoder, folder / "weights")
        path = folder / "weights/tokenizer.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | tokenizer))
        return folder

    return write


def panic(*_: object, **__: object) -> None:
    """Panic as the library does."""
    whole = {
        "version": "1.0",
        "added_tokens": [],
        "model": {"type": "WordLevel", "vocab": {}, "unk_token": ""},
    }
    Tokenizer.from_str(json.dumps(whole | PANICS))


def test_a_panic_is_no_exception_and_is_named_like_one() -> None:
    with pytest.raises(BaseException, match="Cannot parse precompiled_charsmap") as caught:
        panic()
    assert not isinstance(caught.value, Exception)
    with pytest.raises(BadInput) as named, naming_failures("toy", BadInput, cure="save it again"):
        panic()
    assert named.value.faults[0].message.startswith("toy: PanicException: Precompiled: ")
    assert named.value.faults[0].cure == "save it again"


@pytest.mark.parametrize("request_to_end", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_a_request_to_end_stays_what_it_is(request_to_end: type[BaseException]) -> None:
    with pytest.raises(request_to_end), naming_failures("toy"):
        raise request_to_end


def test_the_queue_goes_on_after_panics_and_unforeseen_errors(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    write("opening", **PANICS)
    write("first", **PANICS_LATER)
    for slug in ("passing", "unforeseen", "sound"):
        write(slug)
    tokenize, resume = Encoder.tokenize, story.resume

    def tokenize_or_panic(encoder: Encoder, *arguments: Any) -> list[list[int]]:
        if panicking:
            panic()
        return tokenize(encoder, *arguments)

    def resume_or_fail(plan: Any) -> Any:
        panicking.clear()
        if plan.run.slug == "passing":
            panicking.append(plan.run.slug)
        if plan.run.slug == "unforeseen":
            raise ZeroDivisionError("one\nof a kind")
        return resume(plan)

    panicking: list[str] = []
    monkeypatch.setattr(Encoder, "tokenize", tokenize_or_panic)
    monkeypatch.setattr(story, "resume", resume_or_fail)
    submissions = write("last", **PANICS).parent
    slugs = ["opening", "first", "passing", "unforeseen", "sound", "last"]
    common = ["-t", "jupyterlab", "-l", "de", "--dtype", "float32", "--submissions", str(submissions)]
    answer = CliRunner().invoke(main, ["evaluate", *slugs, *common])
    assert answer.exit_code == 1
    assert "\nsound: mean of 1 of 12 languages, not the score\n" in answer.stdout
    errors = [line for line in answer.stderr.splitlines() if line.startswith("error: ")]
    assert errors[0].startswith("error: transformers cannot open weights: PanicException: Precompiled: ")
    assert errors[1] == "error: weights cannot encode a text: PanicException: chunk size must be non-zero"
    assert errors[2].startswith("error: weights cannot encode the texts: PanicException: Precompiled: ")
    assert errors[3].startswith("error: unforeseen could not be evaluated: ZeroDivisionError: one (story.py:")
    assert errors[4].startswith("error: transformers cannot open weights: PanicException")
    assert errors[5] == "error: 5 of 6 submissions could not be evaluated"
    named = [
        line.split()[0] for line in answer.stderr.splitlines() if line.endswith("could not be evaluated")
    ]
    assert named == ["opening", "first", "passing", "unforeseen", "last", "error:"]
    assert answer.stderr.count(REPORT) == 2  # of the pass and of the unforeseen one
    assert "Traceback" not in answer.output


@pytest.mark.parametrize(("tokenizer", "code"), [(PANICS, 3), (PANICS_LATER, 3)])
def test_one_submission_ends_with_the_code_of_its_error(
    write: Callable[..., Path], tokenizer: dict[str, Any], code: int
) -> None:
    folder = write("toy", **tokenizer)
    arguments = ["evaluate", "toy", "-t", "jupyterlab", "-l", "de", "--submissions", str(folder.parent)]
    answer = CliRunner().invoke(main, arguments)
    assert (answer.exit_code, "PanicException" in answer.stderr) == (code, True)
    dry = CliRunner().invoke(main, [*arguments, "--dry-run"])
    assert (dry.exit_code, "PanicException" in dry.stderr) == (code, True)


def test_an_interruption_ends_the_queue(write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    folders = [write("one"), write("two")]
    monkeypatch.setattr(story, "make_plan", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run_all(folders, ["jupyterlab"], ["de"], OPTIONS)


def test_in_another_process_the_error_is_named_the_same(
    write: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    folders = [write("one", **PANICS)]
    apart = Apart(sandbox=False, limits=Limits(seconds=600))
    with pytest.raises(BadInput, match="transformers cannot open weights: PanicException: "):
        run_all(folders, ["jupyterlab"], ["de"], OPTIONS, apart)
    assert "Traceback" not in capsys.readouterr().err


def test_a_panic_on_one_language_of_a_head_is_that_languages_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    target = SimpleNamespace(kind="classification")
    plan: Any = SimpleNamespace(
        target=target, examples={"de": ()}, checkpoints={7: SimpleNamespace(source="org/encoder")}
    )
    monkeypatch.setitem(heads.PREDICTED, "classification", SimpleNamespace(run=panic))
    measured = heads._predict_language(plan, 7, "de", SimpleNamespace())  # type: ignore[arg-type]
    ((cell, reason),) = measured.failed.items()
    assert cell == (7, "de")
    assert reason.startswith("org/encoder cannot predict: PanicException: Precompiled: ")


def test_a_fault_has_the_same_exit_code_alone_and_among_others(write: Callable[..., Path]) -> None:
    write("sound")
    write("second", **PANICS)
    submissions = write("first", **PANICS).parent

    def exit_code(*arguments: str) -> int:
        common = ["-l", "de", "--dtype", "float32", "--submissions", str(submissions)]
        return CliRunner().invoke(main, ["evaluate", *arguments, *common]).exit_code

    assert exit_code("first", "-t", "jupyterlab") == 3
    assert exit_code("first", "second", "sound", "-t", "jupyterlab") == 3
    # The Hub lacks this target's text; the other target is measured.
    assert exit_code("sound", "-t", "udpos") == exit_code("sound", "-t", "udpos,jupyterlab") == 3
