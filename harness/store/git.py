"""Read a repository's content at a revision through git, without touching its working tree.

The program `git` is called directly, never through a shell. Names and revisions may come from untrusted
people: a revision is passed to git once, after --end-of-options, and resolved to a hash; all other calls use
hashes. Nothing is fetched, run or written.
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
    "GIT_ALLOW_PROTOCOL": "none",  # the same for versions of git that do not know the variable above
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",  # read the object that a hash names, not its replacement
}

# The longest listing of a tree that is read, in bytes, and the most of an error message.
TREE_LIMIT = 2**25
# The most commits of a folder's history that are looked at.
_MOST_STATES = 1000
_ERROR_BYTES = 10_000


@dataclass(frozen=True)
class Repository:
    """The repository around a folder of submissions, whose path in it is `place`, empty at the root."""

    folder: Path
    top: Path
    place: str
    shallow: bool


@dataclass(frozen=True)
class TreeEntry:
    """An entry of a git tree; `link` names its kind if it is not a file, `size` is 0 if not requested."""

    path: str
    hash: str
    link: str
    mode: str
    size: int = 0


@dataclass(frozen=True)
class Revision:
    """A commit, with the name by which it was requested."""

    repository: Repository
    revision: str
    commit: str

    @property
    def name(self) -> str:
        """Return the name for display, a full hash shortened to 12 digits."""
        return self.revision[:12] if self.revision == self.commit else self.revision

    def file(self, path: str) -> str:
        """Return a file's name for messages, as in git: `revision:path`."""
        return str(Where(f"{self.name}:{path}"))

    def link_fault(self, entry: TreeEntry) -> Fault:
        """Return the fault that an entry is a link or submodule, worded as for a link on disk."""
        return replace(link_fault(Path(self.file(entry.path))), message=f"found a {entry.link or 'file'}")

    def entries(self, path: str, *, sizes: bool = False) -> list[TreeEntry]:
        """Return all entries at or below a path except folders.

        Raises BadInput for a tree whose listing is longer than 32 MiB: a few objects that name each other can
        list any number of files.
        """
        options = [
            "-r",
            "-z",
            "--full-tree",
            *(["-l"] if sizes else []),
            self.commit,
            *(["--", path] if path else []),
        ]
        entries = []
        listing = query(self.repository.folder, "ls-tree", *options, most=TREE_LIMIT)
        for line in os.fsdecode(listing).split("\0")[:-1]:
            fields, _, entry_path = line.partition("\t")
            mode, _, digest, *size = fields.split()
            entries.append(
                TreeEntry(
                    entry_path,
                    digest,
                    _LINKS.get(mode, ""),
                    mode,
                    *(int(digits) for digits in size if digits.isdigit()),
                )
            )
        return entries

    def contents(self, entries: Mapping[str, TreeEntry], limits: Mapping[str, int]) -> dict[str, bytes]:
        """Read the files at the paths of `limits`; raises BadInput if one has more bytes than its limit."""
        if faults := [
            fault for path, limit in limits.items() if (fault := self._fault(path, entries.get(path), limit))
        ]:
            refuse(faults)
        hashes = "".join(f"{entries[path].hash}\n" for path in limits)
        stream = BytesIO(query(self.repository.folder, "cat-file", "--batch", feed=hashes.encode()))
        contents = {}
        for path in limits:
            entry = entries[path]
            if stream.readline().decode() != f"{entry.hash} blob {entry.size}\n":
                raise BadInput(
                    "git returns no content for this file",
                    where=Where(self.file(path)),
                    cure="git fsck reports what is damaged",
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
    """Return the repository around a folder of submissions; raises BadInput where there is none."""
    if not submissions.is_dir():
        raise BadInput(
            f"no folder {submissions}", cure="name the folder of the submissions with --submissions"
        )
    completed = _git(submissions, "rev-parse", "--is-shallow-repository", "--show-cdup", "--show-prefix")
    if completed.returncode:
        cure = "compare folders, or name the folder of the submissions in a clone with --submissions"
        raise BadInput(f"git finds no repository around {submissions}: {error_line(completed)}", cure=cure)
    shallow, up, prefix = os.fsdecode(completed.stdout).split("\n", 2)
    return Repository(
        submissions, (submissions / up).resolve(), prefix.removesuffix("\n").rstrip("/"), shallow == "true"
    )


def resolved(repository: Repository, revision: str) -> Revision:
    """Resolve an untrusted revision to a commit, whose hash all later calls use; raises BadInput."""
    if revision and revision.isprintable():  # no ref has any other name, and some could not be passed
        completed = _git(
            repository.folder,
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            f"{revision}^{{commit}}",
        )
        commit = completed.stdout.decode(errors="replace").strip()
        if completed.returncode == 0 and re.fullmatch(
            "[0-9a-f]{40,64}", commit
        ):  # ^main would come back with its ^
            return Revision(repository, revision, commit)
    cure = "name a branch, a tag or a commit; git fetch downloads those of a remote"
    raise BadInput(f"unknown revision: {shown(revision)}", cure=_with_unshallow(repository, cure))


def merge_bases(first: Revision, second: Revision) -> tuple[Revision, ...]:
    """Return the best common ancestors of two commits; raises BadInput where there is none.

    Branches that were merged into each other have several; a merge may then undo what one of them holds.
    """
    completed = _git(first.repository.folder, "merge-base", "--all", first.commit, second.commit)
    if commits := completed.stdout.decode().split():
        return tuple(Revision(first.repository, commit, commit) for commit in sorted(commits))
    cure = _with_unshallow(first.repository, "compare them with two dots")
    raise BadInput(
        f"{shown(first.revision)} and {shown(second.revision)} have no commit in common", cure=cure
    )


def merge_base(first: Revision, second: Revision) -> Revision:
    """Return the best common ancestor of two commits; raises BadInput for none or more than one."""
    base, *others = merge_bases(first, second)
    if others:
        raise BadInput(
            f"{shown(first.revision)} and {shown(second.revision)} have "
            f"{1 + len(others)} best common commits",
            cure="rebase one of them, or compare them with two dots",
        )
    return base


@dataclass(frozen=True)
class MainLineCommit:
    """A commit of the line of first parents, which those who may merge make; `time` is in Unix seconds."""

    commit: str
    time: int
    is_merge: bool


def main_line(head: Revision) -> list[MainLineCommit]:
    """Return a commit and its first parents, the newest first."""
    output = query(head.repository.folder, "log", "--first-parent", "--format=%H %ct %P", head.commit, "--")
    rows = (line.split() for line in output.decode().splitlines())
    return [MainLineCommit(commit, int(time), len(parents) > 1) for commit, time, *parents in rows]


def landed(head: Revision) -> dict[str, str]:
    """Return for each path in the folder of submissions the commit of the main line that last changed it."""
    repository = head.repository
    options = [
        "--first-parent",
        "--diff-merges=first-parent",
        "--name-only",
        "--no-renames",
        "--format=%x01%H",
    ]
    output = query(
        repository.folder, "log", "-z", *options, head.commit, "--", str(repository.top / repository.place)
    )
    commits: dict[str, str] = {}
    for entry in os.fsdecode(output).split("\x01")[1:]:
        commit, _, paths = entry.partition("\0")
        for path in paths.split("\0"):
            if path.strip("\n"):
                commits.setdefault(path.strip("\n"), commit.strip())
    return commits


def states_of(revision: Revision, folder: str, *, history: bool = True) -> dict[str, str]:
    """Return the hash of a folder's tree by commit, newest first; an empty one where there is no folder.

    The commits are those of the revision's history that changed the folder, and their parents; without
    `history` only the revision itself.
    """
    commits = [revision.commit]
    place = revision.repository.folder
    if history:
        options = ["--full-history", f"--max-count={_MOST_STATES}", "--format=%H %P", revision.commit]
        path = os.path.relpath(revision.repository.top / folder, place)
        output = query(place, "log", *options, "--", path)
        commits += output.decode().split()
    commits = list(dict.fromkeys(commits))
    lines = query(
        place, "cat-file", "--batch-check", feed="".join(f"{c}:{folder}\n" for c in commits).encode()
    ).decode(errors="replace")
    trees = [line.split() for line in lines.splitlines()]
    return {
        commit: fields[0] if fields[1:2] == ["tree"] else ""
        for commit, fields in zip(commits, trees, strict=True)
    }


def _with_unshallow(repository: Repository, cure: str) -> str:
    if not repository.shallow:
        return cure
    return f"run git fetch --unshallow, because this clone is shallow; then {cure}"


def query(folder: Path, *arguments: str, feed: bytes = b"", most: int | None = None) -> bytes:
    """Return the output of a git command that only reads; raises BadInput where git fails.

    With `most`, an output of more bytes raises BadInput too.
    """
    completed = _git(folder, *arguments, feed=feed, most=most)
    if most is not None and len(completed.stdout) > most:
        raise BadInput(
            f"git {arguments[0]} lists more than {most:,} bytes", cure="keep to the files of submissions"
        )
    if completed.returncode:
        cure = (
            "git fsck reports what is damaged, and git fetch --refetch --no-filter downloads what a partial "
            "clone omits"
        )
        raise BadInput(f"git {arguments[0]} failed: {error_line(completed)}", cure=cure)
    return completed.stdout


def _git(
    folder: Path, *arguments: str, feed: bytes = b"", most: int | None = None
) -> subprocess.CompletedProcess[bytes]:
    # Variables that point git to another repository, as set in hooks, are removed; configuration, such as
    # safe.directory, is kept.
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name.startswith("GIT_CONFIG")
    }
    return run_git(
        ["--no-pager", "-C", str(folder), *arguments],
        environment=inherited | _ENVIRONMENT,
        feed=feed,
        most=most,
    )


def run_git(
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str],
    feed: bytes | None = None,
    folder: Path | None = None,
    most: int | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Run git without a shell and return it completed, also on failure; raises BadInput if not installed.

    With `most`, git is ended as soon as its output is longer, and one byte more than that is returned.
    """
    program = shutil.which("git")
    if program is None:
        raise BadInput("the program git is not installed", cure="install git")
    if most is not None:
        with subprocess.Popen(  # noqa: S603
            [program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder, env=environment
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            output = process.stdout.read(most + 1)
            if len(output) > most:
                process.kill()
            error = process.stderr.read(_ERROR_BYTES)
        return subprocess.CompletedProcess(process.args, process.returncode, output, error)
    return subprocess.run(  # noqa: S603
        [program, *arguments], input=feed, cwd=folder, capture_output=True, check=False, env=environment
    )


def error_line(completed: subprocess.CompletedProcess[bytes]) -> str:
    """Return git's error message as one line that is safe to show."""
    lines = completed.stderr.decode(errors="replace").splitlines() or [f"exit code {completed.returncode}"]
    line = next((line for line in lines if line.startswith("fatal: ")), lines[0])
    return visible(line.removeprefix("fatal: "))
