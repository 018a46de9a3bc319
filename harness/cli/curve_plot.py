"""`evaluate --plot`: the curve over the steps of a training, drawn from what was just measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from harness.errors import WrongUsage
from harness.records.score_line import ScoreLine

# A name, as in main: the harness never imports the site generator, whose figures these are.
_FIGURES = "site_gen.commands.plot"
Show = Callable[[Sequence[ScoreLine]], str]

plot_option = click.option(
    "--plot",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Of checkpoints of a training: draw the scores by step, as FILE.svg, FILE.png or FILE.html.",
)


@contextmanager
def curves_drawn(show: Show, file: Path | None, limit: int | None) -> Iterator[Show]:
    """Yield `show`, and at the end draw what it was given, into `file` or, of several targets, one each.

    Raises WrongUsage before anything is measured where that could not be drawn.
    """
    if file is None:
        yield show
        return
    if limit is not None:
        raise WrongUsage("--plot draws what is written, and a trial is not", cure="leave out --limit")
    figures: Any = import_module(_FIGURES)
    figures.check_ending(file)
    measured: list[ScoreLine] = []

    def remember(lines: Sequence[ScoreLine]) -> str:
        measured.extend(lines)
        return show(lines)

    try:
        yield remember
    finally:
        by_target: dict[str, list[Path]] = {}
        for line in measured:
            assert line.file is not None  # only a trial has none
            by_target.setdefault(line.target, []).append(Path(line.file).parents[1])
        for target, named in by_target.items():
            folders = list(dict.fromkeys(named))
            own = file if len(by_target) == 1 else file.with_stem(f"{file.stem}-{target}")
            click.echo(f"wrote {figures.plot(target, folders, own, 'step')}", err=True)
