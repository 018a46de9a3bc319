"""Put what was made beside a site in its place: the whole folder at once, or the few files that changed."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path


def swap(fresh: Path, out: Path) -> None:
    """Put a folder in the place of another, which is deleted; on an error the other one stays."""
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
    """Move files of one folder into another, in order: (name in `fresh`, or None where one is only taken away, name in `out`).

    On an error, or when somebody interrupts it, all is as it was. Nothing is written, so that a full disk is
    no reason to fail.
    """
    aside = fresh.with_suffix(".old")
    done: list[tuple[Path, Path]] = []  # from where, to where
    touched: set[Path] = set()
    try:
        for number, (source, name) in enumerate(moves):
            place = out / name
            touched.add(place.parent)
            if place.exists():
                aside.mkdir(exist_ok=True)
                _move(place, aside / str(number), done)
            if source is not None:
                place.parent.mkdir(parents=True, exist_ok=True)
                _move(fresh / source, place, done)
    except BaseException:
        _undo(done)
        raise
    finally:
        _prune(out, touched)
        shutil.rmtree(aside, ignore_errors=True)


def _move(source: Path, place: Path, done: list[tuple[Path, Path]]) -> None:
    source.rename(place)
    done.append((source, place))


def _undo(done: Sequence[tuple[Path, Path]]) -> None:
    for source, place in reversed(done):
        source.parent.mkdir(parents=True, exist_ok=True)
        place.rename(source)


def _prune(top: Path, folders: Iterable[Path]) -> None:
    """Remove folders below `top` that nothing is left in."""
    for folder in folders:
        for each in (folder, *folder.parents):
            if top not in each.parents:
                break
            with suppress(OSError):  # not empty
                each.rmdir()
