"""A board under a title of its own, with rows of another one, and a fork that takes over upstream's code."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from harness.catalog import BY_NAME, TARGETS
from harness.records import ReportedSubmission
from site_gen.board.reported import ReportedEntry
from site_gen.board.whole import WholeEntry
from site_gen.build import Builder, site_files
from site_gen.exports.cards import site_card, submission_card
from tests.support.boards import PAIR, SETTINGS, entry, make_board, reported, result, submission
from tests.support.folders import ROOT, SITE_SUBMISSIONS
from tests.support.pull_requests import git

BASE = "https://user.github.io/board/"
ORIGIN = {
    "board": "A board <of others>", "slug": "theirs", "date": "2026-03-02", "url": "https://example.org/board",
    "commit": "0123456789" * 4,
}  # fmt: skip


def test_the_title_of_a_board_is_on_every_page_and_in_what_others_cite() -> None:
    board = replace(
        make_board([entry("toy", {"de": 1.0, "fi": 2.0})], (PAIR,)),
        settings=SETTINGS.model_copy(update={"title": "Encoders & more"}),
    )
    files = site_files(board, BASE)
    for path, data in files.items():
        if path.endswith(".html"):
            assert "Encoders &amp; more</title>" in data.decode(), path
            assert "</svg>Encoders &amp; more</a>" in data.decode(), path
    assert "<title>Encoders &amp; more: new and changed results</title>" in files["feed.xml"].decode()
    assert "Entry of the Encoders \\&amp; more leaderboard" in files["submissions/toy.html"].decode()
    assert "{The Encoders \\&amp; more authors}" in files["about.html"].decode()
    assert "name: Encoders & more\n" in files["data/model-cards/toy.yaml"].decode()
    (row,) = board.rows
    assert submission_card(row, board.title) != submission_card(row)
    titled = {
        title: site_card(replace(board, settings=SETTINGS.model_copy(update={"title": title})))
        for title in ("stiltboard", "文")
    }
    assert site_card(board) != titled["stiltboard"] == titled["文"]


def test_a_new_title_is_on_the_next_build(tmp_path: Path) -> None:
    root = tmp_path / "submissions"
    shutil.copytree(SITE_SUBMISSIONS / "lodestar-s-none", root / "lodestar-s-none")
    builder = Builder(root, tmp_path / "site")
    pages = ("index.html", "submissions/lodestar-s-none.html")
    for title in ("stiltboard", "Ours"):
        (tmp_path / "stiltboard.yaml").write_text(f"schema: 1\ntitle: {title}\n")
        builder.build()
        for page in pages:
            assert f"– {title}</title>" in (tmp_path / "site" / page).read_text(), page


def published(origin: dict[str, str]) -> ReportedEntry:
    made = reported("published", {"tatoeba": {"means": {"accuracy": 50.0}}})
    fields = made.submission.model_dump(mode="json", by_alias=True, exclude_none=True)
    return ReportedEntry(made.slug, ReportedSubmission.model_validate(fields | {"origin": origin}))


def test_a_row_of_another_board_says_where_it_is_from() -> None:
    rows = [
        WholeEntry("toy", submission("toy", origin=ORIGIN), (result("toy", [{"de": 1.0, "fi": 2.0}]),)),
        WholeEntry("own", submission("own", origin={**ORIGIN, "url": None, "commit": None}), ()),
        published(ORIGIN),
    ]
    files = site_files(make_board(rows, (PAIR,)))
    linked = (
        'imported on 2026-03-02 from <a href="https://example.org/board">A board &lt;of others&gt;</a>, '
        "where it is <code>theirs</code> at commit 012345678901</span>"
    )
    assert linked in files["submissions/toy.html"].decode()
    assert linked in files["submissions/published.html"].decode()
    assert (
        "from A board &lt;of others&gt;, where it is <code>theirs</code></span>"
        in files["submissions/own.html"].decode()
    )


# ---- forks


@pytest.fixture
def upstream(tmp_path: Path) -> Path:
    """Return a repository with the files of this one, as they are in its working tree."""
    root = tmp_path / "upstream"
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, check=True, text=True
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file() and not name.startswith("tests/"):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, root / name)
    git(tmp_path, "init", "--quiet", "--initial-branch=main", str(root))
    commit(root, "Start")
    return root


def commit(root: Path, subject: str) -> None:
    git(root, "add", "-A")
    git(root, "commit", "--quiet", "-m", subject)


def edit(root: Path, name: str, old: str, new: str) -> None:
    text = (root / name).read_text()
    assert old in text
    (root / name).write_text(text.replace(old, new, 1))


def fork_of(upstream: Path) -> Path:
    """Return a fork with a title, maintainers and a row of its own, and without upstream's rows."""
    fork = upstream.with_name("fork")
    git(upstream.parent, "clone", "--quiet", "--origin", "upstream", str(upstream), str(fork))
    edit(fork, "stiltboard.yaml", "title: stiltboard", "title: Ours")
    edit(fork, "stiltboard.yaml", "maintainers: []", "maintainers: [carol]")
    shutil.rmtree(fork / "submissions")
    shutil.copytree(SITE_SUBMISSIONS / "lodestar-s-none", fork / "submissions/lodestar-s-none")
    commit(fork, "Make the board ours")
    return fork


def test_a_fork_merges_upstreams_code_and_keeps_its_title_its_maintainers_and_its_rows(
    upstream: Path,
) -> None:
    fork = fork_of(upstream)
    edit(upstream, "harness/clock.py", '"""', '"""Upstream: ')
    edit(upstream, "templates/base.html", "<!DOCTYPE html>", "<!-- upstream -->\n<!DOCTYPE html>")
    commit(upstream, "Change code")
    git(fork, "fetch", "--quiet", "upstream")
    git(fork, "merge", "--quiet", "--no-edit", "upstream/main")
    assert "Upstream: " in (fork / "harness/clock.py").read_text()
    assert "title: Ours" in (fork / "stiltboard.yaml").read_text()
    assert [path.name for path in (fork / "submissions").iterdir()] == ["lodestar-s-none"]


def test_where_upstream_also_changed_its_rows_the_documented_commands_merge_the_code(upstream: Path) -> None:
    """Git itself stops there: a row that the fork removed was changed."""
    fork = fork_of(upstream)
    edit(upstream, "harness/clock.py", '"""', '"""Upstream: ')
    edit(upstream, "stiltboard.yaml", "title: stiltboard", "title: Upstream")
    changed = next((upstream / "submissions").glob("*/submission.yaml")).relative_to(upstream)
    with (upstream / changed).open("a") as file:
        file.write("# changed\n")
    shutil.copytree(SITE_SUBMISSIONS / "lodestar-b-none", upstream / "submissions/lodestar-b-none")
    commit(upstream, "Change code, settings and rows")
    commands = next(
        block
        for block in (ROOT / "docs/maintaining.md").read_text().split("```")
        if "git merge --no-commit" in block
    )
    before = git(fork, "rev-parse", "HEAD:submissions")
    environment = {"GIT_AUTHOR_NAME": "Toy", "GIT_AUTHOR_EMAIL": "t@e.org", "PATH": "/usr/bin:/bin"}
    environment |= {
        "GIT_COMMITTER_NAME": "Toy",
        "GIT_COMMITTER_EMAIL": "t@e.org",
        "GIT_CONFIG_GLOBAL": "/dev/null",
    }
    done = subprocess.run(
        ["sh", "-c", commands], cwd=fork, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert git(fork, "status", "--porcelain") == ""
    assert git(fork, "rev-parse", "HEAD:submissions") == before
    assert "title: Ours" in (fork / "stiltboard.yaml").read_text()
    assert "Upstream: " in git(fork, "show", "HEAD:harness/clock.py")
    assert len(git(fork, "rev-list", "--parents", "-1", "HEAD").split()) == 3


def test_targets_beyond_xtreme_are_shown_where_they_were_measured_and_in_no_average() -> None:
    target = BY_NAME["wikipedia_retrieval"]
    scores = dict.fromkeys(target.languages, 50.0)
    measured = entry("toy", scores, target=target, n=1500)
    files = site_files(make_board([measured], TARGETS))
    page = files["targets.html"].decode()
    assert "Beyond XTREME" in page and "Wikipedia retrieval" in page
    assert "Belebele" not in page and "targets/belebele.html" not in files
    assert (
        "beyond XTREME target, outside the XTREME average"
        in files["targets/wikipedia_retrieval.html"].decode()
    )
    board = json.loads(files["data/leaderboard.json"])
    (line,) = board["submissions"]
    assert (
        line["targets"]["wikipedia_retrieval"]["score"],
        line["xtreme_mean"],
        line["xtreme_targets_measured"],
    ) == (
        50,
        None,
        0,
    )
    shown = [listed["name"] for listed in board["targets"] if listed["benchmark"] == "beyond XTREME"]
    assert shown == ["wikipedia_retrieval"]
