"""Pull requests made by code: one repository with a base, and a commit on top of it for each, written straight into git's objects."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from harness import store
from harness.catalog import find_target
from harness.catalog.fingerprints import FINGERPRINTS
from harness.records import Result
from harness.scoring.outcomes import cells
from harness.scoring.tables import TABLES
from harness.store.seal import sealed
from tests.support.outcomes import as_written

TARGET = find_target("jupyterlab")
SUBMISSION = """\
schema: 1
title: {title}
family: toy
base: {{id: toys/toy}}
intermediate: {{regime: none}}
encoding: {{layer: 2, pooling: mean, prefix: "", max_length: 64}}
checkpoints: [{{seed: 0, hub: {slug}/model, revision: {revision}}}]
submitters: [{{name: {title}, url: "https://github.com/{owner}"}}]
license: MIT
"""
_REVISION = "0123456789" * 4
_GIT = {
    **{
        f"GIT_{role}_{what}": value
        for role in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "Toy"), ("EMAIL", "toy@example.org"))
    },
    **{f"GIT_{role}_DATE": "2026-01-01T00:00:00Z" for role in ("AUTHOR", "COMMITTER")},
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


def about(slug: str, owner: str) -> bytes:
    """Return a submission's file."""
    return SUBMISSION.format(title=slug.title(), slug=slug, owner=owner, revision=_REVISION).encode()


def measured(
    slug: str, languages: tuple[str, ...] = ("it", "de"), *, right: float = 0.5, draw: int = 0, seed: int = 0
) -> tuple[Result, pa.Table]:
    """Return a sound result over languages of their official sizes, of which a share is right, by chance of the `draw`."""
    chance = np.random.default_rng(draw)
    rows: list[pa.Table] = []
    for language in languages:
        n = TARGET.sizes[language]
        columns = {
            "index": np.arange(n),
            "answer_to_english": np.arange(n),
            "correct": chance.random(n) < right,
        }
        rows.append(as_written(TARGET, {"seed": [seed] * n, "language": [language] * n, **columns}))
    table = pa.concat_tables(rows)
    scores = {
        language: TABLES[TARGET.kind].score(TARGET, part.drop_columns(["seed", "language"])).model_dump()
        for (_, language), part in cells(table).items()
    }
    checkpoint = {
        "seed": seed,
        "source": f"{slug}/model@{_REVISION}",
        "weights": f"sha256:{'e' * 64 if slug == 'mine' else hashlib.sha256(slug.encode()).hexdigest()}",
        "layer": 2,
        "scores": scores,
    }
    result = Result.model_validate(
        {
            "schema": 2,
            "submission": slug,
            "target": TARGET.name,
            "signature": "jupyterlab|acc|en→xx|cos|h2.mean|prefix=|len=64|v1",
            "metric": TARGET.metric,
            "score": None,
            "measured": len(languages),
            "of": len(TARGET.languages),
            "checkpoints": [{**checkpoint, "parameters": {"total": 100, "body": 10}}],
            "data": {language: f"sha256:{FINGERPRINTS[TARGET.name][language]}" for language in languages},
            "outcomes": {"file": "jupyterlab.parquet", "sha256": "0" * 64, "rows": 0},
        }
    )
    return result, table


def written(folder: Path, result: Result, table: pa.Table) -> dict[str, bytes]:
    """Let the store write a result, and return its two files by their paths in a repository."""
    home = folder / result.submission
    home.mkdir(parents=True, exist_ok=True)
    path = store.write_result(home, result, table)
    place = f"submissions/{result.submission}/results"
    return {f"{place}/{file.name}": file.read_bytes() for file in (path, path.with_suffix(".parquet"))}


def sealed_again(text: bytes) -> bytes:
    """Return an edited result with the seal that somebody would give it who wants to deceive."""
    return sealed(text[: text.index(b"# sha256 of the lines above")])


@dataclass(frozen=True)
class Put:
    """What stands at a path with another mode than a plain file's."""

    mode: str
    data: bytes


Edits = Mapping[str | bytes, bytes | Put | None]


@dataclass(frozen=True)
class Repository:
    """A repository with a working tree at its base."""

    folder: Path
    base: str
    files: Mapping[str, bytes]

    def pull(self, edits: Edits, onto: str | None = None) -> str:
        """Return a commit on top of a base (the repository's), in which None removes a path."""
        return commit(self.folder, edits, onto or self.base)


def begin(folder: Path, files: Mapping[str, bytes]) -> Repository:
    """Make a repository whose base holds these files, and check it out."""
    git(folder.parent, "init", "--quiet", "--template=", "--initial-branch", "main", folder.name)
    base = commit(folder, dict(files), None)
    git(folder, "reset", "--quiet", "--hard", base)
    return Repository(folder, base, files)


def commit(folder: Path, edits: Edits, parent: str | None) -> str:
    """Write a commit without a working tree."""
    stream = [b"commit refs/heads/made\ncommitter Toy <toy@example.org> 1767225600 +0000\ndata 4\nmade"]
    stream.append(f"\nfrom {parent}\n".encode() if parent else b"\n")
    for path, content in edits.items():
        name = (
            b'"'
            + b"".join(
                f"\\{byte:03o}".encode() for byte in (path.encode() if isinstance(path, str) else path)
            )
            + b'"'
        )
        if content is None:
            stream.append(b"D " + name + b"\n")
        elif isinstance(content, Put) and content.mode == "160000":
            stream.append(b"M 160000 " + content.data + b" " + name + b"\n")
        else:
            mode, data = (content.mode, content.data) if isinstance(content, Put) else ("100644", content)
            stream.append(
                f"M {mode} inline ".encode() + name + f"\ndata {len(data)}\n".encode() + data + b"\n"
            )
    reset = b"reset refs/heads/made\n\n"
    git(folder, "fast-import", "--quiet", "--force", feed=reset + b"".join(stream) + b"\ndone\n")
    return git(folder, "rev-parse", "refs/heads/made")


def tree(folder: Path, entries: list[tuple[str, bytes, str]]) -> str:
    """Write a tree that git's own commands would refuse, and return its hash; entries are mode, name and hash."""
    data = b"".join(
        mode.encode() + b" " + name + b"\0" + bytes.fromhex(digest) for mode, name, digest in entries
    )
    return git(folder, "hash-object", "-t", "tree", "-w", "--literally", "--stdin", feed=data)


def commit_tree(folder: Path, root: str, parent: str) -> str:
    """Write a commit of a whole tree."""
    return git(folder, "commit-tree", root, "-p", parent, "-m", "made")


def git(folder: Path, *arguments: str, feed: bytes = b"") -> str:
    """Run git, and return what it prints."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], input=feed, capture_output=True, check=False, env=kept | _GIT
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout.decode().strip()
