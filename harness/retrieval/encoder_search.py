"""Search with an encoder: by whole documents, or by their chunks at sentence ends or windows of tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np

from harness.cache import cache_folder
from harness.characters import shown
from harness.data.ir_collection import Collection, Document
from harness.errors import BadInput
from harness.evaluation.direct import OUTPUT, StatedEncoding, submission_of_model
from harness.evaluation.embeddings import CheckpointEncoder, encode_missing
from harness.evaluation.run import Options, Run
from harness.kinds.clir import DocumentScores
from harness.kinds.protocols import EncodeByRole
from harness.models.checkpoint import CheckpointFiles, fetch
from harness.models.device import choose_device, choose_dtype
from harness.models.encoding_choice import choose_encoding
from harness.models.tokenizer_opening import open_tokenizer
from harness.records import ReportedSubmission, TextEncoding, TextRole
from harness.reporter import Reporter
from harness.retrieval.contextual_search import (
    PIECES,
    refuse_terms,
    search_by_contexts,
    search_by_first_pieces,
)
from harness.retrieval.ranked_run import RankedRun, Ranking
from harness.retrieval.sources import SENTENCES, Searched
from harness.retrieval.top_documents import TopDocuments
from harness.retrieval.word_search import rank_by_words
from harness.store import load_submission
from harness.store.naming import submission_or_model


@dataclass(frozen=True)
class Matching:
    """How a document is compared with a query.

    `by` is `whole`, its text at once; `best`, its best chunk; `top`, the mean of its `top` best chunks;
    `average`, the normalised mean of all its chunks; or `words`, the sum of its words' vectors, each encoded
    alone and weighted by IDF; `contexts`, the same with vectors that are averaged over at most `per_word`
    sentences of the files `contexts`; or `pieces`, the sum of the first pieces of its words. A chunk is some
    sentences, or with `window` so many tokens, one every `stride`.
    """

    by: str = "best"
    top: int = 3
    window: int | None = None
    stride: int = 0
    contexts: tuple[Path, Path] | None = None
    per_word: int = 20

    @property
    def by_words(self) -> bool:
        """Tell whether texts are sums over words, rather than texts or chunks."""
        return self.by == "words" or self.in_context

    @property
    def in_context(self) -> bool:
        """Tell whether words are read in their context, which the cache of vectors does not hold."""
        return self.by in ("contexts", "pieces")

    @property
    def variant(self) -> str:
        """Return the name of the scores in a block."""
        return f"top{self.top}" if self.by == "top" else self.by

    def word(self, chunks_are: str = SENTENCES) -> str:
        """Return what a signature says; `chunks_are` says how documents are cut without a window."""
        if self.by in ("whole", "words"):
            return "iso.idf" if self.by == "words" else self.by
        cut = chunks_are if self.window is None else f"w{self.window}.s{self.stride}"
        return f"{self.variant}.{cut}"


def encoder_run(
    name: str,
    submissions: Path,
    searched: Searched,
    matching: Matching,
    depth: int,
    options: Options,
    reporter: Reporter,
) -> tuple[RankedRun, TextEncoding]:
    """Return the run of a model or a submission, of several seeds the first, and how it encodes texts.

    Vectors are taken from the cache where they are there. Raises BadInput for a model that cannot be opened,
    and for a text without a vector.
    """
    run, files = _opened(name, submissions, options, reporter)
    encoding = choose_encoding(run.submission.encoding_for(searched.target.name), files, roles=True)
    if matching.in_context:
        return _run_in_context(run, files, encoding, searched, matching, depth), encoding
    collection = searched.collection
    if matching.window is not None:
        collection = replace(collection, cut=token_windows(files, matching.window, matching.stride))
    queries, passages = _texts(collection, searched, matching)
    by_prefix = _by_prefix(encoding, queries, passages)
    encoded = encode_missing(by_prefix, [encoding.view], files, encoding, run)
    for (_, prefix), failures in encoded.failures.items():
        for text in by_prefix[prefix]:
            if text in failures:
                raise BadInput(
                    f"{run.slug} has no vector of {shown(text[:80])}: {failures[text]}",
                    cure="leave that text out",
                )
    encode = encoded.encode(encoding.view)
    words: tuple[str, ...] = (matching.word(searched.chunks_are),)
    if matching.by == "words":
        words = (*words, searched.document_terms[1])
        rankings = rank_by_words(
            collection,
            searched.index,
            [searched.query_terms(text) for text in collection.queries.values()],
            dict(zip(queries, encode(queries, TextRole.QUERY), strict=True)),
            dict(zip(passages, encode(passages, TextRole.PASSAGE), strict=True)),
            depth,
        )
    else:
        rankings = _rank_by_texts(collection, encode, matching, depth)
    encoded.close()
    return RankedRun(run.slug, words, rankings), encoding


def _run_in_context(
    run: Run,
    files: CheckpointFiles,
    encoding: TextEncoding,
    searched: Searched,
    matching: Matching,
    depth: int,
) -> RankedRun:
    """Return the run by words in context; raises BadInput where pieces have no place in texts."""
    refuse_terms(searched.kind_of_terms)
    if encoding.lower_case:
        raise BadInput(f"{run.slug} lower-cases texts, whose words then have no place", cure="--by words")
    if matching.by == "pieces":
        encoding = replace(encoding, max_length=min(PIECES, encoding.max_length))
    encoder = CheckpointEncoder([encoding.view], files, encoding, run).encoder
    prefixes = encoding.prefix_of(TextRole.QUERY), encoding.prefix_of(TextRole.PASSAGE)
    if matching.by == "pieces":
        words, rankings = search_by_first_pieces(searched, encoder, prefixes, depth)
    else:
        assert matching.contexts is not None
        words, rankings = search_by_contexts(
            searched, encoder, prefixes, matching.contexts, matching.per_word, depth
        )
    encoder.close()
    return RankedRun(run.slug, words, rankings)


def _rank_by_texts(
    collection: Collection, encode: EncodeByRole, matching: Matching, depth: int
) -> dict[str, Ranking]:
    scores = DocumentScores(collection, encode, matching.top)
    top = TopDocuments(list(collection.documents), len(collection), depth)
    for block in scores.blocks(scores.documents, matching.variant):
        top.add(block.documents, block.scores[matching.variant])
    return {query: top.ranking(i) for i, query in enumerate(collection.queries)}


def _texts(collection: Collection, searched: Searched, matching: Matching) -> tuple[list[str], list[str]]:
    """Return the distinct texts that the matching needs of queries and documents: words, chunks or wholes."""
    queries: Iterable[str] = collection.queries.values()
    if matching.by == "words":
        cut = searched.query_terms
        return list(dict.fromkeys(chain.from_iterable(map(cut, queries)))), list(searched.index.vocabulary)
    passages: Iterable[str] = (
        (document.whole for document in collection.documents.values())
        if matching.by == "whole"
        else chain(*collection.chunks)
    )
    return list(dict.fromkeys(queries)), list(dict.fromkeys(passages))


def _by_prefix(
    encoding: TextEncoding, queries: Sequence[str], passages: Sequence[str]
) -> dict[str, list[str]]:
    """Return for each prefix the distinct texts that it precedes."""
    texts: dict[str, dict[str, None]] = {}
    for role, of_role in ((TextRole.QUERY, queries), (TextRole.PASSAGE, passages)):
        texts.setdefault(encoding.prefix_of(role), {}).update(dict.fromkeys(of_role))
    return {prefix: list(distinct) for prefix, distinct in texts.items()}


def _opened(
    name: str, submissions: Path, options: Options, reporter: Reporter
) -> tuple[Run, CheckpointFiles]:
    """Return the submission of a model or a slug, with the files of its first checkpoint."""
    folder = submission_or_model(name, submissions)
    device = choose_device(options.device)
    if not isinstance(folder, Path):
        cache = options.cache or cache_folder()
        folder = submission_of_model(folder, StatedEncoding(), OUTPUT, cache, reporter.report)
    submission = load_submission(folder)
    if isinstance(submission, ReportedSubmission) or submission.checkpoints[0].python is not None:
        raise BadInput(
            f"{folder.name} has no checkpoint that is opened",
            cure="write its ranking into a file, and name it with --run",
        )
    run = Run(folder, submission, options, reporter, device, choose_dtype(options.dtype, device))
    first, *others = submission.checkpoints
    if others:
        reporter.report(f"{run.slug}: of {len(others) + 1} seeds the first is searched with, {first.seed}")
    return run, fetch(first, folder, run.cache / "checkpoints")


def token_windows(files: CheckpointFiles, length: int, stride: int) -> Callable[[Document], tuple[str, ...]]:
    """Return what cuts a document into the texts of windows of `length` tokens, one every `stride`.

    The last window ends with the document. A window is encoded as a text of its own.
    """
    tokenizer = open_tokenizer(files)
    if not tokenizer.is_fast:
        raise BadInput(
            f"the tokenizer of {files.source} does not say where its tokens are in a text",
            cure="leave --window out, or save a tokenizer.json with the model",
        )

    def cut(document: Document) -> tuple[str, ...]:
        text = document.whole
        offsets = np.array(
            tokenizer(
                text, add_special_tokens=False, return_offsets_mapping=True, truncation=False, verbose=False
            )["offset_mapping"]
        )
        if len(offsets) <= length:
            return (text,)
        starts = [*range(0, len(offsets) - length, stride), len(offsets) - length]
        return tuple(
            text[offsets[start, 0] : offsets[start + length - 1, 1]].strip() or text[:1] for start in starts
        )

    return cut
