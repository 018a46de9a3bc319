"""Replace a site by a new one: the whole folder at once, or only the few files that changed."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path


def swap(fresh: Path, out: Path) -> None:
    """Replace the folder `out` by `fresh`; on an error `out` stays as it was."""
    old = fresh.with_suffix(".old")
    if out.exists():
        out.rename(old)
    try:
        fresh.rename(out)
    except OSError:
        if old.exists():
            old.rename(out)
        raise
    shutil.rmtree(old, ignore_errors=True)


def merge(fresh: Path, out: Path, moves: Iterable[tuple[str | None, str]]) -> None:
    """Move files from one folder into another, in order.

    A move is (name in `fresh`, name in `out`); None as the first removes the file. On an error or an
    interrupt everything is moved back. No data are written, so this works on a full disk.
    """
    aside = fresh.with_suffix(".old")
    done: list[tuple[Path, Path]] = []  # source, destination
    touched: set[Path] = set()
    try:
        for number, (source, name) in enumerate(moves):
            destination = out / name
            touched.add(destination.parent)
            if destination.exists():
                aside.mkdir(exist_ok=True)
                _move(destination, aside / str(number), done)
            if source is not None:
                destination.parent.mkdir(parents=True, exist_ok=True)
                _move(fresh / source, destination, done)
    except BaseException:
        _undo(done)
        raise
    finally:
        _prune(out, touched)
        shutil.rmtree(aside, ignore_errors=True)


def _move(source: Path, destination: Path, done: list[tuple[Path, Path]]) -> None:
    source.rename(destination)
    done.append((source, destination))


def _undo(done: Sequence[tuple[Path, Path]]) -> None:
    for source, destination in reversed(done):
        source.parent.mkdir(parents=True, exist_ok=True)
        destination.rename(source)


def _prune(top: Path, folders: Iterable[Path]) -> None:
    """Remove empty folders below `top`."""
    for folder in folders:
        for parent in (folder, *folder.parents):
            if top not in parent.parents:
                break
            with suppress(OSError):  # not empty
                parent.rmdir()
