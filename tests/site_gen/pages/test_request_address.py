from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import yaml

from site_gen.build import site_files
from site_gen.pages.request_address import request_address
from tests.support.boards import PAIR, make_board, reported
from tests.support.folders import ROOT

REPOSITORY = "https://github.com/user/board"


def test_a_request_is_filled_in_with_what_a_row_of_published_numbers_says() -> None:
    board = make_board([reported("theirs", {"tatoeba": {"means": {"accuracy": 50.0}}})])
    (row,) = board.reported
    address = urlsplit(request_address(REPOSITORY, row))
    fields = {name: value for name, (value,) in parse_qs(address.query).items()}
    form = yaml.safe_load((ROOT / ".github/ISSUE_TEMPLATE/submission.yml").read_text())
    assert set(fields) - {"template", "title"} <= {item["id"] for item in form["body"] if "id" in item}
    assert (address.path, fields["template"]) == ("/user/board/issues/new", "submission.yml")
    assert (fields["name"], fields["targets"]) == (row.submission.title, "tatoeba")
    assert fields["title"] == f"Evaluate: {row.submission.title}"
    files = site_files(board, "https://user.github.io/board/")
    page = files["submissions/theirs.html"].decode()
    assert f'href="{REPOSITORY}/issues/new?template=submission.yml&amp;title=Evaluate' in page
    assert (
        f'href="{REPOSITORY}/issues/new?template=submission.yml">request an evaluation'
        in files["index.html"].decode()
    )


def test_only_github_has_the_form() -> None:
    assert request_address("") == request_address("https://git.example.org/board") == ""
    assert "request an evaluation" not in site_files(make_board([], (PAIR,)))["index.html"].decode()
