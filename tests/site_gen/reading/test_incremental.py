"""What is kept from one build to the next: never a byte of another site than a build from nothing writes."""

from __future__ import annotations

import gc
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
import weakref
from pathlib import Path
from random import Random
from types import ModuleType

import pytest
from filelock import FileLock

from site_gen import build as building
from site_gen.build import Builder, build
from site_gen.reading import build_cache, incremental
from tests.support.folders import SITE_SUBMISSIONS, tree

FEW = ("lantern-b-none", "lodestar-b-none", "lodestar-b-english", "lodestar-xl-english", "reported-beacon")
SQLITE_MOST = 10_000
"""Pages, enough for every board of a test."""
CODE = (
    "import sys; from pathlib import Path; from site_gen.build import build; build(*map(Path, sys.argv[1:]))"
)


@pytest.fixture
def submissions(tmp_path: Path) -> Path:
    for slug in FEW:
        shutil.copytree(SITE_SUBMISSIONS / slug, tmp_path / "submissions" / slug)
    return tmp_path / "submissions"


def change(submissions: Path) -> None:
    """Let one submission's score pass another one's, so that ranks on other pages change too."""
    path = submissions / "lodestar-b-none" / "submission.yaml"
    path.write_text(path.read_text().replace("Lodestar Base", "Lodestar Base again"))
    shutil.rmtree(submissions / "lodestar-b-english")


@pytest.mark.parametrize("pages", [24, *(pytest.param(pages, marks=pytest.mark.slow) for pages in (16, 36))])
def test_a_full_disk_under_the_cache_costs_time_only(
    submissions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pages: int
) -> None:
    out = tmp_path / "public"
    build(submissions, tmp_path / "undisturbed")
    monkeypatch.setenv("STILTBOARD_CACHE", str(tmp_path / "full"))
    prepare, full = build_cache._prepare, []

    def small(connection: sqlite3.Connection) -> sqlite3.Connection:
        prepared = prepare(connection)
        is_file = bool(prepared.execute("PRAGMA database_list").fetchone()[2])
        most = pages if is_file else SQLITE_MOST
        full.append(prepared.execute(f"PRAGMA max_page_count = {most}").fetchone()[0])
        return prepared

    monkeypatch.setattr(build_cache, "_prepare", small)
    build(submissions, out)
    assert tree(out) == tree(tmp_path / "undisturbed")
    change(submissions)
    build(submissions, out)
    monkeypatch.setattr(build_cache, "_prepare", prepare)
    build(submissions, tmp_path / "changed")
    assert tree(out) == tree(tmp_path / "changed")
    assert set(full) == {pages, SQLITE_MOST}  # on the disk, then in memory


def test_what_is_written_after_a_change_is_what_a_build_from_nothing_writes_anywhere(
    submissions: Path, tmp_path: Path
) -> None:
    out = tmp_path / "public"
    build(submissions, out)
    before = {path: (out / path).stat().st_ino for path in tree(out)}
    change(submissions)
    build(submissions, out)
    after = tree(out)
    environment = {
        **os.environ,
        "STILTBOARD_CACHE": str(tmp_path / "other"),
        "TZ": "Pacific/Kiritimati",
        "PYTHONHASHSEED": "7",
    }
    anew = tmp_path / "anew"
    subprocess.run([sys.executable, "-c", CODE, str(submissions), str(anew)], check=True, env=environment)
    assert after == tree(anew)
    assert (out / "submissions/lantern-b-none.html").stat().st_ino == before[
        "submissions/lantern-b-none.html"
    ]
    assert (out / "submissions/lodestar-b-none.html").stat().st_ino != before[
        "submissions/lodestar-b-none.html"
    ]


def test_an_edited_page_is_written_again_and_a_damaged_shelf_is_dropped(
    submissions: Path, tmp_path: Path
) -> None:
    out = tmp_path / "public"
    build(submissions, out)
    first = tree(out)
    (out / "submissions/lantern-b-none.html").write_text("edited")
    build(submissions, out)
    assert tree(out) == first
    (shelf,) = (tmp_path / "cache" / "site").glob("*.sqlite")
    shelf.write_bytes(b"no database" * 1000)
    (out / "submissions/lantern-b-none.html").unlink()
    build(submissions, out)
    assert tree(out) == first


def test_a_part_that_does_not_decompress_is_made_again(submissions: Path, tmp_path: Path) -> None:
    out = tmp_path / "public"
    build(submissions, out)
    first = tree(out)
    (shelf,) = (tmp_path / "cache" / "site").glob("*.sqlite")
    with sqlite3.connect(shelf) as connection:
        connection.execute("UPDATE parts SET packed = x'00'")
    connection.close()
    shutil.rmtree(out)
    build(submissions, out)
    assert tree(out) == first


def test_only_what_changed_is_read_again(
    submissions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    whole = incremental.read_entry

    def counted(folder: Path, paired: bool) -> object:
        read.append(folder.name)
        return whole(folder, paired)

    monkeypatch.setattr(incremental, "read_entry", counted)
    build(submissions, tmp_path / "public")
    assert sorted(read) == sorted(FEW)
    change(submissions)
    touched = submissions / "lantern-b-none" / "submission.yaml"
    os.utime(touched, ns=(time.time_ns(), time.time_ns()))
    read.clear()
    build(submissions, tmp_path / "public")
    assert read == ["lodestar-b-none"]


def test_a_submission_with_a_fault_is_named_and_the_others_are_shown_until_it_is_mended(
    submissions: Path, tmp_path: Path
) -> None:
    out = tmp_path / "public"
    build(submissions, out)
    first = tree(out)
    path = submissions / "lodestar-b-none" / "results" / "tatoeba.yaml"
    text = path.read_text()
    path.write_text(text.replace("metric: accuracy", "metric: luck"))
    for _ in range(2):
        site = build(submissions, out)
        assert [fault.message for fault in site.faults] == ["metric: expected accuracy, found 'luck'"]
        assert "lodestar-b-none is not shown:</strong> metric: expected accuracy" in site.index.read_text()
        assert not (out / "submissions/lodestar-b-none.html").exists()
        assert (out / "submissions/lodestar-b-english.html").exists()
    path.write_text(text)
    build(submissions, out)
    assert tree(out) == first


@pytest.mark.slow
def test_a_builder_that_holds_what_it_read_writes_what_a_build_from_nothing_writes(
    submissions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(SITE_SUBMISSIONS, tmp_path / "all")
    for path in (tmp_path / "all").iterdir():
        shutil.copytree(path, submissions / path.name, dirs_exist_ok=True)
    builder, out, dice = Builder(submissions, tmp_path / "public"), tmp_path / "public", Random(0)
    builder.build()
    for number in range(8):
        for _ in range(dice.randint(1, 3)):
            edit(submissions, tmp_path / "all", dice)
        builder.build()
        anew = tmp_path / f"anew-{number}"
        with monkeypatch.context() as apart:
            apart.setenv("STILTBOARD_CACHE", str(tmp_path / f"cache-{number}"))
            build(submissions, anew)
        assert tree(out) == tree(anew)


def edit(submissions: Path, whole: Path, dice: Random) -> None:
    """Take a submission or a result away, bring all of one back, or give one another title."""
    slug = dice.choice(sorted(path.name for path in whole.iterdir()))
    there = submissions / slug
    results = sorted((there / "results").glob("*.yaml"))
    kind = dice.randrange(4)
    if kind == 0 or not there.exists():
        shutil.copytree(whole / slug, there, dirs_exist_ok=True)
    elif kind == 1:
        shutil.rmtree(there)
    elif kind == 2 and results:
        for path in (there / "results").glob(f"{dice.choice(results).stem}.*"):
            path.unlink()
    else:
        card = there / "submission.yaml"
        card.write_text(
            re.sub(
                r"^title: .*$", f"title: Edited {dice.randrange(1000)}", card.read_text(), flags=re.MULTILINE
            )
        )


def test_what_did_not_change_is_neither_ranked_nor_lined_up_again(submissions: Path, tmp_path: Path) -> None:
    builder = Builder(submissions, tmp_path / "public")
    before = builder.build().board
    change(submissions)
    after = builder.build().board
    kept = {row.slug for row in before.rows} & {row.slug for row in after.rows} - {"lodestar-b-none"}
    old, new = ({row.slug: row for row in board.rows} for board in (before, after))
    demo = "jupyterlab"
    assert all(new[slug].cells[demo] is old[slug].cells[demo] for slug in kept if demo in old[slug].cells)
    assert new["lodestar-b-none"] is not old["lodestar-b-none"]
    assert builder.build().board.standings == after.standings
    assert all(
        one is other for one, other in zip(builder.build().board.standings, after.standings, strict=True)
    )


def test_peoples_own_target_goes_with_its_last_result(submissions: Path, tmp_path: Path) -> None:
    builder = Builder(submissions, tmp_path / "public")
    builder.build()
    for result in (submissions / "lantern-b-none" / "results").glob("bitext.*"):
        result.unlink()
    builder.build()
    build(submissions, tmp_path / "anew")
    assert tree(tmp_path / "public") == tree(tmp_path / "anew")


def test_a_builder_lets_go_of_rows_that_others_took_the_place_of(submissions: Path, tmp_path: Path) -> None:
    builder = Builder(submissions, tmp_path / "public")
    rows = [weakref.ref(row) for row in builder.build().board.rows if row.slug.startswith("lodestar-b-")]
    change(submissions)  # the collector is not asked: it does not look at what a build froze
    builder.build()
    assert [row() for row in rows] == [None, None]


def test_a_folder_that_changes_while_it_is_read_is_read_again(
    submissions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = submissions / "lodestar-b-none" / "submission.yaml"
    first = card.read_text()
    texts = iter([first.replace("Lodestar Base", "Lighthouse")])
    read_entry = incremental.read_entry

    def written_meanwhile(folder: Path, paired: bool) -> object:
        if folder == card.parent and (text := next(texts, "")):
            card.write_text(text)
        return read_entry(folder, paired)

    monkeypatch.setattr(incremental, "read_entry", written_meanwhile)
    page = tmp_path / "public" / "submissions" / "lodestar-b-none.html"
    build(submissions, tmp_path / "public")
    assert "Lighthouse" in page.read_text()
    card.write_text(first)
    build(submissions, tmp_path / "public")
    assert "Lighthouse" not in page.read_text()
    texts = iter(f"{first}# {number}\n" for number in range(100))
    card.write_text(f"{first}# more\n")
    (fault,) = build(submissions, tmp_path / "public").faults
    assert fault.message == "the files change while they are read"


def test_a_build_goes_on_where_another_was_killed_and_beside_one_that_runs(
    submissions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    read_entry = incremental.read_entry

    def killed(folder: Path, paired: bool) -> object:
        read.append(folder.name)
        if len(read) == 3:
            raise KeyboardInterrupt
        return read_entry(folder, paired)

    monkeypatch.setattr(incremental, "_SAVE_EVERY", 1)
    monkeypatch.setattr(incremental, "read_entry", killed)
    with pytest.raises(KeyboardInterrupt):
        build(submissions, tmp_path / "public")
    build(submissions, tmp_path / "public")
    assert sorted(read) == sorted([*FEW, read[2]])
    (shelf,) = (tmp_path / "cache" / "site").glob("*.sqlite")
    with FileLock(shelf.with_suffix(".lock")):
        build(submissions, tmp_path / "beside")
    assert tree(tmp_path / "beside") == tree(tmp_path / "public")


def test_what_is_let_go_of_while_folders_are_read_and_files_written_is_collected(
    submissions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A process that is forked where the collector is off has it off for good: five gigabytes at ten thousand
    # submissions.
    on: list[tuple[str, bool]] = []

    def noting(module: ModuleType, name: str) -> None:
        work = getattr(module, name)
        monkeypatch.setattr(
            module,
            name,
            lambda *given, **named: (on.append((name, gc.isenabled())), work(*given, **named))[1],
        )

    noting(incremental, "in_processes")
    noting(building, "make_board")
    noting(building, "write_site")
    build(submissions, tmp_path / "public")
    assert on == [("in_processes", True), ("make_board", False), ("write_site", True)]
    assert gc.isenabled()
