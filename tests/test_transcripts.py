"""What docs show of commands is what the commands print."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import transcripts


@pytest.mark.parametrize("page", transcripts.PAGES, ids=lambda page: str(page.name))
def test_a_transcript_is_what_its_command_prints(page: Path, tmp_path: Path) -> None:
    shown = page.read_text("utf-8")
    assert transcripts.rewritten(shown, transcripts.make_board(tmp_path)) == shown, (
        "python -m tests.support.transcripts"
    )
