"""The preview server answers its own reader only."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from site_gen.serving.server import Builds, open_server


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    (tmp_path / "index.html").write_text("<body>the board</body>")
    server = open_server(tmp_path, 0, Builds())
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


def answer(port: int, path: str, host: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.putrequest("GET", path, skip_host=True)
        connection.putheader("Host", host)
        connection.endheaders()
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


@pytest.mark.parametrize("host", ["127.0.0.1:{}", "localhost:{}", "localhost"])
def test_this_machine_is_answered(port: int, host: str) -> None:
    status, body = answer(port, "/", host.format(port))
    assert (status, b"the board" in body) == (200, True)


@pytest.mark.parametrize("host", ["board.example.org", "127.0.0.1.example.org", "", "[::1"])
def test_a_page_under_another_name_reads_nothing(port: int, host: str) -> None:
    """A site may let its own name lead here (DNS rebinding), and would read the board's files as its own."""
    status, body = answer(port, "/", host)
    assert (status, b"the board" in body) == (421, False)


def test_a_path_that_no_file_can_have_is_not_found(port: int) -> None:
    assert answer(port, "/%00", "localhost")[0] == 404
