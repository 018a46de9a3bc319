"""`stiltboard new --from`: what a model says itself is filled in, and what only a person knows is left."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli.main import main
from harness.models.hub_card import ModelCard, parse_card
from harness.records import Submission
from harness.store import load_submission
from tests.support.hub_server import HubServer, at_the_hub, serving

CARD = """\
---
language: [de, fi]
license: mit
base_model: toy-org/base
datasets: [facebook/xnli, "An odd/Data Set!", multi_nli]
---
# A model
"""


@pytest.fixture
def hub() -> Iterator[HubServer]:
    yield from serving()


@pytest.fixture
def workplace(tmp_path: Path, toy_encoder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(toy_encoder, tmp_path / "toy-bert")
    (tmp_path / "toy-bert/README.md").write_text(CARD)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def new(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["new", *arguments])


def filled_in(path: Path) -> Submission:
    """Replace each placeholder as a person would, and read the submission."""
    text = path.read_text()
    for placeholder, value in {
        "<family>": "toy",
        "[<task>]": "[xnli]",
        "<number of training examples>": "12",
        "<your name>": "Ada",
        "<https://github.com/your-account>": "https://github.com/ada",
        '  - "<what it leaves out>"\n': "",
    }.items():
        assert placeholder in text
        text = text.replace(placeholder, value)
    path.write_text(text)
    submission = load_submission(path.parent)
    assert isinstance(submission, Submission)
    return submission


def test_a_folder_says_its_size_its_encoding_and_by_its_card_base_data_and_licence(workplace: Path) -> None:
    done = new("my-toy", "--from", "toy-bert")
    assert done.exit_code == 0, done.output
    assert "by default layer last (--layer), which is 3, pooling mean" in done.stderr
    path = workplace / "submissions/my-toy/submission.yaml"
    text = path.read_text()
    assert "# 3 layers of width 32: " in text
    assert "# Languages, by the card: de, fi." in text
    assert "# facebook/xnli, An odd/Data Set!, multi_nli" in text
    submission = filled_in(path)
    assert (submission.title, submission.base.id, submission.license) == ("toy-bert", "toy-org/base", "mit")
    assert submission.trained_on == ("xnli", "data-set", "mnli")
    assert submission.checkpoints[0].path == str(workplace / "toy-bert")


def test_a_repository_of_the_hub_is_named_at_its_commit(
    workplace: Path, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = hub.add("toy-org/toy", workplace / "toy-bert")
    at_the_hub(hub, workplace / "hub", monkeypatch)
    done = new("my-toy", "--from", "hub:toy-org/toy", "--title", "Mine")
    assert done.exit_code == 0, done.output
    submission = filled_in(workplace / "submissions/my-toy/submission.yaml")
    assert (submission.checkpoints[0].hub, submission.checkpoints[0].revision) == ("toy-org/toy", commit)
    assert (submission.title, submission.license) == ("Mine", "mit")


def test_what_is_no_model_or_taken_is_refused_and_nothing_is_written(workplace: Path) -> None:
    assert new("taken", "--from", "toy-bert").exit_code == 0
    again = new("taken", "--from", "toy-bert")
    assert again.exit_code == 3
    assert "taken" in again.stderr
    missing = new("other", "--from", "nothing-here")
    assert missing.exit_code == 3
    assert "no folder of that name" in missing.stderr
    of_itself = new("other", "--from", "taken")
    assert of_itself.exit_code == 2
    assert "is a submission already" in of_itself.stderr
    assert not (workplace / "submissions/other").exists()


def test_editors_are_told_the_schema_where_the_board_has_it(workplace: Path) -> None:
    (workplace / "docs/schema").mkdir(parents=True)
    (workplace / "docs/schema/submission.json").write_text("{}")
    assert new("mine").exit_code == 0
    first = (workplace / "submissions/mine/submission.yaml").read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=../../docs/schema/submission.json"


@pytest.mark.parametrize(
    ("text", "card"),
    [
        ("", ModelCard()),
        ("---\nlicense: mit\n", ModelCard()),  # the head has no end
        ("\ufeff---\r\nlicense: mit\r\n---\r\n", ModelCard(license="mit")),
        ("---\nlicense: other\nlicense_name: my-own\n---\n", ModelCard(license="my-own")),
        ("---\nlicense: [mit, gpl]\nlanguage: 3\n---\n", ModelCard(license="mit")),
        ("---\nlanguage: [no, en]\n---\n", ModelCard(languages=("en",))),  # YAML 1.1: no is false
        ("---\nlicense: {a: [}\n---\n", ModelCard()),
        ("---\n- mit\n---\n", ModelCard()),
        ("---\ndate: 2026-13-01\nlicense: mit\n---\n", ModelCard()),
        ('---\nbase_model: "a\\nb"\n---\n', ModelCard()),
        ("---\na: !!python/object:os.system x\n---\n", ModelCard()),
    ],
)
def test_a_card_is_read_as_far_as_it_says_texts(text: str, card: ModelCard) -> None:
    assert parse_card(text.encode()) == card
