"""A request for an evaluation, as GitHub writes the answers of its form into an issue."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from harness.cli.main import main
from harness.records import Encoding, SavedEncoding
from harness.store import load_submission
from harness.store.request_form import _FIELDS
from tests.support.folders import ROOT
from tests.support.requests import request_text as issue


def written(folder: Path, text: str) -> tuple[int, str]:
    (folder / "request.md").write_text(text)
    call = [
        "request",
        str(folder / "request.md"),
        "--author",
        "ada",
        "--submissions",
        str(folder / "submissions"),
    ]
    outcome = CliRunner().invoke(main, call)
    return outcome.exit_code, outcome.output


def test_the_form_asks_for_what_is_read() -> None:
    form = yaml.safe_load((ROOT / ".github/ISSUE_TEMPLATE/submission.yml").read_text())
    fields = {item["attributes"]["label"]: item["id"] for item in form["body"] if "id" in item}
    assert fields == _FIELDS and list(fields) == list(_FIELDS)


def test_an_answered_form_becomes_a_submission(tmp_path: Path) -> None:
    assert written(tmp_path, issue()) == (0, "slug=mine\ntargets=tatoeba,xquad_r\n")
    row = load_submission(tmp_path / "submissions/mine")
    assert (row.title, row.checkpoints[0].hub) == ("Mine: a model", "org/model")
    assert (row.intermediate.tasks, row.intermediate.examples) == (("mnli", "squad"), 392702)
    assert isinstance(row.encoding, Encoding) and row.encoding.prefix == "query: "
    assert row.submitters[0].url == "https://github.com/ada"
    code, said = written(tmp_path, issue())
    assert code == 3 and "Name of the row's folder" in said
    plain = issue(slug="plain", regime="none", pooling="as saved", prefix="", targets="", trained_on="")
    assert written(tmp_path, plain.replace("\n", "\r\n")) == (0, "slug=plain\ntargets=\n")
    assert isinstance(load_submission(tmp_path / "submissions/plain").encoding, SavedEncoding)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (issue(name=""), "Title: is empty"),
        (issue(checkpoint="org/model"), "Checkpoint: has no commit"),
        (issue(checkpoint="org/model@main"), "expected 40 lowercase hexadecimal digits"),
        (issue(slug="../up"), "../up"),
        (issue(regime="some"), "'some' is none of none, English only, multilingual"),
        (issue(examples="many"), "examples"),
        (issue(name="A\n\n### Licence\n\nApache-2.0"), "'Licence' is there twice"),
        (issue(name="A\n\n### Own\n\nx"), "'Own' is no field of the form"),
        (issue(targets="tatoba"), "tatoba"),
        (issue(name="a: b\nschema: 2"), "title"),
        ("", "is empty"),
        ("\x00\udcff".encode("utf-8", "surrogatepass").decode("utf-8", "replace"), "is empty"),
    ],
)
def test_what_is_no_submission_is_refused_with_a_cure(tmp_path: Path, text: str, words: str) -> None:
    code, said = written(tmp_path, text)
    assert code in (2, 3) and words in said and "cure:" in said, said
    assert not (tmp_path / "submissions").exists()
