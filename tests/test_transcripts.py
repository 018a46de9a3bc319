"""What docs show of commands is what the commands print."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import transcripts

# Those commands import torch each time; the slow lane runs them too.
_SLOW = "stiltboard evaluate"


@pytest.mark.parametrize("left_out", [_SLOW, pytest.param("", marks=pytest.mark.slow)])
@pytest.mark.parametrize("page", transcripts.PAGES, ids=lambda page: str(page.name))
def test_a_transcript_is_what_its_command_prints(page: Path, left_out: str, tmp_path: Path) -> None:
    shown = page.read_text("utf-8")
    assert transcripts.rewritten(shown, transcripts.make_board(tmp_path), left_out) == shown, (
        "python -m tests.support.transcripts"
    )


@pytest.mark.slow
@pytest.mark.parametrize("page", transcripts.EMPTY_FOLDER_PAGES, ids=lambda page: str(page.name))
def test_a_page_that_starts_in_an_empty_folder_leads_where_it_says(page: Path, tmp_path: Path) -> None:
    shown = page.read_text("utf-8")
    assert transcripts.rewritten(shown, tmp_path) == shown, "python -m tests.support.transcripts empty"


@pytest.mark.slow
def test_the_programs_of_the_page_on_training_print_what_it_shows(tmp_path: Path) -> None:
    shown = transcripts.TRAINING_PAGE.read_text("utf-8")
    printed = transcripts.rewritten(shown, transcripts.make_training_folder(tmp_path))
    assert transcripts.without_numbers(printed) == transcripts.without_numbers(shown)
    assert (tmp_path / "curve.svg").read_text("utf-8").startswith("<svg")
    assert (tmp_path / "row.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
