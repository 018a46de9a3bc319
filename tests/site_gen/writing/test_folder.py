from __future__ import annotations

import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from harness.errors import BadInput
from site_gen.writing.folder import MARKER, write_site
from site_gen.writing.output import Output
from tests.support.folders import ROOT, tree

FILES = {"index.html": b"one", "data/x.json": b"{}"}


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
    assert [str(fault.where) for fault in caught.value.faults] == [
        str(out / ".git"),
        str(out / "data" / "notes.txt"),
    ]
    assert (out / "data" / "notes.txt").read_bytes() == b"mine"


def test_a_repository_in_a_site_is_one_fault_and_kept(tmp_path: Path) -> None:
    out = tmp_path / "public"
    write_site(FILES, out)
    for number in range(30):
        path = out / f".git/objects/{number:02x}/a"
        path.parent.mkdir(parents=True)
        path.write_bytes(b"x")
    with pytest.raises(BadInput) as caught:
        write_site(FILES, out)
    assert str(caught.value) == (
        f"{out}/.git: this is a git repository, and replacing the site would delete it\n"
        "    cure: build into another folder with --out; `stiltboard publish` commits a site to a branch"
    )
    assert len(list((out / ".git").rglob("a"))) == 30
    (out / "data/mine").mkdir()
    for name in ("a", "b"):
        (out / "data/mine" / name).write_bytes(b"mine")
    shutil.rmtree(out / ".git")
    with pytest.raises(
        BadInput, match=r"data/mine: no build wrote these 2 files, .*\n    cure: move it away$"
    ):
        write_site(FILES, out)


def test_very_many_foreign_files_are_counted(tmp_path: Path) -> None:
    out = tmp_path / "public"
    write_site(FILES, out)
    for number in range(50):
        (out / f"note-{number}").write_bytes(b"mine")
    with pytest.raises(BadInput) as caught:
        write_site(FILES, out)
    assert len(caught.value.faults) == 21
    assert caught.value.faults[-1].message == "30 more are no build's"


@pytest.mark.parametrize("name", [".DS_Store", "data/.DS_Store", "Thumbs.db", "data/desktop.ini"])
@pytest.mark.parametrize("files", [{}, {"added.html": b"x"}], ids=["all", "a few"])
def test_what_a_file_manager_leaves_is_no_obstacle(
    tmp_path: Path, name: str, files: dict[str, bytes]
) -> None:
    out = tmp_path / "public"
    before = FILES | {f"page-{number}.html": b"page" for number in range(20)}
    write_site(before, out)
    (out / name).write_bytes(b"where icons are")
    write_site(before | files, out)
    assert all((out / path).read_bytes() == data for path, data in (before | files).items())
    write_site({"index.html": b"new"}, out)
    assert (out / "index.html").read_bytes() == b"new"


def test_a_link_in_the_place_of_a_folder_is_not_followed(tmp_path: Path) -> None:
    out = tmp_path / "public"
    write_site(FILES, out)
    (out / "data").rename(tmp_path / "elsewhere")
    (out / "data").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BadInput, match="no build wrote this file"):
        write_site(FILES, out)


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


MANY = {f"pages/{number}.html": b"%d" % number for number in range(30)} | {
    "data/old/x.json": b"{}",
    "index.html": b"one",
}


def as_outputs(files: dict[str, bytes]) -> dict[str, Output]:
    return {name: Output(partial(bytes, data), data) for name, data in files.items()}


def test_a_few_changes_are_moved_into_the_site_and_what_is_gone_leaves_no_folder(tmp_path: Path) -> None:
    out = tmp_path / "public"
    before = write_site(as_outputs(MANY), out)
    folder, page = out.stat().st_ino, (out / "pages/1.html").stat().st_ino
    changed = {**MANY, "index.html": b"two", "data/new/y.json": b"[]"}
    del changed["data/old/x.json"]
    after = write_site(as_outputs(changed), out, before)
    assert tree(tmp_path) == {f"public/{name}": data for name, data in changed.items()} | {
        f"public/{MARKER}": "".join(f"{name}\n" for name in sorted(changed)).encode()
    }
    assert not (out / "data" / "old").exists()
    assert (out.stat().st_ino, (out / "pages/1.html").stat().st_ino) == (folder, page)
    assert after.keys() == changed.keys()
    assert after["pages/1.html"] == before["pages/1.html"] and after["index.html"] != before["index.html"]


@pytest.mark.parametrize("kept", range(1, 9))
def test_a_move_that_fails_brings_every_file_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    out = tmp_path / "public"
    before = write_site(as_outputs(MANY), out)
    there = tree(tmp_path)
    changed = {**MANY, "index.html": b"two", "data/new/y.json": b"[]"}
    del changed["data/old/x.json"]
    rename, moves = Path.rename, []

    def refuse_one(self: Path, target: Path) -> Path:
        moves.append(target)
        if len(moves) == kept:
            raise OSError(13, "Permission denied")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse_one)
    with pytest.raises(OSError, match="Permission denied"):
        write_site(as_outputs(changed), out, before)
    assert tree(tmp_path) == there
    assert not (out / "data" / "new").exists()


def test_a_build_that_was_killed_between_two_moves_leaves_a_site_that_the_next_one_makes_whole(
    tmp_path: Path,
) -> None:
    out = tmp_path / "public"
    before = write_site(as_outputs(MANY), out)
    changed = {**MANY, "index.html": b"two", "data/new/y.json": b"[]"}
    del changed["data/old/x.json"]
    code = (
        "import os, sys; from pathlib import Path; from tests.site_gen.writing.test_folder import as_outputs, MANY\n"
        "from site_gen.writing import folder, swap\n"
        "move, done = swap._move, []\n"
        "def killed(*given):\n"
        "    done.append(1)\n"
        "    if len(done) == 4: os._exit(9)\n"
        "    move(*given)\n"
        "swap._move = killed\n"
        "out = Path(sys.argv[1])\n"
        "before = {name: folder.Written(data, *folder._stat((out / name).lstat())) for name, data in MANY.items()}\n"
        "files = {**MANY, 'index.html': b'two', 'data/new/y.json': b'[]'}; del files['data/old/x.json']\n"
        "folder.write_site(as_outputs(files), out, before)\n"
    )
    assert subprocess.run([sys.executable, "-c", code, str(out)], check=False, cwd=ROOT).returncode == 9
    assert tree(out)[MARKER].count(b"json") == 2  # the old files and the new ones
    (out / "data" / "new").mkdir(exist_ok=True)
    write_site(as_outputs(changed), out, before)
    assert {name: data for name, data in tree(out).items() if name != MARKER} == changed
