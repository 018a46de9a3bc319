from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from harness.cache import cache_folder
from harness.errors import CheckFailed
from harness.models.vector_cache import VectorSpace


def vectors(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, 4)).astype(np.float32)


def test_what_was_put_is_there_for_the_next_process(tmp_path: Path) -> None:
    first = VectorSpace(tmp_path, weights="w", layer=3)
    rows = vectors(3)
    first.put(["a", "", "\ud800 lone surrogate"], rows)
    first.flush()
    second = VectorSpace(tmp_path, weights="w", layer=3)
    assert np.array_equal(second.get(["", "a", "\ud800 lone surrogate", "a"]), rows[[1, 0, 2, 0]])
    assert "b" not in second


@pytest.mark.parametrize(
    "changed",
    [
        {"weights": "v", "layer": 3},
        {"weights": "w", "layer": 4},
        {"weights": "w", "layer": 3, "prefix": "query: "},
    ],
)
def test_anything_that_changes_a_vector_opens_another_space(
    tmp_path: Path, changed: dict[str, object]
) -> None:
    space = VectorSpace(tmp_path, weights="w", layer=3)
    space.put(["a"], vectors(1))
    space.flush()
    assert "a" not in VectorSpace(tmp_path, **changed)


def test_a_text_without_a_vector_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="missing"):
        VectorSpace(tmp_path, weights="w").get(["missing"])


def test_two_writers_at_once_both_keep_what_they_wrote(tmp_path: Path) -> None:
    spaces = [VectorSpace(tmp_path, weights="w") for _ in range(2)]
    for number, space in enumerate(spaces):
        space.put([f"text {number}", "shared"], vectors(2))
        space.flush()
    assert all(text in VectorSpace(tmp_path, weights="w") for text in ("text 0", "text 1", "shared"))


def test_a_shard_that_a_crash_truncated_is_dropped_and_its_vectors_made_again(tmp_path: Path) -> None:
    space = VectorSpace(tmp_path, weights="w")
    space.put(["a"], vectors(1))
    space.flush()
    (shard,) = tmp_path.rglob("*.safetensors")
    shard.write_bytes(shard.read_bytes()[:-3])
    assert "a" not in VectorSpace(tmp_path, weights="w")
    assert not shard.exists()


def test_a_folder_that_cannot_be_written_ends_in_a_named_error_and_keeps_the_vectors_in_memory(
    tmp_path: Path,
) -> None:
    (tmp_path / "vectors").write_text("in the way")
    space = VectorSpace(tmp_path, weights="w")
    space.put(["a"], vectors(1))
    with pytest.raises(CheckFailed, match=r"vectors cannot be written to .*\n    cure: free space"):
        space.flush()
    assert "a" in space


def test_the_environment_variable_sets_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STILTBOARD_CACHE", str(tmp_path / "here"))
    assert cache_folder() == tmp_path / "here"
    monkeypatch.delenv("STILTBOARD_CACHE")
    assert cache_folder().name == "stiltboard"


def test_what_a_killed_writer_left_unfinished_goes_after_a_day(tmp_path: Path) -> None:
    space = VectorSpace(tmp_path, weights="w")
    space.put(["a"], vectors(1))
    space.flush()
    (shard,) = tmp_path.rglob("*.safetensors")
    old, new = (shard.with_name(f".{name}.safetensors.tmp") for name in ("old", "new"))
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    assert "a" in VectorSpace(tmp_path, weights="w")
    assert (old.exists(), new.exists()) == (False, True)
