from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from site_gen.reading.folder_state import FolderState, folder_states
from site_gen.serving import watch
from site_gen.serving.watch import changes
from tests.support.folders import SITE_SUBMISSIONS

FIRST, SECOND = "beacon-b-english", "lodestar-b-none"


@pytest.fixture
def submissions(tmp_path: Path) -> Path:
    shutil.copytree(SITE_SUBMISSIONS / FIRST, tmp_path / "submissions" / FIRST)
    return tmp_path / "submissions"


@pytest.fixture(params=["told", pytest.param("looking", marks=pytest.mark.slow)])
def found(
    request: pytest.FixtureRequest, submissions: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Mapping[str, FolderState]]:
    """Return the changes as the system tells of them, and as they are seen where it cannot."""
    if request.param == "looking":

        def refuse(*_: object, **__: object) -> Iterator[object]:
            raise OSError("OS file watch limit reached")

        monkeypatch.setattr(watch, "watch", refuse)
    return changes(submissions, folder_states(submissions), between=0.01)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def later(act: object) -> None:
    threading.Timer(0.5, act).start()  # type: ignore[arg-type]  # by then we listen


def test_what_changed_before_anybody_listened_is_seen(
    submissions: Path, found: Iterator[Mapping[str, FolderState]]
) -> None:
    write(submissions / FIRST / "submission.yaml", "changed")
    assert next(found) == folder_states(submissions)


def test_a_row_that_is_withdrawn_and_what_its_tombstone_says_are_seen(
    submissions: Path, found: Iterator[Mapping[str, FolderState]]
) -> None:
    write(submissions / FIRST / "submission.yaml", "changed")
    next(found)
    stone = submissions / FIRST / "tombstone.yaml"
    for act in (
        lambda: (submissions / FIRST / "submission.yaml").rename(stone),
        lambda: write(stone, "another reason"),
    ):
        later(act)
        assert next(found) == folder_states(submissions)


def test_a_file_that_is_written_taken_away_or_put_into_a_new_folder_is_seen(
    submissions: Path, found: Iterator[Mapping[str, FolderState]]
) -> None:
    card = submissions / FIRST / "submission.yaml"
    write(card, "changed")
    before = next(found)
    results = submissions / FIRST / "results"
    shutil.rmtree(results, ignore_errors=True)
    for act in (
        lambda: write(card, "and again"),
        lambda: write(results / "pair.yaml", "a result"),
        lambda: write(results / "pair.yaml", "another result"),
        (results / "pair.yaml").unlink,
    ):
        later(act)
        while next(found) == before:
            pass
        now = folder_states(submissions)
        assert now[FIRST].digest != before[FIRST].digest
        before = now


def test_a_submission_that_comes_or_goes_is_seen(
    submissions: Path, found: Iterator[Mapping[str, FolderState]]
) -> None:
    write(submissions / FIRST / "submission.yaml", "changed")
    assert next(found).keys() == {FIRST}
    later((submissions / SECOND).mkdir)
    later(
        lambda: threading.Timer(0.5, lambda: write(submissions / SECOND / "submission.yaml", "new")).start()
    )
    assert next(found).keys() == {FIRST, SECOND}
    later((submissions / FIRST / "submission.yaml").unlink)
    assert next(found).keys() == {SECOND}
    later(lambda: shutil.rmtree(submissions / SECOND))
    assert next(found).keys() == set()


def test_the_settings_of_the_board_and_what_they_name_are_seen(
    submissions: Path, found: Iterator[Mapping[str, FolderState]]
) -> None:
    write(submissions / FIRST / "submission.yaml", "changed")
    before = next(found)
    settings = submissions.parent / "stiltboard.yaml"
    for act in (
        lambda: write(settings, "schema: 1\nlogo: pictures/logo.svg\n"),
        lambda: write(submissions.parent / "pictures/logo.svg", "<svg/>"),
        lambda: write(submissions.parent / "pictures/logo.svg", "<svg></svg>"),
        settings.unlink,
    ):
        later(act)
        assert next(found) == before


def test_a_fault_is_told_once_and_does_not_end_the_watching(
    submissions: Path, found: Iterator[Mapping[str, FolderState]], capsys: pytest.CaptureFixture[str]
) -> None:
    (submissions / "linked").symlink_to(SITE_SUBMISSIONS / SECOND)
    later((submissions / "linked").unlink)
    later(lambda: shutil.copytree(SITE_SUBMISSIONS / SECOND, submissions / SECOND))
    assert next(found).keys() >= {FIRST}
    assert capsys.readouterr().err.count("linked") == 1


def test_only_the_folder_that_something_happened_in_is_looked_at(
    submissions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(SITE_SUBMISSIONS / SECOND, submissions / SECOND)
    found = changes(submissions, {})
    assert next(found).keys() == {FIRST, SECOND}
    looked: list[str] = []
    look = watch.folder_state

    def record(folder: Path, paired: bool) -> FolderState:
        looked.append(folder.name)
        return look(folder, paired)

    monkeypatch.setattr(watch, "folder_state", record)
    monkeypatch.delattr(watch, "folder_states")
    later(lambda: write(submissions / SECOND / "submission.yaml", "changed"))
    assert next(found)[SECOND] == look(submissions / SECOND, True)
    assert set(looked) == {SECOND}


def test_what_the_system_does_not_tell_of_is_seen_after_a_while(
    submissions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "watch", lambda *_, **__: iter(set, None))
    found = changes(submissions, folder_states(submissions), look_again=0.2)
    later(lambda: write(submissions / FIRST / "submission.yaml", "changed"))
    assert next(found).keys() == {FIRST}


def test_a_folder_that_comes_while_the_system_is_asked_to_watch_is_watched(
    submissions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    really_watch = watch.watch
    come = iter([SECOND])

    def late(*folders: Path, **how: Any) -> Iterator[object]:
        if slug := next(come, ""):
            shutil.copytree(SITE_SUBMISSIONS / slug, submissions / slug)
        return really_watch(*folders, **how)

    monkeypatch.setattr(watch, "watch", late)
    found = changes(submissions, folder_states(submissions))
    assert next(found).keys() == {FIRST, SECOND}
    later(lambda: write(submissions / SECOND / "submission.yaml", "changed"))
    assert next(found)[SECOND] == watch.folder_state(submissions / SECOND, True)


def test_a_look_that_a_file_went_during_is_made_up_for(
    submissions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(SITE_SUBMISSIONS / SECOND, submissions / SECOND)
    monkeypatch.setattr(
        watch,
        "_notices",
        lambda *_: iter(watch._Notice(frozenset(each)) for each in ([FIRST, SECOND], [SECOND])),
    )
    faults = iter([FileNotFoundError()])
    look = watch.folder_state

    def went(folder: Path, paired: bool) -> FolderState:
        for fault in faults:
            raise fault
        return look(folder, paired)

    monkeypatch.setattr(watch, "folder_state", went)
    seen = folder_states(submissions)
    write(submissions / FIRST / "submission.yaml", "changed")
    assert [states[FIRST].digest for states in changes(submissions, seen)] == [
        look(submissions / FIRST, True).digest
    ]


def test_names_that_are_no_text_stop_nothing(submissions: Path) -> None:
    found = changes(submissions, folder_states(submissions), between=0.01)
    Path(os.fsdecode(os.fsencode(submissions) + b"/caf\xe9")).mkdir()
    write(submissions / FIRST / "submission.yaml", "changed")
    assert next(found).keys() == {FIRST}
    later(
        lambda: Path(os.fsdecode(os.fsencode(submissions / FIRST) + b"/r\xe9sultat.txt")).write_text("text")
    )
    assert next(found).keys() == {FIRST}
    later(lambda: write(submissions / FIRST / "submission.yaml", "changed again"))
    assert next(found).keys() == {FIRST}


def test_a_folder_that_cannot_be_looked_at_is_told_once(
    submissions: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    faults = iter(
        [PermissionError(13, "Permission denied", "a"), PermissionError(13, "Permission denied", "a")]
    )
    look = watch.folder_states

    def refused(folder: Path) -> dict[str, FolderState]:
        for fault in faults:
            raise fault
        return look(folder)

    seen = folder_states(submissions)
    monkeypatch.setattr(watch, "folder_states", refused)
    monkeypatch.setattr(watch, "_notices", lambda *_: iter([watch._Notice(None)] * 3))
    write(submissions / FIRST / "submission.yaml", "changed")
    assert [states.keys() for states in changes(submissions, seen)] == [{FIRST}]
    assert capsys.readouterr().err.count("cannot read the submissions") == 1


def test_where_nothing_is_told_the_rest_is_as_long_as_the_look_not_as_the_build(
    submissions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rests: list[float] = []
    monkeypatch.setattr(watch, "_notices", lambda *_: iter([watch._Notice(None, is_listening=False)] * 2))
    monkeypatch.setattr(watch.time, "sleep", rests.append)
    for _ in changes(submissions, {}, between=0.01):
        threading.Event().wait(1.0)  # the build
    assert len(rests) == 2 and max(rests) < 1
