from __future__ import annotations

import hashlib
import os
import tarfile
from pathlib import Path

import pytest

from harness.errors import BadInput
from harness.store.archive import SUMS, write_archive, write_folder


def test_an_archive_depends_on_names_and_contents_only(tmp_path: Path) -> None:
    stored = tmp_path / "stored"
    stored.write_bytes(b"on disk")
    write_archive(tmp_path / "first.tar.gz", "top", {"b/x": stored, "a": b"in memory"}, 1_000_000_000)
    stored.chmod(0o600)
    os.utime(stored, (1, 1))
    write_archive(tmp_path / "second.tar.gz", "top", {"a": b"in memory", "b/x": stored}, 1_000_000_000)
    assert (tmp_path / "first.tar.gz").read_bytes() == (tmp_path / "second.tar.gz").read_bytes()
    with tarfile.open(tmp_path / "first.tar.gz") as archive:
        members = archive.getmembers()
        assert [member.name for member in members] == [f"top/{SUMS}", "top/a", "top/b/x"]
        assert {(m.mode, m.uid, m.gid, m.uname, m.gname, m.mtime) for m in members} == {
            (0o644, 0, 0, "", "", 1_000_000_000)
        }
        sums = archive.extractfile(members[0])
        assert sums is not None
        digests = [hashlib.sha256(content).hexdigest() for content in (b"in memory", b"on disk")]
        assert sums.read().decode() == f"{digests[0]}  a\n{digests[1]}  b/x\n"


def test_a_folder_is_written_completely_or_not_at_all(tmp_path: Path) -> None:
    def fill(folder: Path) -> None:
        (folder / "more").write_bytes(b"more")

    def fail(folder: Path) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(BadInput, match="No space left"):
        write_folder(tmp_path / "out", {"a": b"1"}, fail)
    assert list(tmp_path.iterdir()) == []
    write_folder(tmp_path / "out", {"a": b"1"}, fill)
    lines = (tmp_path / "out" / SUMS).read_text().splitlines()
    assert [line.split()[1] for line in lines] == ["a", "more"]
    with pytest.raises(BadInput, match="File exists"):
        write_folder(tmp_path / "out", {"a": b"2"}, fill)
    assert (tmp_path / "out/a").read_bytes() == b"1"


def test_no_part_of_an_archive_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("harness.store.archive._add", full)
    with pytest.raises(OSError, match="No space left"):
        write_archive(tmp_path / "out.tar.gz", "top", {"a": b"1"}, 0)
    assert list(tmp_path.iterdir()) == []
