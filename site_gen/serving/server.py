"""A local preview server, whose pages reload after every build."""

from __future__ import annotations

import html
import re
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from site_gen.pages.rendering import TEMPLATES

_OURS = "/.stiltboard/"
_HOSTS = ("127.0.0.1", "localhost")
_SCRIPT = '<script src="{ours}reload.js" data-build="{build}"></script>'
_FAULTS = '<aside class="faults" role="alert"><strong>{head}</strong><pre tabindex="0">{faults}</pre></aside>'
_BODY = b"<body>"
# The longest time, in seconds, that a page waits for a new build before it asks again.
_PATIENCE = 20.0


class Builds:
    """The name of the newest build and its faults, with a way to wait for the next.

    `faults` is their text, empty without any; `is_failed` tells that the pages are those of the build before.
    """

    def __init__(self) -> None:
        """Start with a first build, whose name differs from process to process."""
        self._first, self._count = time.time_ns(), 0
        self._changed = threading.Condition()
        self.faults, self.is_failed = "", False

    @property
    def newest(self) -> str:
        """Return the name of the newest build."""
        return f"{self._first}-{self._count}"

    def add(self, faults: str = "", *, is_failed: bool = False) -> None:
        """Announce a new build, or one that failed."""
        with self._changed:
            self.faults, self.is_failed = faults, is_failed
            self._count += 1
            self._changed.notify_all()

    def after(self, name: str, seconds: float = _PATIENCE) -> str:
        """Return the newest build as soon as it differs from `name`, at the latest after `seconds`."""
        with self._changed:
            self._changed.wait_for(lambda: self.newest != name, seconds)
            return self.newest


def open_server(site: Path, port: int, builds: Builds) -> ThreadingHTTPServer:
    """Listen on this machine only; port 0 takes a free one. Raises OSError if the port is in use."""
    return ThreadingHTTPServer(("127.0.0.1", port), partial(_Handler, builds, directory=str(site)))


class _Handler(SimpleHTTPRequestHandler):
    """Serve the site as GitHub Pages does, with 404.html for missing pages."""

    def __init__(self, builds: Builds, *args: object, **kwargs: object) -> None:
        self._builds = builds
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        """Answer with a page that watches for builds, the script that does so, or any other file."""
        # A page of another site may send its reader here under a name of its own, by DNS.
        if re.sub(r":\d+$", "", self.headers.get("Host", "")) not in _HOSTS:
            self.send_error(421, "this server answers to localhost only")
            return
        if "%00" in self.path or "\0" in self.path:
            self.send_error(404)
            return
        address = urlsplit(self.path)
        if address.path == f"{_OURS}reload.js":
            self._send((TEMPLATES / "static" / "reload.js").read_bytes(), "text/javascript")
        elif address.path == f"{_OURS}build.js":
            newest = self._builds.after(parse_qs(address.query).get("after", [""])[0])
            self._send(f'stiltboardBuilt("{newest}");\n'.encode(), "text/javascript")
        elif (page := self._page()) is not None:
            self._send(self._with_reload_script(page), "text/html; charset=utf-8")
        else:
            super().do_GET()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer with 404.html where the site has one."""
        page = Path(self.directory) / "404.html"
        if code != 404 or not page.is_file():
            super().send_error(code, message, explain)
            return
        self._send(self._with_reload_script(page), "text/html; charset=utf-8", code)

    def end_headers(self) -> None:
        """Forbid caching: the files change while they are read."""
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is the base class's
        """Keep the terminal for builds and errors."""

    def _page(self) -> Path | None:
        """Return the requested page, None for another kind of file."""
        path = Path(self.translate_path(self.path))
        if path.is_dir() and urlsplit(self.path).path.endswith("/"):
            path /= "index.html"
        return path if path.suffix == ".html" and path.is_file() else None

    def _with_reload_script(self, page: Path) -> bytes:
        builds = self._builds
        script = _SCRIPT.format(ours=_OURS, build=builds.newest).encode()
        text = page.read_bytes().replace(b"</body>", script + b"</body>")
        if not builds.faults:
            return text
        failed = "The last build failed; this page is that of the build before."
        head = failed if builds.is_failed else "This build lacks what could not be read."
        shown = _FAULTS.format(head=head, faults=html.escape(builds.faults)).encode()
        return text.replace(_BODY, _BODY + shown, 1)

    def _send(self, body: bytes, kind: str, code: int = 200) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
