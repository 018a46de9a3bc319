"""The Hub and the network misbehave while the real `datasets` reads every data set of the catalog."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.data.hub import load_rows, noting_revisions
from harness.errors import BadInput, StiltboardError
from tests.support.folders import ROOT
from tests.support.hub_catalog import DATA_SETS, READS
from tests.support.hub_faults import (
    LARGE,
    ROWS,
    FaultRow,
    Scene,
    answers,
    assert_cache_is_sound,
    fails,
    interrupted,
)
from tests.support.hub_layout import data_set
from tests.support.hub_server import HubServer

TEXTS = [f"{number:064x}" * 40 for number in range(100)]
CURE = "give the files with --data DIR"
# Requests that `datasets` makes by itself, after the harness has downloaded what describes the data set.
OWN_REQUESTS = {
    "whether there is a script": r"HEAD .*/xtreme\.py",
    "whether there is another description": r"HEAD .*/\.huggingface\.yaml",
    "whether there is an older description": r"HEAD .*/dataset_infos\.json",
    "the commit": r"GET /api/datasets/google/xtreme/revision/[0-9a-f]{40}",
    "the folder of the files": r"GET /api/.*/tree/[0-9a-f]{40}/tatoeba",
}
REFUSALS = {
    "reset": lambda where: fails(where, after=0, then="reset"),
    "overloaded": lambda where: fails(where, status=503),
    "a login page": lambda where: fails(
        where, status=200, headers={"Content-Type": "text/html"}, body=b"<html>"
    ),
    "gated": lambda where: answers(where, 403, "Access is restricted.", "GatedRepo"),
}


@pytest.fixture
def scene(hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """Serve XTREME's Tatoeba; no try waits for the next, in the client of the Hub neither."""
    columns = {"source_sentence": TEXTS, "target_sentence": TEXTS}
    hub.add("google/xtreme", data_set({"tatoeba.deu": {"validation": columns}}), "datasets")
    monkeypatch.setattr("harness.downloading.hub_requests.PAUSES", (0.0, 0.0, 0.0))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DOWNLOAD_TIMEOUT", 0.3)
    monkeypatch.setattr(
        "huggingface_hub.utils._http.time", SimpleNamespace(sleep=lambda _: None, time=time.time)
    )
    with pytest.MonkeyPatch.context() as changes:
        made = Scene(hub, tmp_path / "huggingface/hub", changes)
        yield made
        made.undo()


def read() -> Any:
    return load_rows("google/xtreme", "tatoeba.deu", "validation", cure=CURE)["source_sentence"][:]


# The downloads are those of checkpoints, for which the fast lane has every row.
SOME_ROWS = [
    row if number % 3 == 0 else pytest.param(row, marks=pytest.mark.slow) for number, row in enumerate(ROWS)
]


@pytest.mark.parametrize("row", SOME_ROWS, ids=lambda row: row.fault)
def test_a_fault_is_named_with_a_cure_and_the_same_call_then_succeeds(scene: Scene, row: FaultRow) -> None:
    row.begin(scene)
    if not row.message:
        assert read() == TEXTS
    else:
        with pytest.raises(StiltboardError) as caught:
            read()
        (fault,) = caught.value.faults
        assert row.message in fault.message
        assert row.cure in fault.cure
        assert fault.cure.endswith(f"; or {CURE}")
        assert caught.value.exit_code == 3
    scene.undo()
    assert read() == TEXTS
    assert_cache_is_sound(scene.cache)


@pytest.mark.parametrize("request_", OWN_REQUESTS, ids=str)
@pytest.mark.parametrize("refusal", REFUSALS, ids=str)
def test_a_fault_of_the_clients_own_requests_is_named_too(scene: Scene, request_: str, refusal: str) -> None:
    where, how = REFUSALS[refusal](OWN_REQUESTS[request_])
    scene.hub.fail(where, **how)
    try:
        assert read() == TEXTS
    except StiltboardError as error:
        assert error.exit_code == 3
        assert error.faults[0].cure.endswith(CURE)
    assert scene.hub.faults[0].met
    scene.undo()
    assert read() == TEXTS
    assert_cache_is_sound(scene.cache)


def test_every_data_set_of_the_catalog_is_served() -> None:
    folders = (ROOT / "harness/data", ROOT / "harness/catalog")
    sources = [path.read_text() for folder in folders for path in folder.glob("*.py")]
    named = {name for text in sources for name in re.findall(r'"([a-zA-Z-]+/[a-z_]+)"', text)}
    assert named == set(DATA_SETS) == {name for name, _ in READS.values()}
    page = (ROOT / "docs/hub.md").read_text()
    assert [name for name in sorted(named) if f"`{name}`" not in page] == []


@pytest.mark.parametrize("name", READS, ids=str)
@pytest.mark.parametrize(
    "fault",
    [
        "reset",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("overloaded", "a login page", "gated")),
    ],
)
def test_every_data_set_of_the_catalog_meets_them(scene: Scene, name: str, fault: str) -> None:
    repository, read_it = READS[name]
    scene.hub.add(repository, data_set(DATA_SETS[repository]), "datasets")
    where, how = REFUSALS[fault](LARGE)
    scene.hub.fail(where, **how)
    with pytest.raises(BadInput) as caught:
        read_it()
    assert caught.value.exit_code == 3
    assert repository in caught.value.faults[0].message
    scene.undo()
    assert len(read_it()) > 0
    assert_cache_is_sound(scene.cache)


@pytest.mark.parametrize("where", [LARGE, OWN_REQUESTS["the folder of the files"]])
def test_a_key_ends_it_at_once(scene: Scene, where: str) -> None:
    scene.hub.fail(where, after=0, then="stall", seconds=60)
    scene.monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DOWNLOAD_TIMEOUT", 60.0)
    assert interrupted(read, scene.hub, where) < 2
    scene.undo()
    assert read() == TEXTS


@pytest.mark.slow
@pytest.mark.parametrize("request_", OWN_REQUESTS, ids=str)
def test_a_key_ends_the_clients_own_requests(scene: Scene, request_: str) -> None:
    test_a_key_ends_it_at_once(scene, OWN_REQUESTS[request_])


@pytest.mark.parametrize(
    ("name", "split", "said"),
    [
        ("tatoeba.xyz", "validation", "ValueError: BuilderConfig 'tatoeba.xyz' not found"),
        ("tatoeba.deu", "train", "ValueError: Unknown split"),
    ],
)
def test_what_a_data_set_does_not_have_is_no_fault_of_the_hub(
    scene: Scene, name: str, split: str, said: str
) -> None:
    with pytest.raises(BadInput) as caught:
        load_rows("google/xtreme", name, split, cure=CURE)
    assert caught.value.faults[0].message.startswith(f"google/xtreme {name} cannot be loaded: {said}")
    assert caught.value.faults[0].cure == CURE


def test_wrong_bytes_in_the_hubs_cache_are_downloaded_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    read()
    (blob,) = (path for path in scene.cache.glob("*/blobs/*") if len(path.name) == 64)
    blob.write_bytes(b"x" * blob.stat().st_size)
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", scene.cache.parent / "elsewhere")
    assert read() == TEXTS
    assert_cache_is_sound(scene.cache)


def test_the_commit_of_what_is_read_is_noted_and_that_of_nothing_else(scene: Scene) -> None:
    with noting_revisions() as revisions:
        assert revisions == {}
        read()
    assert revisions == {"google/xtreme": scene.hub.repositories["datasets", "google/xtreme"].commit}
    before = dict(revisions)
    read()
    assert revisions == before
