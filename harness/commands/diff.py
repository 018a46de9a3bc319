"""`stiltboard diff`: compare two submissions on the same examples."""

from __future__ import annotations

from pathlib import Path

import click

from harness.errors import CheckFailed, Fault


@click.command(name="diff")
@click.argument("first")
@click.argument("second")
@click.option("--format", "style", type=click.Choice(["text", "markdown", "json"]), default="text", show_default=True)
@click.option("--fail-on", type=click.Choice(["regression"]), help="End with 1 when a target fell.")
@click.option("--min-delta", type=click.FloatRange(min=0), default=0.5, show_default=True, help="Points a regression has at least.")
@click.option(
    "--alpha",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.05,
    show_default=True,
    help="1 − the level of the intervals.",
)
@click.option("--submissions", type=click.Path(path_type=Path, file_okay=False), default=Path("submissions"), show_default=True)
def command(first: str, second: str, style: str, fail_on: str | None, min_delta: float, alpha: float, submissions: Path) -> None:
    """Compare the results of FIRST and SECOND: slugs, folders, or a result's file.

    Exit code 1 with --fail-on regression when a target fell by --min-delta and its interval excludes no change; 4 when the
    two were not measured alike.
    """
    from harness import report
    from harness.diff import compare
    from harness.store import load_side, locate

    sides = [load_side(locate(name, submissions)) for name in (first, second)]
    comparison = compare(*sides, level=1 - alpha)
    click.echo({"text": report.text, "markdown": report.markdown, "json": report.json}[style](comparison), nl=False)
    if fail_on and (fallen := comparison.regressions(min_delta)):
        raise CheckFailed([Fault(f"regression: {report.verdict(target)}") for target in fallen])
