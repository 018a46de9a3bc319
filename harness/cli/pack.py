"""`stiltboard pack`: one archive of a submission for a colleague."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.options import submission_argument, submissions_option
from harness.errors import BadInput, Where


@click.command("pack")
@submission_argument("name", metavar="SLUG")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The archive's file. Default: SLUG.tar.gz in the working folder.",
)
@submissions_option
def command(name: str, out: Path | None, submissions: Path) -> None:
    """Pack what is known of a submission: its recipe, results, and the outcome of every example.

    SLUG may also be the folder of an evaluation. Weights are left out. Unpacked anywhere and under any name,
    the folder is read by `show`, `diff` and `verify`.
    """
    from harness.store import existing_submission, load_side
    from harness.store.archive import write_archive
    from harness.store.file_tree import RESULTS_FOLDER, FolderOnDisk
    from harness.store.kept_outcomes import outcome_bytes

    folder = existing_submission(name, submissions)
    side = load_side(folder)  # nothing that cannot be read is packed
    tree = FolderOnDisk(folder)
    files = {file: folder / file for file in tree.names() if (folder / file).is_file()}
    results = folder / RESULTS_FOLDER
    kept = {
        f"{RESULTS_FOLDER}/{result.outcomes.file}": outcome_bytes(results / f"{target}.yaml", result)
        for target, result in side.results.items()
        if f"{RESULTS_FOLDER}/{result.outcomes.file}" not in files
    }
    out = out or Path(f"{side.name}.tar.gz")
    newest = max(int(path.stat().st_mtime) for path in files.values())
    try:
        write_archive(out, side.name, {**files, **kept}, newest)
    except FileExistsError:
        raise BadInput("the file exists", where=Where(str(out)), cure="name another one with --out") from None
    count = "1 result" if len(side.results) == 1 else f"{len(side.results)} results"
    click.echo(f"wrote {out}: {side.name}, {count}, {len(files) + len(kept)} files")
