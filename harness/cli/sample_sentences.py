"""`stiltboard sample-sentences`: make a test collection of a parallel corpus."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from harness.errors import WrongUsage

_EXAMPLES = """\b
stiltboard sample-sentences europarl-v7.de-en.de europarl-v7.de-en.en europarl/de-en
stiltboard evaluate submissions/mine --clir europarl=europarl
"""


@click.command(name="sample-sentences", epilog=_EXAMPLES)
@click.argument("queries_file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("documents_file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--queries", type=click.IntRange(min=1), default=1000, show_default=True)
@click.option("--documents", type=click.IntRange(min=2), default=100_000, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the draw.")
def command(
    queries_file: Path, documents_file: Path, folder: Path, queries: int, documents: int, seed: int
) -> None:
    """Draw parallel sentences as a test collection, as Litschko et al. (2022) do with Europarl.

    Line i of both files is one sentence in two languages. FOLDER is named <query language>-<document
    language>, such as de-en; it receives the collection in BEIR's layout. Every query has one relevant
    document, its translation. Lines that repeat a text, or lack one, are left out before the draw.
    """
    from harness.data.ir_collection import is_pair
    from harness.retrieval.sentence_collection import SentenceSample, write_sentence_collection

    if not is_pair(folder.resolve().name):
        raise WrongUsage(
            f"{folder} is not named after a language pair",
            cure="<query language>-<document language>, such as de-en",
        )
    sample = SentenceSample(queries, documents, seed)
    usable = write_sentence_collection(queries_file, documents_file, folder, sample)
    click.echo(f"wrote {queries:,} queries over {documents:,} sentences, of {usable:,} different pairs")
    click.echo(f"next: stiltboard evaluate NAME --clir europarl={shlex.quote(str(folder.resolve().parent))}")
