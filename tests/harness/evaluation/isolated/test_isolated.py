"""An evaluation in a process of its own: the same result, or a named reason, and the queue goes on."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from click.testing import CliRunner

from harness.catalog import find_target
from harness.cli.evaluation_queue import run_all
from harness.cli.main import main
from harness.data.hub import load_rows, prepared_folder
from harness.errors import BadInput, CheckFailed, Fault, Where
from harness.evaluation.estimate import Estimate, estimate
from harness.evaluation.isolated import Apart, estimate_apart, evaluate_apart, parent
from harness.evaluation.isolated.child import REPLY, link_datasets
from harness.evaluation.isolated.protocol import LineReporter, Reply, Request, report_line
from harness.evaluation.plan import make_plan
from harness.evaluation.sandbox import Confinement, Limits, find_mechanism, selfcheck
from harness.evaluation.story import Options, evaluate
from harness.records import Margin, Mining
from harness.reporter import Silent
from harness.scoring.outcomes import cells
from harness.scoring.tables import TABLES
from harness.store import load_outcomes, write_result
from tests.support.hub_layout import data_set
from tests.support.hub_server import HubServer
from tests.support.submissions import write_submission
from tests.support.toys import save_toy_encoder, stored_outcomes

OPTIONS = Options(dtype="float32", device="cpu")


class Heard(Silent):
    """An reporter that remembers."""

    def __init__(self) -> None:
        self.heard: list[tuple[Any, ...]] = []

    def report(self, message: str) -> None:
        self.heard.append(("report", message))

    def encoded(self, texts: int, tokens: int, total: int) -> None:
        self.heard.append(("encoded", texts, tokens, total))

    def trained(self, step: int, steps: int, loss: float) -> None:
        self.heard.append(("trained", step, steps, loss))


@pytest.fixture
def submission(tmp_path: Path) -> Path:
    folder = write_submission(tmp_path / "submissions/toy")
    save_toy_encoder(folder / "weights")
    return folder


def has_sandbox() -> bool:
    try:
        find_mechanism(Confinement())
    except CheckFailed:
        return False
    return True


def test_in_a_sandbox_the_result_is_the_same(submission: Path, own_cache: Path) -> None:
    apart = Apart(sandbox=has_sandbox(), limits=Limits(memory=2**36, seconds=600, disk=2**34))
    heard = Heard()
    (result,) = evaluate_apart(submission, ["jupyterlab"], ["de"], OPTIONS, heard, apart)
    outcomes = stored_outcomes(submission, "jupyterlab")
    assert sum(texts for kind, texts, *_ in heard.heard if kind == "encoded") > 100
    assert os.environ.get("HF_TOKEN") is None
    (again,) = evaluate(submission, ["jupyterlab"], ["de"], replace(OPTIONS, overwrite=True))
    assert again.model_copy(update={"runs": ()}) == result.model_copy(update={"runs": ()})
    assert stored_outcomes(submission, "jupyterlab").equals(outcomes)
    # A cache of its own: what is made in one submission's sandbox is no other's.
    assert (own_cache / "sandboxed").is_dir() == has_sandbox()


@pytest.mark.slow
def test_a_score_that_came_with_the_submission_is_not_kept_in_a_sandbox(submission: Path) -> None:
    """A forged cell on the right weights would come out under the run of whoever evaluates."""
    (honest,) = evaluate(submission, ["jupyterlab"], ["de", "fi"], OPTIONS)
    path = submission / "results/jupyterlab.yaml"
    table = load_outcomes(path, honest)
    chosen = pc.and_(pc.equal(table["language"], "de"), pc.less(table["index"], 100))
    answer = pc.if_else(chosen, table["index"], table["answer"])
    columns = {**dict(zip(table.column_names, table.columns, strict=True)), "answer": answer}
    forged = pa.table({**columns, "correct": pc.equal(answer, table["index"])})
    (checkpoint,) = honest.checkpoints
    scores = {
        language: TABLES["retrieval"].score(
            find_target("jupyterlab"), rows.drop_columns(["seed", "language"])
        )
        for (_, language), rows in cells(forged).items()
    }
    better = honest.model_copy(update={"checkpoints": (checkpoint.model_copy(update={"scores": scores}),)})
    write_result(submission, better, forged)
    assert better.checkpoints[0].scores["de"].score > checkpoint.scores["de"].score
    apart = Apart(sandbox=has_sandbox(), limits=Limits(seconds=600))
    if apart.sandbox:
        with pytest.raises(BadInput, match=r"has scores for fi, .* in a sandbox no score on disk is kept"):
            evaluate_apart(submission, ["jupyterlab"], ["de"], OPTIONS, Silent(), apart)
        (again,) = evaluate_apart(submission, ["jupyterlab"], ["de", "fi"], OPTIONS, Silent(), apart)
        assert again.checkpoints == honest.checkpoints


def test_without_a_sandbox_nothing_is_evaluated(submission: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selfcheck, "MECHANISMS", ())
    monkeypatch.setattr(parent, "make_plan", lambda *_: pytest.fail("something was opened"))
    arguments = ["evaluate", "toy", "-t", "jupyterlab", "--sandbox", "--submissions", str(submission.parent)]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1
    assert result.output.startswith(
        "error: no sandbox is tight on this machine, so nothing was evaluated (no mechanism is known)\n    cure: allow user"
    )
    assert not (submission / "results").exists()


@pytest.mark.slow
def test_a_dry_run_in_a_sandbox_counts_what_an_evaluation_there_would_encode(submission: Path) -> None:
    apart = Apart(sandbox=has_sandbox(), limits=Limits(memory=2**36, seconds=600, disk=2**34))
    dry = estimate_apart(submission, ["jupyterlab"], ["de"], OPTIONS, Silent(), apart)
    expected = estimate(submission, ["jupyterlab"], ["de"], OPTIONS)
    assert dry.targets == expected.targets == (("jupyterlab", 1, 432),)
    assert (dry.texts, dry.tokens, dry.similarities) == (
        expected.texts,
        expected.tokens,
        expected.similarities,
    )
    assert dry.seconds > 0
    assert not (submission / "results").exists()


def test_the_command_estimates_apart(submission: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ["evaluate", "toy", "--dry-run", "--max-hours", "1", "--submissions", str(submission.parent)]
    isolations: list[Apart] = []

    def refuse(*arguments: Any) -> Any:
        isolations.append(arguments[-1])
        raise CheckFailed("stopped")

    monkeypatch.setattr("harness.evaluation.isolated.estimate_apart", refuse)
    assert "error: stopped" in CliRunner().invoke(main, arguments).stderr
    assert CliRunner().invoke(main, [*arguments, "--sandbox"]).exit_code == 1
    assert [(apart.sandbox, apart.limits.seconds) for apart in isolations] == [(False, 3600), (True, 3600)]


@pytest.mark.parametrize("seconds", ["1e999", "-1e999", "NaN"])
def test_an_estimate_of_a_stranger_is_printable_and_finite(seconds: str) -> None:
    values = Estimate((("a\x1b[2J", 1, 2),), 2, 2, 10, 1, 1, 1, 1, 1, 0.5, 0.5, (("b\n", "c\u202e"),))
    text = Reply(estimate=values).to_json()
    safe = Reply.from_json(text).estimate
    assert safe is not None
    assert safe.text().splitlines()[0].isprintable()
    assert all(name.isprintable() and work.isprintable() for name, work in safe.heads)
    with pytest.raises(CheckFailed, match=r"without a duration|invalid reply"):
        Reply.from_json(text.replace(b'"encoding_seconds":0.5', f'"encoding_seconds":{seconds}'.encode()))


@pytest.mark.parametrize("name", ["results", ".results.lock"])
def test_a_link_in_the_submission_lends_the_sandbox_no_other_place(
    submission: Path, tmp_path: Path, name: str
) -> None:
    plan = make_plan(submission, ["jupyterlab"], ["de"], OPTIONS, Silent())
    (tmp_path / "elsewhere").mkdir()
    (submission / name).unlink(missing_ok=True)
    (submission / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BadInput, match=rf"{submission / name}: found a symbolic link"):
        parent._command(plan, tmp_path / "task", tmp_path / "cache", sandbox=True)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_limit_ends_one_evaluation_and_not_the_queue(
    submission: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = write_submission(submission.parent / "other", checkpoints="[{seed: 0, path: ../toy/weights}]")
    with pytest.raises(CheckFailed, match="2 of 2 submissions could not be evaluated"):
        run_all(
            [submission, other],
            ["jupyterlab"],
            ["de"],
            OPTIONS,
            Apart(sandbox=False, limits=Limits(seconds=0.1)),
        )
    assert capsys.readouterr().err.count("error: the evaluation took longer than 2.77778e-05 hours") == 2


def test_a_task_says_the_same_on_the_other_side(submission: Path, tmp_path: Path) -> None:
    from harness.models.checkpoint import fetch
    from harness.records import Checkpoint

    files = fetch(Checkpoint(path="weights"), submission, tmp_path / "cache")
    mining = Mining(margin=Margin.DISTANCE, keep_duplicates=True)
    options = Options(
        data=tmp_path,
        own={"bitext.a": tmp_path},
        device="cpu",
        dtype="float32",
        batch_tokens=64,
        limit=3,
        overwrite=True,
        untrusted=True,
        cache=tmp_path,
        sweep=True,
        mining=mining,
        ignore_identical_ids=True,
        all_judged=False,
        keep_layers=(1, 2),
        fetched={"weights": files},
    )
    task = Request(submission, ("a",), ("de",), options)
    again = Request.from_json(task.to_json())
    assert again == replace(task, options=replace(options, fetched=again.options.fetched))
    (found,) = again.options.fetched.values()
    assert found == files
    found.check_unchanged()


def test_news_is_told_to_the_observer_and_nothing_invisible_with_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    teller, heard = LineReporter(), Heard()
    teller.report("one\x1b[2J")
    teller.encoded(1, 2, 3)
    teller.trained(1, 2, 0.5)
    lines = capsys.readouterr().out.splitlines()
    for line in [
        *lines,
        "a warning\x1b]0;x\x07",
        '\x1f["encoded", -1, 2, 1]',
        "\x1f[" * 9,
        '\x1f["report", 1]',
    ]:
        report_line(line, heard)
    assert heard.heard[:4] == [
        ("report", "one\\x1b[2J"),
        ("encoded", 1, 2, 3),
        ("trained", 1, 2, 0.5),
        ("report", "a warning\\x1b]0;x\\x07"),
    ]
    assert [kind for kind, *_ in heard.heard[4:]] == ["report"] * 3
    assert all(message.isprintable() for kind, message, *_ in heard.heard if kind == "report")


def test_an_error_is_raised_again_with_its_faults() -> None:
    report = Reply.of(BadInput([Fault("one\x1b", Where("file", 1, 2), "do"), Fault("two")]))
    with pytest.raises(BadInput) as caught:
        Reply.from_json(report.to_json()).raise_error()
    assert caught.value.faults == (Fault("one\\x1b", Where("file", 1, 2), "do"), Fault("two"))
    with pytest.raises(CheckFailed, match="three"):
        Reply.from_json(Reply.of(CheckFailed("three")).to_json()).raise_error()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"results": [1], "faults": [], "exit_code": 0}',
        '{"results": [], "faults": [{}], "exit_code": 0}',
        '{"results": [], "faults": [], "exit_code": Infinity}',
        "[" * 10**5,
    ],
)
def test_a_report_that_the_harness_did_not_write_is_refused(text: str) -> None:
    with pytest.raises(CheckFailed, match="the evaluation wrote an invalid reply"):
        Reply.from_json(text.encode())


def leave(what: str, submission: Path) -> Any:
    """Return what runs in place of the evaluation and leaves something else than a report."""

    def run(_command: Sequence[str], view: Confinement, *_: Any) -> None:
        path = max(view.write, key=lambda path: path != submission / "results") / REPLY
        match what:
            case "a link":
                path.symlink_to("/etc/passwd")
            case "a FIFO":
                os.mkfifo(path)
            case "a folder":
                path.mkdir()
                (path / "inside").touch()
            case "an empty reply":
                path.write_bytes(Reply().to_json())
            case "a FIFO for a result":
                path.write_bytes(Reply().to_json())
                (submission / "results").mkdir()
                os.mkfifo(submission / "results/tatoeba.yaml")
            case "another submission":
                (result,) = evaluate(submission, ["jupyterlab"], ["de"], OPTIONS)
                path.write_bytes(Reply((result.model_copy(update={"submission": "other"}),)).to_json())
            case "other weights":
                (result,) = evaluate(submission, ["jupyterlab"], ["de"], replace(OPTIONS, limit=3))
                scores = result.checkpoints[0].model_copy(update={"weights": "sha256:" + "0" * 64})
                path.write_bytes(Reply((result.model_copy(update={"checkpoints": (scores,)}),)).to_json())

    return run


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("nothing", "the evaluation wrote no reply: No such file or directory"),
        ("a link", "the evaluation wrote no reply: Too many levels of symbolic links"),
        ("a FIFO", "the evaluation wrote a reply that is not a file"),
        ("a folder", "the evaluation wrote a reply that is not a file"),
        ("an empty reply", "the evaluation returned no result of jupyterlab"),
        ("a FIFO for a result", "the evaluation left {}/results/tatoeba.yaml, which is not a file"),
        ("another submission", "the evaluation returned a result of other jupyterlab"),
        (
            "other weights",
            f"toy jupyterlab names the weights sha256:{'0' * 64}, which are not the submission's",
        ),
    ],
)
def test_what_comes_out_is_read_like_a_strangers_file(
    submission: Path, monkeypatch: pytest.MonkeyPatch, what: str, message: str
) -> None:
    monkeypatch.setattr(parent, "run_confined", leave(what, submission))
    options = replace(OPTIONS, limit=3 if what == "other weights" else None)
    with pytest.raises(CheckFailed) as caught:
        evaluate_apart(
            submission, ["jupyterlab"], ["de"], options, Silent(), Apart(sandbox=False, limits=Limits())
        )
    assert caught.value.faults[0].message == message.format(submission)


@pytest.mark.parametrize(
    "what",
    [
        pytest.param("a FIFO", marks=pytest.mark.slow),
        pytest.param("a link to a device", marks=pytest.mark.slow),
        pytest.param("a folder", marks=pytest.mark.slow),
        pytest.param("a file", marks=pytest.mark.slow),
    ],
)
def test_what_a_run_left_does_not_hold_up_the_next_one(submission: Path, what: str, own_cache: Path) -> None:
    (submission / "results").mkdir()
    pending = submission / "results/.jupyterlab.parquet.next"
    match what:
        case "a FIFO":
            os.mkfifo(pending)
        case "a link to a device":
            pending.symlink_to("/dev/zero")
        case "a file":
            pending.write_bytes(b"x")
    apart = Apart(sandbox=False, limits=Limits(seconds=60))
    if what == "a folder":
        (own_cache / REPLY).mkdir(parents=True)
    options = replace(OPTIONS, limit=None)
    (result,) = evaluate_apart(submission, ["jupyterlab"], ["fi"], options, Silent(), apart)
    assert result.measured == 1
    assert not pending.is_symlink()


def test_prepared_text_is_found_where_it_can_only_be_read(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datasets import config

    hub.add("google/xtreme", data_set({"tatoeba.deu": {"validation": {"a": ["x", "y"]}}}), "datasets")
    load_rows("google/xtreme", "tatoeba.deu", "validation", cure="")
    prepared = Path(config.HF_DATASETS_CACHE)
    before = {path: path.stat().st_mtime_ns for path in prepared.rglob("*")}
    link_datasets([str(prepared_folder("google/xtreme"))], tmp_path / "linked")
    monkeypatch.setattr(config, "HF_DATASETS_CACHE", tmp_path / "linked")
    monkeypatch.setattr(config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert load_rows("google/xtreme", "tatoeba.deu", "validation", cure="")["a"][:] == ["x", "y"]
    assert {path: path.stat().st_mtime_ns for path in prepared.rglob("*")} == before
    assert any(path.is_symlink() for path in (tmp_path / "linked").rglob("*.arrow"))


def test_no_module_of_the_working_folder_is_imported(
    submission: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a folder `harness` where the command is run, nor what lies next to it under a library's name."""
    for name in ("harness/__init__.py", "harness/evaluation/__init__.py", "torch.py", "json.py", "click.py"):
        path = tmp_path / "working" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("raise SystemExit('a module of the working folder')\n")
    monkeypatch.chdir(tmp_path / "working")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["", ".", "../working"]))
    isolation = Apart(sandbox=False, limits=Limits(seconds=300))
    (result,) = evaluate_apart(
        submission, ["jupyterlab"], ["fi"], replace(OPTIONS, limit=5), Silent(), isolation
    )
    assert result.measured == 1
