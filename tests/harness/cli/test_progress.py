"""What is printed while long work goes on."""

from __future__ import annotations

import pytest

from harness.cli import progress
from harness.cli.progress import Lines


def test_a_run_of_the_same_size_as_the_one_before_begins_anew(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 0.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: now)
    lines = Lines("toy")
    for _ in range(2):  # two seeds encode the same text
        for _ in range(10):
            now += 20.0
            lines.encoded(5, 100, 1000)
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "toy: 15 texts, 300 of 1,000 tokens, 8 tokens/s, 93 s left"
    assert said[len(said) // 2] == said[0]
    assert not [line for line in said if " -" in line]
