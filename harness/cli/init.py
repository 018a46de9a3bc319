"""Start a board in a folder."""

from __future__ import annotations

import re
from pathlib import Path

import click


@click.command("init")
@click.argument("folder", default=".", metavar="[DIR]", type=click.Path(path_type=Path))
@click.option("--title", default="", help="The board's name. Default: the folder's.")
@click.option("--base-url", default="", metavar="URL", help="The site's public address, where it is known.")
@click.option(
    "--requirement",
    default="",
    metavar="TEXT",
    help="What its workflows install by pip. Default: this version of stiltboard.",
)
def command(folder: Path, title: str, base_url: str, requirement: str) -> None:
    """Write a board of one's own: settings, one demonstration row, workflows, README and issue forms.

    The demonstration was measured: `stiltboard build` shows it. Files that are already there are never
    changed: where there is one of the same name, all of them are listed and nothing is written.
    """
    from harness.characters import refused, shown
    from harness.cli.validate import schema_text
    from harness.errors import WrongUsage
    from harness.records.scalars import WEB_ADDRESS
    from harness.store.new_board import EXAMPLE, write_new_board

    base_url = base_url.rstrip("/")
    if base_url and not re.fullmatch(WEB_ADDRESS, base_url):
        raise WrongUsage(f"--base-url {base_url!r} is no address", cure="https://user.github.io/board")
    title = title.strip() or folder.absolute().name or "board"
    for name, text in (("--title", title), ("--requirement", requirement)):
        if len(text) > 200 or refused(text) or "\n" in text or "\t" in text:
            cure = f"{name} with a line of at most 200 characters that can be printed"
            raise WrongUsage(f"{name} cannot be {shown(text)}", cure=cure)
    schemas = {name: schema_text(name) for name in ("board", "submission")}
    for path in write_new_board(folder, title, base_url, requirement, schemas):
        click.echo(f"wrote {path}")
    enter = "" if folder.absolute() == Path.cwd() else f"cd {folder} && "
    click.echo(f"next: {enter}stiltboard build, and open public/index.html")
    click.echo(f"then: edit stiltboard.yaml, add a row with stiltboard new, and remove {EXAMPLE}")
