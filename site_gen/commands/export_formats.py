"""`stiltboard export`: results in the formats of others."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

import click

from harness.errors import BadInput, Fault, Where, WrongUsage
from harness.records import BoardSettings
from harness.records.scalars import HUB_ID
from harness.store import existing_submission
from harness.store.board_settings import load_board_settings
from harness.store.files import no_link, replace_file
from site_gen.board.whole import WholeEntry, WholeRow, whole_row
from site_gen.commands.shared_options import submissions_option
from site_gen.exports.eval_results import eval_results
from site_gen.exports.every_eval_ever import every_eval_ever
from site_gen.exports.mteb_tree import mteb_tree
from site_gen.reading.entries import read_entry
from site_gen.reading.folder_state import shown_folders

Files = Callable[[Iterable[WholeRow], BoardSettings], Iterator[tuple[str, bytes]]]
FORMATS: dict[str, Files] = {
    "mteb": lambda rows, _settings: mteb_tree(rows),
    "eval-results": partial(eval_results, dataset=""),
    "every-eval-ever": every_eval_ever,
}
"""The files of each format, from rows and the board's settings."""

_EXAMPLES = """\b
Examples:
  stiltboard export mteb -o mteb-cache          # mteb.ResultCache("mteb-cache").load_results()
  stiltboard export eval-results my-model --dataset ORG/my-board -o hub
  stiltboard export every-eval-ever -o every-eval-ever
"""


@click.command("export", epilog=_EXAMPLES)
@click.argument("form", type=click.Choice(list(FORMATS)), metavar="FORMAT")
@click.argument("slugs", nargs=-1, metavar="[SLUG]...")
@click.option(
    "-o", "--output", "folder", required=True, type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR", help="The folder that the files are written into.",
)  # fmt: skip
@click.option(
    "--dataset", default="", metavar="ORG/NAME", help="Of eval-results: the board's own data set on the Hub."
)
@click.option("--overwrite", is_flag=True, help="Replace files that are there and differ.")
@submissions_option
def command(
    form: str, slugs: Sequence[str], folder: Path, dataset: str, overwrite: bool, submissions: Path
) -> None:
    """Write results where others look for them; FORMAT is mteb, eval-results or every-eval-ever.

    mteb: a folder that mteb's ResultCache loads. eval-results: the .eval_results of models on the Hub, and
    the eval.yaml of the board's data set there. every-eval-ever: one JSON file for each checkpoint.

    Rows that maintainers object to are left out, and so are published numbers. A file that is there and
    differs stops the command, before anything is written.
    """
    files = FORMATS[form]
    if form == "eval-results":
        if not re.fullmatch(HUB_ID, dataset):
            raise WrongUsage(
                "eval-results need the name of the board's data set on the Hub", cure="--dataset ORG/NAME"
            )
        files = partial(eval_results, dataset=dataset)
    elif dataset:
        raise WrongUsage(f"--dataset is of eval-results, not of {form}", cure="leave it out")
    contents = dict(files(_rows(submissions, slugs), load_board_settings(submissions)))
    if not contents:
        raise BadInput(f"no result of these rows has a place in {form}", cure="docs/data.md says which have")
    written = _write(folder, contents, overwrite)
    click.echo(
        f"{folder}: {len(contents):,} {'file' if len(contents) == 1 else 'files'}, {written:,} written"
    )


def _rows(submissions: Path, slugs: Sequence[str]) -> Iterator[WholeRow]:
    """Yield the measured rows, or those that are named."""
    folders = [existing_submission(slug, submissions) for slug in slugs] or [
        submissions / slug for slug in shown_folders(submissions)
    ]
    for path in folders:
        entry = read_entry(path, paired=False)
        if isinstance(entry, WholeEntry):
            yield whole_row(entry)


def _write(folder: Path, contents: dict[str, bytes], overwrite: bool) -> int:
    """Write the files that differ from what is there, and return their number."""
    changed = {}
    faults: list[Fault] = []
    for name, data in sorted(contents.items()):
        path = folder / name
        no_link(path)
        if path.is_dir() or (path.exists() and path.read_bytes() != data and not overwrite):
            faults.append(Fault("is there with other content", Where(str(path)), "--overwrite replaces it"))
        elif not path.exists() or path.read_bytes() != data:
            changed[path] = data
    if faults:
        raise BadInput(faults)
    for path, data in changed.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, data)
    return len(changed)
