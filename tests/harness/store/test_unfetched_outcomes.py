from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness import store
from harness.errors import BadInput
from tests.support.folders import SUBMISSIONS


def test_a_pointer_of_git_lfs_instead_of_outcomes_is_named(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(SUBMISSIONS / "toy", tmp_path / "toy"))
    path = folder / "results/jupyterlab.parquet"
    path.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    with pytest.raises(BadInput) as caught:
        store.load_outcomes(path.with_suffix(".yaml"), store.load_result(path.with_suffix(".yaml")))
    assert str(caught.value) == (
        f"{path}: is the pointer of a file that Git LFS has not fetched\n"
        f"    cure: fetch it: git -C {path.parent} lfs pull"
    )
