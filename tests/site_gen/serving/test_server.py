"""The preview server answers its own reader only."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from site_gen.serving.server import Builds, open_server


@pytest.fixture
def builds() -> Builds:
    return Builds()


@pytest.fixture
def port(tmp_path: Path, builds: Builds) -> Iterator[int]:
    (tmp_path / "index.html").write_text("<body>the board</body>")
    server = open_server(tmp_path, 0, builds)
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


def test_the_faults_of_a_build_are_on_every_page_until_a_build_has_none(port: int, builds: Builds) -> None:
    builds.add("error: <b>title</b> is missing", is_failed=True)
    page = answer(port, "/", "localhost")[1].decode()
    assert "The last build failed; this page is that of the build before." in page
    assert "error: &lt;b&gt;title&lt;/b&gt; is missing" in page
    builds.add("one row cannot be read")
    assert b"This build lacks what could not be read." in answer(port, "/", "localhost")[1]
    builds.add()
    assert b"faults" not in answer(port, "/", "localhost")[1]
