"""What a newer result lacks, beyond seeds, languages and examples; and memory where it cannot be bounded."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.review import memory
from harness.review.losses import shrinkage
from tests.support.boards import result


def test_fewer_languages_of_a_target_and_a_lost_score_are_listed() -> None:
    old = result("toy", [{"de": 50, "fi": 60}])
    assert shrinkage(old, old) == []
    assert shrinkage(old, old.model_copy(update={"of": 1})) == ["1 of the target's 2 languages"]
    assert shrinkage(old, old.model_copy(update={"score": None})) == ["the score over all languages"]


def test_without_proc_memory_is_not_bounded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = memory.resource.getrlimit(memory.resource.RLIMIT_AS)
    monkeypatch.setattr(memory, "Path", lambda _: tmp_path / "no-such-file")
    with memory.bounded_memory():
        assert memory.resource.getrlimit(memory.resource.RLIMIT_AS) == before
