"""`stiltboard table`: the leaderboard, or one target's ranking, for a paper."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from harness.catalog.lookup import target_named
from harness.errors import WrongUsage
from harness.store import existing_submission
from site_gen.commands.shared_options import submissions_option
from site_gen.pages.table_text import FORMS, table_text
from site_gen.reading.ranked_table import ranked_table

_EXAMPLES = """\b
stiltboard table --format latex > table.tex
stiltboard table -t xquad_r --format csv me5-small-l6 me5-small-l12
"""


@click.command("table", epilog=_EXAMPLES)
@click.argument("slugs", nargs=-1, metavar="[SLUG]...")
@click.option(
    "--format", "form", type=click.Choice(list(FORMS)), default="markdown", show_default=True,
    help="LaTeX is for booktabs, with intervals as subscripts.",
)  # fmt: skip
@click.option("-t", "--target", default="", metavar="TARGET", help="The ranking of this target.")
@click.option("--all-columns", is_flag=True, help="Also columns that are empty for most rows.")
@submissions_option
def command(slugs: Sequence[str], form: str, target: str, all_columns: bool, submissions: Path) -> None:
    """Print the table of the front page, or of one target, in the order of its ranking.

    With slugs, only these rows; ranks are still among all. The page's buttons copy the same.
    """
    name = target_named(target) if target else ""
    wanted = {existing_submission(slug, submissions).name for slug in slugs}
    columns, rows = ranked_table(submissions, name)
    shown = [row for row in rows if not wanted or row.slug in wanted]
    if not shown:
        what = f"on {name}" if name else "on a target of the benchmark"
        raise WrongUsage(f"no row has a result {what}", cure="stiltboard missing lists what is measured")
    click.echo(
        table_text([column for column in columns if column.shown or all_columns], shown, form), nl=False
    )
