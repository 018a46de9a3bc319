"""Publish a built site as one commit without history on a branch of a git remote, using the git command."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.characters import visible
from harness.errors import CheckFailed, WrongUsage
from harness.store.git import run_git
from site_gen.writing.folder import MARKER, refuse_foreign

MESSAGE = "Site built by stiltboard"
CNAME = "CNAME"


@dataclass(frozen=True)
class Published:
    """The state of the remote's branch: commit (None: no branch), CNAME, and whether we wrote it."""

    commit: str | None
    cname: bytes | None
    ours: bool


@dataclass(frozen=True)
class Publication:
    """A planned push: the remote's address, the branch and its state, the commit, its files and bytes."""

    address: str
    branch: str
    before: Published
    commit: str
    files: int
    size: int

    @property
    def first(self) -> bool:
        """Tell whether no earlier build was published on the branch."""
        return not self.before.ours


def plan(site: Path, repository: Path, remote: str, branch: str) -> Publication:
    """Create the commit as an unreferenced git object and return what pushing it would do.

    A domain (CNAME) on the branch is kept. Raises WrongUsage for an unknown remote or a folder
    that no build wrote, and CheckFailed when git fails.
    """
    if not (site / MARKER).is_file():
        raise WrongUsage(f"{site} is not a built site", cure="stiltboard build writes one")
    files = sorted(name for name in refuse_foreign(site) if (site / name).is_file())
    address = _git(
        repository, "remote", "get-url", "--push", remote, cure=f"name a remote of {repository} with --remote"
    ).strip()
    before = _published(repository, remote, branch)
    blobs = _blobs(site, files, repository)
    if before.cname is not None and CNAME not in blobs:
        blobs[CNAME] = _git(repository, "hash-object", "-w", "--stdin", stdin=before.cname).strip()
    tree = _tree(blobs, repository)
    commit = _git(repository, "commit-tree", tree, "-m", MESSAGE).strip()
    listing = _git(repository, "ls-tree", "-r", "-l", commit).splitlines()
    return Publication(
        visible(_without_secret(address)),
        branch,
        before,
        commit,
        len(listing),
        sum(int(line.split()[3]) for line in listing),
    )


def _blobs(site: Path, files: Sequence[str], repository: Path) -> dict[str, str]:
    """Write the files into git's objects, byte for byte, and return their hashes.

    No filter, attribute or setting of the user applies, wherever it is configured.
    """
    paths = "".join(f"{site.resolve() / name}\n" for name in files)
    hashes = _git(repository, "hash-object", "-w", "--no-filters", "--stdin-paths", stdin=os.fsencode(paths))
    return dict(zip(files, hashes.split(), strict=True))


def _tree(blobs: Mapping[str, str], repository: Path) -> str:
    """Write the tree of all files and return its hash, by an index of its own."""
    listing = "".join(f"100644 {blob}\t{name}\0" for name, blob in blobs.items())
    with TemporaryDirectory() as scratch:
        index = {"GIT_INDEX_FILE": str(Path(scratch) / "index")}
        _git(repository, "update-index", "-z", "--index-info", env=index, stdin=os.fsencode(listing))
        return _git(repository, "write-tree", env=index).strip()


def _without_secret(text: str) -> str:
    """Return text without the names and passwords of the addresses in it."""
    return re.sub(r"([a-z+]+://)[^@/\s]*@", r"\1", text)


def push(planned: Publication, repository: Path, remote: str) -> None:
    """Push the commit to the remote's branch, if the branch has not moved since the plan was made.

    An interrupted push changes nothing on the remote. Raises CheckFailed when the remote refuses it.
    """
    lease = f"--force-with-lease=refs/heads/{planned.branch}:{planned.before.commit or ''}"
    cure = "read git's message; the old site is unchanged, and the same command tries again"
    _git(
        repository,
        "push",
        "--quiet",
        lease,
        remote,
        f"{planned.commit}:refs/heads/{planned.branch}",
        cure=cure,
    )


def _published(repository: Path, remote: str, branch: str) -> Published:
    listed = _git(
        repository, "ls-remote", remote, f"refs/heads/{branch}", cure="check the address and your access"
    ).split()
    if not listed:
        return Published(None, None, ours=False)
    commit = listed[0]
    _git(repository, "fetch", "--quiet", "--no-tags", "--depth=1", "--no-write-fetch-head", remote, commit)
    names = _git(repository, "ls-tree", "--name-only", commit).splitlines()
    cname = _bytes(repository, "cat-file", "blob", f"{commit}:{CNAME}") if CNAME in names else None
    return Published(commit, cname, ours=MARKER in names)


def _git(
    repository: Path,
    *arguments: str,
    env: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
    cure: str = "read git's message",
) -> str:
    return _bytes(repository, *arguments, env=env, stdin=stdin, cure=cure).decode("utf-8", "replace")


def _bytes(
    repository: Path,
    *arguments: str,
    env: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
    cure: str = "read git's message",
) -> bytes:
    command = ["--git-dir", str(_git_folder(repository)), *arguments]
    process = run_git(command, environment={**os.environ, **(env or {})}, feed=stdin, folder=repository)
    if process.returncode:
        words = [word for word in arguments if not word.startswith("-") and "=" not in word]
        # The remote's own words are among these: nothing in them may reach the terminal as a command.
        message = visible(_without_secret(process.stderr.decode("utf-8", "replace").strip()))
        raise CheckFailed(
            f"git {words[0] if words else ''} failed: {message or f'exit code {process.returncode}'}",
            cure=cure,
        )
    return process.stdout


def _git_folder(repository: Path) -> Path:
    process = run_git(["rev-parse", "--absolute-git-dir"], environment=os.environ, folder=repository)
    if process.returncode:
        raise WrongUsage(
            f"{repository} is not a git repository",
            cure="run it inside the repository whose remote gets the site",
        )
    return Path(process.stdout.decode().strip())
