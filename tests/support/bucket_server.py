"""An S3 server on the loopback, and a proxy before it that fails as networks do."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass

import pytest

BUCKET = "outcomes"


@dataclass
class Fault:
    """What the proxy does: nothing (empty), `silent` after a connection, `cut` in the middle of an answer."""

    kind: str = ""


@dataclass(frozen=True)
class Server:
    """The address of the proxy, and the fault that it makes."""

    address: str
    fault: Fault


@contextmanager
def bucket_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Run the server with an empty bucket, for libraries that find it by AWS's variables."""
    from moto.server import ThreadedMotoServer

    inner = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    inner.start()
    fault = Fault()
    try:
        with _proxy(inner.get_host_and_port()[1], fault) as port:
            address = f"http://127.0.0.1:{port}"
            for name, value in (
                ("AWS_ENDPOINT_URL", address),
                ("AWS_ACCESS_KEY_ID", "toy"),
                ("AWS_SECRET_ACCESS_KEY", "toy"),
                ("AWS_DEFAULT_REGION", "us-east-1"),
            ):
                monkeypatch.setenv(name, value)
            delete_bucket()  # the server's content is the process's
            _file_system().mkdir(BUCKET)
            yield Server(address, fault)
    finally:
        inner.stop()


def _file_system():  # type: ignore[no-untyped-def]
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    return s3fs.S3FileSystem()


def objects() -> dict[str, bytes]:
    """Return all objects of the bucket by their keys."""
    system = _file_system()
    return {path.removeprefix(f"{BUCKET}/"): system.cat_file(path) for path in system.find(BUCKET)}


def replace_object(key: str, data: bytes | None) -> None:
    """Give an object another content, or delete it."""
    system = _file_system()
    if data is None:
        system.rm_file(f"{BUCKET}/{key}")
    else:
        system.pipe_file(f"{BUCKET}/{key}", data)


def delete_bucket() -> None:
    """Delete the bucket with all objects."""
    system = _file_system()
    if system.exists(BUCKET):
        system.rm(BUCKET, recursive=True)


@contextmanager
def _proxy(port: int, fault: Fault) -> Iterator[int]:
    """Pass connections on to a port; the fault applies to those that are opened while it is set."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=_pass_on, args=(client, port, fault), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    with closing(listener):
        yield listener.getsockname()[1]


def _pass_on(client: socket.socket, port: int, fault: Fault) -> None:
    with suppress(OSError), closing(client), closing(socket.create_connection(("127.0.0.1", port))) as server:
        threading.Thread(target=_copy, args=(client, server, None), daemon=True).start()
        _copy(server, client, fault)
        client.shutdown(socket.SHUT_RDWR)  # the other thread still reads from it


def _copy(source: socket.socket, target: socket.socket, fault: Fault | None) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            kind = fault.kind if fault else ""
            if kind == "silent":
                continue
            if kind == "cut":
                target.sendall(data[: len(data) - 10])
                return
            target.sendall(data)
