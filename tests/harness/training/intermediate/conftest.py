"""What every test of a training gets: small data sets, and one thread."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tests.support.trainings import write_data


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Write small data sets in the layout of the official files."""
    return write_data(tmp_path / "data")


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Share the cores with the other tests."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
