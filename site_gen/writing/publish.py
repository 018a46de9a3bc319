"""Put a built site on a branch of a git remote as one commit without a history, through git itself."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.errors import CheckFailed, WrongUsage
from harness.store.git import run_git
from site_gen.writing.folder import MARKER, refuse_foreign

MESSAGE = "Site built by stiltboard"
CNAME = "CNAME"
# Nobody's settings may change a byte of the site on its way.
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
    """What stands on the remote's branch: its commit, None without the branch, its domain, and whether a build of ours wrote it."""

    commit: str | None
    cname: bytes | None
    ours: bool


@dataclass(frozen=True)
class Publication:
    """What a push would do: the remote's address, the branch, what stands there, the commit to push, and how many files it has."""

    address: str
    branch: str
    before: Published
    commit: str
    files: int
    size: int

    @property
    def first(self) -> bool:
        """Tell whether nothing of ours stands there yet."""
        return not self.before.ours


def plan(site: Path, repository: Path, remote: str, branch: str) -> Publication:
    """Make the commit in the repository's objects, where no branch leads to it, and say what pushing it would do.

    A domain (CNAME) that stands on the branch is kept. Raises WrongUsage for an unknown remote or a folder
    that no build wrote, and CheckFailed when git fails.
    """
    if not (site / MARKER).is_file():
        raise WrongUsage(f"{site} is no built site", cure="stiltboard build writes one")
    refuse_foreign(site)
    address = _git(
        repository, "remote", "get-url", "--push", remote, cure=f"name a remote of {repository} with --remote"
    ).strip()
    before = _published(repository, remote, branch)
    with TemporaryDirectory() as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
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
            at=site,
        )
        if before.cname is not None and not (site / CNAME).exists():
            blob = _git(repository, "hash-object", "-w", "--stdin", given=before.cname).strip()
            _git(repository, "update-index", "--add", "--cacheinfo", f"100644,{blob},{CNAME}", env=index)
        tree = _git(repository, "write-tree", env=index).strip()
    commit = _git(repository, "commit-tree", tree, "-m", MESSAGE).strip()
    listing = _git(repository, "ls-tree", "-r", "-l", commit).splitlines()
    return Publication(
        address, branch, before, commit, len(listing), sum(int(line.split()[3]) for line in listing)
    )


def push(planned: Publication, repository: Path, remote: str) -> None:
    """Put the commit on the remote's branch, if that is still where the plan saw it; an interrupted push changes nothing there.

    Raises CheckFailed when the remote refuses it.
    """
    lease = f"--force-with-lease=refs/heads/{planned.branch}:{planned.before.commit or ''}"
    cure = "look at what git says; the old site still stands, and the same command tries again"
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
    given: bytes | None = None,
    at: Path | None = None,
    cure: str = "look at what git says",
) -> str:
    return _bytes(repository, *arguments, env=env, given=given, at=at, cure=cure).decode("utf-8", "replace")


def _bytes(
    repository: Path,
    *arguments: str,
    env: Mapping[str, str] | None = None,
    given: bytes | None = None,
    at: Path | None = None,
    cure: str = "look at what git says",
) -> bytes:
    command = ["--git-dir", str(_git_folder(repository)), *arguments]
    done = run_git(command, environment={**os.environ, **(env or {})}, feed=given, folder=at or repository)
    if done.returncode:
        words = [word for word in arguments if not word.startswith("-") and "=" not in word]
        said = done.stderr.decode("utf-8", "replace").strip()
        raise CheckFailed(
            f"git {words[0] if words else ''} failed: {said or f'exit code {done.returncode}'}", cure=cure
        )
    return done.stdout


def _git_folder(repository: Path) -> Path:
    done = run_git(["rev-parse", "--absolute-git-dir"], environment=os.environ, folder=repository)
    if done.returncode:
        raise WrongUsage(
            f"{repository} is no git repository",
            cure="run it inside the repository whose remote gets the site",
        )
    return Path(done.stdout.decode().strip())
