"""A small board, and one call of each command on it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.catalog import BY_NAME
from tests.support.acts import SETTINGS
from tests.support.folders import ROOT
from tests.support.pull_requests import about, begin, git, written
from tests.support.requests import request_text
from tests.support.sound import every_cell, sound

TARGET = BY_NAME["jupyterlab"]
SUBMISSION = """\
schema: 1
title: Zażółć – 中文 𝔸
family: toy
base: {{id: toys/toy}}
intermediate: {{regime: none}}
encoding: {{layer: 2, pooling: mean, prefix: "", max_length: 64}}
checkpoints: [{{seed: 0, path: {encoder}}}]
submitters: [{{name: Zoë, url: "https://github.com/zoe"}}]
license: MIT
"""
PAIRS = {
    "de": ("Die Fähre fährt früh.", "Das Boot blieb hier."),
    "en": ("The ferry leaves.", "The boat stayed."),
}


@dataclass(frozen=True)
class Board:
    """A repository with two measured rows and one that waits, a bitext, and a place for output."""

    folder: Path
    output: Path


def make_board(folder: Path, encoder: Path) -> Board:
    """Make a board in a new folder; the waiting row's title has letters that no single old encoding holds."""
    files = {
        "stiltboard.yaml": SETTINGS + b"outcomes: {where: kept}\n",
        "kept/README": b"Outcomes by their digest; those of both rows are in git.\n",
        ".gitignore": (ROOT / ".gitignore").read_bytes(),
        "request.md": request_text(slug="asked").encode(),
        "submissions/waiting/submission.yaml": SUBMISSION.format(encoder=encoder).encode(),
    }
    for number, slug in enumerate(("alpha", "beta")):
        result, table = sound(TARGET, every_cell(TARGET, TARGET.languages, right=0.4 + 0.2 * number), slug)
        files[f"submissions/{slug}/submission.yaml"] = about(slug, slug)
        files |= written(folder / slug, result, table)
    for name, texts in PAIRS.items():
        files[f"pairs/pairs.de-en.{name}"] = "".join(f"{text}\n" for text in texts).encode()
        kind = "queries" if name == "de" else "corpus"
        rows = ({"_id": f"{kind[0]}{number}", "text": text} for number, text in enumerate(texts))
        files[f"news/de-en/{kind}.jsonl"] = "".join(f"{json.dumps(row)}\n" for row in rows).encode()
    files["news/de-en/qrels/test.tsv"] = b"query-id\tcorpus-id\tscore\nq0\tc0\t1\nq1\tc1\t1\n"
    repository = begin(folder / "board", files)
    git(repository.folder, "commit", "--quiet", "--allow-empty", "--message", "nothing")
    output = folder / "output"
    output.mkdir()
    return Board(repository.folder, output)


@dataclass(frozen=True)
class Call:
    """How a command is called on the board, and the exit code when nothing is in its way."""

    arguments: Callable[[Board], tuple[str, ...]]
    code: int = 0
    slow: bool = False


def _fixed(*arguments: str, code: int = 0, slow: bool = False) -> Call:
    return Call(lambda _: arguments, code, slow)


CALLS = {
    "--help": _fixed("--help"),
    "init": Call(lambda board: ("init", str(board.output / "board"))),
    "new": _fixed("new", "fresh"),
    "validate": _fixed("validate"),
    "targets": _fixed("targets"),
    "evaluate": _fixed(
        *("evaluate", "waiting", "--bitext", "pairs=pairs", "-t", "bitext.pairs", "--device", "cpu"),
        slow=True,
    ),
    "show": _fixed("show", "alpha", "beta"),
    "list": _fixed("list", "models", "-t", "jupyterlab"),
    "diff": _fixed("diff", "alpha", "beta"),
    "plot": _fixed("plot", "jupyterlab", "alpha", "beta", "-o", "figure.svg"),
    "table": _fixed("table", "-t", "jupyterlab"),
    "prior": _fixed("prior"),
    "retrieve": _fixed("retrieve", "news", "--first-stage", "ql", slow=True),
    "sample-sentences": Call(
        lambda board: (
            *("sample-sentences", "pairs/pairs.de-en.de", "pairs/pairs.de-en.en"),
            *(str(board.output / "de-en"), "--queries", "2", "--documents", "2"),
        )
    ),
    "export": Call(lambda board: ("export", "every-eval-ever", "-o", str(board.output / "exported"))),
    "pack": _fixed("pack", "alpha"),
    "outcomes": _fixed("outcomes", "check"),
    "cache": _fixed("cache"),
    "completion": _fixed("completion", "zsh"),
    "verify": _fixed("verify", "alpha", slow=True),
    "reproduce": _fixed("reproduce", "alpha", slow=True),
    "status": _fixed("status"),
    "rename": _fixed("rename", "alpha", "gamma"),
    "notice": _fixed(
        "notice", "alpha", "--kind", "disputed", "--reason", "doubts", "--url", "https://board.example/1"
    ),
    "withdraw": _fixed("withdraw", "alpha", "--reason", "asked", "--url", "https://board.example/1"),
    "stale": _fixed("stale"),
    "rescore": _fixed("rescore", "alpha"),
    "supersede": _fixed("supersede", "alpha", "-t", "jupyterlab", "--reason", "a fault"),
    "missing": _fixed("missing"),
    "migrate": _fixed("migrate", "--check"),
    "request": _fixed("request", "request.md", "--author", "ada"),
    "review": _fixed("review", "HEAD~1", "HEAD", code=0),
    "build": Call(
        lambda board: ("build", "--out", str(board.output / "site"), "--base-url", "https://board.example/")
    ),
    "snapshot": Call(lambda board: ("snapshot", "--name", "2026-11", "--out", str(board.output))),
}
"""One call of each command; what only asks the Hub, serves until it is stopped or trains is not among them."""
