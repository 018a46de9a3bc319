"""Read submissions as they stood at a git revision, without touching the working tree.

The program `git` is asked, never a shell. Names and revisions may come from strangers: a revision reaches git once, behind
--end-of-options, and comes back as a hash; everything else goes by hash. Nothing is fetched, asked or written.
"""

from __future__ import annotations

import difflib
import os
import posixpath
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import NoReturn

from harness.characters import shown, visible
from harness.errors import BadInput, Fault, Where
from harness.store.files import link_fault
from harness.store.results import RESULT_LIMIT, RESULTS_FOLDER, in_order, is_named, parse_outcomes, parse_placed
from harness.store.sides import Side, measured, scored_columns
from harness.store.submissions import SUBMISSION_FILE, parse_submission, slug_fault
from harness.store.training import TRAINING_FILE, parse_training
from harness.strict_yaml import DEFAULT_LIMIT, refuse

OUTCOMES_LIMIT = 512 * 1024 * 1024
_LIMITS = {".yaml": RESULT_LIMIT, ".parquet": OUTCOMES_LIMIT}
_Found = Mapping[str, Mapping[str, str]]  # slug → file under results → the hash of what it holds
_RANGE = re.compile(r"(.*?)(\.{2,3})(.*)", re.DOTALL)
_LINKS = {"120000": "symbolic link", "160000": "submodule"}
_ENVIRONMENT = {
    "LC_ALL": "C",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",  # the same for a git that does not know the variable above
    "GIT_LITERAL_PATHSPECS": "1",
}


@dataclass(frozen=True)
class Changes:
    """What a range of revisions did to the results of submissions, by slug.

    `changed` have results at both ends, and other ones; `added` and `removed` exist, or have results, at one end only.
    `refused` are changed folders whose names are no slugs, made visible, with the reason.
    """

    first: str
    second: str
    changed: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    refused: tuple[tuple[str, str], ...] = ()


def is_range(revisions: str) -> bool:
    """Tell whether an argument can be a range of revisions as git has it, an empty end being HEAD, rather than a path."""
    parts = _RANGE.fullmatch(revisions)
    return parts is not None and bool(parts[1] or parts[3]) and not (parts[1].endswith("/") or parts[3].startswith("/"))


def split_revision(name: str) -> tuple[str, str] | None:
    """Return the revision and the name of `REV:name`, or None for what names no revision, a Windows drive among it."""
    revision, colon, rest = name.partition(":")
    return (revision, rest) if colon and not re.match(r"[A-Za-z]:[\\/]", name) else None


def load_side_at(revision: str, name: str, submissions: Path) -> Side:
    """Read a submission's results, or the one result whose file is named, as they stood at a revision.

    A name without a slash is a slug beside those under `submissions`; any other is a path as git takes it: from the
    repository's root, or with ./ from the current folder.
    """
    at = _resolved(_repository(submissions), revision)
    path = _path(at.repository, name)
    one = path.endswith(".yaml")
    results = posixpath.dirname(path) if one else posixpath.join(path, RESULTS_FOLDER)
    folder = posixpath.dirname(results)
    entries = {entry.path: entry for entry in at.entries(folder, sizes=True)}
    if results in entries and entries[results].link:
        refuse([at.link_fault(entries[results])])
    if not entries or folder in entries or (one and path not in entries):
        _refuse_missing(at, path, name)
    stems = (posixpath.basename(path).removesuffix(".yaml"),) if one else _results(at, entries, results)
    paths = {stem: posixpath.join(results, stem) for stem in stems}
    files = {path + suffix: limit for path in paths.values() for suffix, limit in _LIMITS.items()}
    about = posixpath.join(folder, SUBMISSION_FILE)
    trained = posixpath.join(folder, TRAINING_FILE)
    contents = at.contents(entries, files | {path: DEFAULT_LIMIT for path in (about, trained) if path in entries})
    slug = (at.repository.top / results).parent.name
    found = {stem: parse_placed(contents[f"{path}.yaml"], at.file(f"{path}.yaml"), slug, stem) for stem, path in paths.items()}
    outcomes = {
        stem: parse_outcomes(contents[f"{path}.parquet"], found[stem], at.file(f"{path}.parquet"), scored_columns(found[stem]))
        for stem, path in paths.items()
    }
    name = visible(f"{slug}@{at.name}")
    submission = measured(parse_submission(contents[about], at.file(about)), name) if about in contents else None
    training = parse_training(contents[trained], at.file(trained), slug) if trained in contents else None
    return Side(name, found, outcomes, submission, training)


def changed_submissions(revisions: str, submissions: Path) -> Changes:
    """Compare the results under `submissions` at both ends of `REV1..REV2`, or since the merge base of `REV1...REV2`.

    An end that is left out is HEAD. Whether a result is sound shows when it is read.
    """
    parts = _RANGE.fullmatch(revisions)
    if parts is None or not (parts[1] or parts[3]):
        raise BadInput(f"{shown(revisions)} is no range of revisions", cure="write such as main..HEAD")
    repository = _repository(submissions)
    first, second = (_resolved(repository, name or "HEAD") for name in (parts[1], parts[3]))
    if parts[2] == "...":
        first = _merge_base(first, second)
    before, after = _found(first), _found(second)
    found = sorted({*before, *after})
    ranks = {slug: (_rank(slug, before), _rank(slug, after)) for slug in found if slug_fault(slug) is None}
    # Names that anybody may push are shown, and go no further.
    faults = ((slug, slug_fault(slug)) for slug in found if before.get(slug) != after.get(slug))
    return Changes(
        first.revision,
        second.revision,
        changed=tuple(slug for slug, (old, new) in ranks.items() if old == new and before[slug] != after[slug]),
        added=tuple(slug for slug, (old, new) in ranks.items() if old < new),
        removed=tuple(slug for slug, (old, new) in ranks.items() if old > new),
        refused=tuple((shown(slug), fault) for slug, fault in faults if fault is not None),
    )


def _rank(slug: str, found: _Found) -> int:
    """Return 0 for no submission, 1 for one without results, 2 for one with some."""
    return 1 + bool(found[slug]) if slug in found else 0


def _found(at: _Revision) -> _Found:
    """Return the submissions under --submissions with what their results hold; a link counts, so that reading it refuses it."""
    found: dict[str, dict[str, str]] = {}
    place = at.repository.place
    for entry in at.entries(place):
        if entry.path == place:
            refuse([at.link_fault(entry)])
        slug, *rest = entry.path[len(place) + 1 if place else 0 :].split("/")
        if slug.startswith("."):
            continue
        if rest == [SUBMISSION_FILE]:
            found.setdefault(slug, {})
        elif (entry.link and rest in ([], [RESULTS_FOLDER])) or (rest[:1] == [RESULTS_FOLDER] and len(rest) > 1 and is_named(rest[1])):
            found.setdefault(slug, {})["/".join(rest)] = entry.link + entry.hash
    return found


def _results(at: _Revision, entries: Iterable[str], results: str) -> tuple[str, ...]:
    names = sorted({path[len(results) + 1 :].partition("/")[0] for path in entries if path.startswith(f"{results}/")})
    return in_order({name.removesuffix(".yaml"): at.file(posixpath.join(results, name)) for name in names if is_named(name)})


def _path(repository: _Repository, name: str) -> str:
    """Return the path in the repository that a name means; the root is the empty one."""
    if not name or "\0" in name:
        raise BadInput("no submission is named after the revision", cure="write such as main:my-submission")
    if "/" not in name:
        name = posixpath.join(repository.place, name)
    elif name.startswith(("./", "../")):
        name = posixpath.join(os.path.relpath(Path.cwd().resolve(), repository.top).replace(os.sep, "/"), name)
    path = posixpath.normpath(name)
    if f"{path}/".startswith(("/", "../")):
        raise BadInput(f"{shown(name)} lies outside the repository", cure="name a path from the repository's root")
    path = posixpath.dirname(path) if posixpath.basename(path) == SUBMISSION_FILE else path
    return "" if path == "." else path


def _refuse_missing(at: _Revision, path: str, name: str) -> NoReturn:
    """Say that nothing stands at a path, and what stands near it."""
    entries = at.entries("")
    if links := [at.link_fault(entry) for entry in entries if entry.link and f"{path}/".startswith(f"{entry.path}/")]:
        refuse(links)
    folders = [posixpath.dirname(entry.path) for entry in entries if posixpath.basename(entry.path) == SUBMISSION_FILE]
    results = [entry.path for entry in entries if f"/{RESULTS_FOLDER}/" in f"/{entry.path}" and is_named(posixpath.basename(entry.path))]
    there = results if path.endswith(".yaml") else folders
    if "/" not in name:
        path, there = name, [posixpath.basename(folder) for folder in there if posixpath.dirname(folder) == at.repository.place]
    known = sorted(there)[:1000]  # a match takes its time, and anybody may push names
    near = difflib.get_close_matches(path[:200], known)
    listed = ", ".join(at.file(candidate) for candidate in near or known[:10])
    cure = f"did you mean {listed}?" if near else f"such as {listed}" if listed else "no submission stands there at that revision"
    raise BadInput(f"{shown(name)} does not exist at {at.name}", cure=cure)


@dataclass(frozen=True)
class _Repository:
    """The repository that holds a folder of submissions, and the folder's `place` in it, empty at the root."""

    folder: Path
    top: Path
    place: str
    shallow: bool


@dataclass(frozen=True)
class _Entry:
    """What a tree holds at a path; `link` says what it is where it is no file."""

    path: str
    hash: str
    link: str
    size: int = 0


@dataclass(frozen=True)
class _Revision:
    """A commit under the name it was asked for."""

    repository: _Repository
    revision: str
    commit: str

    @property
    def name(self) -> str:
        """Return the name for a reader, to whom a whole hash says no more than its beginning."""
        return self.revision[:12] if self.revision == self.commit else self.revision

    def file(self, path: str) -> str:
        """Name a file in a message as git does."""
        return str(Where(f"{self.name}:{path}"))

    def link_fault(self, entry: _Entry) -> Fault:
        """Say that something stands for what lies elsewhere, as the store says of a link on disk."""
        return replace(link_fault(Path(self.file(entry.path))), message=f"found a {entry.link or 'file'}")

    def entries(self, path: str, *, sizes: bool = False) -> list[_Entry]:
        """Return everything below a path, or at it, that is no folder."""
        options = ["-r", "-z", "--full-tree", *(["-l"] if sizes else []), self.commit, *(["--", path] if path else [])]
        entries = []
        for line in os.fsdecode(_output(self.repository.folder, "ls-tree", *options)).split("\0")[:-1]:
            fields, _, at = line.partition("\t")
            mode, _, digest, *size = fields.split()
            entries.append(_Entry(at, digest, _LINKS.get(mode, ""), *(int(digits) for digits in size if digits.isdigit())))
        return entries

    def contents(self, entries: Mapping[str, _Entry], limits: Mapping[str, int]) -> dict[str, bytes]:
        """Read the files at the paths of `limits`, none of them longer than its limit."""
        if faults := [fault for path, limit in limits.items() if (fault := self._fault(path, entries.get(path), limit))]:
            refuse(faults)
        asked = "".join(f"{entries[path].hash}\n" for path in limits)
        stream = BytesIO(_output(self.repository.folder, "cat-file", "--batch", feed=asked.encode()))
        contents = {}
        for path in limits:
            entry = entries[path]
            if stream.readline().decode() != f"{entry.hash} blob {entry.size}\n":
                raise BadInput("git gives no content for it", where=Where(self.file(path)), cure="git fsck says what is damaged")
            contents[path] = stream.read(entry.size + 1)[:-1]
        return contents

    def _fault(self, path: str, entry: _Entry | None, limit: int) -> Fault | None:
        if entry is not None and (entry.link or entry.size <= limit):
            return self.link_fault(entry) if entry.link else None
        message = "the file does not exist" if entry is None else f"the file is longer than the {limit:,} bytes allowed"
        return Fault(message, Where(self.file(path)), "name another revision")


def _repository(submissions: Path) -> _Repository:
    if not submissions.is_dir():
        raise BadInput(f"no folder {submissions}", cure="name the folder of the submissions with --submissions")
    done = _git(submissions, "rev-parse", "--is-shallow-repository", "--show-cdup", "--show-prefix")
    if done.returncode:
        cure = "compare folders, or name the folder of the submissions in a clone with --submissions"
        raise BadInput(f"git finds no repository around {submissions}: {_said(done)}", cure=cure)
    shallow, up, prefix = os.fsdecode(done.stdout).split("\n", 2)
    return _Repository(submissions, (submissions / up).resolve(), prefix.removesuffix("\n").rstrip("/"), shallow == "true")


def _resolved(repository: _Repository, revision: str) -> _Revision:
    """Turn a stranger's revision into a commit's hash, by which alone git is asked from here on."""
    if revision and revision.isprintable():  # else no ref is named so, and not every argument could be passed
        done = _git(repository.folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        commit = done.stdout.decode(errors="replace").strip()
        if done.returncode == 0 and re.fullmatch("[0-9a-f]{40,64}", commit):  # ^main would come back with its ^
            return _Revision(repository, revision, commit)
    cure = "name a branch, a tag or a commit; git fetch brings those of others"
    raise BadInput(f"unknown revision: {shown(revision)}", cure=_deepened(repository, cure))


def _merge_base(first: _Revision, second: _Revision) -> _Revision:
    done = _git(first.repository.folder, "merge-base", first.commit, second.commit)
    if commit := done.stdout.decode().strip():
        return _Revision(first.repository, commit, commit)
    cure = _deepened(first.repository, "compare them with two dots")
    raise BadInput(f"{shown(first.revision)} and {shown(second.revision)} have no commit in common", cure=cure)


def _deepened(repository: _Repository, cure: str) -> str:
    return f"git fetch --unshallow, as this clone is shallow; then {cure}" if repository.shallow else cure


def _output(folder: Path, *arguments: str, feed: bytes = b"") -> bytes:
    done = _git(folder, *arguments, feed=feed)
    if done.returncode:
        cure = "git fsck says what is damaged, and git fetch --refetch --no-filter brings what a partial clone leaves out"
        raise BadInput(f"git {arguments[0]} failed: {_said(done)}", cure=cure)
    return done.stdout


def _git(folder: Path, *arguments: str, feed: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    program = shutil.which("git")
    if program is None:
        raise BadInput("a revision is read by the program git, which is not installed", cure="install git, or compare folders")
    # What points git at another repository is left out, as a hook is given it; configuration, such as a safe.directory, stays.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name.startswith("GIT_CONFIG")}
    command = [program, "--no-pager", "-C", str(folder), *arguments]
    return subprocess.run(command, input=feed, capture_output=True, check=False, env=kept | _ENVIRONMENT)  # noqa: S603 - see the module


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = done.stderr.decode(errors="replace").splitlines() or [f"exit code {done.returncode}"]
    line = next((line for line in lines if line.startswith("fatal: ")), lines[0])
    return visible(line.removeprefix("fatal: "))
