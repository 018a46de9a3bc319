"""A submission is its submitters', by the accounts that they link to; nobody signs for somebody else."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.review import Review, Verdict, review
from harness.review.ownership import account
from tests.support.pull_requests import Repository, about, begin

FILE = "submissions/new/submission.yaml"


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    folder = tmp_path_factory.mktemp("owners")
    return begin(folder / "repository", {"submissions/mine/submission.yaml": about("mine", "ada")})


def judged(board: Repository, submitters: str, path: str = FILE, actor: str = "eve") -> Review:
    text = about(Path(path).parent.name, "x").decode()
    start = text.index("submitters:")
    end = text.index("\n", start)
    data = f"{text[:start]}submitters: [{submitters}]{text[end:]}".encode()
    return review(board.base, board.pull({path: data}), board.folder / "submissions", actor=actor)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://github.com/Ada", "ada"),
        ("https://github.com/ada/?tab=repositories", "ada"),
        ("https://www.github.com/ada_lovelace", "ada_lovelace"),
        ("https://GitHub.com:443/ada", "ada"),
        ("https://github.com./ada", "ada"),
        ("https://github.com//ada", "ada"),
        ("https://github.com/%61da", "ada"),
        ("https://github.com/ada/model#readme", "ada"),
        ("https://github.com", None),
        ("https://github.com?ada", None),
        ("https://github.com.example.org/ada", None),
        ("https://example.org/github.com/ada", None),
        ("https://github.com/a.da", None),
        (None, None),
    ],
)
def test_an_account_is_read_from_every_spelling_of_its_link(url: str | None, name: str | None) -> None:
    assert account(url) == name


def test_a_new_submission_of_its_author_alone_is_accepted(board: Repository) -> None:
    found = judged(board, "{name: Eve, url: 'https://github.com/eve?tab=repositories'}, {name: A colleague}")
    assert (found.verdict, found.reasons) == (Verdict.ACCEPTED, ())


@pytest.mark.parametrize(
    ("submitters", "what"),
    [
        (
            "{name: Eve, url: 'https://github.com/eve'}, {name: Bob, url: 'https://github.com/bob'}",
            "names bob, who did not open the pull request, as submitters",
        ),
        (
            "{name: Eve, url: 'https://github.com/eve'}, {name: Bob, url: 'https://GitHub.com./%62ob/'}",
            "names bob, who did not open the pull request, as submitters",
        ),
        ("{name: Bob, url: 'https://github.com/bob'}", "eve is not among its submitters, bob"),
        ("{name: Eve}", "names no submitter's GitHub account"),
    ],
)
def test_an_account_that_is_not_the_authors_needs_a_maintainer(
    board: Repository, submitters: str, what: str
) -> None:
    found = judged(board, submitters)
    assert found.verdict is Verdict.MAINTAINER
    assert [(reason.rule, reason.what) for reason in found.reasons] == [("ownership", what)]


def test_a_hidden_spelling_of_another_account_takes_no_submission_over(board: Repository) -> None:
    mine = "submissions/mine/submission.yaml"
    two = "{name: Ada, url: 'https://github.com/ada'}, {name: Eve, url: 'https://GitHub.com/eve'}"
    found = judged(board, two, mine, actor="ada")
    assert "other accounts would be its submitters from now on" in [reason.what for reason in found.reasons]
    assert judged(board, two, mine).verdict is Verdict.REFUSED
