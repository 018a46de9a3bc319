"""Search with an encoder: by whole documents, or by their chunks at sentence ends or windows of tokens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from harness.cache import cache_folder
from harness.data.ir_collection import Collection, Document
from harness.errors import BadInput
from harness.evaluation.direct import OUTPUT, StatedEncoding, submission_of_model
from harness.evaluation.embeddings import distinct_texts, encode_missing
from harness.evaluation.run import Options, Run
from harness.kinds.clir import DocumentScores
from harness.models.checkpoint import CheckpointFiles, fetch
from harness.models.device import choose_device, choose_dtype
from harness.models.encoding_choice import choose_encoding
from harness.models.tokenizer_opening import open_tokenizer
from harness.records import ReportedSubmission, Signature
from harness.reporter import Reporter
from harness.retrieval.ranked_run import RankedRun
from harness.retrieval.top_documents import TopDocuments
from harness.store import load_submission
from harness.store.naming import submission_or_model

SENTENCES = "c512"
"""In a signature: documents are cut at sentence ends, at most 512 characters a chunk."""


@dataclass(frozen=True)
class Matching:
    """How a document is compared with a query.

    `by` is `whole`, its text at once; `best`, its best chunk; `top`, the mean of its `top` best chunks; or
    `average`, the normalised mean of all its chunks. A chunk is some sentences, or with `window` so many
    tokens, one every `stride`.
    """

    by: str = "best"
    top: int = 3
    window: int | None = None
    stride: int = 0

    @property
    def variant(self) -> str:
        """Return the name of the scores in a block."""
        return f"top{self.top}" if self.by == "top" else self.by

    @property
    def word(self) -> str:
        """Return what a signature says."""
        if self.by == "whole":
            return self.by
        cut = SENTENCES if self.window is None else f"w{self.window}.s{self.stride}"
        return f"{self.variant}.{cut}"


def encoder_run(
    name: str,
    submissions: Path,
    collection: Collection,
    protocol: Signature,
    matching: Matching,
    depth: int,
    options: Options,
    reporter: Reporter,
) -> tuple[RankedRun, Signature]:
    """Return the run of a model or a submission, of several seeds the first, and its signature.

    Vectors are taken from the cache where they are there. Raises BadInput for a model that cannot be opened,
    and for a text without a vector.
    """
    run, files = _opened(name, submissions, options, reporter)
    encoding = choose_encoding(run.submission.encoding, files, roles=True)
    if matching.window is not None:
        collection = replace(collection, cut=token_windows(files, matching.window, matching.stride))
    texts = distinct_texts([collection], encoding)
    encoded = encode_missing(texts, [encoding.view], files, encoding, run)
    if reason := encoded.why_not(encoding.view, collection):
        raise BadInput(f"{run.slug} has no vector of a text: {reason}", cure="leave that text out")
    scores = DocumentScores(collection, encoded.encode(encoding.view), matching.top)
    top = TopDocuments(list(collection.documents), len(collection), depth)
    for block in scores.blocks(scores.documents):
        top.add(block.documents, block.scores[matching.variant])
    encoded.close()
    rankings = {query: top.ranking(i) for i, query in enumerate(collection.queries)}
    signature = replace(protocol, options=(*protocol.options, matching.word))
    return RankedRun(run.slug, (matching.word,), rankings), signature.encoded(encoding, roles=True)


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
