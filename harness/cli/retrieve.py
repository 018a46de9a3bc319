"""`stiltboard retrieve`: rank a collection by several systems, fuse and re-rank, and compare all runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import data_option, device_option, dtype_option, submissions_option
from harness.cli.paged_help import PagedCommand
from harness.errors import MissingExtra, WrongUsage
from harness.verbosity import verbosity_options

if TYPE_CHECKING:
    from harness.retrieval.comparing import RunScore
    from harness.retrieval.encoder_search import Matching
    from harness.retrieval.story import RetrievalReport

_NAMES = {"map": "MAP", "map_20": "mAP@20", "ndcg_10": "nDCG@10", "recall_100": "R@100", "mrr": "MRR"}
_EXAMPLES = """\b
stiltboard retrieve DIR/de-en --first-stage bm25 --model submissions/mine --fuse
stiltboard retrieve DIR/de-en --run theirs.run --run mine.run --json
"""


_NEEDED_FIRST = (
    *("pair", "data", "first_stages", "models", "runs"),
    *("fuse", "reranker", "save_runs", "device", "as_json"),
)


@click.command(name="retrieve", cls=PagedCommand, first=_NEEDED_FIRST, epilog=_EXAMPLES)
@click.argument("collection", type=click.Path(path_type=Path))
@click.option(
    "-l",
    "--language",
    "pair",
    metavar="LANG",
    help="Which language pair of the folder, or which questions of a target.",
)
@data_option
@click.option(
    "--first-stage",
    "first_stages",
    type=click.Choice(["bm25", "ql"]),
    multiple=True,
    help="Search by terms: BM25, or query likelihood (repeatable).",
)
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="NAME",
    help="Search with an encoder, named as for evaluate (repeatable).",
)
@click.option(
    "--run",
    "runs",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    multiple=True,
    metavar="FILE",
    help="Score a run in TREC's format, of any system (repeatable).",
)
@click.option(
    "--word-vectors",
    nargs=2,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="QUERIES.vec DOCUMENTS.vec",
    help="Search with word vectors that are aligned into one space.",
)
@click.option("--translated", is_flag=True, help="Search by terms with translated queries, too.")
@click.option("--fuse", is_flag=True, help="Add the reciprocal rank fusion of all runs.")
@click.option("--fusion-k", type=click.IntRange(min=1), default=60, show_default=True, help="Of the fusion.")
@click.option("--rerank", "reranker", metavar="MODEL", help="Re-rank with this cross-encoder.")
@click.option("--rerank-run", metavar="RUN", help="Which run is re-ranked.  [default: the last]")
@click.option(
    "--rerank-depth",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    help="How many documents of a query are re-ranked.",
)
@click.option(
    "--rerank-length",
    type=click.IntRange(min=8, max=8192),
    default=512,
    show_default=True,
    help="Tokens of a query with its document.",
)
@click.option(
    "--terms",
    type=click.Choice(["words", "char2", "char3", "char4", "char5"]),
    default="words",
    show_default=True,
    help="How Chinese, Japanese and Thai text is cut for search by terms: words by ICU, or n-grams.",
)
@click.option("--k1", type=click.FloatRange(min=0), default=0.9, show_default=True, help="Of BM25.")
@click.option("--b", type=click.FloatRange(0, 1), default=0.4, show_default=True, help="Of BM25.")
@click.option(
    "--smoothing",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.1,
    show_default=True,
    help="The weight of the collection in query likelihood.",
)
@click.option(
    "--by",
    type=click.Choice(["best", "top", "average", "whole", "words", "contexts", "pieces"]),
    default="best",
    show_default=True,
    help="How a model scores a document: by its best chunk, the mean of the --top best, the average of all, "
    "its text as a whole, its words, each encoded alone or averaged over its --contexts, or the first pieces "
    "of its words.",
)
@click.option(
    "--contexts",
    nargs=2,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="QUERIES.txt DOCUMENTS.txt",
    help="Sentences of both languages, one a line, for --by contexts.",
)
@click.option(
    "--contexts-per-word",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="Of --contexts, the first N sentences with a word.",
)
@click.option("--top", type=click.IntRange(2, 100), default=3, show_default=True, help="Chunks of --by top.")
@click.option(
    "--window",
    metavar="N:STRIDE",
    help="Chunks are windows of N tokens, one every STRIDE.  [default: sentences, at most 512 characters]",
)
@click.option("--depth", type=click.IntRange(min=1), default=1000, show_default=True, help="Of a run.")
@click.option(
    "--save-run",
    "save_runs",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write the runs that are made into DIR, in TREC's format.",
)
@click.option(
    "--ignore-identical-ids/--rank-identical-ids",
    default=None,
    help="Whether a document is ranked for the query of the same id. Default: as for evaluate.",
)
@click.option(
    "--all-judged/--only-with-relevant",
    default=True,
    help="Whether judged queries without a relevant document count as 0.  [default: all-judged]",
)
@click.option("--limit", type=click.IntRange(min=1), help="Only the first N queries, for a trial.")
@device_option
@dtype_option("bfloat16 where the processor has it")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON instead of a table.")
@verbosity_options
@submissions_option
def command(
    collection: Path,
    data: Path | None,
    window: str | None,
    by: str,
    top: int,
    contexts: tuple[Path, Path] | None,
    contexts_per_word: int,
    device: str,
    dtype: str,
    ignore_identical_ids: bool | None,
    all_judged: bool,
    limit: int | None,
    as_json: bool,
    **systems: object,
) -> None:
    """Rank the documents of a test COLLECTION by several systems, and compare their runs.

    COLLECTION is a folder in BEIR's or TREC's format, as for evaluate --clir, or with --data xquad_r or
    mlqa_r, whose questions search the sentences of all languages, or ntrex_docs with -l. Systems are first
    stages by terms, encoders, and runs in files; their fusion and a re-ranked run are added on request. Every
    run is scored by the same measures, and compared with the first, paired by query.
    """
    try:
        from harness.cli.progress import watch
        from harness.evaluation.run import Options
        from harness.retrieval.story import RetrievalRequest, retrieve
    except ModuleNotFoundError as missing:
        raise MissingExtra("retrieve", "eval", str(missing.name)) from missing
    options = Options(
        data=data,
        device=device,
        dtype=dtype,
        ignore_identical_ids=ignore_identical_ids,
        all_judged=all_judged,
        limit=limit,
    )
    matching = replace(_matching(by, top, window), contexts=contexts, per_word=contexts_per_word)
    if (by == "contexts") != (contexts is not None):
        raise WrongUsage("--by contexts and --contexts go together", cure="give both, or none")
    request = RetrievalRequest(collection, matching=matching, **systems)  # type: ignore[arg-type]
    with watch(collection.name) as reporter:
        report = retrieve(request, options, reporter)
    if as_json:
        click.echo(report.model_dump_json(indent=2, exclude_none=True))
        return
    _print(report)


def _matching(by: str, top: int, window: str | None) -> Matching:
    from harness.retrieval.encoder_search import Matching

    if window is None:
        return Matching(by, top)
    length, _, stride = window.partition(":")
    if not (length.isdecimal() and stride.isdecimal() and 1 <= int(stride) <= int(length)):
        raise WrongUsage(
            f"--window {window!r} is not N:STRIDE, a stride of 1 to N",
            cure="for windows of 128 tokens, one every 42: --window 128:42",
        )
    if by in ("whole", "words", "contexts", "pieces"):
        raise WrongUsage(f"--by {by} has no windows", cure="leave --window out")
    return Matching(by, top, int(length), int(stride))


def _print(report: RetrievalReport) -> None:
    from harness.text_table import print_table

    names = [name for name in _NAMES if name in report.runs[0].scores]
    first, *others = (_NAMES[name] for name in names)
    headings = ["run", first, "95 %", *others, "difference", "95 %  ", "p (Holm)"]
    title = f"{report.collection} {report.pair}: {report.queries:,} queries, {report.documents:,} documents"
    rows = [_row(score, names) for score in report.runs]
    print_table(headings, rows, right=set(headings[1:]), title=title)
    for score in report.runs:
        click.echo(f"{score.run}: {score.signature}")


def _row(score: RunScore, names: list[str]) -> list[str]:
    first, *others = (f"{score.scores[name]:.2f}" for name in names)
    low, high = score.interval
    cells = [score.run, first, f"{low:.2f}–{high:.2f}", *others]
    if (difference := score.difference) is None:
        return [*cells, "", "", ""]
    low, high = difference.interval
    p = "too few differ" if difference.holm is None else f"{difference.holm:.4f}"
    return [*cells, f"{difference.difference:+.2f}", f"{low:+.2f} to {high:+.2f}", p]
