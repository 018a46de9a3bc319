"""Write the submission that an issue asks to evaluate."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.options import submissions_option


@click.command("request")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--author", required=True, metavar="ACCOUNT", help="The GitHub account that opened the issue.")
@submissions_option
def command(file: Path, author: str, submissions: Path) -> None:
    """Write the submission that an issue asks to evaluate; FILE has the issue's text.

    The issue was opened by the form “Request an evaluation”. The workflow `evaluate` does this when a
    maintainer puts the label `evaluate` on it. Printed are slug= and targets=, one a line.
    """
    from harness.store.files import read_file
    from harness.store.request_form import read_request, write_request

    data = read_file(file, 2**17, "save the issue's text in it")
    request = read_request(data.decode("utf-8", "replace"), author)
    write_request(request, submissions)
    click.echo(f"slug={request.slug}")
    click.echo(f"targets={','.join(request.targets)}")
