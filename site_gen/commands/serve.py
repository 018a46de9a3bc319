"""`stiltboard serve`."""

from __future__ import annotations

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import click

from harness.errors import StiltboardError
from site_gen.build import build
from site_gen.commands.build import site_options

_SECONDS_BETWEEN_LOOKS = 1.0


class Handler(SimpleHTTPRequestHandler):
    """Serve the site as GitHub Pages does: its own page for what does not exist."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer with 404.html where the site has one."""
        page = Path(self.directory) / "404.html"
        if code != 404 or not page.is_file():
            super().send_error(code, message, explain)
            return
        body = page.read_bytes()
        self.send_response(code)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def end_headers(self) -> None:
        """Forbid caching: the files change under the reader."""
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is the base class's
        """Keep the terminal for builds and faults."""


def snapshot(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Return (path, time of change, size) of every file that a build could read."""
    stats = ((path, path.stat()) for path in sorted(folder.rglob("*.yaml")) if path.is_file())
    return tuple((str(path), stat.st_mtime_ns, stat.st_size) for path, stat in stats)


@click.command("serve")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes any free one.")
@site_options
def command(port: int, submissions: Path, out: Path, base_url: str) -> None:
    """Build the site, serve it on this machine only, and build again when a submission or result changes."""
    seen = snapshot(submissions)
    build(submissions, out, base_url)
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), partial(Handler, directory=str(out)))
    except OSError as error:
        raise StiltboardError(f"cannot listen on port {port}: {error.strerror}", cure="name another one with --port") from None
    click.echo(f"http://127.0.0.1:{server.server_port}/  (stop with Ctrl-C)")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        _rebuild_on_change(seen, submissions, out, base_url)
    except KeyboardInterrupt:
        click.echo("stopped")
    finally:
        server.shutdown()
        server.server_close()


def _rebuild_on_change(seen: tuple[tuple[str, int, int], ...], submissions: Path, out: Path, base_url: str) -> None:
    """Look once a second; a build that fails prints its faults and leaves the last good site."""
    pause = threading.Event()
    while not pause.wait(_SECONDS_BETWEEN_LOOKS):
        try:
            now = snapshot(submissions)
        except FileNotFoundError:  # a file went while we looked; the next look sees why
            continue
        if now == seen:
            continue
        seen = now
        try:
            build(submissions, out, base_url)
        except StiltboardError as error:
            error.show()
        else:
            click.echo("built again")
