"""A model that is named itself: a folder, or a repository of the Hub, is evaluated like a submission."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import harness
from harness.cli.main import main
from harness.records import Submission
from harness.store import load_submission, submission_faults
from tests.support.hub_server import HubServer, at_the_hub, serving
from tests.support.submissions import write_submission
from tests.support.toys import save_toy_encoder

ONE_LANGUAGE = ("-t", "jupyterlab", "-l", "de", "--dtype", "float32")


@pytest.fixture
def hub() -> Iterator[HubServer]:
    yield from serving()


@pytest.fixture
def workplace(tmp_path: Path, toy_encoder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Enter an empty folder with a model next to it, as somebody does who has only installed the wheel."""
    shutil.copytree(toy_encoder, tmp_path / "models/toy-bert")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def evaluate(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["evaluate", *arguments])


def test_a_folder_of_a_model_is_evaluated_and_its_whole_result_is_kept(workplace: Path) -> None:
    done = evaluate("../models/toy-bert", *ONE_LANGUAGE)
    assert done.exit_code == 0, done.output
    assert "toy-bert: evaluations/toy-bert/results/jupyterlab.yaml\n" in done.stdout
    assert "by default layer last (--layer), which is 3, pooling mean (--pooling), no prefix" in done.stderr
    folder = workplace / "evaluations/toy-bert"
    assert submission_faults(folder) == ()
    (result,) = harness.load_results(folder)
    assert list(result.checkpoints[0].scores) == ["de"]
    submission = load_submission(folder)
    assert isinstance(submission, Submission)
    assert submission.checkpoints[0].path == str(workplace.parent / "models/toy-bert")


def test_the_same_command_goes_on_and_other_encodings_have_folders_of_their_own(workplace: Path) -> None:
    evaluate("../models/toy-bert", *ONE_LANGUAGE)
    again = evaluate("../models/toy-bert/", "-t", "jupyterlab", "-l", "fi", "--dtype", "float32")
    assert again.exit_code == 0, again.output
    (result,) = harness.load_results("evaluations/toy-bert")
    assert set(result.checkpoints[0].scores) == {"de", "fi"}
    other = evaluate(
        "../models/toy-bert", *ONE_LANGUAGE, "--pooling", "cls", "--layer", "2", "--prefix", "query: "
    )
    assert "toy-bert-h2-cls-query: jupyterlab|acc|en→xx|cos|h2.cls|prefix=query: |len=64|v1" in other.stdout
    assert sorted(path.name for path in Path("evaluations").iterdir()) == [
        "toy-bert",
        "toy-bert-h2-cls-query",
    ]


def test_two_models_of_one_name_do_not_share_a_folder(workplace: Path) -> None:
    save_toy_encoder(workplace / "elsewhere/toy-bert", seed=1)
    done = evaluate("../models/toy-bert", "elsewhere/toy-bert", *ONE_LANGUAGE)
    assert done.exit_code == 0, done.output
    first, second = sorted(path.name for path in Path("evaluations").iterdir())
    assert first == "toy-bert" and second.startswith("toy-bert-")
    head = next(line for line in done.stdout.splitlines() if line.split()[:1] == ["n"])
    assert head.split()[1:] == [first, second]  # side by side
    difference = CliRunner().invoke(main, ["diff", f"evaluations/{first}", f"evaluations/{second}"])
    assert (difference.exit_code, "jupyterlab: " in difference.stdout) == (0, True), difference.output


def test_a_model_of_the_hub_by_name_is_the_same_as_its_folder(
    workplace: Path, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = hub.add("toys/Toy-Bert", workplace.parent / "models/toy-bert")
    at_the_hub(hub, workplace.parent / "hub", monkeypatch)
    done = evaluate("toys/Toy-Bert", "../models/toy-bert", *ONE_LANGUAGE, "--output", "out")
    assert done.exit_code == 0, done.output
    named, folder = sorted(Path("out").iterdir())
    submission = load_submission(named if "hub" in (named / "submission.yaml").read_text() else folder)
    assert isinstance(submission, Submission)
    assert (submission.checkpoints[0].hub, submission.checkpoints[0].revision) == ("toys/Toy-Bert", commit)
    difference = CliRunner().invoke(main, ["diff", str(named), str(folder), "--format", "json"])
    (target,) = json.loads(difference.stdout)["comparisons"][0]["targets"]
    assert (target["difference"], target["verdict"]) == (0.0, "no difference shown")
    hub.fail("GET", status=503)  # what was downloaded is found without the Hub
    assert evaluate("toys/Toy-Bert@main", *ONE_LANGUAGE, "--output", "out").exit_code == 0


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("toys/absent", "the Hub has no repository of toys/absent, or it is private: Repository not found"),
        (
            "toys/Toy-Bert@no-such-branch",
            "the Hub has no such revision: toys/Toy-Bert@no-such-branch: Invalid",
        ),
    ],
)
def test_what_the_hub_does_not_have_is_said(
    workplace: Path, hub: HubServer, monkeypatch: pytest.MonkeyPatch, name: str, said: str
) -> None:
    hub.add("toys/Toy-Bert", workplace.parent / "models/toy-bert")
    at_the_hub(hub, workplace.parent / "hub", monkeypatch)
    done = evaluate(name, *ONE_LANGUAGE)
    assert done.exit_code == 3
    assert done.stderr.startswith(f"error: {said}")
    assert done.stderr.endswith("; a folder of this machine is named ./folder\n")


def test_a_submission_is_made_of_an_evaluated_model(workplace: Path) -> None:
    done = evaluate("../models/toy-bert", *ONE_LANGUAGE, "--pooling", "cls", "--save-as", "my-toy")
    assert done.exit_code == 0, done.output
    faults = submission_faults(Path("submissions/my-toy"))
    assert all("the placeholder" in fault.message for fault in faults)
    assert {fault.message.partition(":")[0] for fault in faults} >= {"family", "base.id", "license"}
    assert not any("encoding" in fault.message or "checkpoints" in fault.message for fault in faults)
    (result,) = harness.load_results("submissions/my-toy")
    assert (result.submission, result.measured) == ("my-toy", 1)
    refused = evaluate("../models/toy-bert", *ONE_LANGUAGE, "--save-as", "my-toy")
    assert (refused.exit_code, "there is a submission 'my-toy' already" in refused.stderr) == (3, True)


def test_the_encoding_of_a_submission_is_not_stated_on_the_command_line(
    workplace: Path, toy_encoder: Path
) -> None:
    folder = write_submission(workplace / "submissions/toy")
    shutil.copytree(toy_encoder, folder / "weights")
    done = evaluate("toy", *ONE_LANGUAGE, "--pooling", "cls")
    assert (done.exit_code, done.stderr.splitlines()[0]) == (
        2,
        "error: --pooling is for models; toy is a submission",
    )
    assert not (folder / "results").exists()


def test_a_dry_run_and_a_trial_keep_no_score(workplace: Path) -> None:
    dry = evaluate("../models/toy-bert", *ONE_LANGUAGE, "--dry-run")
    assert dry.exit_code == 0 and "to encode" in dry.stdout, dry.output
    trial = evaluate("../models/toy-bert", *ONE_LANGUAGE, "--limit", "20")
    assert (
        "toy-bert: a trial of at most 20 examples a language: no result, and nothing was written"
        in trial.stdout
    )
    assert [line.split()[1] for line in trial.stdout.splitlines() if line.startswith("  de ")] == ["20"]
    assert not Path("evaluations/toy-bert/results").exists()


def test_each_model_and_target_is_a_line_of_json(workplace: Path) -> None:
    save_toy_encoder(workplace / "second", seed=1)
    done = evaluate("../models/toy-bert", "second", *ONE_LANGUAGE, "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["model"] for line in lines] == ["toy-bert", "second"]
    (stored,) = harness.load_results("evaluations/second")
    score = stored.checkpoints[0].scores["de"]
    assert lines[1]["languages"]["de"]["score"] == lines[1]["mean"] == score.score
    assert lines[1]["languages"]["de"]["intervals"] == {"0": list(score.interval)}
    assert (lines[1]["score"], lines[1]["measured"], lines[1]["of"]) == (None, 1, 12)


def test_what_sentence_transformers_saved_is_taken_unless_it_is_departed_from(workplace: Path) -> None:
    model = workplace.parent / "models/toy-bert"
    kinds = {
        "": "sentence_transformers.models.Transformer",
        "1_Pooling": "sentence_transformers.models.Pooling",
    }
    modules = [
        {"idx": i, "name": str(i), "path": path, "type": kind} for i, (path, kind) in enumerate(kinds.items())
    ]
    (model / "modules.json").write_text(json.dumps(modules))
    (model / "sentence_bert_config.json").write_text('{"max_seq_length": 48}')
    (model / "1_Pooling").mkdir()
    pooling = {
        "word_embedding_dimension": 32,
        "pooling_mode_cls_token": True,
        "pooling_mode_mean_tokens": False,
    }
    (model / "1_Pooling/config.json").write_text(json.dumps(pooling))
    for options, encoded in (
        ((), "h3.cls|as saved|prefix=|len=48"),
        (("--max-length", "32"), "h3.cls|as saved except max_length|prefix=|len=32"),
        (("--pooling", "mean"), "h3.mean|not as saved|prefix=|len=48"),
        (("--pooling", "cls"), "h3.cls|prefix=|len=48"),
        (("--pooling", "mean_sqrt_len_tokens"), "h3.mean_sqrt_len_tokens|not as saved|prefix=|len=48"),
        (("--layer", "last", "--prefix", "查询"), "h3.cls|prefix=查询|len=48"),
    ):
        done = evaluate("../models/toy-bert", *ONE_LANGUAGE, "--limit", "5", *options)
        assert f"|cos|{encoded}|v1" in done.stdout, done.output
