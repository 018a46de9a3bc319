"""`stiltboard serve`."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from pathlib import Path

import click

from harness.errors import StiltboardError
from site_gen.build import Builder, Site
from site_gen.commands.build import site_options
from site_gen.reading.folder_state import FolderState, folder_states
from site_gen.serving.server import Builds, open_server
from site_gen.serving.watch import changes


@click.command("serve")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 picks a free port."
)
@site_options
def command(port: int, submissions: Path, out: Path, base_url: str) -> None:
    """Build the site, serve it on this machine only, and rebuild it on changes.

    Whenever a submission, a result or the board's settings change, the site is built again and open pages
    reload; they show what is wrong, too.
    """
    builder, builds = Builder(submissions, out, base_url), Builds()
    seen = folder_states(submissions)
    site = builder.build(seen)
    builds.add(_faults(site))
    _show_faults(site)
    try:
        server = open_server(out, port, builds)
    except OSError as error:
        raise StiltboardError(
            f"cannot listen on port {port}: {error.strerror}", cure="choose another port with --port"
        ) from None
    click.echo(f"http://127.0.0.1:{server.server_port}/  (stop with Ctrl-C)")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        for states in changes(submissions, seen):
            _build_again(builder, builds, states)
    except KeyboardInterrupt:
        click.echo("stopped")
    finally:
        server.shutdown()
        server.server_close()


def _build_again(builder: Builder, builds: Builds, states: Mapping[str, FolderState]) -> None:
    """Build once more; a failing build prints its faults and leaves the last good site."""
    started = time.monotonic()
    try:
        site = builder.build(states)
    except StiltboardError as error:
        error.show()
        builds.add(str(error), is_failed=True)
    else:
        builds.add(_faults(site))
        click.echo(f"built again in {time.monotonic() - started:.1f} s")
        _show_faults(site)


def _faults(site: Site) -> str:
    """Return the faults of a build as text, empty without any."""
    return str(StiltboardError(list(site.faults))) if site.faults else ""


def _show_faults(site: Site) -> None:
    if site.faults:
        StiltboardError(list(site.faults)).show()
