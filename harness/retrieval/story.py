"""Rank a collection's documents by several systems, read others' runs, fuse, re-rank, and compare."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.cache import cache_folder
from harness.data.reading_notes import noting
from harness.data.text_files import fingerprint
from harness.data.translated_queries import translated_queries
from harness.errors import BadInput, WrongUsage
from harness.evaluation.direct import checkpoint_of
from harness.evaluation.run import Options
from harness.kinds.question_retrieval import CUTOFF
from harness.kinds.search.term_scores import BM25, QueryLikelihood, TermScorer
from harness.kinds.search.terms import WORDS, Terms
from harness.models.checkpoint import fetch
from harness.models.device import choose_device, choose_dtype
from harness.records import Record, Signature, TextEncoding
from harness.reporter import Reporter, Silent
from harness.retrieval.comparing import RunScore, compare_runs
from harness.retrieval.encoder_search import Matching, encoder_run
from harness.retrieval.fusion import K, reciprocal_rank_fusion
from harness.retrieval.ranked_run import DEPTH, RankedRun, write_run
from harness.retrieval.reranking import rerank
from harness.retrieval.sources import Searched, open_collection, read_other_run
from harness.retrieval.term_search import search
from harness.retrieval.word_search import vec_files_run
from harness.store.naming import submission_or_model


@dataclass(frozen=True)
class RetrievalRequest:
    """What is searched, by which systems, and what is done with their runs.

    `collection` is the folder of a test collection, or the name of a target with questions and answers;
    `pair` says which pair of a folder, or which language of questions. First stages are `bm25` and `ql`; with
    `translated` they search with the translated queries too. `fuse` adds the fusion of all runs; `reranker`
    re-ranks the first `rerank_depth` documents of the run `rerank_run`, or of the last one.
    """

    collection: Path
    pair: str | None = None
    first_stages: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    runs: tuple[Path, ...] = ()
    word_vectors: tuple[Path, Path] | None = None
    translated: bool = False
    fuse: bool = False
    fusion_k: int = K
    reranker: str | None = None
    rerank_run: str | None = None
    rerank_depth: int = 100
    rerank_length: int = 512
    terms: str = WORDS
    k1: float = 0.9
    b: float = 0.4
    smoothing: float = 0.1
    matching: Matching = field(default_factory=Matching)
    depth: int = DEPTH
    save_runs: Path | None = None
    submissions: Path = Path("submissions")


class RetrievalReport(Record):
    """The scores of all runs over one collection, whose text has the fingerprint."""

    collection: str
    pair: str
    queries: int
    documents: int
    fingerprint: str
    runs: tuple[RunScore, ...]


def retrieve(
    request: RetrievalRequest, options: Options | None = None, reporter: Reporter | None = None
) -> RetrievalReport:
    """Make and read all runs, save those that were made, and return their scores, compared with the first.

    Raises WrongUsage where no run is asked for, and BadInput for what cannot be read.
    """
    if not (request.first_stages or request.models or request.runs or request.word_vectors):
        raise WrongUsage("no run is asked for", cure="--first-stage bm25, --model NAME, or --run FILE")
    retrieval = _Retrieval(request, options or Options(), reporter or Silent())
    retrieval.search_by_terms()
    retrieval.search_by_vectors()
    retrieval.read_others()
    retrieval.fuse()
    retrieval.rerank()
    retrieval.save()
    return retrieval.report()


class _Retrieval:
    """The runs so far, in the order in which they were made, with their signatures."""

    def __init__(self, request: RetrievalRequest, options: Options, reporter: Reporter) -> None:
        self._request, self._options, self._reporter = request, options, reporter
        with noting(reporter.report):
            collection, target = open_collection(request.collection, request.pair, options)
        self._searched, self._collection = Searched(collection, target, request.terms), collection
        self._runs: dict[str, RankedRun] = {}
        self._signatures: dict[str, Signature] = {}
        self._seconds: dict[str, float] = {}
        self._read: set[str] = set()

    def search_by_terms(self) -> None:
        """Add the runs of the first stages."""
        request, collection = self._request, self._collection
        if not request.first_stages:
            return
        searched = self._searched
        cut, word = searched.document_terms
        variants: list[tuple[str, Mapping[str, str], Terms, tuple[str, ...]]] = [
            ("", collection.queries, searched.query_terms, ())
        ]
        if request.translated:
            texts = translated_queries(collection.pair, request.collection)
            if missing := [query for query in collection.queries if query not in texts]:
                raise BadInput(
                    f"{len(missing)} queries have no translation, such as {missing[0]!r}",
                    cure="translate all queries that are judged",
                )
            digest = fingerprint(sorted(texts.items())).removeprefix("sha256:")[:12]
            variants.append(("-translated", texts, cut, (f"queries=translated.{digest}",)))
        for stage in request.first_stages:
            scorer: TermScorer = (
                BM25(searched.index, request.k1, request.b)
                if stage == "bm25"
                else QueryLikelihood(searched.index, request.smoothing)
            )
            for suffix, query_texts, terms, more in variants:
                with self._timed(stage + suffix):
                    by_terms = {query: terms(query_texts[query]) for query in collection.queries}
                    rankings = search(
                        scorer,
                        searched.index,
                        list(collection.documents),
                        by_terms,
                        request.depth,
                        searched.ignored,
                    )
                self._add(RankedRun(stage + suffix, (*scorer.words, word, *more), rankings))

    def search_by_vectors(self) -> None:
        """Add the runs of word vectors and of models."""
        if self._request.word_vectors is not None:
            self._add(vec_files_run(*self._request.word_vectors, self._searched, self._request.depth))
        matching = self._request.matching
        if self._searched.has_single_sentences and matching.window is None and not matching.by_words:
            matching = Matching("whole")
        for name in self._request.models:
            run, encoding = encoder_run(
                name,
                self._request.submissions,
                self._searched,
                matching,
                self._request.depth,
                self._options,
                self._reporter,
            )
            self._add(run, encoding)

    def read_others(self) -> None:
        """Add the runs in files."""
        for path in self._request.runs:
            run = read_other_run(path, self._searched, self._reporter)
            self._add(run, is_read=True)

    def fuse(self) -> None:
        """Add the fusion of all runs."""
        if not self._request.fuse:
            return
        if len(self._runs) < 2:
            raise WrongUsage("--fuse needs two runs or more", cure="add --first-stage, --model or --run")
        runs = list(self._runs.values())
        fused = reciprocal_rank_fusion(runs, "rrf", self._request.depth, self._request.fusion_k)
        self._add(replace(fused, words=(*fused.words, self._digest_of(list(self._runs)))))

    def rerank(self) -> None:
        """Add the re-ranked run."""
        request, options = self._request, self._options
        if request.reranker is None:
            return
        name = request.rerank_run or list(self._runs)[-1]
        if name not in self._runs:
            raise WrongUsage(f"there is no run {name!r} to re-rank", cure=f"one of: {', '.join(self._runs)}")
        model = submission_or_model(request.reranker, request.submissions)
        if isinstance(model, Path):
            raise WrongUsage(
                f"{request.reranker} is a submission, whose checkpoints have no head for pairs",
                cure="name the folder or the repository of a re-ranker",
            )
        files = fetch(checkpoint_of(model), Path(), (options.cache or cache_folder()) / "checkpoints")
        device = choose_device(options.device)
        with self._timed(f"{name}-reranked"):
            run, cost = rerank(
                self._runs[name],
                self._collection,
                files,
                depth=request.rerank_depth,
                max_length=request.rerank_length,
                device=device,
                dtype=choose_dtype(options.dtype, device),
                reporter=self._reporter,
            )
        seconds = self._seconds[run.name] / max(1, len(self._collection))
        self._reporter.report(
            f"{run.name}: {cost.pairs:,} pairs, {cost.tokens:,} tokens, {seconds:.3f} s a query"
        )
        self._add(replace(run, words=(*run.words, self._digest_of([name]))))

    def save(self) -> None:
        """Write the runs that were made here."""
        if self._request.save_runs is None:
            return
        self._request.save_runs.mkdir(parents=True, exist_ok=True)
        for name in self._runs.keys() - self._read:
            path = self._request.save_runs / f"{name}.{self._collection.pair}.run"
            write_run(path, self._runs[name])

    def report(self) -> RetrievalReport:
        """Return the scores of all runs."""
        collection = self._collection
        signatures = [str(self._signatures[name]) for name in self._runs]
        return RetrievalReport(
            collection=self._searched.protocol.target,
            pair=collection.pair,
            queries=len(collection),
            documents=len(collection.documents),
            fingerprint=collection.fingerprint,
            runs=compare_runs(
                collection,
                list(self._runs.values()),
                signatures,
                self._seconds,
                CUTOFF if self._searched.has_single_sentences else None,
            ),
        )

    def _add(self, run: RankedRun, encoding: TextEncoding | None = None, *, is_read: bool = False) -> None:
        """Add a run with its signature, which says how deep a run is that was made here."""
        if run.name in self._runs:
            raise WrongUsage(f"two runs are named {run.name!r}", cure="rename a file, or leave one out")
        self._runs[run.name] = run
        if is_read:
            self._read.add(run.name)
        depth = () if is_read else (f"depth={self._request.depth}",)
        protocol = self._searched.protocol
        signature = replace(protocol, options=(*protocol.options, *run.words, *depth))
        self._signatures[run.name] = (
            signature if encoding is None else signature.encoded(encoding, roles=True)
        )

    def _digest_of(self, names: Sequence[str]) -> str:
        """Return what a signature says of the runs that another one is made of: a digest of theirs."""
        digest = fingerprint([str(self._signatures[name]) for name in names])
        return f"runs={digest.removeprefix('sha256:')[:12]}"

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self._seconds[name] = round(time.perf_counter() - started, 3)
