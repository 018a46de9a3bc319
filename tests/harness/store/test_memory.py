"""Memory that reading may take, and where it cannot be bounded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.store import memory


def test_memory_is_bounded_only_within() -> None:
    before = memory.resource.getrlimit(memory.resource.RLIMIT_AS)
    with pytest.raises(MemoryError), memory.bounded_memory(2**26):
        np.ones(2**27)
    assert memory.resource.getrlimit(memory.resource.RLIMIT_AS) == before
    assert np.ones(2**24).sum() == 2**24


def test_a_limit_within_another_raises_it_nowhere() -> None:
    with memory.bounded_memory(2**26):
        outer = memory.resource.getrlimit(memory.resource.RLIMIT_AS)
        with memory.bounded_memory(2**30):
            assert memory.resource.getrlimit(memory.resource.RLIMIT_AS) == outer


def test_without_proc_memory_is_not_bounded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = memory.resource.getrlimit(memory.resource.RLIMIT_AS)
    monkeypatch.setattr(memory, "Path", lambda _: tmp_path / "no-such-file")
    with memory.bounded_memory(2**26):
        assert memory.resource.getrlimit(memory.resource.RLIMIT_AS) == before
