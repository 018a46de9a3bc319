"""Publish a built site as a commit on a branch of a git remote, using the git command."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.characters import visible
from harness.errors import WrongUsage
from harness.store.snapshots import NAME
from site_gen.writing.folder import MARKER, site_paths
from site_gen.writing.git_command import git_bytes, git_text, without_secret

MESSAGE = "Site built by stiltboard"
CNAME = "CNAME"
# What is kept of a commit whose parents change; a signature would no longer hold.
_KEPT_HEADERS = (b"tree", b"author", b"committer", b"encoding")


@dataclass(frozen=True)
class Published:
    """The state of the remote's branch: commit (None: no branch), CNAME, and whether we wrote it.

    `snapshots` has the files of each snapshot on it, as git lists them; `history` are its commits, the newest
    first.
    """

    commit: str | None = None
    cname: bytes | None = None
    ours: bool = False
    snapshots: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    history: tuple[str, ...] = ()


@dataclass(frozen=True)
class Publication:
    """A planned push: the remote's address, the branch and its state, the commit, its files and bytes.

    `length` is the number of commits that the branch then has.
    """

    address: str
    branch: str
    before: Published
    commit: str
    files: int
    size: int
    length: int

    @property
    def first(self) -> bool:
        """Tell whether no earlier build was published on the branch."""
        return not self.before.ours

    @property
    def changes_nothing(self) -> bool:
        """Tell whether the branch has exactly these files already."""
        return self.commit == self.before.commit


def push_address(repository: Path, remote: str) -> str:
    """Return the address that a remote is pushed to; raises CheckFailed for an unknown remote."""
    cure = f"name a remote of {repository} with --remote"
    return git_text(repository, "remote", "get-url", "--push", remote, cure=cure).strip()


def pages_address(remote: str) -> str:
    """Return where GitHub Pages serves a repository, from the address of its remote; empty for other hosts.

    >>> pages_address("git@github.com:owner/board.git")
    'https://owner.github.io/board/'
    """
    found = re.search(r"github\.com[:/]([\w-]+)/([\w.-]+?)(?:\.git)?/?$", remote)
    if found is None:
        return ""
    owner, name = found[1].lower(), found[2]
    return f"https://{owner}.github.io/" + ("" if name.lower() == f"{owner}.github.io" else f"{name}/")


def published(repository: Path, remote: str, branch: str) -> Published:
    """Fetch the branch of the remote and return its state; no ref and no file here changes."""
    listed = git_text(
        repository, "ls-remote", remote, f"refs/heads/{branch}", cure="check the address and your access"
    ).split()
    if not listed:
        return Published()
    commit = listed[0]
    git_text(repository, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", remote, commit)
    names = git_text(repository, "ls-tree", "--name-only", commit).splitlines()
    cname = git_bytes(repository, "cat-file", "blob", f"{commit}:{CNAME}") if CNAME in names else None
    ours = MARKER in names
    history = git_text(repository, "rev-list", "--first-parent", commit).split() if ours else []
    snapshots = {name: _listing(repository, commit, name) for name in names if ours and NAME.fullmatch(name)}
    return Published(commit, cname, ours, snapshots, tuple(history))


def plan(
    site: Path, repository: Path, remote: str, branch: str, before: Published, keep: int, message: str
) -> Publication:
    """Create the commit as an unreferenced git object and return what pushing it would do.

    A domain (CNAME) and snapshots on the branch, as `before` has them, are kept, and at least the last `keep`
    commits: the branch is shortened to these when it has twice as many. Raises WrongUsage for an unknown
    remote or a folder that no build wrote, and CheckFailed when git fails.
    """
    if not (site / MARKER).is_file():
        raise WrongUsage(f"{site} is not a built site", cure="stiltboard build writes one")
    address = push_address(repository, remote)
    blobs = _blobs(site, site_paths(site), repository)
    if before.cname is not None and CNAME not in blobs:
        blobs[CNAME] = git_text(repository, "hash-object", "-w", "--stdin", stdin=before.cname).strip()
    kept = before.snapshots.values()
    lines = [f"100644 {blob}\t{name}" for name, blob in blobs.items()]
    tree = _tree([*lines, *(line for snapshot in kept for line in snapshot)], repository)
    commit, length = _commit(repository, tree, before, keep, message)
    listing = git_text(repository, "ls-tree", "-r", "-l", commit).splitlines()
    size = sum(int(line.split()[3]) for line in listing)
    return Publication(visible(without_secret(address)), branch, before, commit, len(listing), size, length)


def without(before: Published, renewed: Collection[str]) -> Published:
    """Return the state of a branch without these snapshots, which are then not kept."""
    kept = {name: files for name, files in before.snapshots.items() if name not in renewed}
    return replace(before, snapshots=kept)


def push(planned: Publication, repository: Path, remote: str) -> None:
    """Push the commit to the remote's branch, if the branch has not moved since the plan was made.

    An interrupted push changes nothing on the remote. Raises CheckFailed when the remote refuses it.
    """
    lease = f"--force-with-lease=refs/heads/{planned.branch}:{planned.before.commit or ''}"
    target = f"{planned.commit}:refs/heads/{planned.branch}"
    cure = "read git's message; the old site is unchanged, and the same command tries again"
    git_text(repository, "push", "--quiet", lease, remote, target, cure=cure)


def _listing(repository: Path, commit: str, folder: str) -> tuple[str, ...]:
    """Return the files below a folder of a commit as git's index reads them."""
    listed = git_text(repository, "ls-tree", "-r", "-z", "--full-tree", commit, "--", f"{folder}/")
    return tuple(re.sub(r"^(\d+) \w+ ", r"\1 ", line) for line in listed.split("\0")[:-1])


def _blobs(site: Path, files: Sequence[str], repository: Path) -> dict[str, str]:
    """Write the files into git's objects, byte for byte, and return their hashes.

    No filter, attribute or setting of the user applies, wherever it is configured.
    """
    names = "".join(f"{site.resolve() / name}\n" for name in files)
    hashes = git_text(
        repository, "hash-object", "-w", "--no-filters", "--stdin-paths", stdin=os.fsencode(names)
    )
    return dict(zip(files, hashes.split(), strict=True))


def _tree(lines: Sequence[str], repository: Path) -> str:
    """Write the tree of all files, given as lines of git's index, by an index of its own; return its hash."""
    with TemporaryDirectory() as scratch:
        index = {"GIT_INDEX_FILE": str(Path(scratch) / "index")}
        listing = os.fsencode("".join(f"{line}\0" for line in lines))
        git_text(repository, "update-index", "-z", "--index-info", env=index, stdin=listing)
        return git_text(repository, "write-tree", env=index).strip()


def _commit(repository: Path, tree: str, before: Published, keep: int, message: str) -> tuple[str, int]:
    """Return the commit of a tree on top of the branch's history, and the number of commits.

    The last commit itself is returned where its files are the same and the history is not too long.
    """
    history = before.history
    is_same = bool(history) and tree == git_text(repository, "rev-parse", f"{history[0]}^{{tree}}").strip()
    if is_same and len(history) < 2 * keep:
        return history[0], len(history)
    if len(history) + 1 >= 2 * keep:
        history = _shortened(repository, history[: keep - 1])
    parents = ["-p", history[0]] if history else []
    return git_text(repository, "commit-tree", tree, *parents, "-m", message).strip(), len(history) + 1


def _shortened(repository: Path, history: Sequence[str]) -> tuple[str, ...]:
    """Write commits, the newest first, again: each has only the next one as a parent, the oldest none."""
    written: list[str] = []
    for commit in reversed(history):
        headers, _, text = git_bytes(repository, "cat-file", "commit", commit).partition(b"\n\n")
        lines = [line for line in headers.split(b"\n") if line.split(b" ")[0] in _KEPT_HEADERS]
        lines[1:1] = [f"parent {written[-1]}".encode()] if written else []
        content = b"\n".join(lines) + b"\n\n" + text
        arguments = ("hash-object", "-t", "commit", "-w", "--stdin")
        written.append(git_text(repository, *arguments, stdin=content).strip())
    return tuple(reversed(written))
