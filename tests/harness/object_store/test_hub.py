"""Outcomes in a data set of the Hub."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.errors import Unreachable
from harness.object_store import DigestStore, OtherContent
from harness.records.outcome_settings import kept_name
from tests.support.hub_server import HubServer, at_the_hub, serving

pytestmark = pytest.mark.slow
DATA = b"the outcome of every example"
DIGEST = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    monkeypatch.setenv("STILTBOARD_CACHE", str(tmp_path / "cache"))
    with contextmanager(serving)() as server:
        at_the_hub(server, tmp_path / "home", monkeypatch)
        server.add("org/kept", {f"board/{kept_name(DIGEST)}": DATA}, kind="datasets")
        yield server


def test_outcomes_are_read_from_the_hub(hub: HubServer) -> None:
    store = DigestStore("hf://datasets/org/kept/board", 1)
    assert store.sizes() == {DIGEST: len(DATA)}
    assert store.read(DIGEST, 1000, "") == DATA
    with pytest.raises(
        OtherContent, match="are not in hf://datasets/org/kept/board: nothing can be verified"
    ):
        store.read("0" * 64, 1000, "")
    with pytest.raises(Unreachable, match="hf://datasets/org/gone: there is nothing of that name"):
        DigestStore("hf://datasets/org/gone", 1).read(DIGEST, 1000, "")
