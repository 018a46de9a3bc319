from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.errors import Unwritable
from harness.object_store.file_cache import FileCache


def names(folder: Path) -> list[str]:
    return sorted(
        path.name for path in folder.rglob("*") if path.is_file() and path.name not in (".lock", "about.txt")
    )


def aged(folder: Path, *order: str) -> None:
    """Set the times of use of files, the first the longest ago."""
    for place, name in enumerate(order):
        os.utime(folder / name, (1000 + place, 1000 + place))


def test_what_was_not_read_for_longest_is_deleted_first(tmp_path: Path) -> None:
    cache = FileCache(tmp_path, 100, "outcomes of a board")
    for name in "abc":
        cache.keep(name, bytes(30))
    aged(tmp_path, "a", "b", "c")
    assert cache.read("a") == bytes(30)  # used now
    cache.keep("d", bytes(30))
    assert names(tmp_path) == ["a", "c", "d"]
    assert (tmp_path / "about.txt").read_text() == "outcomes of a board\n"


def test_a_file_above_the_limit_is_kept_until_the_next(tmp_path: Path) -> None:
    cache = FileCache(tmp_path, 100)
    cache.keep("large", bytes(500))
    assert names(tmp_path) == ["large"]
    aged(tmp_path, "large")
    cache.keep("small", bytes(10))
    assert names(tmp_path) == ["small"]


def test_what_a_crash_left_counts_and_is_deleted(tmp_path: Path) -> None:
    (tmp_path / ".x.partial").write_bytes(bytes(200))
    aged(tmp_path, ".x.partial")
    FileCache(tmp_path, 100).keep("a", bytes(10))
    assert names(tmp_path) == ["a"]


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(
        Unwritable, match=r"file/a cannot be written: .*\n +cure: free space, or set STILTBOARD_CACHE"
    ):
        FileCache(tmp_path / "file", 100).keep("a", b"")
    assert FileCache(tmp_path / "file", 100).read("a") is None
