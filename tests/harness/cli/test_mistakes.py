"""Small mistakes that would cost a person an hour: each ends in a message with a cure that works, or is understood."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from harness import errors
from harness.catalog.lookup import language_named, target_named
from harness.cli.main import main
from harness.errors import CheckFailed, MissingExtra, WrongUsage, naming_failures
from harness.evaluation.plan import make_plan
from harness.evaluation.run import Options
from harness.evaluation.sandbox import Confinement, Limits, run_confined
from harness.reporter import Silent
from harness.store.files import read_file
from harness.store.naming import NamedModel, submission_or_model
from tests.support.folders import ROOT
from tests.support.submissions import SUBMISSION, write_submission

EVALUATE = ("--dtype", "float32", "--limit", "5")


@pytest.fixture
def workplace(tmp_path: Path, toy_encoder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Enter a folder with one submission, one model, parallel text, and what people name by mistake."""
    toy = write_submission(tmp_path / "submissions/toy-model")
    shutil.copytree(toy_encoder, toy / "weights")
    shutil.copytree(toy_encoder, tmp_path / "models/plain")
    (tmp_path / "news").mkdir()
    (tmp_path / "news/de.tsv").write_text("die katze\tthe cat\nein hund\ta dog\n")
    (tmp_path / "misspelt").mkdir()
    (tmp_path / "misspelt/submission.yml").write_text("schema: 1\n")
    (tmp_path / "data/tatoeba").mkdir(parents=True)
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


@pytest.mark.parametrize(
    ("arguments", "message", "cure"),
    [
        (["toy-modle"], "there is no submission 'toy-modle' in submissions", "did you mean toy-model?"),
        (["submissions/toy-modle"], "there is no submission 'toy-modle' in submissions", "did you mean toy-model?"),
        (["submissions/toy-model/weights/config.json"], "submissions/toy-model/weights/config.json is a file, where a folder is meant", "name its folder, submissions/toy-model/weights"),
        (["misspelt"], "misspelt/submission.yml is not read: the file of a submission is submission.yaml", "mv misspelt/submission.yml misspelt/submission.yaml"),
        (["misspelt/submission.yml"], "misspelt/submission.yml is not read: the file of a submission is submission.yaml", "mv misspelt/submission.yml misspelt/submission.yaml"),
        (["empty"], "empty holds neither a submission (submission.yaml) nor a model (config.json), but nothing", "name the folder that a model was saved to, a slug, or ORG/MODEL on the Hub"),
        (["toy-model", "-t", "tatoba"], "unknown target 'tatoba'", "did you mean tatoeba or tatoeba_112? one of: tatoeba, bucc2018"),
        (["toy-model", "-t", "jupyterlab", "-l", "german"], "target jupyterlab has no language 'german'", "did you mean de? one of: fr zh"),
        (["toy-model", "-t", "jupyterlab", "-l", "zh-TW"], "target jupyterlab has no language 'zh-TW'", "did you mean zh? one of: fr zh"),
        (["toy-model", "-t", "tatoeba", "--data", "data/tatoeba"], "--data data/tatoeba is the folder of one data set", "--data data, in which tatoeba/ is read"),
        (["toy-model", "--bitext", "news=news/de.tsv"], "--bitext news=news/de.tsv: news/de.tsv is a file, where the folder that holds it is meant", "--bitext news=news"),
        (["toy-model", "-t", "jupyterlab", "--max-memory", "0.1"], "--max-memory 0.1 is too small to start: an evaluation takes about 0.6 GiB before it opens a model", "--dry-run says how much memory this evaluation takes"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("workplace")
def test_a_mistake_has_its_message_and_its_cure(arguments: list[str], message: str, cure: str) -> None:
    done = run("evaluate", *arguments, "--dtype", "float32")
    assert done.exit_code in (2, 3), done.output
    first, second, *_ = done.stderr.splitlines()
    assert first == f"error: {message}"
    assert second.removeprefix("    cure: ").startswith(cure)


@pytest.mark.parametrize(
    ("targets", "languages", "said"),
    [
        (["JupyterLab"], ["DE"], ["target JupyterLab is read as jupyterlab", "language DE is read as de"]),
        (["jupyterlab"], ["deu"], ["language deu is read as de"]),
        (["jupyterlab"], ["zh-CN,de"], ["language zh-CN is read as zh"]),
        (["jupyterlab,news"], ["de"], ["target news is read as bitext.news"]),
        (["jupyterlab, bitext.news"], ["de"], []),
    ],
)
def test_what_is_unambiguous_is_understood_and_said(
    workplace: Path, targets: list[str], languages: list[str], said: list[str]
) -> None:
    reports: list[str] = []

    class Listener(Silent):
        def report(self, message: str) -> None:
            reports.append(message)

    options = Options(own={"bitext.news": workplace / "news"}, limit=5, dtype="float32")
    plan = make_plan(workplace / "submissions/toy-model", targets, languages, options, Listener())
    wanted = ["jupyterlab", *(["bitext.news"] if "news" in targets[0] else [])]
    assert [planned.target.name for planned in plan.targets] == wanted
    assert all("de" in planned.examples for planned in plan.targets)
    assert [report for report in reports if "is read as" in report] == said


def test_a_trailing_slash_changes_nothing(workplace: Path) -> None:
    for name in ("toy-model/", "submissions/toy-model/", "submissions/toy-model/submission.yaml"):
        assert submission_or_model(name, Path("submissions")) == Path("submissions/toy-model")
    assert submission_or_model("models/plain/", Path("submissions")) == NamedModel(
        folder=Path("models/plain")
    )


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("toys/toy", NamedModel(hub="toys/toy")),
        ("toys/toy@v1.0", NamedModel(hub="toys/toy", revision="v1.0")),
        ("hub:models/plain", NamedModel(hub="models/plain")),
        ("https://huggingface.co/toys/toy", NamedModel(hub="toys/toy")),
        ("https://huggingface.co/toys/toy/tree/main/", NamedModel(hub="toys/toy", revision="main")),
    ],
)
@pytest.mark.usefixtures("workplace")
def test_models_of_the_hub_as_people_name_them(name: str, model: NamedModel) -> None:
    assert submission_or_model(name, Path("submissions")) == model


def test_the_folder_that_one_is_in_is_named_by_a_dot(
    workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(workplace / "submissions/toy-model")
    done = run("evaluate", ".", "-t", "jupyterlab", "-l", "de", *EVALUATE)
    assert (done.exit_code, "toy-model: jupyterlab|acc" in done.stdout) == (0, True), done.output
    monkeypatch.chdir(workplace / "models/plain")
    done = run("evaluate", ".", "-t", "jupyterlab", "-l", "de", *EVALUATE, "--output", str(workplace / "out"))
    assert (done.exit_code, "plain: jupyterlab|acc" in done.stdout) == (0, True), done.output


def test_other_commands_suggest_the_nearest_too(workplace: Path) -> None:
    for arguments in (["validate", "toy-modle"], ["diff", "toy-model", "toy-modle"], ["verify", "toy-modle"]):
        done = run(*arguments)
        assert (done.exit_code, "cure: did you mean toy-model?" in done.stderr) == (3, True), done.output
    done = run("diff", "toy-model", "toy-model", "-t", "tatoba")
    assert (done.exit_code, "did you mean tatoeba or tatoeba_112?" in done.stderr) == (2, True), done.output


@pytest.mark.parametrize(
    ("code", "languages", "meant"),
    [
        ("PT_br", ["pt"], "pt"), ("pt-BR", ["pt"], "pt"), ("pt-PT", ["pt"], None), ("fil", ["tl"], "tl"), ("iw", ["he"], "he"),
        ("cmn", ["zh"], "zh"), ("zh", ["zh-Hans", "zh-Hant"], "zh-Hans"), ("zh-TW", ["zh-Hans", "zh-Hant"], None), ("de", ["fr"], None),
    ],
)  # fmt: skip
def test_codes_of_languages(code: str, languages: list[str], meant: str | None) -> None:
    if meant is not None:
        assert language_named(code, languages) == meant
        return
    with pytest.raises(WrongUsage):
        language_named(code, languages)


def test_a_name_that_means_two_targets_is_none() -> None:
    assert target_named("xnli-from-dev") == "xnli_from_dev"
    with pytest.raises(WrongUsage, match=r"did you mean bitext\.news or clir\.news\?"):
        target_named("news", ["bitext.news", "clir.news"])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("intermediate: {{regime: none}}", "intermediate: {{regime: english, tasks: [mnli], languages: [en], examples: 392,702}}",
         "submission.yaml:5:79: intermediate.702: between braces a comma ends a value, so that 392,702 is read as several\n    cure: write 392702"),
        ("intermediate: {{regime: none}}", "intermediate: {{regime: english, tasks: [mnli], examples: 1,392,702, languages: [en]}}",
         "intermediate.702: between braces a comma ends a value, so that 1,392,702 is read as several\n    cure: write 1392702"),
    ],
)  # fmt: skip
def test_what_validate_says_of_a_number_with_commas(
    workplace: Path, old: str, new: str, message: str
) -> None:
    assert old in SUBMISSION
    text = SUBMISSION.replace(old, new).format(layer="last", checkpoints="[{seed: 0, path: weights}]")
    (workplace / "submissions/toy-model/submission.yaml").write_text(text)
    done = run("validate", "toy-model")
    assert (done.exit_code, message in done.stderr) == (3, True), done.stderr


def test_a_seed_that_is_given_twice_is_pointed_at(workplace: Path) -> None:
    checkpoints = "\n  - {{seed: 1, path: weights}}\n  - {{path: other}}\n  - {{seed: 0, path: third}}"
    text = SUBMISSION.format(layer="last", checkpoints=checkpoints.format())
    (workplace / "submissions/toy-model/submission.yaml").write_text(text)
    done = run("validate", "toy-model")
    assert done.stderr == (
        "error: submissions/toy-model/submission.yaml:10:12: checkpoints[2].seed: 0 is the seed of checkpoints[1]\n"
        "    cure: give each checkpoint a seed of its own, such as 0, 1, 2; without the key it is 0\n"
    )


def test_a_review_with_the_branches_swapped_says_that_nothing_changes(workplace: Path) -> None:
    def git(*arguments: str) -> None:
        who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
        subprocess.run(["git", *who, *arguments], cwd=workplace, check=True, capture_output=True)

    git("init", "-q", "-b", "main")
    git("commit", "-q", "--allow-empty", "-m", "empty")
    git("switch", "-q", "-c", "mine")
    git("add", "submissions/toy-model/submission.yaml")
    git("commit", "-q", "-m", "add")
    swapped = run("review", "mine", "main", "--actor", "ada")
    assert (
        "note: merging main would change nothing in mine; was mine to be merged into main? then: stiltboard review main mine"
        in swapped.stderr
    )
    assert "would change nothing" not in run("review", "main", "mine", "--actor", "ada").stderr


# ---- memory ------------------------------------------------------------------------------------


def test_memory_that_runs_out_is_no_defect() -> None:
    with (
        pytest.raises(CheckFailed, match=r"toy: out of memory\n    cure: .*larger --max-memory"),
        naming_failures("toy"),
    ):
        raise MemoryError


def test_a_process_that_memory_ran_out_in_says_so() -> None:
    command = [sys.executable, "-c", "print('MemoryError'); raise SystemExit(1)"]
    with pytest.raises(
        CheckFailed, match=r"ran out of the 8,589,934,592 bytes .*\n    cure: a larger --max-memory"
    ):
        run_confined(command, Confinement(), Limits(memory=8 * 2**30), None, lambda line: None)
    with pytest.raises(CheckFailed, match="ended with the exit code 1"):
        run_confined(
            [*command[:2], "raise SystemExit(1)"], Confinement(), Limits(memory=8 * 2**30), None, print
        )


def test_a_small_file_is_read_without_the_memory_of_its_limit(tmp_path: Path) -> None:
    import tracemalloc

    path = tmp_path / "file"
    path.write_bytes(b"abc")
    tracemalloc.start()
    assert read_file(path, 2**26, "") == b"abc"
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


# ---- the installation --------------------------------------------------------------------------


def test_an_older_python_is_named_with_a_cure() -> None:
    code = "import sys; sys.version_info = (3, 10, 13); import types\nclass V(tuple):\n    major, minor = 3, 10\nsys.version_info = V((3, 10, 13)); import harness"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (1, 2), done.stderr
    assert done.stderr.startswith(
        f"error: stiltboard needs Python 3.11 or later, and {sys.executable} is 3.10"
    )


@pytest.mark.parametrize(
    ("origin", "package"),
    [
        ({"url": "file:///wheels/stiltboard-0.1.0-py3-none-any.whl", "archive_info": {}},
         "'stiltboard[eval] @ file:///wheels/stiltboard-0.1.0-py3-none-any.whl'"),
        (None, "'stiltboard[eval]'"),
    ],
)  # fmt: skip
def test_the_cure_for_a_missing_extra_installs_it_from_where_the_package_is_from(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, origin: dict[str, Any] | None, package: str
) -> None:
    clone = MissingExtra("evaluate", "eval", "torch").faults[0].cure
    assert clone == f"{sys.executable} -m pip install -e '{ROOT}[eval]' -c {ROOT}/constraints.txt"

    class Installed:
        def read_text(self, name: str) -> str | None:
            return json.dumps(origin) if name == "direct_url.json" and origin else None

    monkeypatch.setattr(metadata, "distribution", lambda name: Installed())
    monkeypatch.setattr(errors, "__file__", str(tmp_path / "site-packages/harness/errors.py"))
    assert (
        MissingExtra("evaluate", "eval", "torch").faults[0].cure
        == f"{sys.executable} -m pip install {package}"
    )
