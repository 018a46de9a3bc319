"""What every test gets: a cache of its own, no network, a toy encoder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.hub_server import HubServer, at_the_hub, serving
from tests.support.toys import save_toy_encoder

# A processor is there for every worker of the tests: with more threads in each, all wait for each other.
# Read when torch is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Nothing here may reach a network; set before any Hub library is imported.
os.environ["HF_HUB_OFFLINE"] = "1"
# What is printed is compared: whoever runs the tests may ask for colours and frames for their own output.
for _name in ("FORCE_COLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
    os.environ.pop(_name, None)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give every test a cache of its own."""
    cache = tmp_path / "cache"
    monkeypatch.setenv("STILTBOARD_CACHE", str(cache))
    return cache


@pytest.fixture(scope="session")
def toy_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a random BERT with three layers."""
    return save_toy_encoder(tmp_path_factory.mktemp("encoder") / "toy-bert")


@pytest.fixture(scope="session")
def hub_server() -> Iterator[HubServer]:
    """Return a local server of the Hub's API that runs as long as the tests do."""
    yield from serving()


@pytest.fixture
def hub(hub_server: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HubServer:
    """Return that server, empty, as the Hub of the clients in this process, whose caches are empty too."""
    hub_server.reset()
    at_the_hub(hub_server, tmp_path / "huggingface", monkeypatch)
    return hub_server
