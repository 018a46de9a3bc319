"""Write the files of a new board; none that is already there is changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from harness.errors import BadInput, Fault, Where
from harness.store.board_settings import SETTINGS_FILE
from harness.store.files import replace_file
from harness.store.yaml.parser import scalar

EXAMPLE = "submissions/example-small"
_TEMPLATES = "templates.own_board"
_PLACES = {
    SETTINGS_FILE: "stiltboard.yaml",
    "README.md": "README.md",
    "requirements.txt": "requirements.txt",
    ".gitignore": "gitignore.txt",
    f"{EXAMPLE}/submission.yaml": "submission.yaml",
    f"{EXAMPLE}/results/jupyterlab.yaml": "jupyterlab.yaml",
    f"{EXAMPLE}/results/jupyterlab.parquet": "jupyterlab.parquet",
    **{
        f".github/workflows/{name}.yml": f"{name}.yml"
        for name in ("comment", "evaluate", "pages", "submission", "weights")
    },
    ".github/ISSUE_TEMPLATE/submission.yml": "request.yml",
    ".github/ISSUE_TEMPLATE/result.yml": "wrong-result.yml",
    ".github/PULL_REQUEST_TEMPLATE.md": "pull-request.md",
}
"""The files of a new board, each with the name of its template."""


def write_new_board(
    folder: Path, title: str, base_url: str, requirement: str, schemas: Mapping[str, str]
) -> list[Path]:
    """Write a board into a folder, which may have other files, and return the paths that were written.

    `requirement` is what its workflows install, by default this version; `schemas` are those of its files,
    by name. Raises BadInput, with nothing written, where a file is already there.
    """
    contents = _contents(title, base_url, requirement or f"stiltboard=={version('stiltboard')}")
    contents |= {f"docs/schema/{name}.json": text.encode() for name, text in schemas.items()}
    paths = {folder / name: data for name, data in contents.items()}
    _refuse_existing(folder, list(paths))
    try:
        for path, data in paths.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, data)
    except FileExistsError as reason:
        where = Where(str(reason.filename))
        raise BadInput("is a file, and a folder is needed", where=where, cure="name another folder") from None
    return list(paths)


def _contents(title: str, base_url: str, requirement: str) -> dict[str, bytes]:
    words = {
        "@TITLE@": title,
        "@BASE@": base_url or "null",
        "@SITE@": base_url or "https://USER.github.io/REPOSITORY",
        "@VERSION@": version("stiltboard"),
        "@REQUIREMENT@": requirement,
    }
    contents = {}
    for place, name in _PLACES.items():
        data = (files(_TEMPLATES) / name).read_bytes()
        if not place.endswith(".parquet"):
            text = data.decode()
            for word, value in words.items():
                is_yaml = place == SETTINGS_FILE and word == "@TITLE@"
                text = text.replace(word, scalar(value) if is_yaml else value)
            data = text.encode()
        contents[place] = data
    return contents


def _refuse_existing(folder: Path, paths: list[Path]) -> None:
    """Raise BadInput with every file that is already there, or if the folder is a file."""
    if folder.exists() and not folder.is_dir():
        raise BadInput("is a file", where=Where(str(folder)), cure="name a folder")
    existing = [path for path in paths if path.exists() or path.is_symlink()]
    if existing:
        faults = [Fault("is already there", Where(str(path))) for path in existing]
        cure = "init changes no file: move away what is listed, or name another folder"
        raise BadInput([*faults[:-1], replace(faults[-1], cure=cure)])
