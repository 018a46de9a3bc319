"""Publish a built site as one commit without history on a branch of a git remote, using the git command."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.errors import CheckFailed, WrongUsage
from harness.store.git import run_git
from site_gen.writing.folder import MARKER, refuse_foreign

MESSAGE = "Site built by stiltboard"
CNAME = "CNAME"
# The user's git settings must not change the bytes of the site.
_EXACT = (
    "-c",
    "core.autocrlf=false",
    "-c",
    "core.safecrlf=false",
    "-c",
    f"core.attributesFile={os.devnull}",
    "-c",
    "core.fileMode=false",
)


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
    refuse_foreign(site)
    address = _git(
        repository, "remote", "get-url", "--push", remote, cure=f"name a remote of {repository} with --remote"
    ).strip()
    before = _published(repository, remote, branch)
    with TemporaryDirectory() as scratch:
        index = {"GIT_INDEX_FILE": str(Path(scratch) / "index")}
        _git(
            repository,
            *_EXACT,
            "--work-tree",
            str(site.resolve()),
            "add",
            "--all",
            "--force",
            ".",
            env=index,
            folder=site,
        )
        if before.cname is not None and not (site / CNAME).exists():
            blob = _git(repository, "hash-object", "-w", "--stdin", stdin=before.cname).strip()
            _git(repository, "update-index", "--add", "--cacheinfo", f"100644,{blob},{CNAME}", env=index)
        tree = _git(repository, "write-tree", env=index).strip()
    commit = _git(repository, "commit-tree", tree, "-m", MESSAGE).strip()
    listing = _git(repository, "ls-tree", "-r", "-l", commit).splitlines()
    return Publication(
        _without_secret(address),
        branch,
        before,
        commit,
        len(listing),
        sum(int(line.split()[3]) for line in listing),
    )


def _without_secret(address: str) -> str:
    """Return a remote's address without the name and password that it may hold."""
    return re.sub(r"^([a-z+]+://)[^@/]*@", r"\1", address)


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
    folder: Path | None = None,
    cure: str = "read git's message",
) -> str:
    return _bytes(repository, *arguments, env=env, stdin=stdin, folder=folder, cure=cure).decode(
        "utf-8", "replace"
    )


def _bytes(
    repository: Path,
    *arguments: str,
    env: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
    folder: Path | None = None,
    cure: str = "read git's message",
) -> bytes:
    command = ["--git-dir", str(_git_folder(repository)), *arguments]
    process = run_git(
        command, environment={**os.environ, **(env or {})}, feed=stdin, folder=folder or repository
    )
    if process.returncode:
        words = [word for word in arguments if not word.startswith("-") and "=" not in word]
        message = process.stderr.decode("utf-8", "replace").strip()
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
