"""Sites of a commit, of an earlier one and of a snapshot, and what changed between them."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli.main import main
from harness.errors import BadInput
from site_gen.board.edition import Edition, Named, Placement, Renamed
from site_gen.build import Builder, build, gather, planned_files
from site_gen.exports.schema import Leaderboard
from site_gen.reading import folder_state
from site_gen.reading.source import open_source, snapshot_source
from tests.support.board_history import board_with_a_snapshot
from tests.support.boards import make_board
from tests.support.folders import SITE_SUBMISSIONS, tree
from tests.support.pull_requests import Repository, commit, git


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return board_with_a_snapshot(tmp_path_factory.mktemp("history"))


@pytest.fixture
def board(stored: Repository, tmp_path: Path) -> Repository:
    """Return a copy of the board that a test may change."""
    shutil.copytree(stored.folder, tmp_path / "board", symlinks=True)
    return Repository(tmp_path / "board", stored.base, stored.files)


def edition(board: Repository, at: str = "", since: str = "") -> Edition:
    source = open_source(board.folder / "submissions", at, since)
    return build(source.folder, board.folder / "public", edition=source.edition).board.edition


def text_of(page: Path) -> str:
    """Return a page's text, a line for each element that has some."""
    main_part = page.read_text().partition("<main")[2].partition("</main>")[0]
    return re.sub(r"\s*\n\s*", "\n", re.sub(r"<[^>]+>", "\n", main_part))


def test_what_changed_since_the_newest_snapshot_is_found_and_listed(board: Repository) -> None:
    changes = edition(board).changes
    assert changes is not None
    assert (changes.name, changes.is_snapshot, changes.origin.commit) == ("2026-05", True, board.base)
    assert changes.added == (Named("fay", "Fay"),)
    assert changes.removed == (Named("eve", "Eve"),)
    assert changes.renamed == (Renamed("ben", Named("zoe", "Zoe")),)
    assert changes.unchanged == {"gus"}
    (target,) = changes.targets
    ((row, before, after, comparison),) = target.results
    assert (row.slug, target.name) == ("ada", "jupyterlab")
    assert before is not None and before.ranks == (2, 2)
    assert after is not None and after.ranks == (2, 2)
    # Paired by example: the interval of so many examples is far from zero.
    match = re.fullmatch(r"\+(\d+\.\d\d) \[\+(\d+\.\d\d), \+(\d+\.\d\d)\], better", comparison)
    assert match is not None
    low, high = float(match[2]), float(match[3])
    assert 15 < low < float(match[1]) < high < 25
    assert [(change.row.slug, change.before, change.after) for change in target.places] == [
        ("zoe", Placement(pytest.approx(60, abs=2), (1, 1), ""), Placement(pytest.approx(60, abs=2), (3, 3), "")),
        ("gus", Placement(pytest.approx(40, abs=2), (3, 3), ""), Placement(pytest.approx(40, abs=2), (4, 4), "")),
    ]  # fmt: skip
    page = text_of(board.folder / "public/changes.html")
    assert re.search(
        r"New submissions\nFay\nfay\nRemoved submissions\nEve\neve\nRenamed submissions\nben\n", page
    )
    assert f"Ada\n{before.score:.2f}\n{after.score:.2f}\n2\n2\n{comparison}\n" in page
    assert re.search(r"Zoe\n\d\d\.\d\d\n1\n3\n", page)
    for name in ("index.html", "submissions/gus.html"):
        assert "Changed since 2026-05</a>" in (board.folder / "public" / name).read_text()


def test_pages_and_json_carry_the_commit_until_a_file_is_edited(board: Repository) -> None:
    head = git(board.folder, "rev-parse", "HEAD")
    edition(board)
    public = board.folder / "public"
    first = tree(public)
    read = Leaderboard.model_validate_json(first["data/leaderboard.json"])
    assert (read.commit, read.commit_date, read.snapshot) == (head, "2026-01-01T00:00:00Z", None)
    pages = {path: data.decode() for path, data in first.items() if path.endswith(".html")}
    words = f"Built from commit <code>{head[:12]}</code> of 2026-01-01."
    assert [path for path, page in pages.items() if words not in page] == []
    # Again, in place and from nothing: the same bytes.
    edition(board)
    assert tree(public) == first
    shutil.rmtree(public)
    edition(board)
    assert tree(public) == first

    (board.folder / "submissions/gus/submission.yaml").write_text(
        (board.folder / "submissions/gus/submission.yaml")
        .read_text()
        .replace("title: Gus", "title: Augustus")
    )
    edition(board)
    edited = tree(public)
    assert "commit" not in json.loads(edited["data/leaderboard.json"])
    pages = {path: data.decode() for path, data in edited.items() if path.endswith(".html")}
    words = "Built from files on disk, not from a commit."
    assert [path for path, page in pages.items() if words not in page] == []


def test_a_board_without_a_repository_carries_no_commit_and_a_preview_none_either(board: Repository) -> None:
    shutil.rmtree(board.folder / ".git")
    assert edition(board) == Edition()
    assert "<h1>What changed</h1>" in (board.folder / "public/changes.html").read_text()
    with pytest.raises(BadInput, match="no repository"):
        edition(board, since="main")


def test_an_earlier_revision_and_any_two_can_be_built(board: Repository) -> None:
    before = edition(board, at="snapshot-2026-05")
    assert before.origin is not None and before.origin.commit == board.base
    assert sorted(path.stem for path in (board.folder / "public/submissions").iterdir()) == [
        "ada", "ben", "eve", "gus",
    ]  # fmt: skip
    assert before.changes is not None and not before.changes.any
    assert "Nothing changed." in (board.folder / "public/changes.html").read_text()
    # The other way round: what was removed is new.
    backwards = edition(board, at="2026-05", since="HEAD").changes
    assert backwards is not None
    assert (backwards.name, backwards.is_snapshot) == ("HEAD", False)
    assert [row.slug for row in backwards.added] == ["ben", "eve"]
    for at, since in (("nowhere", ""), ("", "nowhere")):
        with pytest.raises(BadInput, match="nowhere"):
            edition(board, at, since)


def test_results_that_cannot_be_compared_say_why(board: Repository) -> None:
    path = board.folder / "submissions/ada/results/jupyterlab.parquet"
    path.unlink()
    changes = edition(board).changes
    assert changes is not None
    assert changes.targets[0].results[0].comparison.startswith("not comparable: the file does not exist")


def test_the_site_of_a_snapshot_names_it_and_leads_to_the_board(board: Repository, tmp_path: Path) -> None:
    outcome = CliRunner().invoke(
        main,
        [
            "build", "--snapshots", "--submissions", str(board.folder / "submissions"),
            "--out", str(tmp_path / "public"), "--base-url", "https://board.example.org",
        ],
    )  # fmt: skip
    assert outcome.exit_code == 0, outcome.output
    inside = tree(tmp_path / "public/2026-05")
    read = Leaderboard.model_validate_json(inside["data/leaderboard.json"])
    assert (read.snapshot, read.commit) == ("2026-05", board.base)
    page = inside["submissions/ben.html"].decode()
    assert 'This is the snapshot 2026-05, which does not change: <a href="../../index.html">' in page
    assert '<link rel="canonical" href="https://board.example.org/2026-05/submissions/ben.html">' in page
    assert "@misc{stiltboard-ben-2026-05," in page
    # It is the first one, so that there is nothing to compare it with.
    assert "<h1>What changed</h1>" in inside["changes.html"].decode()
    about = (tmp_path / "public/about.html").read_text()
    assert '<a href="2026-05/index.html">2026-05</a>' in about
    cited = (tmp_path / "public/submissions/gus.html").read_text()
    assert "url = {https://board.example.org/2026-05/submissions/gus.html}" in cited
    git(board.folder, "tag", "-a", "-m", "x", "snapshot-2026-11", "HEAD")
    later = snapshot_source(board.folder / "submissions", "2026-11")
    assert later.since is not None and later.since.commit == board.base


def test_only_the_commit_changes_the_pages_that_nothing_else_changes(board: Repository) -> None:
    """Between commits, as in a preview, a build rewrites only the pages of what was edited."""
    submissions, public = board.folder / "submissions", board.folder / "public"
    builder = Builder(submissions, public)
    builder.build()
    stamp = (public / "submissions/gus.html").stat().st_mtime_ns
    card = submissions / "ada/submission.yaml"
    card.write_text(card.read_text().replace("title: Ada", "title: Adela"))
    builder.build()
    assert "Adela" in (public / "submissions/ada.html").read_text()
    assert (public / "submissions/gus.html").stat().st_mtime_ns == stamp


def test_a_board_that_is_too_large_to_be_paired_says_so_and_since_when(
    board: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    edition(board)
    assert "example by example" not in (board.folder / "public/about.html").read_text()
    monkeypatch.setattr(folder_state, "PAIRED_SUBMISSIONS", 4)
    five = commit(
        board.folder,
        {
            f"submissions/hal/{name}": (board.folder / f"submissions/fay/{name}").read_bytes().replace(b"Fay", b"Hal")
            for name in ("submission.yaml",)
        },
        git(board.folder, "rev-parse", "HEAD"),
    )  # fmt: skip
    git(board.folder, "reset", "--quiet", "--hard", five)
    found = edition(board)
    assert found.unpaired_since is not None and found.unpaired_since.commit == five
    words = "Since 2026-01-01 there are more than 4 submissions, and results are compared by their intervals"
    for name in ("about.html", "targets/jupyterlab.html"):
        assert words in (board.folder / "public" / name).read_text()


def test_the_front_page_of_an_unpaired_board_says_so_without_a_date_that_is_not_known() -> None:
    ranked = replace(make_board(gather(SITE_SUBMISSIONS)), unpaired_above=300)
    page = planned_files(ranked)["index.html"].make().decode()
    assert "There are more than 300 submissions, so that results are compared by their intervals" in page
