"""Ask git what a repository held at a revision, without touching its working tree.

The program `git` is asked, never a shell. Names and revisions may come from strangers: a revision reaches git
once, behind --end-of-options, and comes back as a hash; everything else goes by hash. Nothing is fetched, run
or written.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

from harness.characters import shown, visible
from harness.errors import BadInput, Fault, Where
from harness.store.files import link_fault
from harness.store.yaml.parser import refuse

_LINKS = {"120000": "symbolic link", "160000": "submodule"}
_ENVIRONMENT = {
    "LC_ALL": "C",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",  # the same for a git that does not know the variable above
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",  # what a hash names, and not what a ref puts in its place
}


@dataclass(frozen=True)
class Repository:
    """The repository that holds a folder of submissions, and the folder's `place` in it, empty at the root."""

    folder: Path
    top: Path
    place: str
    shallow: bool


@dataclass(frozen=True)
class TreeEntry:
    """What a tree holds at a path; `link` says what it is where it is no file. `size` is 0 where it was not asked for."""

    path: str
    hash: str
    link: str
    mode: str
    size: int = 0


@dataclass(frozen=True)
class Revision:
    """A commit under the name it was asked for."""

    repository: Repository
    revision: str
    commit: str

    @property
    def name(self) -> str:
        """Return the name for a reader, to whom a whole hash says no more than its beginning."""
        return self.revision[:12] if self.revision == self.commit else self.revision

    def file(self, path: str) -> str:
        """Name a file in a message as git does."""
        return str(Where(f"{self.name}:{path}"))

    def link_fault(self, entry: TreeEntry) -> Fault:
        """Say that something stands for what lies elsewhere, as the store says of a link on disk."""
        return replace(link_fault(Path(self.file(entry.path))), message=f"found a {entry.link or 'file'}")

    def entries(self, path: str, *, sizes: bool = False) -> list[TreeEntry]:
        """Return everything below a path, or at it, that is no folder."""
        options = [
            "-r",
            "-z",
            "--full-tree",
            *(["-l"] if sizes else []),
            self.commit,
            *(["--", path] if path else []),
        ]
        entries = []
        for line in os.fsdecode(_output(self.repository.folder, "ls-tree", *options)).split("\0")[:-1]:
            fields, _, at = line.partition("\t")
            mode, _, digest, *size = fields.split()
            entries.append(
                TreeEntry(
                    at,
                    digest,
                    _LINKS.get(mode, ""),
                    mode,
                    *(int(digits) for digits in size if digits.isdigit()),
                )
            )
        return entries

    def contents(self, entries: Mapping[str, TreeEntry], limits: Mapping[str, int]) -> dict[str, bytes]:
        """Read the files at the paths of `limits`, none of them longer than its limit."""
        if faults := [
            fault for path, limit in limits.items() if (fault := self._fault(path, entries.get(path), limit))
        ]:
            refuse(faults)
        asked = "".join(f"{entries[path].hash}\n" for path in limits)
        stream = BytesIO(_output(self.repository.folder, "cat-file", "--batch", feed=asked.encode()))
        contents = {}
        for path in limits:
            entry = entries[path]
            if stream.readline().decode() != f"{entry.hash} blob {entry.size}\n":
                raise BadInput(
                    "git gives no content for it",
                    where=Where(self.file(path)),
                    cure="git fsck says what is damaged",
                )
            contents[path] = stream.read(entry.size + 1)[:-1]
        return contents

    def _fault(self, path: str, entry: TreeEntry | None, limit: int) -> Fault | None:
        if entry is not None and (entry.link or entry.size <= limit):
            return self.link_fault(entry) if entry.link else None
        message = (
            "the file does not exist"
            if entry is None
            else f"the file is longer than the {limit:,} bytes allowed"
        )
        return Fault(message, Where(self.file(path)), "name another revision")


def repository_around(submissions: Path) -> Repository:
    """Return the repository around a folder of submissions."""
    if not submissions.is_dir():
        raise BadInput(
            f"no folder {submissions}", cure="name the folder of the submissions with --submissions"
        )
    done = _git(submissions, "rev-parse", "--is-shallow-repository", "--show-cdup", "--show-prefix")
    if done.returncode:
        cure = "compare folders, or name the folder of the submissions in a clone with --submissions"
        raise BadInput(f"git finds no repository around {submissions}: {answer(done)}", cure=cure)
    shallow, up, prefix = os.fsdecode(done.stdout).split("\n", 2)
    return Repository(
        submissions, (submissions / up).resolve(), prefix.removesuffix("\n").rstrip("/"), shallow == "true"
    )


def resolved(repository: Repository, revision: str) -> Revision:
    """Turn a stranger's revision into a commit's hash, by which alone git is asked from here on."""
    if revision and revision.isprintable():  # else no ref is named so, and not every argument could be passed
        done = _git(
            repository.folder,
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            f"{revision}^{{commit}}",
        )
        commit = done.stdout.decode(errors="replace").strip()
        if done.returncode == 0 and re.fullmatch(
            "[0-9a-f]{40,64}", commit
        ):  # ^main would come back with its ^
            return Revision(repository, revision, commit)
    cure = "name a branch, a tag or a commit; git fetch brings those of others"
    raise BadInput(f"unknown revision: {shown(revision)}", cure=_deepened(repository, cure))


def merge_base(first: Revision, second: Revision) -> Revision:
    """Return the last commit that two have in common."""
    done = _git(first.repository.folder, "merge-base", first.commit, second.commit)
    if commit := done.stdout.decode().strip():
        return Revision(first.repository, commit, commit)
    cure = _deepened(first.repository, "compare them with two dots")
    raise BadInput(
        f"{shown(first.revision)} and {shown(second.revision)} have no commit in common", cure=cure
    )


def _deepened(repository: Repository, cure: str) -> str:
    return f"git fetch --unshallow, as this clone is shallow; then {cure}" if repository.shallow else cure


def _output(folder: Path, *arguments: str, feed: bytes = b"") -> bytes:
    done = _git(folder, *arguments, feed=feed)
    if done.returncode:
        cure = "git fsck says what is damaged, and git fetch --refetch --no-filter brings what a partial clone leaves out"
        raise BadInput(f"git {arguments[0]} failed: {answer(done)}", cure=cure)
    return done.stdout


def _git(folder: Path, *arguments: str, feed: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    # What points git at another repository is left out, as a hook is given it; configuration, such as a
    # safe.directory, stays.
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name.startswith("GIT_CONFIG")
    }
    return run_git(["--no-pager", "-C", str(folder), *arguments], environment=kept | _ENVIRONMENT, feed=feed)


def run_git(
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str],
    feed: bytes | None = None,
    folder: Path | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Run the program git, never a shell, whatever it answers; raises BadInput where it is not installed."""
    program = shutil.which("git")
    if program is None:
        raise BadInput("the program git is not installed", cure="install git")
    return subprocess.run(  # noqa: S603
        [program, *arguments], input=feed, cwd=folder, capture_output=True, check=False, env=environment
    )


def answer(done: subprocess.CompletedProcess[bytes]) -> str:
    """Return what git said of a failure, in one line that may be shown."""
    lines = done.stderr.decode(errors="replace").splitlines() or [f"exit code {done.returncode}"]
    line = next((line for line in lines if line.startswith("fatal: ")), lines[0])
    return visible(line.removeprefix("fatal: "))
