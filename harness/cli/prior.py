"""`stiltboard prior`: what the board knows of the variance between seeds."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.options import submissions_option
from harness.errors import CheckFailed, Fault, WrongUsage


@click.command("prior")
@click.option("--write", is_flag=True, help="Write the estimate to seed-prior.yaml, next to the submissions.")
@click.option("--check", is_flag=True, help="Exit with 1 where the file is not what the rows give.")
@submissions_option
def command(write: bool, check: bool, submissions: Path) -> None:
    """Estimate the variance between seeds from all rows with several, as comparisons and ranks borrow it.

    A row with few seeds says little about their variance; rows of the same regime on the same target say
    more. Every command and page reads the file, so that nothing moves until it is written again.
    """
    from harness.store.prior_file import load_seed_priors, prior_path, write_seed_priors
    from harness.text_table import print_table
    from harness.upkeep.prior_fit import fitted_priors

    if write and check:
        raise WrongUsage("--write and --check exclude each other", cure="give one of them")
    fitted, stored = fitted_priors(submissions), load_seed_priors(submissions)
    head = ("target", "of", "rows", "deviation", "scale", "freedom", "in the file")
    known = {(one.target, one.of): one for one in stored.classes} if stored else {}
    rows = []
    for one in fitted.classes:
        before = known.get((one.target, one.of))
        said = f"{before.deviation:g}, {before.freedom:g}" if before else "–"
        numbers = (str(one.rows), f"{one.deviation:g}", one.scale, f"{one.freedom:g}")
        rows.append((one.target, one.of, *numbers, "the same" if before == one else said))
    if rows:
        print_table(head, rows, right=("rows", "deviation", "freedom"))
    else:
        click.echo("no target has four rows with several seeds: there is nothing to borrow")
    path = prior_path(submissions)
    if write:
        write_seed_priors(submissions, fitted)
        click.echo(f"wrote {path}")
    if check and fitted != (stored or type(fitted).none()):
        message = f"{path} is not what the rows give" if stored else f"{path} does not exist"
        raise CheckFailed([Fault(message, cure="stiltboard prior --write, if the board shall use it")])
