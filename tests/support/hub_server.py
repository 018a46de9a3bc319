"""A small local server of the Hub's API: listings, files with ETag and Range, redirects to LFS storage, faults.

The real clients of the Hub, `huggingface_hub` and `datasets`, talk to it over HTTP. It serves what they ask for
when they list and download a repository, and nothing else: `repositories` are dictionaries of bytes, every
repository has one commit, and files that Git LFS would hold are redirected to another path, as to a CDN.
"""

from __future__ import annotations

import hashlib
import json
import re
import socket
import struct
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

_LFS_SUFFIXES = (".safetensors", ".parquet", ".model", ".bin")
_API = re.compile(r"/api/(?P<kind>models|datasets)/(?P<name>[^/]+/[^/]+)(?P<rest>/.*)?")
_RESOLVE = re.compile(r"/(?P<kind>datasets/)?(?P<name>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<file>.+)")
_STORAGE = re.compile(r"/storage/(?P<sha256>[0-9a-f]{64})")


def git_blob(data: bytes) -> str:
    """Return the digest by which git names a file's content."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


@dataclass(frozen=True)
class Repository:
    """The files of a repository at its only commit; `lfs` names those that are held outside git."""

    files: Mapping[str, bytes]
    commit: str
    lfs: frozenset[str]

    def digest(self, name: str) -> str:
        """Return the sha256 of a file that LFS holds, else the sha1 of its git blob: the Hub's ETag."""
        data = self.files[name]
        return hashlib.sha256(data).hexdigest() if name in self.lfs else git_blob(data)

    def entries(self) -> list[dict[str, Any]]:
        """Return the listing of the files, as the Hub's `tree` has it."""
        listing: list[dict[str, Any]] = []
        for name, data in sorted(self.files.items()):
            entry: dict[str, Any] = {
                "type": "file",
                "path": name,
                "size": len(data),
                "oid": self.digest(name),
            }
            if name in self.lfs:
                pointer = hashlib.sha1(name.encode()).hexdigest()
                lfs = {"oid": self.digest(name), "size": len(data), "pointerSize": 134}
                entry |= {"oid": pointer, "lfs": lfs}
            listing.append(entry)
        folders = {str(parent) for name in self.files for parent in Path(name).parents} - {"."}
        return listing + [
            {"type": "directory", "path": path, "oid": "0" * 40, "size": 0} for path in sorted(folders)
        ]


@dataclass
class HubFault:
    """How the server misbehaves for requests whose "METHOD path" matches `where`, `times` times or always.

    A request is answered with `status`, `headers` and `body` if a status is given. Otherwise the right answer is
    sent, with its `body` instead of the true one if given, until `after` bytes: then the connection is reset
    (`then="reset"`), closed ("close"), or left open without a byte for `seconds` ("stall"). `drop` are headers that
    are left out; `ranges` tells whether Range is honoured; `delay` is the time in seconds after pieces of 64 KiB.
    `met` counts the requests that met the fault.
    """

    where: str
    times: int | None = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    after: int | None = None
    then: str = "close"
    seconds: float = 30.0
    drop: Sequence[str] = ()
    ranges: bool = True
    delay: float = 0.0
    met: int = 0


class HubServer:
    """The server; `faults` may be changed at any time, and `requests` has one "METHOD path" for every request."""

    def __init__(self) -> None:
        self.repositories: dict[tuple[str, str], Repository] = {}
        self.faults: list[HubFault] = []
        self.requests: list[str] = []
        self.ranges: list[str] = []
        self.tokens: list[tuple[str, str | None]] = []
        self.page_size = 1000
        self.ending = threading.Event()
        self._lock = threading.Lock()
        hub = self

        class Handler(_Handler):
            server_hub = hub

        # The storage of LFS is another origin, as the Hub's is: clients send no token there.
        self._servers = [ThreadingHTTPServer(("127.0.0.1", 0), Handler) for _ in range(2)]
        for server in self._servers:
            server.daemon_threads = True
            server.block_on_close = False
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def endpoint(self) -> str:
        """Return the address for HF_ENDPOINT."""
        return f"http://127.0.0.1:{self._servers[0].server_address[1]}"

    @property
    def storage(self) -> str:
        """Return the address of the files that LFS holds."""
        return f"http://127.0.0.1:{self._servers[1].server_address[1]}"

    def add(
        self,
        name: str,
        files: Mapping[str, bytes] | Path,
        kind: str = "models",
        lfs: Sequence[str] | None = None,
        commit: str = "",
    ) -> str:
        """Serve a repository, and return its commit, by default a digest of its content.

        `kind` is models or datasets; without `lfs`, suffixes decide which files LFS holds.
        """
        if isinstance(files, Path):
            files = {
                str(path.relative_to(files)): path.read_bytes()
                for path in sorted(files.rglob("*"))
                if path.is_file()
            }
        held = [file for file in files if file.endswith(_LFS_SUFFIXES)] if lfs is None else lfs
        content = hashlib.sha1(name.encode())
        for file, data in sorted(files.items()):
            content.update(file.encode() + hashlib.sha1(data).digest())
        commit = commit or content.hexdigest()
        self.repositories[kind, name] = Repository(dict(files), commit, frozenset(held))
        return commit

    def fail(self, where: str, **how: Any) -> HubFault:
        """Add a fault; its first argument is searched in "METHOD path"."""
        self.faults.append(HubFault(where, **how))
        return self.faults[-1]

    def reset(self) -> None:
        """Forget repositories, faults and requests, and end answers that stall."""
        self.ending.set()
        self.repositories.clear()
        self.faults.clear()
        self.requests.clear()
        self.ranges.clear()
        self.tokens.clear()
        self.page_size = 1000
        self.ending = threading.Event()

    def close(self) -> None:
        """Stop the server."""
        self.ending.set()
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def fault(self, request: str) -> HubFault | None:
        """Return the first fault that a request meets, and count it."""
        with self._lock:
            for fault in self.faults:
                if fault.times != 0 and re.search(fault.where, request):
                    fault.times = None if fault.times is None else fault.times - 1
                    fault.met += 1
                    return fault
        return None

    def stored(self, sha256: str) -> bytes | None:
        """Return a file that LFS holds."""
        for repository in self.repositories.values():
            for name in repository.lfs:
                if repository.digest(name) == sha256:
                    return repository.files[name]
        return None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_hub: HubServer

    def log_message(self, *_: object) -> None:
        """Print nothing."""

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        hub, request = self.server_hub, f"{self.command} {self.path}"
        hub.requests.append(request)
        hub.tokens.append((self.path, self.headers["Authorization"]))
        if "Range" in self.headers:
            hub.ranges.append(self.headers["Range"])
        self._body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = hub.fault(request)
        if fault and fault.after == 0:  # not even a header is sent
            self._break_off(fault)
            return
        if fault and fault.status is not None:
            self._send(fault.status, fault.body or b"", fault.headers, fault)
            return
        try:
            status, body, headers = self._route()
        except LookupError:
            status, body, headers = self._missing("RepoNotFound", "Repository not found", 401)
        if fault and fault.body is not None:
            body = fault.body
        self._send(status, body, headers, fault)

    def _route(self) -> tuple[int, bytes, Mapping[str, str]]:
        url = urlsplit(self.path)
        path, query = unquote(url.path), parse_qs(url.query)
        if match := _STORAGE.fullmatch(path):
            data = self.server_hub.stored(match["sha256"])
            return (404, b"", {}) if data is None else (200, data, {"ETag": f'"{match["sha256"]}"'})
        if match := _RESOLVE.fullmatch(path):
            return self._file(
                (match["kind"] or "models").strip("/"), match["name"], match["revision"], match["file"]
            )
        if match := _API.fullmatch(path):
            return self._api(match["kind"], match["name"], match["rest"] or "", query)
        return 404, b"Not found", {}

    def _file(self, kind: str, name: str, revision: str, file: str) -> tuple[int, bytes, Mapping[str, str]]:
        repository = self.server_hub.repositories[kind, name]
        if revision not in (repository.commit, "main"):
            return self._missing("RevisionNotFound", "Invalid rev id: " + revision)
        headers = {"X-Repo-Commit": repository.commit, "Accept-Ranges": "bytes"}
        if file not in repository.files:
            status, body, missing = self._missing("EntryNotFound", "Entry not found")
            return status, body, {**headers, **missing}
        digest, data = repository.digest(file), repository.files[file]
        if file not in repository.lfs:
            return 200, data, {**headers, "ETag": f'"{digest}"'}
        linked = {"X-Linked-Etag": f'"{digest}"', "X-Linked-Size": str(len(data))}
        return 302, b"", {**headers, **linked, "Location": f"{self.server_hub.storage}/storage/{digest}"}

    def _api(
        self, kind: str, name: str, rest: str, query: Mapping[str, list[str]]
    ) -> tuple[int, bytes, Mapping[str, str]]:
        repository = self.server_hub.repositories[kind, name]
        action, _, below = rest.strip("/").partition("/")
        revision, _, folder = below.partition("/")
        if revision and revision not in (repository.commit, "main"):
            return self._missing("RevisionNotFound", f"Invalid rev id: {revision}")
        if action == "tree":
            return self._tree(repository, folder, query)
        if action == "paths-info":
            wanted = parse_qs(self._body.decode()).get("paths") or json.loads(self._body or b"{}").get(
                "paths", []
            )
            return (
                200,
                json.dumps([entry for entry in repository.entries() if entry["path"] in wanted]).encode(),
                {},
            )
        about = {
            "_id": repository.commit[:24],
            "id": name,
            "sha": repository.commit,
            "private": False,
            "gated": False,
            "disabled": False,
            "downloads": 0,
            "likes": 0,
            "tags": [],
            "siblings": [{"rfilename": file} for file in sorted(repository.files)],
        }
        return 200, json.dumps(about).encode(), {"Content-Type": "application/json"}

    def _tree(
        self, repository: Repository, folder: str, query: Mapping[str, list[str]]
    ) -> tuple[int, bytes, Mapping[str, str]]:
        prefix = f"{folder}/" if folder else ""
        entries = [entry for entry in repository.entries() if entry["path"].startswith(prefix)]
        if query.get("recursive", ["False"])[0].lower() != "true":
            entries = [entry for entry in entries if "/" not in entry["path"].removeprefix(prefix)]
        if folder and not entries:
            return self._missing("EntryNotFound", f"{folder} does not exist")
        start, size = int(query.get("cursor", ["0"])[0]), self.server_hub.page_size
        headers = {"Content-Type": "application/json"}
        if start + size < len(entries):
            base = f"{self.server_hub.endpoint}{urlsplit(self.path).path}"
            flags = "".join(f"&{key}={values[0]}" for key, values in query.items() if key != "cursor")
            headers["Link"] = f'<{base}?cursor={start + size}{flags}>; rel="next"'
        return 200, json.dumps(entries[start : start + size]).encode(), headers

    def _missing(self, code: str, message: str, status: int = 404) -> tuple[int, bytes, Mapping[str, str]]:
        body = json.dumps({"error": message}).encode()
        return status, body, {"X-Error-Code": code, "X-Error-Message": message}

    def _send(self, status: int, body: bytes, headers: Mapping[str, str], fault: HubFault | None) -> None:
        headers = dict(headers)
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if status == 200 and wanted and "ETag" in headers and (fault is None or fault.ranges):
            start, total = int(wanted[1]), len(body)
            if start >= total:
                status, body = 416, b""
            else:
                status, body = 206, body[start:]
                headers["Content-Range"] = f"bytes {start}-{total - 1}/{total}"
        headers.setdefault("Content-Length", str(len(body)))
        try:
            self.send_response(status)
            for name, value in headers.items():
                if not (fault and name in fault.drop):
                    self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self._write(body, fault)
        except (ConnectionError, TimeoutError):  # the client has left
            self.close_connection = True

    def _write(self, body: bytes, fault: HubFault | None) -> None:
        pieces = body if fault is None or fault.after is None else body[: fault.after]
        if fault and fault.delay:
            for start in range(0, len(pieces), 2**16):
                self.wfile.write(pieces[start : start + 2**16])
                if self.server_hub.ending.wait(fault.delay):
                    return
        else:
            self.wfile.write(pieces)
        if fault and fault.after is not None:
            self._break_off(fault)

    def _break_off(self, fault: HubFault) -> None:
        """Reset, close or leave open the connection."""
        self.close_connection = True
        if fault.then == "stall":
            self.server_hub.ending.wait(fault.seconds)
        elif fault.then == "reset":
            self.wfile.flush()
            time.sleep(0.01)  # what was written arrives before the reset
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()


def at_the_hub(server: HubServer, home: Path, monkeypatch: Any) -> None:
    """Direct the Hub's clients in this process, and in those that it starts, to the server and to caches in `home`."""
    import datasets
    from huggingface_hub import constants

    for name, value in environment(server, home).items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", server.endpoint)
    template = server.endpoint + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(home / "hub"))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(home / "token"))
    monkeypatch.setattr(constants, "HF_XET_CACHE", str(home / "xet"))
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(datasets.config, "HF_ENDPOINT", server.endpoint)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", home / "datasets")
    monkeypatch.setattr(datasets.config, "DOWNLOADED_DATASETS_PATH", home / "datasets/downloads")


def environment(server: HubServer, home: Path) -> dict[str, str]:
    """Return the variables by which another process asks the server and keeps its files in `home`."""
    return {"HF_ENDPOINT": server.endpoint, "HF_HOME": str(home), "HF_HUB_DISABLE_TELEMETRY": "1"}


def serving() -> Iterator[HubServer]:
    """Yield a running server, for a fixture."""
    server = HubServer()
    try:
        yield server
    finally:
        server.close()
