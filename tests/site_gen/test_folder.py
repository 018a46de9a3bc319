from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import BadInput
from site_gen.folder import MARKER, write_site

FILES = {"index.html": b"one", "data/x.json": b"{}"}


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_second_site_replaces_the_first_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    out = tmp_path / "a" / "public"
    write_site(FILES, out)
    write_site({"index.html": b"two"}, out)
    assert tree(tmp_path) == {"a/public/index.html": b"two", f"a/public/{MARKER}": b"index.html\n"}


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    out = tmp_path / "public"
    out.mkdir()
    write_site(FILES, out)
    assert tree(out) == {**FILES, MARKER: b"data/x.json\nindex.html\n"}


def test_a_folder_that_no_build_wrote_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_bytes(b"years of work")
    with pytest.raises(BadInput) as caught:
        write_site(FILES, tmp_path)
    assert str(caught.value.faults[0]) == (
        f"{tmp_path}: the output folder holds files, and no earlier build wrote it\n"
        "    cure: name a folder that does not exist yet, or one that an earlier build wrote, with --out"
    )
    assert tree(tmp_path) == {"thesis.tex": b"years of work"}


def test_a_file_put_into_a_site_is_named_and_not_deleted(tmp_path: Path) -> None:
    out = tmp_path / "public"
    write_site(FILES, out)
    (out / "data" / "notes.txt").write_bytes(b"mine")
    (out / ".git").mkdir()
    with pytest.raises(BadInput) as caught:
        write_site(FILES, out)
    assert [str(fault.where) for fault in caught.value.faults] == [str(out / ".git"), str(out / "data" / "notes.txt")]
    assert (out / "data" / "notes.txt").read_bytes() == b"mine"


@pytest.mark.parametrize("kind", ["file", "link"])
def test_only_a_real_folder_is_an_output(tmp_path: Path, kind: str) -> None:
    out = tmp_path / "public"
    if kind == "file":
        out.write_bytes(b"")
    else:
        (tmp_path / "elsewhere").mkdir()
        out.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BadInput, match="not a folder" if kind == "file" else "a symbolic link"):
        write_site(FILES, out)


def test_a_write_that_fails_leaves_the_old_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "public"
    write_site(FILES, out)
    before = tree(tmp_path)

    def full_disk(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full_disk)
    with pytest.raises(OSError, match="No space left"):
        write_site({"index.html": b"two"}, out)
    monkeypatch.undo()
    assert tree(tmp_path) == before


def test_a_swap_that_fails_brings_the_old_site_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "public"
    write_site(FILES, out)
    before = tree(tmp_path)
    rename = Path.rename

    def refuse_new(self: Path, target: Path) -> Path:
        if self.name.endswith(".new"):
            raise OSError(13, "Permission denied")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse_new)
    with pytest.raises(OSError, match="Permission denied"):
        write_site({"index.html": b"two"}, out)
    assert tree(tmp_path) == before
