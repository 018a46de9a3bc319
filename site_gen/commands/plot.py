"""`stiltboard plot`: one figure of results, as SVG, PNG or HTML."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import get_args

import click

from harness.catalog import is_own
from harness.catalog.lookup import language_named, split_names, target_named
from harness.errors import BadInput, WrongUsage
from harness.store import existing_submission, load_side
from harness.store.files import replace_file
from site_gen.commands.shared_options import submissions_option
from site_gen.figures.figure import Figure
from site_gen.figures.html_document import html_document
from site_gen.figures.raster import png
from site_gen.figures.selection import Across, Chosen, selection_figure
from site_gen.figures.svg_document import svg_document

FORMATS: dict[str, Callable[[Figure], bytes]] = {
    ".svg": lambda figure: svg_document(figure).encode(),
    ".png": lambda figure: png(svg_document(figure)),
    ".html": lambda figure: html_document(figure).encode(),
}
"""What a figure is written as, by the ending of the file."""


_EXAMPLES = """\b
stiltboard plot tatoeba me5-small-l3 me5-small-l6 me5-small-l12 -o sizes.svg
stiltboard plot tatoeba evaluations/x-checkpoint-* -o steps.png
"""


@click.command("plot", epilog=_EXAMPLES)
@click.argument("target", metavar="TARGET")
@click.argument("names", nargs=-1, required=True, metavar="SLUG…")
@click.option(
    "-o", "--output", "file", required=True, type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE", help="FILE.svg, FILE.png or FILE.html.",
)  # fmt: skip
@click.option(
    "--x", "across", type=click.Choice(get_args(Across)),
    help="What the scores are drawn by. Default: step for checkpoints of a training, else size.",
)  # fmt: skip
@click.option("-l", "--language", "languages", multiple=True, metavar="LANG", help="Only this language.")
@submissions_option
def command(
    target: str,
    names: Sequence[str],
    file: Path,
    across: Across | None,
    languages: Sequence[str],
    submissions: Path,
) -> None:
    """Draw results on a target, by size, training step or language, as the site draws its figures.

    SLUG is a slug, or the folder of a submission or of an evaluation. Points by size or step are means over
    the languages that all of them have.
    """
    folders = [existing_submission(name, submissions) for name in names]
    click.echo(f"wrote {plot(target, folders, file, across, languages)}")


def plot(
    target: str, folders: Sequence[Path], file: Path, across: Across | None, languages: Sequence[str] = ()
) -> Path:
    """Write the figure of the results in folders, and return its file.

    Raises WrongUsage for an ending that is no format, BadInput where there is nothing to draw, or Unwritable.
    """
    check_ending(file)
    name = target if is_own(target) else target_named(target)
    chosen = [_chosen(name, folder) for folder in folders]
    if across is None:
        across = "step" if all(one.step is not None for one in chosen) else "size"
    measured = dict.fromkeys(language for one in chosen for language in one.result.languages)
    codes = [language_named(code, list(measured), name) for code in split_names(languages)]
    figure = selection_figure(chosen, across, codes)
    replace_file(file, FORMATS[file.suffix.lower()](figure))
    return file


def check_ending(file: Path) -> None:
    """Raise WrongUsage for a file whose ending names no format."""
    if file.suffix.lower() not in FORMATS:
        raise WrongUsage(
            f"{file} ends in none of {', '.join(FORMATS)}", cure=f"-o {file.with_suffix('.svg')}"
        )


def _chosen(target: str, folder: Path) -> Chosen:
    side = load_side(folder)
    if target not in side.results:
        raise BadInput(
            f"{side.name} has no result on {target}", cure=f"stiltboard evaluate {folder} -t {target}"
        )
    return Chosen(side.results[target], side.submission, side.curves.get(target))
