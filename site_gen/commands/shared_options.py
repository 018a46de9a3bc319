"""Options that several commands of the site share."""

from __future__ import annotations

from pathlib import Path

import click

submissions_option = click.option(
    "--submissions", type=click.Path(file_okay=False, path_type=Path), default=Path("submissions"),
    show_default=True, help="The folder of the submissions.",
)  # fmt: skip
