"""Publishing to real git remotes on this disk."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli.main import main
from site_gen.writing.folder import write_site
from site_gen.writing.publish import Publication, pages_address, plan, published, push
from tests.support.folders import SITE_SUBMISSIONS

SUBMISSION = SITE_SUBMISSIONS / "lodestar-b-none"


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    folder = tmp_path / "remote.git"
    git(tmp_path, "init", "-q", "--bare", str(folder))
    return folder


@pytest.fixture
def repository(tmp_path: Path, remote: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a repository with a history of its own, settings that change bytes, and a remote."""
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "us")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "us@example.org")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    folder = tmp_path / "repository"
    git(tmp_path, "init", "-q", "-b", "main", str(folder))
    (folder / "README.md").write_text("hello\n")
    shutil.copytree(SUBMISSION, folder / "submissions" / SUBMISSION.name)
    (folder / ".gitignore").write_text("*.json\n/public/\n")
    git(folder, "config", "core.autocrlf", "true")
    git(folder, "add", "--all")
    git(folder, "commit", "-q", "-m", "first")
    git(folder, "remote", "add", "origin", str(remote))
    git(folder, "push", "-q", "origin", "main")
    monkeypatch.chdir(folder)
    return folder


def publish(*arguments: str, given: str | None = None) -> Result:
    return CliRunner().invoke(main, ["publish", *arguments], input=given)


def contents(folder: Path, revision: str) -> dict[str, bytes]:
    def read(name: str) -> bytes:
        return subprocess.run(
            ["git", "cat-file", "blob", f"{revision}:{name}"], cwd=folder, check=True, capture_output=True
        ).stdout

    return {name: read(name) for name in git(folder, "ls-tree", "-r", "--name-only", revision).splitlines()}


def files_of(site: Path) -> dict[str, bytes]:
    return {
        path.relative_to(site).as_posix(): path.read_bytes() for path in site.rglob("*") if path.is_file()
    }


def test_the_branch_is_the_site_byte_for_byte_and_nothing_else_changes(
    repository: Path, remote: Path
) -> None:
    refs, status = git(repository, "for-each-ref"), git(repository, "status", "--porcelain")
    found = publish("--yes")
    assert found.exit_code == 0, found.output
    assert found.output.endswith("the branch gh-pages is new on the remote\npublished\n")
    assert contents(remote, "gh-pages") == files_of(repository / "public")
    now = [
        line
        for line in git(repository, "for-each-ref").splitlines()
        if not line.endswith("refs/remotes/origin/gh-pages")
    ]
    assert now == refs.splitlines()
    assert git(repository, "status", "--porcelain") == status
    assert git(remote, "rev-list", "--count", "gh-pages") == "1\n"
    assert git(remote, "log", "--format=%s", "main") == "first\n"


def test_a_second_publish_replaces_the_first_and_keeps_the_domain(
    repository: Path, remote: Path, tmp_path: Path
) -> None:
    publish("--yes")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "-b", "gh-pages", str(remote), str(clone))
    (clone / "CNAME").write_text("board.example.org\n")
    git(clone, "add", "CNAME")
    git(clone, "commit", "-q", "-m", "domain")
    git(clone, "push", "-q")
    found = publish("--base-url", "https://board.example.org")
    assert found.exit_code == 0, found.output
    assert "from an earlier build, and keeps its CNAME\npublished\n" in found.output
    assert git(remote, "rev-list", "--count", "gh-pages") == "3\n"
    assert contents(remote, "gh-pages") == {
        **files_of(repository / "public"),
        "CNAME": b"board.example.org\n",
    }


def test_it_asks_before_the_first_push_and_a_dry_run_pushes_nothing(repository: Path, remote: Path) -> None:
    assert publish("--dry-run").output.endswith("dry run: nothing was pushed\n")
    refused = publish(given="n\n")
    assert refused.exit_code == 1
    assert "branch gh-pages? [y/N]: n\nAborted!" in refused.output
    assert git(remote, "for-each-ref", "refs/heads/gh-pages") == ""
    quiet = publish("-q", "--log-file", "publish.log", given="y\n")
    assert re.fullmatch(r"push it to \S+, branch gh-pages\? \[y/N\]: y\npublished\n", quiet.output)
    assert git(remote, "for-each-ref", "refs/heads/gh-pages") != ""
    log = (repository / "publish.log").read_text()
    assert "the branch gh-pages is new on the remote" in log and "INFO stiltboard: published" in log


def test_a_branch_that_no_build_wrote_is_asked_about(repository: Path, remote: Path) -> None:
    git(repository, "push", "-q", "origin", "main:gh-pages")
    found = publish(given="n\n")
    assert "which no build of this site wrote" in found.output
    assert "README.md" in contents(remote, "gh-pages")


def test_a_push_that_is_refused_or_overtaken_leaves_the_old_site(
    repository: Path, remote: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish("--yes")
    before = git(remote, "rev-parse", "gh-pages")
    hook = remote / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(hook.stat().st_mode | stat.S_IXUSR)
    found = publish("--base-url", "https://board.example.org")
    assert found.exit_code == 1
    assert "git push failed: " in found.output
    assert "the old site is unchanged, and the same command tries again" in found.output
    hook.unlink()
    assert git(remote, "rev-parse", "gh-pages") == before
    from site_gen.commands import publish as command

    def overtaken(planned: Publication, folder: Path, name: str) -> None:
        git(repository, "push", "-q", "--force", "origin", "main:gh-pages")  # somebody else, in between
        push(planned, folder, name)

    monkeypatch.setattr(command, "push", overtaken)
    found = publish("--base-url", "https://other.example.org")
    assert found.exit_code == 1
    assert "README.md" in contents(remote, "gh-pages")


def test_what_cannot_be_published_is_named(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = publish("--remote", "nowhere", "--yes")
    assert (found.exit_code, "name a remote of" in found.output) == (1, True)
    git(repository, "remote", "set-url", "origin", str(tmp_path / "gone.git"))
    found = publish("--yes")
    assert (found.exit_code, "git ls-remote failed: " in found.output) == (1, True)
    outside = tmp_path / "outside"
    outside.mkdir()
    shutil.copytree(SUBMISSION.parent, outside / "submissions")
    monkeypatch.chdir(outside)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    found = publish("--yes", "--out", str(outside / "public"))
    assert (found.exit_code, "is not a git repository" in found.output) == (2, True)


def test_a_token_in_the_address_is_not_printed(repository: Path) -> None:
    git(repository, "remote", "set-url", "--push", "origin", "https://ada:ghp_secret@example.org/board.git")
    git(repository, "remote", "set-url", "origin", str(repository.parent / "remote.git"))
    ended = publish("--dry-run")
    assert "https://example.org/board.git, branch gh-pages" in ended.output
    assert "ghp_secret" not in ended.output


def test_no_filter_and_no_attribute_changes_a_file(repository: Path, remote: Path, tmp_path: Path) -> None:
    """Attributes may be in the repository, in its private settings, and in the user's."""
    canary = tmp_path / "ran"
    attributes = "* text eol=crlf ident filter=ours working-tree-encoding=UTF-16\n"
    (repository / ".gitattributes").write_text(attributes)
    (repository / ".git/info/attributes").write_text(attributes)
    (tmp_path / "attributes").write_text(attributes)
    git(repository, "config", "core.attributesFile", str(tmp_path / "attributes"))
    git(repository, "config", "filter.ours.clean", f"touch {canary}; tr a-z A-Z")
    git(repository, "config", "filter.ours.required", "true")
    ended = publish("--yes")
    assert ended.exit_code == 0, ended.output
    assert contents(remote, "gh-pages") == files_of(repository / "public")
    assert not canary.exists()


def test_the_words_of_a_remote_are_printed_escaped_and_without_a_token(
    repository: Path, remote: Path
) -> None:
    publish("--yes")
    hook = remote / "hooks/pre-receive"
    words = r"\033[31mred\033]0;title\a \342\200\256 https://ada:ghp_secret@example.org/x"
    hook.write_text(f"#!/bin/sh\nprintf '{words}\\n' >&2\nexit 1\n")
    hook.chmod(hook.stat().st_mode | stat.S_IXUSR)
    ended = publish("--base-url", "https://board.example.org")
    assert ended.exit_code == 1
    assert r"\x1b[31mred\x1b]0;title\x07 \u202e https://example.org/x" in ended.output
    assert not any(char in ended.output for char in "\x1b\a\u202e")


def next_commit(repository: Path, title: str) -> str:
    """Give the submission another title and commit it; return the commit."""
    card = repository / "submissions" / SUBMISSION.name / "submission.yaml"
    text = card.read_text()
    card.write_text(re.sub(r"title: .*", f"title: {title}", text))
    git(repository, "commit", "-q", "--all", "-m", title)
    return git(repository, "rev-parse", "HEAD").strip()


def push_site(repository: Path, text: str, keep: int) -> Publication:
    """Publish a site of one page, as the command does with a built one."""
    site = repository / "public"
    write_site({"index.html": text.encode()}, site)
    before = published(repository, "origin", "gh-pages")
    planned = plan(site, repository, "origin", "gh-pages", before, keep, f"Site {text}")
    push(planned, repository, "origin")
    return planned


def page(remote: Path, revision: str) -> bytes:
    return contents(remote, revision)["index.html"]


def test_the_last_sites_stay_as_commits_and_the_history_is_bounded(repository: Path, remote: Path) -> None:
    """A push adds one commit; with twice as many as are kept, the oldest are cut off."""
    for number, length in enumerate((1, 2, 3, 2, 3)):
        planned = push_site(repository, f"{number}", keep=2)
        assert planned.length == length
        subjects = [f"Site {number - back}" for back in range(length)]
        assert git(remote, "log", "--format=%s", "gh-pages").splitlines() == subjects
        for back in range(length):
            assert page(remote, f"gh-pages~{back}") == f"{number - back}".encode()
    assert not (repository / ".git/shallow").exists()
    # Yesterday's site by git alone.
    git(remote, "update-ref", "refs/heads/gh-pages", "gh-pages~1")
    assert page(remote, "gh-pages") == b"3"
    # The same site, but fewer are to be kept.
    assert push_site(repository, "3", keep=1).length == 1
    assert git(remote, "rev-list", "--count", "gh-pages") == "1\n"


def test_authors_and_dates_of_older_sites_are_kept_and_signatures_are_not(
    repository: Path, remote: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        monkeypatch.setenv("GIT_COMMITTER_DATE", f"2026-01-0{number + 1}T00:00:00Z")
        push_site(repository, f"{number}", keep=2)
    text = git(remote, "cat-file", "commit", "gh-pages")
    signed = text.replace("\n\n", "\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END\n\n", 1)
    process = subprocess.run(
        ["git", "hash-object", "-t", "commit", "-w", "--stdin"],
        cwd=remote, check=True, capture_output=True, text=True, input=signed,
    )  # fmt: skip
    git(remote, "update-ref", "refs/heads/gh-pages", process.stdout.strip())
    assert push_site(repository, "3", keep=2).length == 2
    assert git(remote, "log", "--format=%ct %cn %s", "gh-pages~1", "-1") == "1767398400 us Site 2\n"
    assert "gpgsig" not in git(remote, "cat-file", "commit", "gh-pages~1")
    git(remote, "fsck", "--strict")


def test_the_same_site_is_not_pushed_twice(repository: Path, remote: Path) -> None:
    publish("--yes")
    before = git(remote, "rev-parse", "gh-pages")
    again = publish()
    assert again.output.endswith("the branch has this site already: nothing was pushed\n")
    assert git(remote, "rev-parse", "gh-pages") == before


def test_the_site_of_an_earlier_revision_is_put_back(repository: Path, remote: Path) -> None:
    first = next_commit(repository, "Before")
    assert publish("--yes").exit_code == 0
    was = contents(remote, "gh-pages")
    second = next_commit(repository, "After")
    assert publish().exit_code == 0
    (repository / "submissions" / SUBMISSION.name / "submission.yaml").write_text("broken")
    back = publish("--at", "HEAD~1")
    assert back.exit_code == 0, back.output
    assert back.output.startswith(f"the board of commit {first[:12]} of ")
    assert contents(remote, "gh-pages") == was
    subjects = git(remote, "log", "--format=%s", "gh-pages").splitlines()
    assert subjects == [f"Site built by stiltboard from {commit}" for commit in (first, second, first)]


def test_snapshots_are_added_once_and_stay_as_they_are(repository: Path, remote: Path) -> None:
    next_commit(repository, "In May")
    git(repository, "tag", "-a", "-m", "x", "snapshot-2026-05")
    assert publish("--yes").exit_code == 0
    may = {path: data for path, data in contents(remote, "gh-pages").items() if path.startswith("2026-05/")}
    assert b"In May" in may["2026-05/index.html"]
    next_commit(repository, "In November")
    # Another address and no tag any more: what is published stays, byte for byte.
    git(repository, "tag", "-d", "snapshot-2026-05")
    later = publish("--base-url", "https://board.example.org")
    assert later.exit_code == 0, later.output
    assert "from an earlier build, and keeps 2026-05\n" in later.output
    now = contents(remote, "gh-pages")
    assert {path: data for path, data in now.items() if path.startswith("2026-05/")} == may
    assert b"In November" in now["index.html"]
    # Unless it is asked for, as after a purge.
    assert publish("--renew-snapshot", "2026-05").exit_code == 0
    assert not any(path.startswith("2026-05/") for path in contents(remote, "gh-pages"))


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("git@github.com:Owner/board.git", "https://owner.github.io/board/"),
        ("https://github.com/owner/board", "https://owner.github.io/board/"),
        ("https://github.com/owner/owner.github.io.git", "https://owner.github.io/"),
        ("https://example.org/owner/board.git", ""),
        ("/srv/board.git", ""),
    ],
)
def test_the_address_of_the_pages_follows_from_a_remote_on_github(remote: str, address: str) -> None:
    assert pages_address(remote) == address
