"""`stiltboard new`, `validate` and `targets`, as a user meets them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.catalog import TARGETS
from harness.catalog.fingerprints import FINGERPRINTS
from harness.cli.main import main
from harness.cli.validate import schema_text
from tests.support.folders import ROOT, SUBMISSIONS

NOTE = (
    "  note: jupyterlab: not on the official text: data.fr: the text has the fingerprint "
    f"sha256:{'fedcba9876543210' * 4}, the official set has sha256:{FINGERPRINTS['jupyterlab']['fr']}, and 23 more\n"
)
"""The toy's text is no official one, and has two pairs in each of twelve languages."""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a working folder with two sound submissions, and stand in it."""
    shutil.copytree(SUBMISSIONS, tmp_path / "submissions")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def stiltboard(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


@pytest.mark.usefixtures("project")
def test_validate_tells_what_is_fine() -> None:
    answer = stiltboard("validate")
    assert (answer.exit_code, answer.stderr) == (0, "")
    assert (
        answer.stdout
        == f"submissions/toy: fine\n{NOTE}submissions/xlmr-large-mnli: fine\n2 submissions checked, no faults\n"
    )


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("name", ["toy", "submissions/toy", "submissions/toy/submission.yaml"])
def test_validate_takes_a_slug_a_folder_or_a_file(name: str) -> None:
    assert (
        stiltboard("validate", name).stdout
        == f"submissions/toy: fine\n{NOTE}1 submission checked, no faults\n"
    )


def test_validate_prints_every_fault_of_every_file(project: Path) -> None:
    shutil.copytree(project / "submissions" / "toy", project / "submissions" / "copy")
    path = project / "submissions" / "toy" / "submission.yaml"
    path.write_text(path.read_text().replace("pooling: mean", "pooling: men"))
    answer = stiltboard("validate")
    assert answer.exit_code == 3
    assert answer.stdout == "submissions/xlmr-large-mnli: fine\n"
    assert answer.stderr == (
        "error: submissions/copy/results/jupyterlab.yaml:2:13: submission: expected copy as in the file's path, found 'toy'\n"
        "    cure: results are not copied between submissions; run stiltboard evaluate\n"
        "error: submissions/toy/submission.yaml:6:34: encoding.pooling: expected mean, cls, lasttoken, max, weightedmean or mean_sqrt_len_tokens, found 'men'\n"
        "    cure: did you mean mean? allowed: mean, cls, lasttoken, max, weightedmean, mean_sqrt_len_tokens\n"
    )


@pytest.mark.usefixtures("project")
def test_validate_names_what_does_not_exist() -> None:
    answer = stiltboard("validate", "nothing")
    assert answer.exit_code == 3
    assert answer.stderr == (
        "error: there is no submission 'nothing' in submissions, and no folder of that name\n    cure: one of: toy, xlmr-large-mnli\n"
    )


@pytest.mark.parametrize(
    "name",
    [
        "submission",
        "result",
        "sweep",
        "steps",
        "recipe",
        "training",
        "verification",
        "diff",
        "review",
        "status",
        "scores",
        "seed-prior",
        "board",
    ],
)
def test_the_published_schema_is_current(name: str) -> None:
    text = stiltboard("validate", "--schema", name).stdout
    assert text == schema_text(name)
    published = ROOT / "docs" / "schema" / f"{name}.json"
    assert published.read_text() == text, (
        f"run: stiltboard validate --schema {name} > docs/schema/{name}.json"
    )


@pytest.mark.usefixtures("project")
def test_new_writes_a_scaffold_and_says_what_is_next() -> None:
    answer = stiltboard("new", "xlmr-base-mnli", "--title", "XLM-R base + MNLI", "--family", "xlm-roberta")
    assert (answer.exit_code, answer.stderr) == (0, "")
    assert answer.stdout == (
        "wrote submissions/xlmr-base-mnli/submission.yaml\n"
        "next: fill it in, then run: stiltboard validate submissions/xlmr-base-mnli\n"
    )  # fmt: skip
    text = Path("submissions/xlmr-base-mnli/submission.yaml").read_text()
    assert "\ntitle: XLM-R base + MNLI\n" in text
    assert "\nfamily: xlm-roberta\n" in text
    again = stiltboard("new", "xlmr-base-mnli")
    assert again.exit_code == 3
    assert again.stderr == (
        "error: submissions/xlmr-base-mnli/submission.yaml: the submission exists already\n"
        "    cure: choose another slug, or edit the file\n"
    )  # fmt: skip


def test_new_takes_another_folder(tmp_path: Path) -> None:
    assert stiltboard("new", "a", "--submissions", str(tmp_path / "rows")).exit_code == 0
    assert (tmp_path / "rows" / "a" / "submission.yaml").is_file()


def test_targets_are_aligned_in_plain_text() -> None:
    lines = stiltboard("targets").stdout.splitlines()
    columns = [
        lines[0].index(name)
        for name in ("title", "kind", "metric", "direction", "languages", "benchmark", "licence")
    ]
    first = ["Tatoeba", "retrieval", "accuracy", "en→xx", "36", "XTREME", "CC BY 2.0 FR"]
    assert [lines[1][column:].startswith(value) for column, value in zip(columns, first, strict=True)] == [
        True
    ] * 7
    assert [line.split()[0] for line in lines[1:]] == [target.name for target in TARGETS]


def test_targets_are_a_table_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    answer = stiltboard("targets")
    assert answer.exit_code == 0
    assert "┃" in answer.stdout


def test_targets_as_json_are_the_whole_catalog() -> None:
    entries = json.loads(stiltboard("targets", "--json").stdout)
    assert [entry["name"] for entry in entries] == [target.name for target in TARGETS]
    fields = TARGETS[0].model_dump(mode="json")
    unset = {"added", "changes", "retired", "data_sets", "training_sets", "checks"}
    assert entries[0] == {name: fields[name] for name in fields.keys() - unset} | {"measure": "acc|en→xx|cos"}


# `validate` computes every interval again, for which Wilson's needs a quantile.
@pytest.mark.parametrize(
    ("arguments", "heavy"), [(["targets"], "[]"), (["validate", "toy"], "['scipy']"), (["new", "b"], "[]")]
)
@pytest.mark.usefixtures("project")
def test_light_commands_import_nothing_heavy(arguments: list[str], heavy: str) -> None:
    program = (
        "import sys; from harness.cli.main import main; main(sys.argv[1:], standalone_mode=False);"
        "print(sorted({'torch', 'transformers', 'datasets', 'faiss', 'plotly', 'jinja2', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == heavy
