"""A server for one reader's own machine, whose pages load themselves again after every build."""

from __future__ import annotations

import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from site_gen.pages.rendering import TEMPLATES

_OURS = "/.stiltboard/"
_SCRIPT = '<script src="{ours}reload.js" data-build="{build}"></script>'
# A page that is asked for a new build gets an answer after so many seconds at the latest.
_PATIENCE = 20.0


class Builds:
    """Names the newest build, and lets others wait for the next."""

    def __init__(self) -> None:
        """Begin with a first build, which has another name in every process."""
        self._first, self._count = time.time_ns(), 0
        self._changed = threading.Condition()

    @property
    def newest(self) -> str:
        """Return the name of the newest build."""
        return f"{self._first}-{self._count}"

    def add(self) -> None:
        """Tell that there is another."""
        with self._changed:
            self._count += 1
            self._changed.notify_all()

    def after(self, name: str, seconds: float = _PATIENCE) -> str:
        """Return the newest build as soon as it is not the named one, and at the latest after so many seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self.newest != name, seconds)
            return self.newest


def open_server(site: Path, port: int, builds: Builds) -> ThreadingHTTPServer:
    """Listen on this machine alone, on a port of its own choice where that is 0; raises OSError where the port is taken."""
    return ThreadingHTTPServer(("127.0.0.1", port), partial(_Handler, builds, directory=str(site)))


class _Handler(SimpleHTTPRequestHandler):
    """Serve the site as GitHub Pages does: its own page for what does not exist."""

    def __init__(self, builds: Builds, *given: object, **named: object) -> None:
        self._builds = builds
        super().__init__(*given, **named)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        """Answer with a page that watches for builds, with the script by which it does, or with any other file."""
        address = urlsplit(self.path)
        if address.path == f"{_OURS}reload.js":
            self._send((TEMPLATES / "static" / "reload.js").read_bytes(), "text/javascript")
        elif address.path == f"{_OURS}build.js":
            newest = self._builds.after(parse_qs(address.query).get("after", [""])[0])
            self._send(f'stiltboardBuilt("{newest}");\n'.encode(), "text/javascript")
        elif (page := self._page()) is not None:
            self._send(self._watching(page), "text/html; charset=utf-8")
        else:
            super().do_GET()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer with 404.html where the site has one."""
        page = Path(self.directory) / "404.html"
        if code != 404 or not page.is_file():
            super().send_error(code, message, explain)
            return
        self._send(self._watching(page), "text/html; charset=utf-8", code)

    def end_headers(self) -> None:
        """Forbid caching: the files change under the reader."""
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is the base class's
        """Keep the terminal for builds and faults."""

    def _page(self) -> Path | None:
        """Return the page that is asked for."""
        path = Path(self.translate_path(self.path))
        if path.is_dir() and urlsplit(self.path).path.endswith("/"):
            path /= "index.html"
        return path if path.suffix == ".html" and path.is_file() else None

    def _watching(self, page: Path) -> bytes:
        script = _SCRIPT.format(ours=_OURS, build=self._builds.newest).encode()
        return page.read_bytes().replace(b"</body>", script + b"</body>")

    def _send(self, body: bytes, kind: str, code: int = 200) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
