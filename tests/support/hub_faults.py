"""What the Hub and the network can do to a download: the table of docs/hub.md, each row of it a test.

A row says which faults a server has, what is changed on this machine, and what a command then says. Rows without
a message go on by themselves: the download ends well, only later.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import signal
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.hub_server import HubServer, git_blob

LISTING, FILES, SMALL, LARGE = "GET /api", "GET /.*resolve", "GET /.*resolve.*(json|md)", "GET /storage"
PAGE = b"<!DOCTYPE html><html><title>Hotel</title>Please log in.</html>"
GATED = "Access to model org/model is restricted. You must be in its authorized list to access it."
_CUT = "the connection to the Hub was cut at every try"
_STALLED = "the connection to the Hub stalled"
_NETWORK, _LATER = "check the network", "try again later"
_WRONG = "came twice with other bytes than those of which the Hub lists size and digest"


@dataclass(frozen=True)
class Scene:
    """The places of one test: the server, the folder of the Hub's cache, and what is undone with the fault."""

    hub: HubServer
    cache: Path
    monkeypatch: pytest.MonkeyPatch
    undoing: list[Callable[[], None]] = field(default_factory=list)

    def undo(self) -> None:
        """End the fault: the server answers rightly, and this machine is as before."""
        self.monkeypatch.undo()
        self.hub.faults.clear()
        while self.undoing:
            self.undoing.pop()()


Change = Callable[[Scene], None]


@dataclass(frozen=True)
class FaultRow:
    """One row: the server's faults, the change of this machine before them, and what is said, "" for nothing."""

    fault: str
    message: str = ""
    cure: str = ""
    server: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    machine: Change | None = None

    def begin(self, scene: Scene) -> None:
        """Bring the fault about."""
        if self.machine:
            self.machine(scene)
        for where, how in self.server:
            scene.hub.fail(where, **how)


def fails(where: str, **how: Any) -> tuple[str, Mapping[str, Any]]:
    """Return a fault of the server: which requests, and how they fail."""
    return where, how


def answers(
    where: str, status: int, sentence: str = "", code: str = "", **headers: str
) -> tuple[str, Mapping[str, Any]]:
    """Return a fault by which the server refuses as the Hub does."""
    sent = {"X-Error-Code": code} if code else {}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    body = json.dumps({"error": sentence}).encode() if sentence else b""
    return fails(where, status=status, headers=sent, body=body)


def _endpoint(address: str) -> Change:
    def change(scene: Scene) -> None:
        scene.monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", address)

    return change


def _offline(scene: Scene) -> None:
    scene.monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


def _little_space(scene: Scene) -> None:
    scene.monkeypatch.setattr(
        "harness.downloading.hub_snapshot.shutil",
        SimpleNamespace(disk_usage=lambda _: SimpleNamespace(free=100)),
    )


def _small_files_only(scene: Scene) -> None:
    """Let no file grow beyond 64 KiB until the test ends, as a quota does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    scene.undoing.append(lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard)))
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**16, hard))


def _cache_in_a_file(scene: Scene) -> None:
    path = scene.cache.parent / "file"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    scene.monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(path / "hub"))


def _garbage_of_an_earlier_command(scene: Scene) -> None:
    for (kind, name), repository in scene.hub.repositories.items():
        blobs = scene.cache / f"{kind}--{name.replace('/', '--')}/blobs"
        blobs.mkdir(parents=True, exist_ok=True)
        for file in repository.files:
            (blobs / f"{repository.digest(file)}.incomplete").write_bytes(b"garbage")


def _longer_than_the_file(scene: Scene) -> None:
    for (kind, name), repository in scene.hub.repositories.items():
        blobs = scene.cache / f"{kind}--{name.replace('/', '--')}/blobs"
        blobs.mkdir(parents=True, exist_ok=True)
        for file, data in repository.files.items():
            (blobs / f"{repository.digest(file)}.incomplete").write_bytes(data + b"more")


def _pages_of_two(scene: Scene) -> None:
    scene.hub.page_size = 2


ROWS = (
    # ---- the download goes on by itself -----------------------------------------------------------
    FaultRow("the listing is reset, once", server=(fails(LISTING, after=0, then="reset", times=1),)),
    FaultRow("the listing is cut within its JSON, once", server=(fails(LISTING, after=40, times=1),)),
    FaultRow("the listing stalls, once", server=(fails(LISTING, after=0, then="stall", times=1),)),
    FaultRow("the listing comes in pages", machine=_pages_of_two),
    FaultRow(
        "a file is reset again and again, later each time", server=(fails(LARGE, after=20_000, then="reset"),)
    ),
    FaultRow("a file is cut again and again, later each time", server=(fails(LARGE, after=50_000),)),
    FaultRow(
        "a file stalls in its middle, once", server=(fails(LARGE, after=50_000, then="stall", times=1),)
    ),
    FaultRow(
        "a file is cut, and the server cannot continue within one",
        server=(fails(LARGE, after=50_000, times=1, ranges=False), fails(LARGE, ranges=False)),
    ),
    FaultRow(
        "a file is cut, and the server continues at another place",
        server=(
            fails(LARGE, after=50_000, times=1),
            fails(LARGE, status=206, headers={"Content-Range": "bytes 7-9/10"}, body=b"xyz", times=1),
        ),
    ),
    FaultRow(
        "a file is cut, and the server refuses the range (416)",
        server=(fails(LARGE, after=50_000, times=1), fails(LARGE, status=416, times=1)),
    ),
    FaultRow("a file comes with other bytes, once", server=(fails(LARGE, body=b"x" * 124_632, times=1),)),
    FaultRow("a file comes too short, once", server=(fails(LARGE, body=b"x" * 100, times=1),)),
    FaultRow("a file comes too long, once", server=(fails(LARGE, body=b"x" * 200_000, times=1),)),
    FaultRow("the server is overloaded (503), twice", server=(fails(FILES, status=503, times=2),)),
    FaultRow(
        "too many requests (429), and the Hub asks to wait some seconds",
        server=(fails(FILES, status=429, headers={"Retry-After": "0"}, times=2),),
    ),
    FaultRow("an earlier command left other bytes of a file", machine=_garbage_of_an_earlier_command),
    FaultRow("an earlier command left more bytes than a file has", machine=_longer_than_the_file),
    # ---- the network ------------------------------------------------------------------------------
    FaultRow("the listing is reset at every try", _CUT, _NETWORK, (fails(LISTING, after=0, then="reset"),)),
    FaultRow("the listing is cut at every try", _CUT, _NETWORK, (fails(LISTING, after=40),)),
    FaultRow(
        "the listing stalls at every try",
        _STALLED,
        "HF_HUB_DOWNLOAD_TIMEOUT",
        (fails(LISTING, after=0, then="stall"),),
    ),
    FaultRow(
        "a file is reset before its first byte, at every try",
        _CUT,
        _NETWORK,
        (fails(LARGE, after=0, then="reset"),),
    ),
    FaultRow("a file is cut before its first byte, at every try", _CUT, _NETWORK, (fails(SMALL, after=0),)),
    FaultRow(
        "a file stalls at every try",
        _STALLED,
        "HF_HUB_DOWNLOAD_TIMEOUT",
        (fails(LARGE, after=0, then="stall"),),
    ),
    FaultRow(
        "nothing listens at the Hub's address",
        "the Hub cannot be reached",
        _NETWORK,
        machine=_endpoint("http://127.0.0.1:9"),
    ),
    FaultRow(
        "the Hub's name is not known",
        "the Hub cannot be reached",
        _NETWORK,
        machine=_endpoint("http://hub.invalid"),
    ),
    FaultRow(
        "the Hub's address is no web address",
        "the Hub's address is no web address",
        "correct HF_ENDPOINT",
        machine=_endpoint("hub"),
    ),
    FaultRow(
        "the storage of large files cannot be reached",
        "the Hub cannot be reached (127.0.0.1:9",
        _NETWORK,
        (
            fails(
                "GET /.*resolve.*(safetensors|parquet)",
                status=302,
                headers={"Location": "http://127.0.0.1:9/x"},
            ),
        ),
    ),
    FaultRow(
        "an address redirects to itself",
        "redirects without end",
        "check HF_ENDPOINT",
        (fails(LISTING, status=302, headers={"Location": "/api/again"}),),
    ),
    FaultRow("offline mode", "offline mode forbids to ask the Hub", "unset HF_HUB_OFFLINE", machine=_offline),
    # ---- something else answers -------------------------------------------------------------------
    FaultRow(
        "a network's login page instead of the listing",
        "a web page came instead of",
        "log in to the network",
        (fails(LISTING, status=200, headers={"Content-Type": "text/html"}, body=PAGE),),
    ),
    FaultRow(
        "a network's login page instead of a file",
        "a web page came instead of",
        "log in to the network",
        (fails(LARGE, status=200, body=PAGE),),
    ),
    FaultRow(
        "a network asks for a login (511)",
        "the network asks for a login",
        "log in to the network",
        (fails(LISTING, status=511),),
    ),
    FaultRow(
        "a listing that is not JSON",
        "is not JSON",
        "check HF_ENDPOINT",
        (fails(LISTING, status=200, body=b"[{"),),
    ),
    FaultRow(
        "JSON that is no listing",
        "is not an answer of the Hub",
        "check HF_ENDPOINT",
        (fails(LISTING, status=200, body=b'{"ok": true}'),),
    ),
    FaultRow(
        "a file comes with other bytes, twice",
        _WRONG,
        "the mirror in HF_ENDPOINT",
        (fails(LARGE, body=b"x" * 124_632),),
    ),
    FaultRow(
        "a file comes too short, twice", _WRONG, "the mirror in HF_ENDPOINT", (fails(LARGE, body=b"x"),)
    ),
    FaultRow(
        "a file comes too long, twice",
        _WRONG,
        "the mirror in HF_ENDPOINT",
        (fails(LARGE, body=b"x" * 200_000),),
    ),
    # ---- the Hub says no --------------------------------------------------------------------------
    FaultRow(
        "the repository is gated, without a login (401)",
        f"only to those whom its owners admit: {GATED[:-1]}",
        "ask for access at",
        (answers(LISTING, 401, GATED, "GatedRepo"),),
    ),
    FaultRow(
        "the repository is gated, and the account is not admitted (403)",
        f"only to those whom its owners admit: {GATED[:-1]}",
        "ask for access at",
        (answers(FILES, 403, GATED, "GatedRepo"),),
    ),
    FaultRow(
        "no such repository, or a private one",
        "or it is private: Repository not found",
        "`hf auth login`",
        (answers(LISTING, 401, "Repository not found", "RepoNotFound"),),
    ),
    FaultRow(
        "an invalid token",
        "the Hub refuses this machine's token",
        "unset HF_TOKEN",
        (answers(LISTING, 401, "Invalid credentials in Authorization header"),),
    ),
    FaultRow(
        "no such commit",
        "the Hub has no such revision",
        "name one of those at",
        (answers(LISTING, 404, "Invalid rev id", "RevisionNotFound"),),
    ),
    FaultRow(
        "a listed file is gone",
        "the Hub lacks a file of",
        "see what is there at",
        (answers(FILES, 404, "Entry not found", "EntryNotFound"),),
    ),
    FaultRow(
        "the repository is disabled",
        "the Hub has disabled",
        "ask its owners",
        (answers(LISTING, 403, "Access to this resource is disabled."),),
    ),
    FaultRow(
        "any other refusal (403)",
        "the Hub answers 403 Forbidden for",
        "a private repository needs",
        (answers(FILES, 403, "Your address is blocked"),),
    ),
    FaultRow(
        "too many requests, for a long time (Retry-After)",
        "too many requests",
        "wait 7,200 seconds",
        (answers(LISTING, 429, "Slow down", Retry_After="7200"),),
    ),
    FaultRow(
        "too many requests, for a long time (the Hub's own header)",
        "too many requests",
        "wait 900 seconds",
        (answers(FILES, 429, "Slow down", RateLimit='"resolvers";r=0;t=900'),),
    ),
    FaultRow(
        "too many requests, at every try",
        "too many requests",
        "wait some minutes",
        (answers(FILES, 429, "Slow down"),),
    ),
    FaultRow(
        "a fault of the Hub (500)", "the Hub answers 500", _LATER, (answers(LISTING, 500, "Internal error"),)
    ),
    FaultRow("the Hub is overloaded (503)", "the Hub answers 503", _LATER, (answers(FILES, 503),)),
    FaultRow(
        "a gateway of the Hub has no answer (502, 504)", "the Hub answers 504", _LATER, (answers(LARGE, 504),)
    ),
    # ---- this machine -----------------------------------------------------------------------------
    FaultRow(
        "the disk has too little space",
        "bytes have to be downloaded to",
        "point HF_HOME to a larger disk",
        machine=_little_space,
    ),
    FaultRow(
        "the disk or a quota is full while a file is written",
        "File too large",
        "point HF_HOME to a larger disk",
        machine=_small_files_only,
    ),
    FaultRow(
        "the cache cannot be written",
        "cannot be kept: Not a directory",
        "point HF_HOME to a folder that is",
        machine=_cache_in_a_file,
    ),
)
"""Every fault, first those that cost time only."""


def table() -> str:
    """Return docs/hub.md's table of the faults."""
    lines = ["| what happens | what the command says | cure | exit code |", "| :-- | :-- | :-- | --: |"]
    for row in ROWS:
        said = f"… {row.message} …" if row.message else "goes on by itself"
        cure = f"… {row.cure} …" if row.cure else ""
        lines.append(f"| {row.fault} | {said} | {cure} | {3 if row.message else 0} |")
    return "\n".join(lines)


def assert_cache_is_sound(cache: Path) -> None:
    """Every blob is whole and has the digest of its name, and nothing else is left."""
    for blob in cache.glob("*/blobs/*"):
        data = blob.read_bytes()
        digest = hashlib.sha256(data).hexdigest() if len(blob.name) == 64 else git_blob(data)
        assert blob.name == digest


def interrupted(work: Callable[[], Any], hub: HubServer, where: str) -> float:
    """Press a key once the server was asked for what fails, and return the seconds until the work ended."""
    pressed: list[float] = []
    ended = threading.Event()

    def press() -> None:
        while not any(fault.met for fault in hub.faults if fault.where == where):
            if ended.wait(0.01):
                return
        time.sleep(0.05)
        pressed.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=press, daemon=True)
    # Whoever starts the tests in the background has the signal ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        thread.start()
        work()
    except KeyboardInterrupt:
        return time.monotonic() - pressed[0]
    finally:
        ended.set()
        signal.signal(signal.SIGINT, before)
    raise AssertionError("the work ended before a key was pressed")
