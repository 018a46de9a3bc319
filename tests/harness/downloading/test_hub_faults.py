"""The Hub and the network misbehave in every way of docs/hub.md while a real client downloads a checkpoint."""

from __future__ import annotations

import errno
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path
from typing import Any

import pytest

from harness.downloading import download_snapshot, hub_error, reporting_downloads
from harness.errors import BadInput, StiltboardError
from harness.models.checkpoint import fetch, verify
from harness.records import Checkpoint
from tests.support.folders import ROOT
from tests.support.hub_faults import (
    FILES,
    LARGE,
    LISTING,
    ROWS,
    SMALL,
    FaultRow,
    Scene,
    assert_cache_is_sound,
    interrupted,
    table,
)
from tests.support.hub_server import HubServer


@pytest.fixture
def scene(
    hub: HubServer, tmp_path: Path, toy_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Scene]:
    """Serve a checkpoint; no try waits for the next, and a connection stalls after half a second."""
    hub.add("org/model", toy_encoder)
    monkeypatch.setattr("harness.downloading.hub_requests.PAUSES", (0.0, 0.0, 0.0))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DOWNLOAD_TIMEOUT", 0.3)
    with pytest.MonkeyPatch.context() as changes:
        made = Scene(hub, tmp_path / "huggingface/hub", changes)
        yield made
        made.undo()


def fetch_from(scene: Scene, tmp_path: Path) -> Any:
    commit = scene.hub.repositories["models", "org/model"].commit
    return fetch(Checkpoint(hub="org/model", revision=commit), tmp_path, tmp_path / "cache")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.fault)
def test_a_fault_is_named_with_a_cure_and_the_same_command_then_succeeds(
    scene: Scene, toy_encoder: Path, tmp_path: Path, row: FaultRow
) -> None:
    right = verify(toy_encoder, "toy").digest
    row.begin(scene)
    if not row.message:
        assert fetch_from(scene, tmp_path).digest == right
    else:
        with pytest.raises(StiltboardError) as caught:
            fetch_from(scene, tmp_path)
        (fault,) = caught.value.faults
        assert row.message in fault.message
        assert row.cure in fault.cure
        assert "\n" not in fault.message
        assert caught.value.exit_code == 3
    scene.undo()
    assert fetch_from(scene, tmp_path).digest == right
    assert_cache_is_sound(scene.cache)
    requests = len(scene.hub.requests)
    assert fetch_from(scene, tmp_path).digest == right
    assert len(scene.hub.requests) == requests


def test_the_table_in_the_documentation_is_that_of_the_tests() -> None:
    assert table() in (ROOT / "docs/hub.md").read_text(), "from tests.support.hub_faults import table"


def test_a_download_lists_the_files_once_and_requests_each_once(scene: Scene, tmp_path: Path) -> None:
    fetch_from(scene, tmp_path)
    listings = [request for request in scene.hub.requests if "/tree/" in request]
    files = [request for request in scene.hub.requests if "/resolve/" in request]
    assert (len(listings), len(files)) == (1, 4)
    assert not [request for request in scene.hub.requests if request.startswith("HEAD")]


def test_the_next_command_goes_on_within_a_file(scene: Scene, toy_encoder: Path, tmp_path: Path) -> None:
    scene.hub.fail(LARGE, after=70_000, times=1)
    scene.hub.fail(LARGE, after=0)
    with pytest.raises(BadInput, match="was cut at every try"):
        fetch_from(scene, tmp_path)
    scene.undo()
    scene.hub.ranges.clear()
    assert fetch_from(scene, tmp_path).digest == verify(toy_encoder, "toy").digest
    assert set(scene.hub.ranges) == {"bytes=70000-"}


def test_commands_that_need_the_same_files_download_each_once(scene: Scene, tmp_path: Path) -> None:
    scene.hub.fail(LARGE, delay=0.1)
    lines: list[str] = []
    with ThreadPoolExecutor(3) as pool, reporting_downloads(lines.append):
        context = copy_context()
        work = [pool.submit(context.copy().run, fetch_from, scene, tmp_path) for _ in range(3)]
    assert len({future.result().digest for future in work}) == 1
    files = [request for request in scene.hub.requests if "/resolve/" in request]
    assert len(files) == len(set(files)) == 4
    assert "model.safetensors: another process downloads it; waiting" in lines


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json"])
def test_wrong_bytes_in_the_hubs_cache_are_downloaded_again(
    scene: Scene, toy_encoder: Path, tmp_path: Path, name: str
) -> None:
    files = fetch_from(scene, tmp_path)
    commit = scene.hub.repositories["models", "org/model"].commit
    blob = (scene.cache / f"models--org--model/snapshots/{commit}" / name).resolve()
    data = bytearray(blob.read_bytes())
    data[-20] ^= 1  # a weight stays finite, and JSON stays JSON or not
    blob.write_bytes(data)
    assert fetch_from(scene, tmp_path).digest == files.digest == verify(toy_encoder, "toy").digest
    assert_cache_is_sound(scene.cache)


def test_wrong_bytes_that_come_again_are_refused_and_never_kept(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch_from(scene, tmp_path)
    (blob,) = (path for path in scene.cache.glob("*/blobs/*") if len(path.name) == 64)
    blob.write_bytes(b"x" * 124_632)
    scene.hub.fail(LARGE, body=b"x" * 124_632)
    with pytest.raises(BadInput, match=r"model\.safetensors came twice with other bytes") as caught:
        fetch_from(scene, tmp_path)
    assert caught.value.exit_code == 3
    assert not blob.exists()


def test_without_links_on_the_disk_the_files_themselves_are_kept(
    scene: Scene, toy_encoder: Path, tmp_path: Path
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    scene.monkeypatch.setattr(Path, "symlink_to", refuse)
    for _ in range(2):
        assert fetch_from(scene, tmp_path).digest == verify(toy_encoder, "toy").digest
    assert len([request for request in scene.hub.requests if "/resolve/" in request]) == 4


def test_a_token_is_sent_to_the_hub_and_not_to_the_storage(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    fetch_from(scene, tmp_path)
    sent = {path.split("/")[1] for path, header in scene.hub.tokens if header}
    assert sent == {"api", "org"}
    assert "storage" in {path.split("/")[1] for path, header in scene.hub.tokens if not header}


def test_a_name_in_a_listing_prints_no_escape_code(hub: HubServer, tmp_path: Path) -> None:
    name = "a\x1b[31m\u202e.txt"
    commit = hub.add("org/data", {name: b"text"}, "datasets")
    hub.fail(FILES, body=b"texx")
    lines: list[str] = []
    with reporting_downloads(lines.append), pytest.raises(BadInput) as caught:
        download_snapshot("org/data", commit, lambda _: True, kind="datasets")
    assert all(line.isprintable() for line in [*lines, caught.value.faults[0].message])
    assert lines


@pytest.mark.parametrize("name", ["../../escape", "/etc/escape", "a/../../escape", "a\\b", 7])
def test_a_name_that_leads_elsewhere_is_refused(hub: HubServer, tmp_path: Path, name: object) -> None:
    entry = {"type": "file", "path": name, "size": 1, "oid": "a" * 40}
    hub.fail(LISTING, status=200, body=json.dumps([entry]).encode())
    with pytest.raises(BadInput, match=r"in another form|is not an answer"):
        download_snapshot("org/data", "b" * 40, lambda _: True)
    assert not list(tmp_path.rglob("*escape*"))


def test_a_listing_that_goes_on_at_another_host_is_not_followed(scene: Scene, tmp_path: Path) -> None:
    link = '<http://elsewhere.invalid/api>; rel="next"'
    scene.hub.fail(LISTING, status=200, headers={"Link": link}, body=b"[]")
    with pytest.raises(BadInput, match="goes on at another host"):
        fetch_from(scene, tmp_path)


def test_a_slow_download_reports_bytes_speed_and_time_left(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.downloading.transfer_progress._SECONDS", 0.05)
    scene.hub.fail(LARGE, delay=0.1)
    lines: list[str] = []
    with reporting_downloads(lines.append):
        fetch_from(scene, tmp_path)
    first, *_, last = (line for line in lines if line.startswith("model.safetensors: "))
    assert re.fullmatch(r"model\.safetensors: 0\.1 of 0\.1 MB, \d\.\d\d MB/s, \d s left", first)
    assert re.fullmatch(r"model\.safetensors: 0\.1 MB, whole after \d s", last)


@pytest.mark.parametrize("where", [LISTING, SMALL, LARGE])
@pytest.mark.parametrize("then", ["stall", "slow"])
def test_a_key_ends_a_download_at_once(scene: Scene, tmp_path: Path, where: str, then: str) -> None:
    how = {"after": 10, "then": "stall"} if then == "stall" else {"delay": 60.0}
    scene.hub.fail(where, **how)
    scene.monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DOWNLOAD_TIMEOUT", 60.0)
    seconds = interrupted(lambda: fetch_from(scene, tmp_path), scene.hub, where)
    assert seconds < 1
    scene.undo()
    fetch_from(scene, tmp_path)
    assert_cache_is_sound(scene.cache)


def test_a_wait_for_the_hub_is_reported_and_a_key_ends_it(scene: Scene, tmp_path: Path) -> None:
    scene.hub.fail(SMALL, status=429, headers={"Retry-After": "120"})
    lines: list[str] = []
    with reporting_downloads(lines.append):
        assert interrupted(lambda: fetch_from(scene, tmp_path), scene.hub, SMALL) < 1
    assert lines == ["config.json: status 429; next try in 120 s"]


def test_certificates_that_are_not_accepted_are_named() -> None:
    import httpx2

    refused = httpx2.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed")
    error = hub_error(refused, "org/model")
    assert error is not None
    assert "the Hub's certificate is not accepted" in error.faults[0].message
    assert "SSL_CERT_FILE" in error.faults[0].cure


def test_another_exception_is_no_fault_of_the_hub() -> None:
    assert hub_error(ZeroDivisionError("division by zero"), "org/model") is None
